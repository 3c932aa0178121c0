import { beforeAll, beforeEach, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { later, startOfDay } from '@/lib/organizations/calendar'
import { Fault } from '@/sandbox/stripe/faults'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { runJobs } from '@/sandbox/test/jobs'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { alignAutomatic } from './align'
import { beginAutomatic } from './begin'
import { endAutomatic } from './end'
import { endAtStripe } from './end-at-stripe'
import { startAutomatic } from './start'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { stripe, faults } = payments
const zone = 'Europe/Paris'
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  await rowsOf(database, `update organizations set time_zone = $1`, [zone])
})
beforeEach(() => faults.clear())

const tasks = { align_automatic: alignAutomatic, end_automatic: endAtStripe }
/** Events and jobs, until nothing is left to do. */
async function settled() {
  for (let more = true; more; ) {
    const worked = await payments.work()
    more = worked + (await runJobs(database, tasks)).length > 0
  }
}
/** As time passes: a day at a time, so that what is due is worked on when it is. */
async function liveUntil(to: Date, step = 30 * 86_400_000) {
  for (let at = now().getTime(); at < to.getTime(); ) {
    at = Math.min(at + step, to.getTime())
    await payments.moveTo(new Date(at))
    await settled()
  }
}
const days = (count: number, from = now()) => new Date(from.getTime() + count * 86_400_000)

const begin = (subscriptionId: string, as: 'billing' | 'owner' = 'billing') =>
  beginAutomatic(byMember(acme, as), { subscriptionId, shown: 29_000, currency: 'eur' })
const start = (renewalId: string) => startAutomatic(acme.organizationId, renewalId)

/** Sold, and on. */
async function on(card = '4242 4242 4242 4242') {
  const { subscriptionId } = await sold(database, acme)
  const { renewalId } = await begin(subscriptionId)
  const { url } = await start(renewalId)
  if (url) await payments.pay(url, { method: 'card', card })
  await settled()
  return { subscriptionId, renewalId }
}
const termsOf = (subscriptionId: string) =>
  rowsOf<{ startsAt: Date; endsAt: Date; keys: number }>(
    database,
    `select starts_at as "startsAt", ends_at as "endsAt", (select count(*)::int from keys where term_id = t.id) as keys
     from terms t where subscription_id = $1 and refunded_at is null order by ordinal`,
    [subscriptionId],
  )
async function renewalOf(id: string) {
  const [row] = await rowsOf<{
    stripeId: string | null
    chargesAt: Date | null
    failedAt: Date | null
    ended: string | null
    cancelledAt: Date | null
  }>(
    database,
    `select stripe_subscription_id as "stripeId", charges_at as "chargesAt", failed_at as "failedAt", ended,
       cancelled_at as "cancelledAt" from automatic_renewals where id = $1`,
    [id],
  )
  if (!row) throw new Error('it was begun')
  return row
}

test('switched on with a card, a year passes: the next term begins where the last one ended, with its key, three years without a day of drift', async () => {
  const { subscriptionId, renewalId } = await on()
  const [first] = await termsOf(subscriptionId)
  if (!first) throw new Error('it was sold')
  expect(await renewalOf(renewalId)).toMatchObject({ chargesAt: first.endsAt, ended: null })
  for (let year = 1; year <= 3; year++) {
    const end = later(first.endsAt, zone, { months: 12 * (year - 1) })
    await liveUntil(days(-1, end), 366 * 86_400_000)
    expect(await termsOf(subscriptionId)).toHaveLength(year)
    await liveUntil(days(1, end))
    const terms = await termsOf(subscriptionId)
    expect(terms).toHaveLength(year + 1)
    const next = later(end, zone, { months: 12 })
    expect(terms.at(-1)).toEqual({ startsAt: end, endsAt: next, keys: 1 })
    expect(startOfDay(next, zone)).toEqual(next)
    expect(await renewalOf(renewalId)).toMatchObject({ chargesAt: next, failedAt: null, ended: null })
  }
}, 30_000)
