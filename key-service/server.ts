import underPressure from '@fastify/under-pressure'
import fastify, { type FastifyPluginAsync, type FastifyReply, type FastifyRequest } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { mostBytes } from '@/scripts/key-service'
import { sendProblem } from './answers'
import { answerBroken, answerExpectation } from './broken'
import { cleanFields } from './clean'
import { answerInTime } from './deadline'
import { noStore, sendBusy, sendError, sendUnrouted } from './errors'
import { documentRoutes } from './openapi'
import { activationRoutes } from './routes/activations'
import { glpiRoutes } from './routes/glpi'
import { keyRoutes } from './routes/keys'
import { marketplaceRoutes } from './routes/marketplace'
import { programRoutes } from './routes/programs'
import { serviceRoutes } from './routes/service'
import { testKeyRoutes, testPortal } from './routes/test-keys'

/** Of all headers together: what somebody pasted for a key gets an answer that says so. */
const mostHeaderBytes = 128 * 1_024
/**
 * Calls at work at once: a thousand servers may activate one key in the same moment. Whoever comes on top of these would
 * wait for longer than a GLPI does, and make the others wait.
 */
const mostAtOnce = 1_024
/**
 * Milliseconds within which a request must have come whole: of at most 16 kB, over any line that a GLPI has. Who says its
 * headers and then nothing would keep a connection for five minutes.
 */
const longestToCome = 5_000
/** Of what stands in a path for an ID or a name; what is longer than this is none. */
const longestName = 1_000

/**
 * What GLPI servers talk to.
 * @param isProxy whether the address of a peer is a proxy's, whose X-Forwarded-For is believed
 * @param limits in place of the usual ones: calls at work at once, and milliseconds within which a request must have come
 */
export async function buildServer(
  isProxy: (address: string) => boolean,
  limits: { mostAtOnce: number; longestToCome: number } = { mostAtOnce, longestToCome },
) {
  const app = fastify({
    bodyLimit: mostBytes,
    trustProxy: isProxy,
    // A proxy's health checks and a fleet's calls would fill the log; what is wrong is written below.
    logger: false,
    // Asked by none of ours; a stranger's would be written into the log.
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    // A request without a host is refused below: by Node, without a word.
    http: {
      maxHeaderSize: mostHeaderBytes,
      requireHostHeader: false,
      // Not above the whole request's, or Node would take it for that.
      headersTimeout: limits.longestToCome,
      // How often Node looks, and so by how much it may be late.
      connectionsCheckingInterval: limits.longestToCome / 5,
    },
    requestTimeout: limits.longestToCome,
    clientErrorHandler: answerBroken,
    frameworkErrors: sendUnrouted,
    // A GLPI whose constant ends in a slash asks with two.
    routerOptions: { maxParamLength: longestName, ignoreDuplicateSlashes: true },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  // Fastify would read it, and a schema then miss its fields.
  app.removeContentTypeParser('text/plain')
  app.server.on('checkExpectation', answerExpectation)
  app.addHook('onRequest', async (request, reply) => {
    noStore(reply)
    if (request.raw.httpVersion === '1.1' && request.raw.headers.host === undefined)
      return sendProblem(reply.header('Connection', 'close'), 400, 'bad_request')
  })
  app.addHook('preValidation', admit(limits.mostAtOnce))
  app.addHook('preValidation', async (request) => {
    request.body = cleanFields(request.body)
    request.query = cleanFields(request.query)
  })
  app.setErrorHandler(sendError)
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 404, 'not_found'))
  await app.register(underPressure, { maxEventLoopDelay: 1_000, retryAfter: 5, pressureHandler: sendBusy })
  await documentRoutes(app)
  await app.register(routes)
  return app
}

/** Everything that is answered. */
const routes: FastifyPluginAsync = async (app) => {
  await app.register(activationRoutes)
  await app.register(keyRoutes)
  await app.register(programRoutes)
  await app.register(serviceRoutes)
  await app.register(testKeyRoutes)
  await app.register(testPortal, { prefix: '/api/v1/test' })
  await app.register(glpiRoutes)
  for (const prefix of ['/api/marketplace', '/api/glpi-plugins'])
    await app.register(marketplaceRoutes, { prefix })
}

/**
 * Lets as many calls as may be at work at once go on to their route. A call counts when its body has come and not before:
 * whoever sends none would take the place of those who do.
 */
function admit(most: number) {
  let atWork = 0
  return async (request: FastifyRequest, reply: FastifyReply) => {
    if (atWork >= most) {
      sendBusy(request, reply)
      return reply
    }
    // Who has hung up meanwhile closes nothing any more.
    if (reply.raw.destroyed) return reply.hijack()
    atWork++
    // Also comes where the caller has hung up.
    reply.raw.once('close', () => atWork--)
    answerInTime(reply)
  }
}
