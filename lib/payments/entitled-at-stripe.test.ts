import { beforeAll, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { Conflict, Refused } from '@/lib/errors'
import { automaticForTests, days } from '@/sandbox/test/automatic'
import { below, oneOf, seed } from '@/sandbox/test/chance'
import {
  byMember,
  type Fixture,
  makeInstance,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { day, shift } from '@/sandbox/test/ledger'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer } from '@/sandbox/test/sold'
import { endAutomatic } from './automatic/end'
import { beginCheckout } from './begin-checkout'
import { openSession } from './open-session'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { stripe } = payments
let acme: Fixture
const { settled, begin, start, payByHand } = automaticForTests(payments, database, () => acme)

const lengths = { overlap: 0, grace: 0 }
beforeAll(async () => {
  acme = await makeCustomer('acme')
  const [product] = await rowsOf<{ overlap: number; grace: number }>(
    database,
    `select overlap_days as overlap, grace_days as grace from products where reference = 'forms'`,
  )
  Object.assign(lengths, product)
})

/** One instance, what is bought and renewed for it, and the days on which its GLPI could go on. */
interface Life {
  instanceId: string
  entitledDays: number
  leaseUntil: number
  /** Of each invoice from when to when its money was with us. */
  money: Map<string, { from: number; to: number }>
}

interface Term {
  subscriptionId: string
  invoiceId: string | null
  startsAt: Date
  endsAt: Date
  keyStartsAt: Date
  keyExpiresAt: Date
  revoked: boolean
}
const termsOf = ({ instanceId }: Life) =>
  rowsOf<Term>(
    database,
    `select t.subscription_id as "subscriptionId", i.invoice_id as "invoiceId", t.starts_at as "startsAt", t.ends_at as "endsAt",
       k.starts_at as "keyStartsAt", k.expires_at as "keyExpiresAt", r.id is not null as revoked
     from keys k join terms t on t.id = k.term_id left join checkout_lines l on l.term_id = t.id
       left join invoice_lines i on i.checkout_line_id = l.id left join revocations r on r.key_id = k.id and r.restored_at is null
     where k.instance_id = $1 order by t.ordinal`,
    [instanceId],
  )

/** What a person may not do at that moment is no step. */
async function unlessRefused(work: () => Promise<unknown>) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Conflict)) throw error
  }
}

async function buy({ instanceId }: Life, means?: Record<string, string>) {
  const purchases = [{ productId: await productId(database, 'forms'), instanceId }]
  const by = byMember(acme, 'billing')
  const { checkoutId } = await beginCheckout(by, { purchases, shown: 29_000, currency: 'eur' })
  await payments.pay((await openSession(by, checkoutId)).url, means)
}

const debit = { method: 'sepa_debit', iban: 'AT321904300235473204' }
const subscriptionOf = async (life: Life) => (await termsOf(life)).at(-1)?.subscriptionId

async function renew(life: Life, means?: Record<string, string>) {
  const subscriptionId = await subscriptionOf(life)
  await unlessRefused(() => (subscriptionId ? payByHand(subscriptionId, means) : buy(life, means)))
}

async function switchOn(life: Life) {
  const subscriptionId = await subscriptionOf(life)
  if (!subscriptionId) return
  await unlessRefused(async () => {
    const { url } = await start((await begin(subscriptionId)).renewalId)
    if (url) await payments.pay(url)
  })
}

async function switchOff(life: Life) {
  const [row] = await rowsOf<{ renewalId: string }>(
    database,
    'select id as "renewalId" from automatic_renewals where subscription_id = $1 and ended_at is null',
    [await subscriptionOf(life)],
  )
  if (row) await endAutomatic(byMember(acme, 'owner'), row)
}

/** The money of one of its payments goes back. */
async function takeBack(life: Life, how: 'refunded' | 'lost') {
  const [invoiceId, span] = oneOf([...life.money].filter(([, { to }]) => to > now().getTime())) ?? []
  if (!invoiceId || !span) return
  const [paidBy] = (await stripe.invoicePayments.list({ invoice: invoiceId })).data
  const intent = String(paidBy?.payment.payment_intent)
  if (how === 'refunded') await stripe.refunds.create({ payment_intent: intent })
  else {
    const { latest_charge: charge } = await stripe.paymentIntents.retrieve(intent)
    await fetch(`${payments.url}/_sandbox/disputes`, { method: 'POST', body: JSON.stringify({ charge }) })
    const { data } = await stripe.disputes.list({ payment_intent: intent })
    const evidence = { uncategorized_text: 'losing_evidence' }
    await stripe.disputes.update(data[0]?.id ?? '', { evidence })
  }
  span.to = now().getTime()
}

