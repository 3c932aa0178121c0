import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { Fault } from '@/sandbox/stripe/faults'
import { byMember, bySystem, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { runJobs } from '@/sandbox/test/jobs'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { closeCheckouts } from './close-checkouts'
import { giveUpCheckout } from './give-up-checkout'
import { openSession } from './open-session'
import { listPayable } from './payable'
import { findCheckout } from './queries'
import { underWay } from './under-way'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

const byBilling = () => byMember(acme, 'billing')
const payableOf = (subscriptionId: string) =>
  asOrganization(acme.organizationId, async (tx) => {
    const { payable } = await listPayable(tx, acme.organizationId, now(), {
      subscriptionIds: [subscriptionId],
    })
    return payable[0]
  })
const payingOf = async (subscriptionId: string) => {
  const keyId = (await payableOf(subscriptionId))?.keyId ?? ''
  return (await asOrganization(acme.organizationId, (tx) => underWay(tx, acme.organizationId, [keyId]))).get(
    keyId,
  )
}
const checkoutOf = (id: string) =>
  asOrganization(acme.organizationId, (tx) => findCheckout(tx, acme.organizationId, id))
const begin = (subscriptionIds: string[], shown: number) =>
  beginCheckout(byBilling(), { subscriptionIds, shown, currency: 'eur' })
const keysOf = (subscriptionId: string) =>
  rowsOf<{ shortId: string; startsAt: Date; endsAt: Date; follows: string | null }>(
    database,
    `select k.short_id as "shortId", t.starts_at as "startsAt", t.ends_at as "endsAt", k.follows_id as follows
     from terms t join keys k on k.term_id = t.id where t.subscription_id = $1 order by t.ordinal`,
    [subscriptionId],
  )

test('what was revoked is neither paid nor made to renew by itself, until the key works again', async () => {
  const { subscriptionId, keyId } = await sold(database, acme)
  const by = bySystem(acme.organizationId)
  await revokeKey(by, { keyId, reason: 'non_payment', note: 'not paid' })
  const refused = { ok: false, because: 'revoked', reason: 'non_payment' }
  expect(await payableOf(subscriptionId)).toMatchObject({ verdict: refused, automaticVerdict: refused })
  await expect(begin([subscriptionId], 29_000)).rejects.toMatchObject({
    code: 'revoked',
    facts: { reason: 'non_payment' },
  })
  await restoreKey(by, { keyId, note: 'paid' })
  expect((await payableOf(subscriptionId))?.verdict.ok).toBe(true)
})

test('what is open for a key when that is revoked is closed, also at Stripe, with what else is in it', async () => {
  const [one, other] = [await sold(database, acme), await sold(database, acme, { reference: 'branding' })]
  const { checkoutId } = await begin([one.subscriptionId, other.subscriptionId], 41_000)
  const { url } = await openSession(byBilling(), checkoutId)
  const by = bySystem(acme.organizationId)
  await revokeKey(by, { keyId: one.keyId, reason: 'leaked', note: 'on a wiki' })
  await runJobs(database, { close_checkouts: closeCheckouts })
  const closed = await checkoutOf(checkoutId)
  expect(closed?.state).toBe('revoked')
  expect(closed?.lines.map(({ lastRevokedFor }) => lastRevokedFor).toSorted()).toEqual(['leaked', null])
  expect((await payments.pay(url)).status).not.toBe(303)
  await payments.work()
  expect(await keysOf(one.subscriptionId)).toHaveLength(1)
  expect(await payableOf(other.subscriptionId)).toMatchObject({ verdict: { ok: true } })
  expect(await payableOf(one.subscriptionId)).toMatchObject({ verdict: { because: 'revoked' } })
})

test('a debit that was on its way when the key was revoked undoes no revocation: its new key is revoked alike, and staff are asked', async () => {
  const { subscriptionId, keyId } = await sold(database, acme)
  const { checkoutId } = await begin([subscriptionId], 29_000)
  const { url } = await openSession(byBilling(), checkoutId)
  await payments.pay(url, { method: 'sepa_debit', iban: 'AT321904300235473204' })
  await payments.work()
  await revokeKey(bySystem(acme.organizationId), { keyId, reason: 'non_payment', note: 'not paid' })
  await runJobs(database, { close_checkouts: closeCheckouts })
  expect(await checkoutOf(checkoutId)).toMatchObject({ state: 'on_its_way' })
  await payments.moveTo(new Date(payments.now() * 1_000 + 10 * 86_400_000))
  await payments.work()
  const checkout = await checkoutOf(checkoutId)
  expect(checkout).toMatchObject({ state: 'paid', lines: [{ gone: 'non_payment', oldRevoked: true }] })
  expect(await payableOf(subscriptionId)).toMatchObject({ verdict: { because: 'revoked' } })
  const asked = await rowsOf(
    database,
    `select q.kind from payment_questions q join checkouts c on c.invoice_id = q.invoice_id where c.id = $1`,
    [checkoutId],
  )
  expect(asked).toEqual([{ kind: 'paid_late' }])
})

test('of a debit that arrives after the old key has ended its payment says the days that it has really brought', async () => {
  const { subscriptionId } = await sold(database, acme)
  const { checkoutId } = await begin([subscriptionId], 29_000)
  const { url } = await openSession(byBilling(), checkoutId)
  await payments.pay(url, { method: 'sepa_debit', iban: 'AT321904300235473204' })
  await payments.work()
  const shown = (await checkoutOf(checkoutId))?.lines[0]?.endsAt
  await payments.moveTo(new Date(payments.now() * 1_000 + 400 * 86_400_000))
  await payments.work()
  const [, second] = await keysOf(subscriptionId)
  expect(second?.endsAt).not.toEqual(shown)
  expect(await checkoutOf(checkoutId)).toMatchObject({
    lines: [{ startsAt: second?.startsAt, endsAt: second?.endsAt }],
  })
})

test('a paid Checkout brings each of its subscriptions one term that follows the last, and its key', async () => {
  const [one, other] = [await sold(database, acme), await sold(database, acme, { reference: 'branding' })]
  const { checkoutId } = await begin([one.subscriptionId, other.subscriptionId], 41_000)
  const { url } = await openSession(byBilling(), checkoutId)
  expect(await payments.pay(url)).toMatchObject({ status: 303 })
  expect(await payments.work()).toBeGreaterThan(0)
  for (const { subscriptionId } of [one, other]) {
    const [first, second, ...more] = await keysOf(subscriptionId)
    expect(more).toEqual([])
    expect(second?.startsAt).toEqual(first?.endsAt)
    expect(second?.follows).not.toBeNull()
  }
  const checkout = await checkoutOf(checkoutId)
  expect(checkout).toMatchObject({ state: 'paid', amount: 41_000, currency: 'eur' })
  expect(await payableOf(one.subscriptionId)).toMatchObject({ verdict: { ok: false, because: 'paid_ahead' } })
})

test('before the money is there nothing is issued: neither by a Checkout that is open nor by a debit on its way', async () => {
  const { subscriptionId } = await sold(database, acme)
  const { checkoutId } = await begin([subscriptionId], 29_000)
  const { url } = await openSession(byBilling(), checkoutId)
  expect(await keysOf(subscriptionId)).toHaveLength(1)
  expect(await payingOf(subscriptionId)).toEqual({ checkoutId, state: 'open' })
  await payments.pay(url, { method: 'sepa_debit', iban: 'AT321904300235473204' })
  await payments.work()
  expect(await checkoutOf(checkoutId)).toMatchObject({ state: 'on_its_way' })
  expect(await payingOf(subscriptionId)).toEqual({ checkoutId, state: 'on_its_way' })
  expect(await keysOf(subscriptionId)).toHaveLength(1)
})

const clicks = process.env.STRESS ? 200 : 10

test(`[C4] of 50 who click Renew at once, ${clicks} rounds, one has an open Checkout each time`, async () => {
  for (let round = 0; round < clicks; round++) {
    const { subscriptionId } = await sold(database, acme)
    const tries = await Promise.allSettled(Array.from({ length: 50 }, () => begin([subscriptionId], 29_000)))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const codes = tries.flatMap((tried) => (tried.status === 'rejected' ? [tried.reason.code] : []))
    // Who has waited for two seconds for a connection, on a busy machine, is asked to come again.
    expect(codes.filter((code) => code !== 'being_paid' && code !== 'unavailable')).toEqual([])
    expect(codes).toContain('being_paid')
  }
  console.log(`[C4] ${clicks} rounds of 50`)
}, 3_600_000)

test('the second person is told who is paying, and where', async () => {
  const { subscriptionId } = await sold(database, acme)
  const { checkoutId } = await begin([subscriptionId], 29_000)
  const lines = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
  const [payer] = await rowsOf<{ name: string }>(
    database,
    `select coalesce(nullif(name, ''), email) as name from people where id = $1`,
    [acme.people.billing],
  )
  await expect(beginCheckout(byMember(acme, 'owner'), lines)).rejects.toMatchObject({
    code: 'being_paid',
    facts: { by: payer?.name, checkoutId },
  })
})

test('at Stripe the lines stand in the order of the summary, what ends first before the others', async () => {
  const later = await sold(database, acme)
  const sooner = await sold(database, acme, { reference: 'branding' })
  const summary = await asOrganization(acme.organizationId, (tx) =>
    listPayable(tx, acme.organizationId, now(), {
      subscriptionIds: [later.subscriptionId, sooner.subscriptionId],
    }),
  )
  const { checkoutId } = await begin([later.subscriptionId, sooner.subscriptionId], 41_000)
  const { lines = [] } = (await checkoutOf(checkoutId)) ?? {}
  expect(lines.map((line) => line.subscriptionId)).toEqual(summary.payable.map((one) => one.subscriptionId))
})

test('given up, it can be paid by nobody at Stripe, and what it was for is free again', async () => {
  const { subscriptionId } = await sold(database, acme)
  const { checkoutId } = await begin([subscriptionId], 29_000)
  const { url } = await openSession(byBilling(), checkoutId)
  expect(await giveUpCheckout(byMember(acme, 'owner'), checkoutId)).toBe('given_up')
  expect((await payments.pay(url)).status).not.toBe(303)
  await payments.work()
  expect(await checkoutOf(checkoutId)).toMatchObject({ state: 'given_up' })
  expect(await payingOf(subscriptionId)).toBeUndefined()
  expect(await payableOf(subscriptionId)).toMatchObject({ verdict: { ok: true, amount: 29_000 } })
})

test('what is charged is what was shown: another amount or currency is refused', async () => {
  const { subscriptionId } = await sold(database, acme)
  await expect(begin([subscriptionId], 28_999)).rejects.toMatchObject({ code: 'price_changed' })
  const inYen = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'jpy' }
  await expect(beginCheckout(byBilling(), inYen)).rejects.toMatchObject({ code: 'price_changed' })
})

