import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { verdictOf } from '@/key-service/answers'
import { byKey, callOf, ofBody, Problem, ValidateAnswer, ValidateRequest } from '@/key-service/schemas'
import { validate } from '@/lib/activations/serve'

export const keyRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/api/v1/keys/validate',
    {
      schema: {
        tags: ['Activations'],
        security: byKey,
        operationId: 'validate',
        summary: 'The verdict on a key, without activating it',
        description:
          'Always 200 where there is a verdict: `valid` and `code` are the answer. `signed` says the same, so that nobody between can say it in our place.',
        body: ValidateRequest,
        response: { 200: ValidateAnswer, ...ofBody, 429: Problem, 503: Problem },
      },
    },
    async (request) => {
      const { product, installation_id: installationId } = request.body
      const call = { ...callOf(request.body, request), product, installationId }
      const { checked, signed } = await validate(call)
      return { ...verdictOf(checked, call, request), signed }
    },
  )
}
