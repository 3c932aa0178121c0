import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { sendProblem } from '@/key-service/answers'
import { Nonce, Problem, Product, Verdict } from '@/key-service/schemas'
import { keySet, signedTime } from '@/lib/activations/serve'
import { listTestKeys } from '@/lib/activations/test-keys'
import { activationRoutes } from './activations'
import { keyRoutes } from './keys'

const TestKeys = z
  .object({
    product: Product,
    root_public_key: z.string().meta({
      description:
        'Of the test root, 32 bytes in base64. Give it to a build for tests alone: everybody can sign by it.',
    }),
    keys: z.array(z.object({ key: z.string(), code: Verdict.shape.code, notes: Verdict.shape.notes })),
  })
  .meta({ id: 'TestKeys' })

export const testKeyRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/api/v1/test-keys',
    {
      schema: {
        tags: ['Test keys'],
        operationId: 'testKeys',
        summary: 'The test keys of a product',
        description:
          'One per verdict; they always get it, from every operation that takes a key, and nothing is written. What is said of them is signed by the test root’s key. A build for tests is given that root, and `/api/v1/test` as the portal’s address, where the set of signing keys and the time are the test root’s as well.',
        querystring: z.object({ product: Product }),
        response: { 200: TestKeys, 400: Problem, 404: Problem, 429: Problem, 503: Problem },
      },
    },
    async (request, reply) => {
      const listed = await listTestKeys(request.query.product, request.ip)
      return listed ? reply.send(listed) : sendProblem(reply, 404, 'unknown_product')
    },
  )
}

/** The portal as a build for tests has it, at an address of its own: the same, with the test root's set of keys and time. */
export const testPortal: FastifyPluginAsyncZod = async (app) => {
  await app.register(activationRoutes)
  await app.register(keyRoutes)
  app.get('/.well-known/jwks.json', async () => keySet('test'))
  app.get(
    '/api/v1/time',
    { schema: { querystring: z.object({ nonce: Nonce.optional() }) } },
    async (request) => signedTime(request.query.nonce, 'test'),
  )
}