test('opened again it is the same, also where the answer of Stripe was lost', async () => {
  const { subscriptionId } = await sold(database, acme)
  const { checkoutId } = await begin([subscriptionId], 29_000)
  const lost = { on: 'api', do: 'fail', path: '/v1/checkout/sessions', effect: true, kept: false, times: 2 }
  payments.faults.add(Fault.parse(lost))
  await expect(openSession(byBilling(), checkoutId)).rejects.toMatchObject({ code: 'unavailable' })
  payments.faults.clear()
  const first = await openSession(byBilling(), checkoutId)
  expect(await openSession(byMember(acme, 'owner'), checkoutId)).toEqual(first)
  const { data } = await payments.stripe.checkout.sessions.list({ limit: 100 })
  expect(data.filter((session) => session.client_reference_id === checkoutId)).toHaveLength(1)
}, 30_000)

test('nobody else comes to a Checkout of the organization', async () => {
  const stranger = await makeCustomer('globex')
  const { subscriptionId } = await sold(database, acme)
  const { checkoutId } = await begin([subscriptionId], 29_000)
  const other = byMember(stranger, 'owner')
  const lines = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
  await expect(openSession(other, checkoutId)).rejects.toMatchObject({ code: 'not_found' })
  await expect(giveUpCheckout(other, checkoutId)).rejects.toMatchObject({ code: 'not_found' })
  await expect(beginCheckout(other, lines)).rejects.toMatchObject({ code: 'not_found' })
  await expect(giveUpCheckout(byMember(acme, 'owner'), randomUUID())).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(openSession(byMember(acme, 'technical'), checkoutId)).rejects.toMatchObject({
    code: 'forbidden',
  })
})
