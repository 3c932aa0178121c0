import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { sendRefused } from '@/key-service/answers'
import { glpiCall, pageOf, sendNoVerdict } from '@/key-service/glpi'
import { sendArchive } from '@/key-service/send-archive'
import { archiveLink, download, plugins } from '@/lib/activations/marketplace'

const Release = z.object({ key: z.string(), version: z.string() })

/** GLPI's marketplace, by the two names that it has had. */
export const marketplaceRoutes: FastifyPluginAsyncZod = async (app) => {
  app.setErrorHandler(sendNoVerdict)
  app.get(
    '/plugins',
    { schema: { summary: 'The plugins, in the pages that X-Range asks for' } },
    async (request) => pageOf(await plugins(glpiCall(request)), request),
  )
  // The catalog knows no tags.
  app.get('/tags/top', { schema: { summary: 'Tags' } }, async () => [])
  app.get('/tags/:tag/plugin', { schema: { summary: 'The plugins of a tag' } }, async () => [])
  app.get(
    '/plugin/:key/download/:version',
    { schema: { summary: 'Where a release is downloaded; GLPI counts by it', params: Release } },
    async ({ params }, reply) => reply.redirect(await archiveLink(params.key, params.version), 302),
  )
  app.route({
    method: ['GET', 'HEAD'],
    url: '/plugin/:key/download/:version/:file',
    schema: { summary: 'A release’s archive', params: Release.extend({ file: z.string() }) },
    handler: async (request, reply) => {
      const { key, version, file } = request.params
      const call = glpiCall(request)
      const found = await download(call, key, version, file)
      return found.ok
        ? sendArchive(found.archive, request, reply)
        : sendRefused(found.checked, call, request, reply)
    },
  })
}
