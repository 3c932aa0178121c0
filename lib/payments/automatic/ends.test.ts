import { beforeAll, beforeEach, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { applyCatalog } from '@/lib/catalog/apply'
import { now } from '@/lib/clock'
import { retireInstance } from '@/lib/instances/retire'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { later } from '@/lib/organizations/calendar'
import { automaticForTests, days } from '@/sandbox/test/automatic'
import {
  byMember,
  bySystem,
  type Fixture,
  makeCatalog,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { returnsForTests } from '@/sandbox/test/returns'
import { makeCustomer } from '@/sandbox/test/sold'
import { endedWithKey } from './queries'
import { reconcileAutomatic } from './reconcile'
import { syncSubscription } from './sync'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const {
  settled,
  liveUntil,
  begin,
  start,
  on,
  payByHand,
  termsOf,
  firstTerm,
  renewalOf,
  chargesOf,
  askedOf,
  chargesNoMore,
} = automaticForTests(payments, database, () => acme)
const { invoiceOf, dispute, decide } = returnsForTests(payments, database, () => acme)
const { stripe } = payments
const zone = 'Europe/Paris'
const year = 366 * 86_400_000
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  await rowsOf(database, `update organizations set time_zone = $1`, [zone])
})
beforeEach(async () => {
  await rowsOf(database, 'update products set withdrawn_at = null')
})

test('a customer who is deleted at Stripe has nothing renew by itself any more, and begins anew as another', async () => {
  const whose = await makeOrganization('deleted')
  const one = await on({ of: whose })
  const { stripeId } = await renewalOf(one.renewalId)
  const { customer } = await stripe.subscriptions.retrieve(stripeId ?? '')
  await stripe.customers.del(String(customer))
  // That its subscription is gone as well may be heard first.
  await syncSubscription(stripeId ?? '')
  await settled()
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'customer_deleted' })
  const again = await begin(one.subscriptionId, 'billing', whose)
  const { url } = await start(again.renewalId, whose)
  await payments.pay(url ?? '')
  await settled()
  const { stripeId: other } = await renewalOf(again.renewalId)
  expect((await stripe.subscriptions.retrieve(other ?? '')).customer).not.toBe(customer)
  expect(await renewalOf(again.renewalId)).toMatchObject({ ended: null })
})

test('withdrawn from sale, it ends in the night, and nothing is charged', async () => {
  const one = await on()
  await rowsOf(database, 'update products set withdrawn_at = $1', [now()])
  await reconcileAutomatic()
  await settled()
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'withdrawn' })
  await chargesNoMore(one)
})

test('withdrawn by the catalog, it ends at once, in each organization, and nothing else does', async () => {
  const [one, other] = [await on(), await on({ of: await makeOrganization('also') })]
  const forms = { reference: 'forms', name: 'Forms Pro', description: { en: 'Made up.', fr: 'Inventé.' } }
  const apply = (withdrawn: boolean) =>
    applyCatalog({ actor: { kind: 'system' } }, { products: [{ ...forms, trialDays: 15, withdrawn }] })
  await apply(false)
  await settled()
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: null })
  await apply(true)
  await settled()
  for (const { renewalId } of [one, other])
    expect(await renewalOf(renewalId)).toMatchObject({ ended: 'withdrawn' })
  await makeCatalog()
})

test('its instance no longer in use, it ends at once, and nothing is charged', async () => {
  const one = await on()
  const beside = await on()
  await retireInstance(byMember(acme, 'owner'), { instanceId: one.instanceId })
  await settled()
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'retired' })
  expect(await renewalOf(beside.renewalId)).toMatchObject({ ended: null })
  await chargesNoMore(one)
})

test('its key revoked, it ends at once, nothing is charged, and restored it stays off', async () => {
  const one = await on()
  const by = bySystem(acme.organizationId)
  await revokeKey(by, { keyId: one.keyId, reason: 'leaked', note: 'on a wiki' })
  await settled()
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'revoked' })
  await restoreKey(by, { keyId: one.keyId, note: 'another one' })
  await settled()
  const offSince = (keyId: string) =>
    asOrganization(acme.organizationId, (tx) => endedWithKey(tx, acme.organizationId, keyId))
  expect(await offSince(one.keyId)).toBe(true)
  expect(await offSince((await on()).keyId)).toBe(false)
  await chargesNoMore(one)
})

test('a term paid ahead that is lost in a dispute ends it, though an earlier one is paid', async () => {
  const one = await on()
  const checkoutId = await payByHand(one.subscriptionId)
  const { intent } = await invoiceOf(checkoutId)
  await decide((await dispute(intent)).id, 'losing_evidence')
  await settled()
  expect(await termsOf(one.subscriptionId)).toHaveLength(1)
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'disputed' })
  await chargesNoMore(one)
})

test('an automatic charge that is refunded: its key is revoked, automatic renewal ends, and staff are asked nothing', async () => {
  const one = await on()
  const first = await firstTerm(one.subscriptionId)
  await liveUntil(days(1, first.endsAt), year)
  const [charge] = await chargesOf(one.renewalId)
  expect(await termsOf(one.subscriptionId)).toHaveLength(2)
  await stripe.refunds.create({ payment_intent: charge?.intent ?? '' })
  await settled()
  expect(await termsOf(one.subscriptionId)).toHaveLength(1)
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'refunded' })
  expect(await askedOf(one.subscriptionId)).toEqual([])
  await chargesNoMore(one)
})

test('a term paid ahead by hand that is refunded brings the charge back to the end of the one before', async () => {
  const one = await on()
  const first = await firstTerm(one.subscriptionId)
  // Nearer than the two years that Stripe takes.
  await liveUntil(days(60), year)
  const checkoutId = await payByHand(one.subscriptionId)
  expect((await renewalOf(one.renewalId)).chargesAt).toEqual(later(first.endsAt, zone, { months: 12 }))
  const [paid] = await rowsOf<{ intent: string }>(
    database,
    'select i.payment_intent_id as intent from invoices i join checkouts c on c.invoice_id = i.id where c.id = $1',
    [checkoutId],
  )
  await stripe.refunds.create({ payment_intent: paid?.intent ?? '' })
  await settled()
  expect(await renewalOf(one.renewalId)).toMatchObject({ chargesAt: first.endsAt, ended: null })
  await liveUntil(days(1, first.endsAt), year)
  expect(await termsOf(one.subscriptionId)).toHaveLength(2)
})
