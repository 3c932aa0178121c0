import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Call, Checked } from '@/lib/activations/check'
import { remedyPage, verdictSentence } from '@/lib/activations/phrases'
import type { RefusedProgram } from '@/lib/activations/programs'
import type { Leased } from '@/lib/activations/serve'
import { languageFrom } from '@/lib/messages/translator'

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

export function verdictOf(checked: Checked, call: Call, request: FastifyRequest) {
  const language = languageFrom(request.headers['accept-language'])
  return {
    valid: checked.verdict.ok,
    code: checked.code,
    notes: [...checked.notes],
    message: verdictSentence(checked, call, language),
    page: remedyPage(checked),
    ...(checked.refusalCode ? { refusal_code: checked.refusalCode } : {}),
  }
}

/** The problem that a key is refused for, where nothing is signed: to a stock GLPI, which verifies no signature. */
export function sendRefused(checked: Checked, call: Call, request: FastifyRequest, reply: FastifyReply) {
  const { code, message: detail, page } = verdictOf(checked, call, request)
  return sendProblem(reply, refusedStatus[checked.code], code, { detail, page })
}

/** The same with the verdict signed, for a client that believes nothing else. */
export function sendSignedRefusal(
  { checked, signed }: { checked: Checked; signed: string },
  call: Call,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { code, message: detail, page, refusal_code } = verdictOf(checked, call, request)
  const more = { detail, page, signed, ...(refusal_code ? { refusal_code } : {}) }
  return sendProblem(reply, refusedStatus[checked.code], code, more)
}

/** Sends a lease, or the problem that it is refused for (RFC 9457). */
export function sendLeased(leased: Leased, call: Call, request: FastifyRequest, reply: FastifyReply) {
  if (!leased.ok) return sendSignedRefusal(leased, call, request, reply)
  const verdict = verdictOf(leased.checked, call, request)
  const { activation, secret, lease } = leased
  return reply
    .code(secret ? 201 : 200)
    .send({ activation: { ...activation, ...(secret ? { secret } : {}) }, lease, verdict })
}

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** The problem of a program that gets nothing. */
export function sendRefusedProgram(reply: FastifyReply, { code }: RefusedProgram) {
  if (code === 'no_token') return sendProblem(reply.header('WWW-Authenticate', 'Bearer'), 401, code)
  return sendProblem(reply, 403, code)
}

/** RFC 9457. The title says the status, `code` what it is about; a sentence for people is the `detail`. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  code: string,
  more: Record<string, unknown> = {},
) {
  const title = titles[status] ?? String(status)
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title, status, code, ...more })
}
