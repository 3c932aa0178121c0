import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Nonce, Problem } from '@/key-service/schemas'
import { keySet, signedTime } from '@/lib/activations/serve'

const Pong = z.object({ ok: z.boolean() }).meta({ id: 'Pong' })
const SignedTime = z
  .object({ time: z.iso.datetime(), signed: z.string().meta({ description: 'A JWS (time+jwt).' }) })
  .meta({ id: 'SignedTime' })
const SigningKeys = z
  .object({
    keys: z.array(
      z.object({
        kty: z.string(),
        crv: z.string(),
        x: z.string(),
        kid: z.string(),
        use: z.string(),
        alg: z.string(),
      }),
    ),
    signed: z
      .string()
      .meta({ description: 'The same set as the root has signed it (keys+jwt). Believe this alone.' }),
  })
  .meta({ id: 'SigningKeys' })
const about = { tags: ['Service'] }

export const serviceRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/api/v1/ping',
    {
      schema: {
        ...about,
        operationId: 'ping',
        summary: 'Whether the service can be reached',
        response: { 200: Pong },
      },
    },
    async () => ({ ok: true }),
  )
  app.get(
    '/api/v1/time',
    {
      schema: {
        ...about,
        operationId: 'time',
        summary: 'The time, signed',
        description: 'For a GLPI whose own clock looks wrong.',
        querystring: z.object({ nonce: Nonce.optional() }),
        response: { 200: SignedTime, 400: Problem, 503: Problem },
      },
    },
    async (request) => signedTime(request.query.nonce, 'real'),
  )
  app.get(
    '/.well-known/jwks.json',
    {
      schema: {
        ...about,
        operationId: 'signingKeys',
        summary: 'The keys that sign, as a set that the root has signed',
        response: { 200: SigningKeys, 503: Problem },
      },
    },
    async (_request, reply) => reply.send(await keySet('real')),
  )
}
