import { eq } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import { asOrganization, asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import type { By } from '@/lib/command'
import { beginAutomatic } from '@/lib/payments/automatic/begin'
import { startAutomatic } from '@/lib/payments/automatic/start'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { openSession } from '@/lib/payments/open-session'
import { listPayable } from '@/lib/payments/payable'
import type { Customer } from './customer'
import { uuidNamed } from './past'
import type { SeedKey } from './purchases'
import type { Till } from './till'

/** Of Stripe's test cards and accounts: https://docs.stripe.com/testing */
const cards = { good: '4242 4242 4242 4242', declinedLater: '4000 0000 0000 0341' }
const slowAccount = 'FR3020041010050500013M02609'

/** Who pays, as they type it on Stripe's page. */
export interface Buyer {
  email: string
  name: string
  line1: string
  postal_code: string
  city: string
  country: string
}

/** @param given.ago days before today on which it was switched on */
export function renewsByItself(
  customer: Customer,
  key: SeedKey,
  given: { buyer: Buyer; card: keyof typeof cards; ago: number },
) {
  const { past } = customer
  const { till } = past
  if (!till) return
  const { buyer, card, ago } = given
  const step = `${key.name}: renews by itself`
  past.on(past.day(-ago), step, async () => {
    await till.live()
    const { by, subscriptionId, price } = await asked(customer, key, buyer, step)
    const { renewalId } = await beginAutomatic(by, { subscriptionId, ...price })
    const { url } = await startAutomatic(customer.organizationId, renewalId)
    if (url) await till.pay(url, { ...buyer, method: 'card', card: cards[card] })
  })
}

/** Somebody has begun to pay, and went away. */
export async function leaveOpen(customer: Customer, key: SeedKey, buyer: Buyer): Promise<string> {
  const { by, subscriptionId, price } = await asked(customer, key, buyer, `${key.name}: begins to pay`)
  const { checkoutId } = await beginCheckout(by, { subscriptionIds: [subscriptionId], ...price })
  return (await openSession(by, checkoutId)).url
}

/** Somebody has paid by a debit, of which the bank says nothing for some days. */
export async function payByDebit(till: Till, customer: Customer, key: SeedKey, buyer: Buyer) {
  const url = await leaveOpen(customer, key, buyer)
  await till.debitsTake(4 * 24 * 60 * 60)
  await till.pay(url, { ...buyer, method: 'sepa_debit', iban: slowAccount })
  await till.debitsTake(0)
}

/** As somebody who was shown what the next term costs. */
async function asked({ organizationId }: Customer, key: SeedKey, { email }: Buyer, step: string) {
  const [person] = await asSystem('find who pays in the seed', (tx) =>
    tx.select({ id: people.id }).from(people).where(eq(people.email, email)),
  )
  const { payable, currency } = await asOrganization(organizationId, (tx) =>
    listPayable(tx, organizationId, now(), { subscriptionIds: [], keyIds: [key.keyId] }),
  )
  const [one] = payable
  if (!person || !one?.price) throw new Error(`${key.name} cannot be paid by ${email}`)
  const by: By = {
    actor: { kind: 'member', personId: person.id },
    organizationId,
    idempotencyKey: uuidNamed(step),
  }
  return { by, subscriptionId: one.subscriptionId, price: { shown: one.price.amount, currency } }
}
