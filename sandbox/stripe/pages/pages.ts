import { type Answer, failed } from '../answer'
import type { Asked } from '../api'
import { Failure } from '../failure'
import type { World } from '../world'
import { authenticatePages } from './authenticate-page'
import { checkoutPages } from './checkout-page'
import { html, page } from './html'
import { invoicePages } from './invoice-page'
import { portalPages } from './portal-page'

const pages = [...checkoutPages, ...authenticatePages, ...invoicePages, ...portalPages]

/** What a person sees in the browser. */
export function answerPage(world: World, asked: Asked): Answer {
  try {
    world.time.run()
    for (const { method, path, show } of pages) {
      const found = path.exec(asked.path)
      if (!found || method !== asked.method) continue
      const id = decodeURIComponent(found[1] ?? '')
      return show({
        world,
        id,
        form: new URLSearchParams(asked.body),
        query: new URLSearchParams(asked.query),
      })
    }
    return page('There is no such page', html`<p>${asked.path}</p>`, 404)
  } catch (error) {
    if (error instanceof Failure)
      return page('This does not work', html`<p role="alert">${error.message}</p>`, error.status)
    return failed(error)
  }
}
