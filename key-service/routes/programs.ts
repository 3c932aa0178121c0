import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { sendProblem, sendRefused, sendRefusedProgram, sendSignedRefusal } from '@/key-service/answers'
import { callOf, InstallationId, Key, ofBody, Problem, Product } from '@/key-service/schemas'
import { fileForProgram, keysForProgram, ownerOf } from '@/lib/activations/programs'

const ListedKey = z.object({
  short_id: z.string(),
  last_four: z.string(),
  product: z.string(),
  kind: z.enum(['subscription', 'trial', 'permanent']),
  state: z.enum([
    'revoked',
    'expired',
    'not_started',
    'replaced',
    'renewed',
    'overdue',
    'expiring',
    'active',
  ]),
  paid_until: z.iso.datetime().nullable(),
  works_until: z.iso.datetime().nullable(),
  instance: z.object({ short_id: z.string(), label: z.string(), url: z.string().nullable() }).nullable(),
})
const KeyPage = z.object({ keys: z.array(ListedKey), next: z.string().nullable() }).meta({ id: 'KeyPage' })
const OfflineFileRequest = z
  .object({
    key: Key.optional(),
    installation_id: InstallationId,
    product: Product.optional().meta({
      description:
        'The plugin: of a suite’s key one that it contains, of any other its own, which need not be named.',
    }),
  })
  .meta({ id: 'OfflineFileRequest' })
const OfflineFile = z.object({ lease: z.string(), key_set: z.string() }).meta({ id: 'OfflineFile' })

const refusals = { 400: Problem, 401: Problem, 403: Problem, 429: Problem, 503: Problem }
const about = { tags: ['Programs'], security: [{ token: [] }] }

const fileSchema = {
  ...about,
  operationId: 'makeOfflineFile',
  summary: 'The offline activation file of one installation',
  description:
    'Needs the scope `offline_files.create`. For a GLPI that reaches nobody; it works to the key’s end, at most 400 days. The same request again within the hour gets the same file. That a key is unknown is not signed here: to an organization another one’s key is as unknown as nobody’s.',
  body: OfflineFileRequest,
  response: { 201: OfflineFile, ...refusals, ...ofBody, 404: Problem, 409: Problem },
}

/** What an organization's own programs ask, with an API token in `Authorization: Bearer`. */
export const programRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/api/v1/keys',
    {
      schema: {
        ...about,
        operationId: 'listKeys',
        summary: 'The organization’s keys, masked',
        description: 'Needs the scope `keys.read`. Two hundred at a time, by their end; never a whole key.',
        querystring: z.object({
          after: z.string().max(200).optional().meta({ description: 'What the page before called `next`.' }),
        }),
        response: { 200: KeyPage, ...refusals },
      },
    },
    async (request, reply) => {
      const owner = await ownerOf(request.headers.authorization, 'keys.read', request.ip)
      if (!owner.ok) return sendRefusedProgram(reply, owner)
      const page = await keysForProgram(owner, request.query.after)
      return page
        ? reply.send(page)
        : sendProblem(reply, 400, 'invalid_input', { fields: { after: 'not_found' } })
    },
  )
  app.post(
    '/api/v1/offline-files',
    {
      schema: fileSchema,
    },
    async (request, reply) => {
      const owner = await ownerOf(request.headers.authorization, 'offline_files.create', request.ip)
      if (!owner.ok) return sendRefusedProgram(reply, owner)
      const { product, installation_id: installationId } = request.body
      const call = { ...callOf(request.body, request), product, installationId }
      const made = await fileForProgram(owner, call)
      if (made.ok) return reply.code(201).send(JSON.parse(made.text))
      if (made.checked) {
        const { checked, signed } = made
        if (signed === null) return sendRefused(checked, call, request, reply)
        return sendSignedRefusal({ checked, signed }, call, request, reply)
      }
      if ('code' in made) return sendRefusedProgram(reply, made)
      return sendProblem(reply, 400, 'invalid_input', {
        fields: { product: 'required' },
        products: made.products,
      })
    },
  )
}
