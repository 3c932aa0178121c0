import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Call } from '@/lib/activations/check'
import { noVerdict } from '@/lib/activations/registration'
import { parseGlpiVersion } from '@/lib/catalog/rules'
import { DomainError, Unavailable } from '@/lib/errors'
import { languageFrom } from '@/lib/messages/translator'
import { InstallationId, presentedKey } from './schemas'

/** What a stock GLPI says in its headers. What is missing or malformed there is no reason to refuse an answer. */
export function glpiCall({ headers, ip }: Pick<FastifyRequest, 'headers' | 'ip'>): Call {
  const installation = InstallationId.safeParse(headers['x-glpi-network-uid'])
  return {
    key: presentedKey(headers) ?? '',
    from: ip,
    fromGlpi: true,
    installationId: installation.data,
    glpiVersion: parseGlpiVersion(headers['user-agent'] ?? '') ?? undefined,
  }
}

export const glpiLanguage = ({ headers }: Pick<FastifyRequest, 'headers'>) =>
  languageFrom(headers['accept-language'])

/** GLPI takes an answer without `is_valid` for none, and keeps a verdict for a day: an outage must not look like one. */
export function sendNoVerdict(error: Error, request: FastifyRequest, reply: FastifyReply) {
  const because = withoutVerdict(error)
  // Faults, and what HTTP itself refuses: as everywhere here.
  if (!because || !(error instanceof DomainError)) throw error
  return reply
    .code(because === 'too_many' ? 429 : 503)
    .header('Retry-After', String(error.facts.retryAfterSeconds))
    .send(noVerdict(because, glpiLanguage(request)))
}

function withoutVerdict(error: Error) {
  if (error instanceof Unavailable) return 'unavailable'
  return error instanceof DomainError && error.code === 'too_many' ? 'too_many' : null
}

const mostOnAPage = 200

/** GLPI asks for `0-199`, `200-399` and so on until it gets an empty list. */
export function pageOf<Row>(rows: readonly Row[], { headers }: Pick<FastifyRequest, 'headers'>): Row[] {
  const [, from, to] = /^(\d{1,9})-(\d{1,9})$/.exec(String(headers['x-range'] ?? '')) ?? []
  const first = Number(from ?? 0)
  return rows.slice(first, Math.min(Number(to ?? mostOnAPage - 1) + 1, first + mostOnAPage))
}
