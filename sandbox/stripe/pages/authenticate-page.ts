import { Failure } from '../failure'
import { confirm, refuseAuthentication } from '../paying'
import { idOf } from '../table'
import type { World } from '../world'
import { html, page, redirect } from './html'
import type { Page } from './page-route'

/** Where the person goes after their bank asked them. */
function answered(world: World, id: string, agreed: boolean): string {
  const follow = world.hooks.asked.get(id)
  if (follow) {
    world.hooks.asked.delete(id)
    return follow(agreed)
  }
  const intent = world.tables.paymentIntents.get(id)
  const back = intent.next_action?.redirect_to_url?.return_url ?? world.url
  const method = world.tables.paymentMethods.get(idOf(intent.payment_method) ?? '')
  if (agreed) confirm(world, intent, method, { authenticated: true })
  else refuseAuthentication(world, intent)
  const separator = back.includes('?') ? '&' : '?'
  return `${back}${separator}payment_intent=${id}&payment_intent_client_secret=${intent.client_secret}`
}

export const authenticatePages: Page[] = [
  {
    method: 'GET',
    path: /^\/authenticate\/([^/]+)$/,
    show: () =>
      page(
        'Your bank asks: is it you?',
        html`<form method="post"><p>3-D Secure</p><button name="answer" value="complete">Complete</button>
<button name="answer" value="fail">Fail</button></form>`,
      ),
  },
  {
    method: 'POST',
    path: /^\/authenticate\/([^/]+)$/,
    show: ({ world, id, form }) => {
      try {
        return redirect(answered(world, id, form.get('answer') === 'complete'))
      } catch (error) {
        if (error instanceof Failure) return page('Declined', html`<p role="alert">${error.message}</p>`, 402)
        throw error
      }
    },
  },
]