const steps: ((life: Life) => Promise<unknown>)[] = [
  renew,
  renew,
  (life) => renew(life, debit),
  switchOn,
  switchOn,
  switchOff,
  (life) => takeBack(life, 'refunded'),
  (life) => takeBack(life, 'lost'),
  async () => {},
]

/** Each term has money of its own, which Stripe says is there, since its invoice was paid. */
async function findMoney(life: Life) {
  const terms = await termsOf(life)
  const invoices = terms.map(({ invoiceId }) => invoiceId)
  expect(invoices).not.toContain(null)
  expect(new Set(invoices).size).toBe(terms.length)
  for (const invoiceId of invoices.filter((id) => id !== null && !life.money.has(id))) {
    const { status, status_transitions: at } = await stripe.invoices.retrieve(String(invoiceId))
    expect(status).toBe('paid')
    life.money.set(String(invoiceId), { from: (at.paid_at ?? 0) * 1_000, to: Number.POSITIVE_INFINITY })
  }
}

/** Counts the days until then, with the keys that there are: what is charged meanwhile is heard of in the end. */
async function count(life: Life, until: number) {
  const terms = await termsOf(life)
  for (let at = now().getTime(); at < until; at += day) {
    const working = terms.filter(
      (one) => !one.revoked && one.keyStartsAt.getTime() <= at && at < one.keyExpiresAt.getTime(),
    )
    const within = lengths.overlap * day + shift
    const covered = terms.some(({ invoiceId, startsAt, endsAt }) => {
      const { from, to } = life.money.get(String(invoiceId)) ?? { from: 0, to: 0 }
      return from <= at && at < to && startsAt.getTime() - shift <= at && at < endsAt.getTime() + within
    })
    // A key paid ahead works from the day on which it is paid, beside one whose term still runs.
    if (working.length > 0 && !covered)
      throw new Error(`${new Date(at).toISOString()}: works, and is not paid for`)
    const ends = working.map((one) => Math.min(one.keyExpiresAt.getTime(), at + lengths.grace * day))
    life.leaseUntil = Math.max(life.leaseUntil, ...ends)
    if (at < life.leaseUntil) life.entitledDays++
  }
}

async function pass(lives: readonly Life[], howMany: number) {
  const to = days(howMany)
  for (const life of lives) await count(life, to.getTime())
  await payments.moveTo(to)
  await settled()
  for (const life of lives) await findMoney(life)
}

async function mostOf(life: Life): Promise<number> {
  const terms = await termsOf(life)
  const spans = terms.map(({ invoiceId, startsAt, endsAt }) => {
    const { from, to } = life.money.get(String(invoiceId)) ?? { from: 0, to: 0 }
    return Math.ceil((Math.min(to, endsAt.getTime()) - Math.max(from, startsAt.getTime())) / day)
  })
  return spans.reduce((sum, span) => sum + Math.max(0, span) + 1 + lengths.overlap + lengths.grace, 0)
}

const together = process.env.STRESS ? 20 : 5
const rounds = process.env.STRESS ? 10 : 1

test(`[A8] ${together * rounds} lives through Stripe, with buying and automatic charges, win no day`, async () => {
  const totals = { terms: 0, charged: 0, back: 0, days: 0 }
  for (let round = 0; round < rounds; round++) {
    const lives: Life[] = []
    for (let n = 0; n < together; n++) {
      const instanceId = await makeInstance(acme, `life-${round}-${n}`)
      lives.push({ instanceId, entitledDays: 0, leaseUntil: 0, money: new Map() })
    }
    for (let step = 0; step < 9; step++) {
      for (const life of lives) await (step === 0 ? buy(life) : oneOf(steps)?.(life))
      await settled()
      for (const life of lives) await findMoney(life)
      await pass(lives, oneOf([1 + below(20), 60 + below(200), 330 + below(60)]) ?? 1)
    }
    for (const life of lives) {
      expect(life.entitledDays).toBeLessThanOrEqual(await mostOf(life))
      totals.terms += life.money.size
      totals.back += [...life.money.values()].filter(({ to }) => to < now().getTime()).length
      totals.days += life.entitledDays
      await switchOff(life)
    }
    await settled()
  }
  const [row] = await rowsOf<{ charged: number }>(
    database,
    'select count(*)::int as charged from automatic_charges a join checkouts c on c.id = a.checkout_id where c.ended = $1',
    ['paid'],
  )
  totals.charged = row?.charged ?? 0
  for (const total of Object.values(totals)) expect(total).toBeGreaterThan(0)
  console.log(
    `[A8] ${together * rounds} lives through Stripe: ${totals.terms} terms, ${totals.charged} of them charged automatically, ${totals.back} taken back, ${totals.days} days entitled; seed ${seed}`,
  )
}, 3_600_000)
