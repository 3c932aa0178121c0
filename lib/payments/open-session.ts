import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { organizations } from '@/db/schema/organizations'
import { billingAccounts } from '@/db/schema/payments'
import { people } from '@/db/schema/people'
import { asOrganization } from '@/db/scope'
import { type By, command } from '@/lib/command'
import { env } from '@/lib/env'
import { Refused, Unavailable } from '@/lib/errors'
import { log } from '@/lib/log'
import { lineName } from './line-name'
import { linesOf } from './queries'
import { forgetCustomer, recordAnswer, recordCustomer } from './record-answer'
import { lockCheckout } from './settle-checkout'
import {
  asking,
  isMissing,
  isOtherQuestion,
  isRepeatedFailure,
  type Stripe,
  whileSomebodyWaits,
} from './stripe'

const CheckoutId = z.object({ checkoutId: z.uuid('not_found') })

/** Reads what Stripe is to be asked, for whoever of the organization may pay: who began it, or another. */
const readyToOpen = command(
  'checkout.open',
  CheckoutId,
  async ({ tx, organizationId, role, audit, unchanged }, { checkoutId }) => {
    const checkout = await lockCheckout(tx, organizationId, checkoutId)
    if (checkout.endedAt || checkout.completedAt) throw new Refused('checkout_ended')
    if (role === 'system') unchanged()
    else audit({ details: { currency: checkout.currency, amount: checkout.amount } })
    const [[account], [organization], [payer], lines] = await Promise.all([
      tx.select().from(billingAccounts).where(eq(billingAccounts.organizationId, organizationId)),
      tx.select().from(organizations).where(eq(organizations.id, organizationId)),
      tx
        .select({ email: people.email, language: people.language })
        .from(people)
        .where(eq(people.id, checkout.begunById ?? '')),
      linesOf(tx, organizationId, checkoutId),
    ])
    // a checkout has them by its foreign keys
    if (!account || !organization) throw new Error('a checkout has an organization and its account')
    const { customerId } = account
    const { name, slug, timeZone } = organization
    return { ...checkout, customerId, name, slug, timeZone, payer: payer ?? null, lines }
  },
)
type Ready = Awaited<ReturnType<typeof readyToOpen>>

/**
 * Opens the Checkout at Stripe, or finds it open: the same one however often it is asked for, also where an answer was lost,
 * by the idempotency key.
 * @returns where to pay
 * @throws Unavailable where Stripe does not serve us: what was reserved stays, and is asked for again; Refused
 * `checkout_ended`, or `stripe_differs` where Stripe would charge something else than was shown; then it has ended.
 */
export const openSession = (by: By, checkoutId: string): Promise<{ url: string }> =>
  whileSomebodyWaits(() => open(by, checkoutId))

async function open(by: By, checkoutId: string): Promise<{ url: string }> {
  const ready = await readyToOpen(by, { checkoutId })
  if (ready.sessionUrl) return { url: ready.sessionUrl }
  const system: By = { actor: { kind: 'system' }, organizationId: by.organizationId }
  const customerId = ready.customerId ?? (await makeCustomer(system, ready))
  const session = await createSession(system, ready, customerId)
  const { id, url, expires_at, amount_subtotal, currency } = session
  if (amount_subtotal !== ready.amount || currency !== ready.currency || !url) {
    await asking((stripe) => stripe.checkout.sessions.expire(id))
    await recordAnswer(system, { checkoutId, answer: 'refused' })
    const theirs = { amount: amount_subtotal, currency }
    log.error(
      { checkoutId, shown: ready.amount, theirs },
      'Stripe would charge something else than was shown',
    )
    throw new Refused('stripe_differs')
  }
  await recordAnswer(system, { checkoutId, answer: { sessionId: id, url, expiresAt: expires_at } })
  return { url }
}

/**
 * Makes the organization's customer at Stripe: one, also where two members begin at once.
 * @param of what is begun, and for whom
 */
