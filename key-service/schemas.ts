import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Call } from '@/lib/activations/check'
import { installationIdPattern, withoutSecret } from '@/lib/activations/installation-id'
import { parseGlpiVersion } from '@/lib/catalog/rules'
import { parseInstanceUrl } from '@/lib/instances/url'
import { cleanHeader } from './clean'

/*
 * What GLPIs send. The same schemas parse the requests and make the reference (/api/openapi.json). Fields that are not
 * known are ignored: an older portal must not break a newer plugin.
 */

/** Longer than any text with a key in it. */
const longestKey = 4_000

export const Key = z
  .string()
  .max(longestKey)
  .meta({ description: 'The registration key as it was pasted; or in the header X-Registration-Key.' })
export const Product = withoutSecret(
  z
    .string()
    .regex(/^[a-z0-9]+([_-][a-z0-9]+)*$/)
    .max(100),
).meta({ description: 'The plugin’s directory in GLPI.', example: 'forms' })
export const InstallationId = withoutSecret(z.string().regex(installationIdPattern)).meta({
  description: 'What this GLPI calls itself: GLPINetwork::getGlpiNetworkUid().',
  example: 'b6sf8Ht0vVcX3nRk2wYq',
})
const Url = withoutSecret(z.string().max(2_048)).meta({
  description: 'The address of this GLPI. One that is none is ignored, and a note says so.',
  example: 'https://glpi.example.com',
})
const version = (of: string, example: string) =>
  withoutSecret(z.string().max(50))
    .optional()
    .meta({ description: `The version of ${of}.`, example })
export const Nonce = z
  .string()
  .regex(/^[\w-]{8,128}$/)
  .meta({ description: 'Repeated in the signed answer.' })

const Secret = z
  .string()
  .max(100)
  .meta({ description: 'The activation’s secret, which the first answer held.' })

const NewSecret = z
  .string()
  .regex(/^[\w-]{43,100}$/)
  .meta({
    description:
      'The secret that the activation is to have, of 32 random bytes or more, where this call makes it; kept before it is sent, it is not lost with the answer. Where it is left out, the answer tells one.',
  })
const Handover = z.string().optional().meta({
  description:
    'Of a refresh that showed the secret: a JWS (handover+jwt) with the key that takes over, sealed under the one that was presented.',
})

const shared = {
  key: Key.optional(),
  url: Url.optional(),
  product_version: version('the plugin', '3.2.0'),
  glpi_version: version('GLPI', '11.0.2'),
  kinds: z
    .array(z.enum(['subscription', 'trial', 'permanent']))
    .min(1)
    .max(3)
    .optional()
    .meta({ description: 'The kinds of key that are taken; all where it is left out.' }),
  nonce: Nonce.optional(),
}

export const ActivationRequest = z
  .object({
    ...shared,
    product: Product,
    installation_id: InstallationId,
    environment: z
      .enum(['production', 'test'])
      .optional()
      .meta({ description: 'What this GLPI says it is. Members decide.' }),
    secret: NewSecret.optional(),
  })
  .meta({ id: 'ActivationRequest' })
export const RefreshRequest = z
  .object({
    ...shared,
    product: Product,
    installation_id: InstallationId,
    lease: z.uuid().optional().meta({ description: 'The jti of the lease that this one follows.' }),
    secret: Secret.optional(),
  })
  .meta({ id: 'RefreshRequest' })
export const ValidateRequest = z
  .object({ ...shared, product: Product.optional(), installation_id: InstallationId.optional() })
  .meta({ id: 'ValidateRequest' })
export const GiveBackRequest = z
  .object({
    key: Key.optional(),
    product: Product.optional(),
    installation_id: InstallationId,
    nonce: Nonce.optional(),
    secret: Secret.optional(),
  })
  .meta({ id: 'GiveBackRequest' })

/** The key, in the header or in the body. */
export const byKey = [{ registrationKey: [] }, {}]

