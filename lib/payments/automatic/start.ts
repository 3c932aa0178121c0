import { eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { products } from '@/db/schema/catalog'
import { organizations } from '@/db/schema/organizations'
import { billingAccounts, prices } from '@/db/schema/payments'
import { people } from '@/db/schema/people'
import { type By, command } from '@/lib/command'
import { env } from '@/lib/env'
import { NotFound, Refused, Unavailable } from '@/lib/errors'
import { log } from '@/lib/log'
import { makeCustomer } from '@/lib/payments/open-session'
import { listPayable } from '@/lib/payments/payable'
import { forgetCustomer } from '@/lib/payments/record-answer'
import { asking, isRepeatedFailure, type Stripe, whileSomebodyWaits } from '@/lib/payments/stripe'
import { stripePriceOf } from '@/lib/payments/sync-catalog'
import { bySystem, findSubscription, settleAs } from './at-stripe'
import { endAutomatic, recordEnd } from './end'
import { changeAutomatic, lockAutomatic } from './queries'
import { trialEndFor } from './rules'

const RenewalId = z.object({ renewalId: z.uuid('not_found') })

/** Reads what Stripe is to be asked. One that can begin no more has ended: `over`, where what is paid ended meanwhile. */
export const readyToStart = command('automatic.start', RenewalId, async (scope, { renewalId }) => {
  const { tx, organizationId, now, unchanged } = scope
  unchanged()
  const row = await lockAutomatic(tx, organizationId, renewalId)
  const of = { subscriptionIds: [row.subscriptionId] }
  const [[account], [organization], [payer], [price], { payable }] = [
    await tx.select().from(billingAccounts).where(eq(billingAccounts.organizationId, organizationId)),
    await tx.select().from(organizations).where(eq(organizations.id, organizationId)),
    await tx
      .select({ email: people.email, language: people.language })
      .from(people)
      .where(row.begunById ? eq(people.id, row.begunById) : sql`false`),
    await tx
      .select({ id: prices.id, stripePriceId: prices.stripePriceId, reference: products.reference })
      .from(prices)
      .innerJoin(products, eq(products.id, prices.productId))
      .where(eq(prices.id, row.priceId)),
    await listPayable(tx, organizationId, now, of),
  ]
  const [one] = payable
  if (!account || !organization || !price || !one) throw new NotFound('automatic_renewal')
  const { name, slug } = organization
  const trialEnd = trialEndFor(one.termEndsAt, now)
  const over = !row.endedAt && !row.startedAt && trialEnd <= now
  if (over) await recordEnd(scope, row, 'over')
  const ended = over || row.endedAt !== null
  return {
    ...row,
    ended,
    customerId: account.customerId,
    name,
    slug,
    payer: payer ?? null,
    price,
    trialEnd,
    now,
  }
})
type Ready = Omit<Awaited<ReturnType<typeof readyToStart>>, 'customerId'> & { customerId: string }

const KeepSession = z.object({
  renewalId: z.uuid('not_found'),
  /** `failed`: Stripe is asked under another idempotency key. */
  answer: z.union([z.object({ sessionId: z.string().startsWith('cs_'), url: z.url() }), z.literal('failed')]),
})

export const keepAnswer = command('automatic.record', KeepSession, async (scope, { renewalId, answer }) => {
  scope.unchanged()
  const row = await lockAutomatic(scope.tx, scope.organizationId, renewalId)
  const kept =
    answer === 'failed'
      ? { attempt: row.attempt + 1 }
      : { sessionId: answer.sessionId, sessionUrl: answer.url }
  await changeAutomatic(scope.tx, row, kept)
})

/**
 * Switches an automatic renewal on at Stripe, as often as it is asked: at once where the customer has a means of payment and
 * an address, by which the tax is computed; else after both were given on Stripe's page.
 * @returns where that is to be given; null where it is on
 * @throws Unavailable where Stripe does not serve us: what was reserved stays, and is asked for again; Refused
 * `automatic_ended` where it has ended, or `stripe_differs` where Stripe would charge something else than was shown.
 */
export const startAutomatic = (organizationId: string, renewalId: string): Promise<{ url: string | null }> =>
  whileSomebodyWaits(() => start(organizationId, renewalId))

async function start(organizationId: string, renewalId: string): Promise<{ url: string | null }> {
  const system = bySystem(organizationId)
  const found = await readyToStart(system, { renewalId })
  if (found.ended) throw new Refused('automatic_ended')
  if (found.startedAt) return { url: null }
  try {
    const ready = { ...found, customerId: found.customerId ?? (await makeCustomer(system, found)) }
    const customer = await asking((stripe) => stripe.customers.retrieve(ready.customerId))
    if (customer.deleted) {
      await forgetCustomer(system, { customerId: customer.id })
      throw new Unavailable('stripe', 1)
    }
    if (!canBeCharged(customer)) return { url: ready.sessionUrl ?? (await askForMeans(system, ready)) }
    await subscribe(system, ready)
    return { url: null }
  } catch (error) {
    if (error instanceof Unavailable && isRepeatedFailure(error.cause))
      await keepAnswer(system, { renewalId, answer: 'failed' })
    throw error
  }
}

const canBeCharged = ({ invoice_settings: settings, address }: Stripe.Customer) =>
  settings.default_payment_method !== null && Boolean(address?.country)

/** https://docs.stripe.com/payments/save-and-reuse?platform=web&ui=stripe-hosted */
async function askForMeans(system: By, ready: Ready): Promise<string> {
  const { id, organizationId, attempt, currency, customerId, slug, subscriptionId, payer } = ready
  const page = `${env().PUBLIC_URL}/${slug}/billing/automatic/${subscriptionId}`
  const metadata = { organization: organizationId, renewal: id }
  const session = await asking((stripe) =>
    stripe.checkout.sessions.create(
      {
        mode: 'setup',
        currency,
        customer: customerId,
        client_reference_id: id,
        metadata,
        setup_intent_data: { metadata },
        billing_address_collection: 'required',
        customer_update: { address: 'auto', name: 'auto' },
        locale: payer?.language ?? 'en',
        success_url: `${page}?back=given`,
        cancel_url: page,
      },
      { idempotencyKey: `setup-${id}-${customerId}-${attempt}` },
    ),
  )
  if (!session.url) throw new Error('a Checkout that is open has an address')
  await keepAnswer(system, { renewalId: id, answer: { sessionId: session.id, url: session.url } })
  return session.url
}

async function subscribe(system: By, ready: Ready) {
  const { id, organizationId, amount, currency } = ready
  // What Stripe failed at it may have done all the same, and an answer may have been lost.
  const subscription = (await findSubscription(ready, ready.customerId)) ?? (await create(ready))
  const { price } = subscription.items.data[0] ?? {}
  const isAsShown = price?.unit_amount === amount && subscription.currency === currency
  await settleAs({ organizationId, id }, subscription)
  if (isAsShown) return
  await endAutomatic(system, { renewalId: id, because: 'not_created' })
  const theirs = { amount: price?.unit_amount, currency: subscription.currency }
  log.error({ renewalId: id, shown: amount, theirs }, 'Stripe would charge something else than was shown')
  throw new Refused('stripe_differs')
}

/** https://docs.stripe.com/api/subscriptions/create: the first charge is made when the trial ends. */
async function create(ready: Ready): Promise<Stripe.Subscription> {
  const { id, organizationId, attempt, customerId, price, trialEnd } = ready
  const end = trialEnd.getTime() / 1_000
  const stripePriceId = price.stripePriceId ?? (await stripePriceOf(price))
  return asking((stripe) =>
    stripe.subscriptions.create(
      {
        customer: customerId,
        items: [{ price: stripePriceId }],
        trial_end: end,
        proration_behavior: 'none',
        automatic_tax: { enabled: true },
        metadata: { organization: organizationId, renewal: id },
      },
      { idempotencyKey: `automatic-${id}-${end}-${attempt}` },
    ),
  )
}
