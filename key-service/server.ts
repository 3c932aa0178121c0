import underPressure from '@fastify/under-pressure'
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { DomainError, NotFound, Unavailable } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { log } from '@/lib/log'
import { mostBytes } from '@/scripts/key-service'
import { sendProblem } from './answers'
import { answerBroken } from './broken'
import { cleanFields } from './clean'
import { documentRoutes } from './openapi'
import { activationRoutes } from './routes/activations'
import { glpiRoutes } from './routes/glpi'
import { keyRoutes } from './routes/keys'
import { marketplaceRoutes } from './routes/marketplace'
import { programRoutes } from './routes/programs'
import { serviceRoutes } from './routes/service'
import { testKeyRoutes, testPortal } from './routes/test-keys'
import { FieldError } from './schemas'

/** Of all headers together: what somebody pasted for a key gets an answer that says so. */
const mostHeaderBytes = 128 * 1_024
/**
 * Calls at work at once: a thousand servers may activate one key in the same moment. Whoever comes on top of these would
 * wait for longer than a GLPI does, and make the others wait.
 */
const mostAtOnce = 1_024

/**
 * What GLPI servers talk to.
 * @param isProxy whether the address of a peer is a proxy's, whose X-Forwarded-For is believed
 */
export async function buildServer(isProxy: (address: string) => boolean) {
  const app = fastify({
    bodyLimit: mostBytes,
    trustProxy: isProxy,
    // A proxy's health checks and a fleet's calls would fill the log; what is wrong is written below.
    logger: false,
    // Asked by none of ours; a stranger's would be written into the log.
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: mostHeaderBytes },
    clientErrorHandler: answerBroken,
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  let atWork = 0
  app.addHook('onRequest', async (request, reply) => {
    reply.header('Cache-Control', 'no-store').header('X-Content-Type-Options', 'nosniff')
    if (atWork >= mostAtOnce) {
      sendBusy(request, reply)
      return reply
    }
    atWork++
    // Also comes where the caller has hung up.
    reply.raw.once('close', () => atWork--)
  })
  app.addHook('preValidation', async (request) => {
    request.body = cleanFields(request.body)
    request.query = cleanFields(request.query)
  })
  app.setErrorHandler(sendError)
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 404, 'not_found'))
  await app.register(underPressure, { maxEventLoopDelay: 1_000, retryAfter: 5, pressureHandler: sendBusy })
  await documentRoutes(app)
  await app.register(activationRoutes)
  await app.register(keyRoutes)
  await app.register(programRoutes)
  await app.register(serviceRoutes)
  await app.register(testKeyRoutes)
  await app.register(testPortal, { prefix: '/api/v1/test' })
  await app.register(glpiRoutes)
  for (const prefix of ['/api/marketplace', '/api/glpi-plugins'])
    await app.register(marketplaceRoutes, { prefix })
  return app
}

function sendBusy(_request: FastifyRequest, reply: FastifyReply) {
  sendProblem(reply.header('Retry-After', '5'), 503, 'unavailable')
}

/** What went wrong on purpose keeps its code; anything else is a bug, told by a number that the log has as well. */
function sendError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof FieldError) {
    return sendProblem(reply, 400, 'invalid_input', { fields: { [error.field]: error.because } })
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const fields = error.validation.map(({ instancePath, message }) => [
      instancePath.slice(1) || 'body',
      message,
    ])
    return sendProblem(reply, 400, 'invalid_input', { fields: Object.fromEntries(fields) })
  }
  if (error instanceof Unavailable) {
    return sendProblem(reply.header('Retry-After', String(error.facts.retryAfterSeconds)), 503, 'unavailable')
  }
  if (error instanceof NotFound) return sendProblem(reply, 404, 'unknown_activation')
  if (error instanceof DomainError && error.code === 'too_many') {
    return sendProblem(reply.header('Retry-After', String(error.facts.retryAfterSeconds)), 429, 'too_many')
  }
  const { statusCode = 500 } = error
  if (statusCode < 500) return sendProblem(reply, statusCode, error.code?.toLowerCase() ?? 'bad_request')
  const reference = newId()
  log.error({ err: error, reference }, 'a call failed')
  return sendProblem(reply, 500, 'unexpected', { reference })
}
