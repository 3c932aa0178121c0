import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { glpiCall, glpiLanguage, sendNoVerdict } from '@/key-service/glpi'
import { offers, registration } from '@/lib/activations/registration'

/** What GLPI's own set-up page asks, as GLPI 9.5, 10 and 11 do: docs/glpi-administrators.md. */
export const glpiRoutes: FastifyPluginAsyncZod = async (app) => {
  app.setErrorHandler(sendNoVerdict)
  const ok = async () => ({ ok: true })
  app.get('/api/ping', { schema: { summary: 'The same, as GLPI 11 asks' } }, ok)
  // Where the key service is a host of its own; behind the portal's name this is the portal's page.
  app.get('/', { schema: { summary: 'The same, as GLPI 9.5 and 10 ask' } }, ok)
  app.get(
    '/api/registration/info',
    { schema: { summary: 'The key of a stock GLPI: to be shown, it entitles to nothing' } },
    async (request) => registration(glpiCall(request), glpiLanguage(request)),
  )
  app.get('/api/registration/offers', { schema: { summary: 'What is sold' } }, async () => offers())
}