export async function makeCustomer(
  system: By,
  { id, organizationId, name, payer }: Pick<Ready, 'id' | 'organizationId' | 'name' | 'payer'>,
): Promise<string> {
  const [account] = await asOrganization(organizationId, (tx) =>
    tx
      .select({ former: billingAccounts.formerCustomerIds })
      .from(billingAccounts)
      .where(eq(billingAccounts.organizationId, organizationId)),
  )
  // Nothing that changes is asked for, so that it is one question whoever asks. One that was deleted leaves its key behind
  // for a day, and so their number stands in it too.
  const key = `customer-${organizationId}-${account?.former.length ?? 0}`
  const create = (idempotencyKey: string) =>
    asking((stripe) =>
      stripe.customers.create({ metadata: { organization: organizationId } }, { idempotencyKey }),
    )
  const made = await create(key).catch((error: unknown) => {
    // What Stripe has failed at, it fails at for a day under the same key.
    if (error instanceof Unavailable && isRepeatedFailure(error.cause)) return create(`${key}-${id}`)
    throw error
  })
  const called = { name, ...(payer && { email: payer.email, preferred_locales: [payer.language] }) }
  try {
    await asking((stripe) => stripe.customers.update(made.id, called))
  } catch (error) {
    if (!isMissing(error)) throw error
    // Deleted before it was noted: counted among the former ones, it makes room for another.
    await recordCustomer(system, { customerId: made.id })
    await forgetCustomer(system, { customerId: made.id })
    throw new Unavailable('stripe', 1)
  }
  return (await recordCustomer(system, { customerId: made.id })).customerId
}

async function createSession(system: By, ready: Ready, customerId: string): Promise<Stripe.Checkout.Session> {
  const { id, attempt } = ready
  // What Stripe fails at, and fails at again when it is asked again, it may have done all the same.
  const made = attempt > 1 ? await findOpen(customerId, id) : undefined
  if (made) return made
  try {
    return await asking((stripe) =>
      stripe.checkout.sessions.create(sessionOf(ready, customerId), {
        idempotencyKey: `checkout-${id}-${attempt}`,
      }),
    )
  } catch (error) {
    // A name or a language has changed since the asking of which the answer was lost: what that made is found next time.
    const changed = isOtherQuestion(error)
    if (changed || (error instanceof Unavailable && isRepeatedFailure(error.cause)))
      await recordAnswer(system, { checkoutId: id, answer: 'failed' })
    throw changed ? new Unavailable('stripe', 5) : error
  }
}

async function findOpen(customer: string, checkoutId: string): Promise<Stripe.Checkout.Session | undefined> {
  const found = await asking((stripe) =>
    stripe.checkout.sessions
      .list({ customer, status: 'open', limit: 100 })
      .autoPagingToArray({ limit: 1_000 }),
  )
  return found.find(({ client_reference_id: id }) => id === checkoutId)
}

function sessionOf(ready: Ready, customerId: string): Stripe.Checkout.SessionCreateParams {
  const { id, organizationId, slug, currency, lines, timeZone, payer } = ready
  const language = payer?.language ?? 'en'
  const page = `${env().PUBLIC_URL}/${slug}/billing/checkouts/${id}`
  const metadata = { organization: organizationId, checkout: id }
  return {
    mode: 'payment',
    customer: customerId,
    client_reference_id: id,
    metadata,
    payment_intent_data: { metadata },
    invoice_creation: { enabled: true, invoice_data: { metadata } },
    line_items: lines.map((line) => ({
      quantity: 1,
      metadata: { line: line.id },
      price_data: {
        currency,
        unit_amount: line.amount,
        tax_behavior: line.taxBehavior,
        product_data: {
          name: lineName({ ...line, shortId: line.lastKey?.shortId ?? null }, language, timeZone),
          metadata: { line: line.id },
        },
      },
    })),
    automatic_tax: { enabled: true },
    billing_address_collection: 'required',
    tax_id_collection: { enabled: true },
    customer_update: { address: 'auto', name: 'auto' },
    locale: language,
    success_url: `${page}?back=paid`,
    cancel_url: page,
  }
}
