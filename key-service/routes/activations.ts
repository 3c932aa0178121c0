import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { sendLeased, sendProblem, verdictOf } from '@/key-service/answers'
import {
  ActivationRequest,
  callOf,
  GiveBackRequest,
  LeaseAnswer,
  Problem,
  RefreshRequest,
} from '@/key-service/schemas'
import { activate, endActivation, refresh } from '@/lib/activations/serve'

const refusals = { 400: Problem, 403: Problem, 404: Problem, 409: Problem, 429: Problem, 503: Problem }
const Params = z.object({ id: z.uuid() })

export const activationRoutes: FastifyPluginAsyncZod = async (app) => {
  const leases = { response: { 200: LeaseAnswer, 201: LeaseAnswer, ...refusals } }
  app.post(
    '/api/v1/activations',
    { schema: { summary: 'Activate a key in an installation', body: ActivationRequest, ...leases } },
    async (request, reply) => {
      const { product, installation_id: installationId } = request.body
      const call = { ...callOf(request.body, request), product, installationId }
      return sendLeased(await activate(call), call, request, reply)
    },
  )
  app.post(
    '/api/v1/activations/:id/refresh',
    { schema: { summary: 'The daily call: another lease', params: Params, body: RefreshRequest, ...leases } },
    async (request, reply) => {
      const { product, installation_id: installationId, lease, secret } = request.body
      const call = { ...callOf(request.body, request), product, installationId, secret }
      return sendLeased(await refresh(call, request.params.id, lease), call, request, reply)
    },
  )
  app.delete(
    '/api/v1/activations/:id',
    {
      schema: {
        summary: 'Give an activation back',
        params: Params,
        body: GiveBackRequest,
        response: { 200: z.object({ frees_at: z.iso.datetime() }), ...refusals },
      },
    },
    async (request, reply) => {
      const call = { ...callOf(request.body, request), installationId: request.body.installation_id }
      const ended = await endActivation(call, request.params.id)
      if (ended.ok) return reply.send({ frees_at: ended.freesAt.toISOString() })
      const { code, message: detail, page } = verdictOf(ended.checked, call, request)
      return sendProblem(reply, code === 'malformed' ? 400 : 404, code, { detail, page })
    },
  )
}
