import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Checked } from '@/lib/activations/check'
import { remedyPage, verdictSentence } from '@/lib/activations/phrases'
import type { RefusedProgram } from '@/lib/activations/programs'
import type { Leased } from '@/lib/activations/serve'
import type messages from '@/lib/messages/en/activations.json'
import { languageFrom, translator } from '@/lib/messages/translator'
import type { ReadCall } from './schemas'

/** The status of a refused activation or refresh. `validate` answers 200: there the verdict is the answer. */
const refusedStatus: Record<Checked['code'], number> = {
  ok: 200,
  malformed: 400,
  unknown: 404,
  wrong_product: 403,
  wrong_kind: 403,
  not_started: 403,
  expired: 403,
  revoked: 403,
  bound_elsewhere: 409,
}

export function verdictOf(checked: Checked, call: ReadCall, request: FastifyRequest) {
  const language = languageFrom(request.headers['accept-language'])
  const sentence = verdictSentence(checked, call, language)
  const { urlIgnored = false } = call
  return {
    valid: checked.verdict.ok,
    code: checked.code,
    notes: [...checked.notes, ...(urlIgnored ? ['url_ignored' as const] : [])],
    message: urlIgnored ? `${sentence} ${translator(language)('activations.url_ignored')}` : sentence,
    page: remedyPage(checked),
    ...(checked.refusalCode ? { refusal_code: checked.refusalCode } : {}),
  }
}

/** The problem that a key is refused for, where nothing is signed: to a stock GLPI, which verifies no signature. */
export function sendRefused(checked: Checked, call: ReadCall, request: FastifyRequest, reply: FastifyReply) {
  const { code, message: detail, page, refusal_code } = verdictOf(checked, call, request)
  return send(reply, refusedStatus[checked.code], code, {
    detail,
    page,
    ...(refusal_code ? { refusal_code } : {}),
  })
}

/** The same with the verdict signed, for a client that believes nothing else. */
export function sendSignedRefusal(
  { checked, signed, handover }: { checked: Checked; signed: string; handover?: string },
  call: ReadCall,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { code, message: detail, page, refusal_code } = verdictOf(checked, call, request)
  const more = { detail, page, signed, ...(refusal_code && { refusal_code }), ...(handover && { handover }) }
  return send(reply, refusedStatus[checked.code], code, more)
}

/** Sends a lease, or the problem that it is refused for (RFC 9457). */
export function sendLeased(leased: Leased, call: ReadCall, request: FastifyRequest, reply: FastifyReply) {
  if (!leased.ok) return sendSignedRefusal(leased, call, request, reply)
  const verdict = verdictOf(leased.checked, call, request)
  const { activation, secret, lease, handover } = leased
  return reply.code(secret ? 201 : 200).send({
    activation: { ...activation, ...(secret ? { secret } : {}) },
    lease,
    verdict,
    ...(handover && { handover }),
  })
}

/** The problem of a program that gets nothing. */
export function sendRefusedProgram(reply: FastifyReply, { code }: RefusedProgram) {
  if (code === 'no_token') return sendProblem(reply.header('WWW-Authenticate', 'Bearer'), 401, code)
  return sendProblem(reply, 403, code)
}

/** What is wrong with a call, whatever its key is. */
export type ProblemCode = keyof typeof messages.problem

export function sendProblem(
  reply: FastifyReply,
  status: number,
  code: ProblemCode,
  more: Record<string, unknown> = {},
) {
  const t = translator(languageFrom(reply.request.headers['accept-language']))
  return send(reply, status, code, { detail: t(`activations.problem.${code}`), ...more })
}

/** RFC 9457. The title says the status, `code` what it is about; a sentence for people is the `detail`. */
function send(reply: FastifyReply, status: number, code: string, more: Record<string, unknown>) {
  const title = STATUS_CODES[status] ?? String(status)
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title, status, code, ...more })
}
