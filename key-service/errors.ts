import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { DomainError, NotFound, Unavailable } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { log } from '@/lib/log'
import { type ProblemCode, sendProblem } from './answers'
import { FieldError, presentedKey } from './schemas'

/** What went wrong on purpose keeps its code; anything else is a bug, told by a number that the log has as well. */
export function sendError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const fields = fieldsOf(error, request)
  if (fields) return sendProblem(reply, 400, 'invalid_input', { fields })
  if (error instanceof Unavailable) {
    return sendProblem(reply.header('Retry-After', String(error.facts.retryAfterSeconds)), 503, 'unavailable')
  }
  if (error instanceof NotFound) {
    return sendProblem(reply, 404, error.facts.what === 'release' ? 'unknown_release' : 'unknown_activation')
  }
  if (error instanceof DomainError && error.code === 'too_many') {
    return sendProblem(reply.header('Retry-After', String(error.facts.retryAfterSeconds)), 429, 'too_many')
  }
  if (error instanceof DomainError && error.code === 'secret_needed') {
    return sendProblem(reply, 403, 'secret_needed', { page: error.facts.page })
  }
  const { statusCode = 500 } = error
  if (statusCode < 500) return sendProblem(reply, statusCode, codeOf(error, statusCode))
  const reference = newId()
  log.error({ err: error, reference }, 'a call failed')
  return sendProblem(reply, 500, 'unexpected', { reference })
}

/** What fastify refuses before it asks a route, and without the hooks that answers go through: an address it cannot read. */
export function sendUnrouted(error: FastifyError, _request: FastifyRequest, reply: FastifyReply) {
  const tooLong = error.code === 'FST_ERR_MAX_PARAM_LENGTH'
  sendProblem(noStore(reply), tooLong ? 404 : 400, tooLong ? 'not_found' : 'bad_request')
}

export function sendBusy(_request: FastifyRequest, reply: FastifyReply) {
  sendProblem(reply.header('Retry-After', '5'), 503, 'unavailable')
}

export const noStore = (reply: FastifyReply) =>
  reply.header('Cache-Control', 'no-store').header('X-Content-Type-Options', 'nosniff')

/** Fastify's own refusals, most of them of bodies. */
function codeOf(error: FastifyError, status: number): ProblemCode {
  if (status === 413) return 'too_large'
  if (status === 415) return 'unsupported_media_type'
  return error instanceof SyntaxError || error.code?.includes('JSON') ? 'invalid_json' : 'bad_request'
}

/** What is missing or malformed, by the names of the fields; null: something else went wrong. */
function fieldsOf(error: FastifyError, request: FastifyRequest): Record<string, string> | null {
  if (error instanceof FieldError) return { [error.field]: error.because }
  if (!hasZodFastifySchemaValidationErrors(error)) return null
  const { params, query, body } = request
  const sent =
    error.validationContext === 'params' ? params : error.validationContext === 'body' ? body : query
  const wrong = error.validation.map(({ instancePath, keyword, message }) => {
    const path = instancePath.split('/').filter(Boolean)
    const missing = valueAt(sent, path) === undefined
    return [path.join('.') || 'body', missing ? 'required' : because(keyword, message)] as const
  })
  // The first says what it is, and what follows measures it as something else: the letters of a text for a list's entries.
  return { ...withoutKey(error.validationContext, request), ...Object.fromEntries(wrong.reverse()) }
}

/** The key may stand in the header, so that no schema says that it is missing. Every body has one, or should. */
function withoutKey(context: string | undefined, { body, headers }: FastifyRequest) {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
  const isMissing = context === 'body' && isObject && !('key' in body) && presentedKey(headers) === undefined
  return isMissing ? { key: 'required' } : {}
}

/** Our own rules say it themselves. */
const because = (keyword: string, message = 'malformed') =>
  keyword === 'custom' ? message : (wrongs[keyword] ?? 'malformed')

const wrongs: Record<string, string> = {
  invalid_type: 'wrong_type',
  too_big: 'too_long',
  invalid_value: 'unknown_value',
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((at: unknown, name) => (at === null ? null : Reflect.get(Object(at), name)), value ?? undefined)
