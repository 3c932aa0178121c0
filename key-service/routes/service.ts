import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { keySet, signedTime } from '@/lib/activations/serve'

export const serviceRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get('/api/v1/ping', { schema: { summary: 'Whether the service can be reached' } }, async () => ({
    ok: true,
  }))
  app.get(
    '/api/v1/time',
    {
      schema: {
        summary: 'The time, signed',
        querystring: z.object({
          nonce: z
            .string()
            .regex(/^[\w-]{8,128}$/)
            .optional(),
        }),
        response: { 200: z.object({ time: z.iso.datetime(), signed: z.string() }) },
      },
    },
    async (request) => signedTime(request.query.nonce, 'real'),
  )
  app.get(
    '/.well-known/jwks.json',
    { schema: { summary: 'The keys that sign, as a set that the root has signed' } },
    async (_request, reply) => reply.send(await keySet('real')),
  )
}
