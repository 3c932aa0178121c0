import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { judgeAgain } from '@/lib/activations/check'
import { attention } from '@/lib/keys/attention'
import { listKeys } from '@/lib/keys/queries'
import { listPayable } from '@/lib/payments/payable'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem, type Fixture, productDatabase } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { returnsForTests, type Term } from '@/sandbox/test/returns'
import { keyOf, makeCustomer, type Sold, sold } from '@/sandbox/test/sold'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { renewed, termsOf, dispute, decide, winAfterAll } = returnsForTests(payments, database, () => acme)
const price = 29_000
const day = 86_400_000
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

/** A year by hand and a paid one, of which the second runs; and the third, paid ahead. */
async function threeYears() {
  const one = await sold(database, acme)
  const second = await renewed([one, price])
  await moveTo((await term(one, 2)).startsAt.getTime() + 30 * day)
  const third = await renewed([one, price])
  return { one, second, third }
}

const moveTo = (at: number) => payments.moveTo(new Date(at))
async function term(one: Sold, ordinal: number): Promise<Term> {
  const found = (await termsOf(one)).find((each) => each.ordinal === ordinal)
  if (!found) throw new Error(`there is no term ${ordinal}`)
  return found
}

/** How the key stands in the list, and the verdict that GLPI's routes, the API and `/check` all say (`verdictOn`). */
async function told(one: Sold, { keyId }: Term) {
  const key = await keyOf(database, keyId)
  const at = new Date(payments.now() * 1_000)
  const { rows } = await asOrganization(acme.organizationId, (tx) =>
    listKeys(
      tx,
      { organizationId: acme.organizationId, state: 'all', keyId },
      { sort: 'until', size: 1 },
      at,
    ),
  )
  const { code } = await judgeAgain({ key, installationId: `glpi-${one.instanceId}` })
  return { state: rows[0]?.state, code }
}
const waits = { state: 'not_started', code: 'not_started' }

test('a key paid ahead works at once; once the money of the running term went back, from its own term only', async () => {
  const { one, second } = await threeYears()
  const ahead = await term(one, 3)
  expect(ahead.worksFrom).toEqual(ahead.issuedAt)
  expect(await told(one, ahead)).toMatchObject({ state: 'active', code: 'ok' })
  await payments.stripe.refunds.create({ payment_intent: second.intent })
  await payments.work()
  expect((await term(one, 3)).worksFrom).toEqual(ahead.startsAt)
  expect(await told(one, ahead)).toEqual(waits)
  await moveTo(ahead.startsAt.getTime() - 1_000)
  expect(await told(one, ahead)).toEqual(waits)
  await moveTo(ahead.startsAt.getTime())
  expect(await told(one, ahead)).toMatchObject({ code: 'ok' })
})

test('while such a key waits, the overview says what was revoked, and asks nobody to put the waiting one into GLPI', async () => {
  const { one, second } = await threeYears()
  await payments.stripe.refunds.create({ payment_intent: second.intent })
  await payments.work()
  const at = new Date(payments.now() * 1_000)
  const { lines } = await asOrganization(acme.organizationId, (tx) =>
    attention(tx, acme.organizationId, 'UTC', at),
  )
  const own = lines.flatMap(({ what, keys }) =>
    keys.some(({ instanceId }) => instanceId === one.instanceId) ? [what] : [],
  )
  // The one before has ended long ago, and nothing stands in its place.
  expect(own).toEqual(['lapsed', 'revoked'])
})

test('a lost dispute does the same, and once it is won the key works at once again', async () => {
  const { one, second } = await threeYears()
  const { id } = await dispute(second.intent)
  await payments.work()
  expect(await told(one, await term(one, 3))).toMatchObject({ code: 'ok' })
  await decide(id, 'losing_evidence')
  await payments.work()
  expect(await told(one, await term(one, 3))).toEqual(waits)
  await winAfterAll(second.invoiceId)
  expect(await told(one, await term(one, 3))).toMatchObject({ code: 'ok' })
})

test('what is refunded between two terms that are paid lets the later key wait, and the earlier one go on', async () => {
  const one = await sold(database, acme)
  const second = await renewed([one, price])
  await renewSubscription(bySystem(acme.organizationId), { subscriptionId: one.subscriptionId })
  expect(await told(one, await term(one, 3))).toMatchObject({ code: 'ok' })
  await payments.stripe.refunds.create({ payment_intent: second.intent })
  await payments.work()
  expect(await told(one, await term(one, 3))).toEqual(waits)
  expect(await told(one, await term(one, 1))).toMatchObject({ code: 'ok' })
  const { payable } = await asOrganization(acme.organizationId, (tx) =>
    listPayable(tx, acme.organizationId, new Date(payments.now() * 1_000), {
      subscriptionIds: [one.subscriptionId],
    }),
  )
  const { startsAt, endsAt } = await term(one, 2)
  expect(payable).toMatchObject([{ verdict: { because: 'paid_ahead' }, gap: { startsAt, endsAt } }])
  // What is issued after it has the same hole before it.
  await renewSubscription(bySystem(acme.organizationId), { subscriptionId: one.subscriptionId })
  const fourth = await term(one, 4)
  expect(fourth.worksFrom).toEqual(fourth.startsAt)
  const first = { key: one.key, installationId: `glpi-${one.instanceId}` }
  await moveTo((await term(one, 3)).startsAt.getTime() - 1_000)
  expect((await judgeAgain(first)).found).toMatchObject({ renewedAt: null, followed: false })
  await moveTo((await term(one, 3)).startsAt.getTime())
  expect((await judgeAgain(first)).found).toMatchObject({ renewedAt: null, followed: true })
})

test('a refund of what is paid ahead itself lets no other key wait', async () => {
  const { one, third } = await threeYears()
  await payments.stripe.refunds.create({ payment_intent: third.intent })
  await payments.work()
  const second = await term(one, 2)
  expect(second.worksFrom).toEqual(second.issuedAt)
  expect(await told(one, second)).toMatchObject({ code: 'ok' })
  expect(await told(one, await term(one, 3))).toMatchObject({ code: 'revoked' })
})
