import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { verdictOf } from '@/key-service/answers'
import { callOf, Problem, ValidateAnswer, ValidateRequest } from '@/key-service/schemas'
import { validate } from '@/lib/activations/serve'

export const keyRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/api/v1/keys/validate',
    {
      schema: {
        summary: 'The verdict on a key, without activating it',
        body: ValidateRequest,
        response: { 200: ValidateAnswer, 400: Problem, 429: Problem, 503: Problem },
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