type Body = z.infer<typeof ValidateRequest> & { environment?: unknown }

/** A call as lib/activations takes it, and whether it brought an address that is none. */
export type ReadCall = Call & { urlIgnored?: boolean }

/** A request as lib/activations takes it. @throws FieldError for a key that is missing */
export function callOf(body: Partial<Body>, { headers, ip }: Pick<FastifyRequest, 'headers' | 'ip'>) {
  const key = body.key ?? presentedKey(headers)
  if (key === undefined) throw new FieldError('key', 'required')
  return {
    key,
    from: ip,
    ...addressOf(body.url),
    glpiVersion: (body.glpi_version && parseGlpiVersion(body.glpi_version)) || undefined,
    productVersion: body.product_version,
    kinds: body.kinds,
    nonce: body.nonce,
  }
}

/** The key in the header, as it was pasted. */
export function presentedKey({ 'x-registration-key': header }: FastifyRequest['headers']) {
  return typeof header === 'string' ? cleanHeader(header).slice(0, longestKey) : undefined
}

/** An address that is none must not hide the verdict: a refusal without one is not signed, so that no plugin believes it. */
function addressOf(url: string | undefined) {
  if (!url) return {}
  const parsed = parseInstanceUrl(url)
  return parsed.ok ? { url: parsed.url, address: parsed.identity } : { urlIgnored: true }
}

/** A field that is missing or malformed, by its name. */
export class FieldError extends Error {
  readonly field: string
  readonly because: string
  constructor(field: string, because: string) {
    super(`${field}: ${because}`)
    this.field = field
    this.because = because
  }
}

export const Verdict = z
  .object({
    valid: z.boolean(),
    code: z.enum([
      'ok',
      'malformed',
      'unknown',
      'wrong_product',
      'wrong_kind',
      'not_started',
      'expired',
      'revoked',
      'bound_elsewhere',
    ]),
    notes: z.array(z.enum(['renewed', 'replaced', 'version_mismatch', 'url_ignored'])).meta({
      description:
        'Of a good key; and `url_ignored`, where the address that was sent is none, which counts as none sent.',
    }),
    message: z.string().meta({ description: 'For people, in the language of Accept-Language.' }),
    page: z.url().meta({ description: 'The portal’s page that solves it.' }),
    refusal_code: z
      .string()
      .optional()
      .meta({ description: 'Of bound_elsewhere: opens the case in the portal.' }),
  })
  .meta({ id: 'Verdict' })
export const ValidateAnswer = Verdict.extend({
  signed: z.string().meta({ description: 'The verdict as a JWS (verdict+jwt).' }),
}).meta({ id: 'SignedVerdict' })
export const LeaseAnswer = z
  .object({
    activation: z.object({
      id: z.uuid(),
      environment: z.enum(['production', 'test']),
      secret: z.string().optional().meta({ description: 'In the first answer alone.' }),
    }),
    lease: z.string().meta({ description: 'A JWS (lease+jwt).' }),
    verdict: Verdict,
    handover: Handover,
  })
  .meta({ id: 'LeaseAnswer' })
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'What it is about; programs decide by this.' }),
    detail: z.string().optional().meta({ description: 'For people, in the language of Accept-Language.' }),
    page: z.url().optional().meta({ description: 'The portal’s page that solves it.' }),
    refusal_code: z.string().optional().meta({ description: 'Of bound_elsewhere.' }),
    signed: z.string().optional().meta({ description: 'The verdict as a JWS (verdict+jwt).' }),
    handover: Handover,
    fields: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'Of invalid_input: what is wrong, by the name of the field.' }),
    products: z
      .array(z.string())
      .optional()
      .meta({ description: 'Of a suite’s key, where no product was said: the plugins that it is for.' }),
    reference: z.string().optional().meta({ description: 'Of a fault of ours: what to tell the support.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })

/** What every operation may answer that takes a body. */
export const ofBody = { 400: Problem, 413: Problem, 415: Problem }
