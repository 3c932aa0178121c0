import { translator } from '@/lib/messages/translator'
import { browsersLanguage, currentLanguage } from './session'

/*
 * What a route answers that is no page: a sentence at least, since whoever came by it sees nothing else.
 */

/** What is not there, or another's, alike. */
export const missing = () => sentence(404, 'errors.route_missing')

/** The methods that a route does not know. */
export const wrongMethod = (known: readonly string[]) => () =>
  sentence(405, 'errors.route_method', { Allow: known.join(', ') })

/** To the page that says what is to be said. */
export const leadTo = (path: string, status: 303 | 307 = 303) =>
  sentence(status, 'errors.route_elsewhere', { Location: path })

async function sentence(
  status: number,
  name: 'errors.route_missing' | 'errors.route_method' | 'errors.route_elsewhere',
  headers: Record<string, string> = {},
) {
  // Whose language it is stands in the database, which may be what fails.
  const t = translator(await currentLanguage().catch(browsersLanguage))
  return new Response(`${t(name)}\n`, {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers },
  })
}
