import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { sendLeased, sendSignedRefusal } from '@/key-service/answers'
import {
  ActivationRequest,
  byKey,
  callOf,
  GiveBackRequest,
  LeaseAnswer,
  ofBody,
  Problem,
  RefreshRequest,
} from '@/key-service/schemas'
import { activate, endActivation, refresh } from '@/lib/activations/serve'

const always = { ...ofBody, 404: Problem, 429: Problem, 503: Problem }
const refusals = { ...always, 403: Problem, 409: Problem }
const Params = z.object({
  id: z.uuid().meta({ description: 'The activation’s, as the first answer named it.' }),
})
const GivenBack = z
  .object({
    frees_at: z.iso.datetime(),
    signed: z.string().meta({
      description:
        'The same as a JWS (given-back+jwt): its `frees_at` is in seconds, its `sub` the activation.',
    }),
  })
  .meta({ id: 'GivenBack' })
const about = { tags: ['Activations'], security: byKey }

const activateSchema = {
  ...about,
  operationId: 'activate',
  summary: 'Activate a key in an installation',
  description:
    'Takes the key’s place for this installation and answers with a lease. The same call again gets the same activation and another lease; the secret is in the first answer alone.',
  body: ActivationRequest,
  response: { 200: LeaseAnswer, 201: LeaseAnswer, ...refusals },
}
const refreshSchema = {
  ...about,
  operationId: 'refresh',
  summary: 'The daily call: another lease',
  description:
    'Name the lease that you have, so that a copy of your database is noticed. Where the activation is not known any more (`unknown_activation`), activate anew. Show the activation’s secret: where the key was renewed, `handover` is the new one.',
  params: Params,
  body: RefreshRequest,
  response: { 200: LeaseAnswer, ...refusals },
}
const giveBackSchema = {
  ...about,
  operationId: 'giveBack',
  summary: 'Give an activation back',
  description:
    'Needs the activation’s secret (`secret_needed`): whoever lost it asks a member, who ends it in the portal, or support. It is refreshed no more. The first installation that presents the key from `frees_at` on has the place, unless this one still uses another key of its instance. Where the answer was lost, ask again: the same call gets the same answer.',
  params: Params,
  body: GiveBackRequest,
  response: { 200: GivenBack, ...always, 403: Problem },
}

export const activationRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/api/v1/activations',
    {
      schema: activateSchema,
    },
    async (request, reply) => {
      const { product, installation_id: installationId, secret } = request.body
      const call = { ...callOf(request.body, request), product, installationId, secret }
      return sendLeased(await activate(call), call, request, reply)
    },
  )
  app.post(
    '/api/v1/activations/:id/refresh',
    {
      schema: refreshSchema,
    },
    async (request, reply) => {
      const { product, installation_id: installationId, lease, secret } = request.body
      const call = { ...callOf(request.body, request), product, installationId, secret }
      return sendLeased(await refresh(call, request.params.id, lease), call, request, reply)
    },
  )
  app.delete(
    '/api/v1/activations/:id',
    {
      schema: giveBackSchema,
    },
    async (request, reply) => {
      const { product, installation_id: installationId, secret } = request.body
      const call = { ...callOf(request.body, request), product, installationId, secret }
      const ended = await endActivation(call, request.params.id)
      if (!ended.ok) return sendSignedRefusal(ended, call, request, reply)
      return reply.send({ frees_at: ended.freesAt.toISOString(), signed: ended.signed })
    },
  )
}
