import type Stripe from 'stripe'
import { emit } from './events'
import { newId, randomText } from './ids'
import { accepts, text } from './params'
import { route } from './route'
import { timeOf } from './world'

export const portalRoutes = [
  route(
    'POST',
    '/v1/billing_portal/sessions',
    accepts<Stripe.BillingPortal.SessionCreateParams>()({
      customer: text,
      locale: text.optional(),
      return_url: text.optional(),
    }),
    ({ world, params }) => {
      const { id: customer } = world.tables.customers.get(params.customer, 'customer')
      const id = newId('bps')
      const session: Stripe.BillingPortal.Session = {
        id,
        object: 'billing_portal.session',
        configuration: 'bpc_standin',
        created: timeOf(world, customer).now(),
        customer,
        customer_account: null,
        flow: null,
        livemode: false,
        locale: params.locale ?? null,
        on_behalf_of: null,
        return_url: params.return_url ?? null,
        url: `${world.url}/p/session/${id}${randomText(16)}`,
      }
      world.tables.portalSessions.put({ ...session, id: session.url.split('/').at(-1) ?? id })
      emit(world, 'billing_portal.session.created', session)
      return session
    },
  ),
]
