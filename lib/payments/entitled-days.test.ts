import { afterEach, expect, test } from 'vitest'
import { asStaff } from '@/db/scope'
import { judgeAgain } from '@/lib/activations/check'
import { recordOfflineFile } from '@/lib/activations/offline'
import { now, setClock } from '@/lib/clock'
import { Refused } from '@/lib/errors'
import { addStaff } from '@/lib/staff/add'
import { closeFile } from '@/lib/staff/close-file'
import { filesAfterRefund } from '@/lib/staff/files-after-refund'
import { below, oneOf, seed } from '@/sandbox/test/chance'
import { byMember, bySystem, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { countsAt, day, daysPaid, type Ledger, shift } from '@/sandbox/test/ledger'
import { keyOf, makeCustomer, type Sold, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { settleCheckout } from './settle-checkout'
import { settleInvoice } from './settle-invoice'

const database = await productDatabase()
afterEach(() => setClock(undefined))

const price = { subtotal: 29_000, tax: 5_800, total: 34_800 }

let moment = Date.parse('2027-03-12T09:00:00Z')
let acme: Fixture
let staffId = ''
let made = 0

/** One subscription, with what a test knows of its money beside the product, and the days on which its GLPI could go on. */
interface Life {
  one: Sold
  terms: Ledger[]
  /** The Checkout that is being paid. */
  open: string | null
  verdictDays: number
  entitledDays: number
  leaseUntil: number
}

async function told({ invoiceId, lineId, state }: Ledger, how: 'paid' | 'part' | 'refunded' | 'lost') {
  if (!invoiceId || !lineId || state === 'refunded') return
  const at = new Date(moment)
  const refunded = { paid: 0, part: 1_000, refunded: price.total, lost: 0 }[how]
  const dispute = {
    ...{ id: `dp_${invoiceId}`, kind: 'dispute' as const, amount: price.total, number: null, pdfUrl: null },
    ...{ status: how === 'lost' ? 'lost' : 'won', happenedAt: at, dueAt: null },
  }
  const invoice = {
    ...{ id: invoiceId, number: invoiceId, status: 'paid' as const, currency: 'eur', ...price, refunded },
    ...{ reverseCharge: false, amountPaid: price.total, credited: 0, hostedUrl: null, pdfUrl: null },
    ...{ createdAt: at, paidAt: at, dueAt: null, paymentIntentId: null },
  }
  const line = { description: 'Forms Pro', amount: price.subtotal, tax: price.tax, checkoutLineId: lineId }
  await settleInvoice(bySystem(acme.organizationId), {
    ...{ reading: ++made, invoice, chargeId: null, credited: [] },
    lines: [{ id: `il_${invoiceId}`, ...line }],
    entries: how === 'lost' || state === 'lost' ? [dispute] : [],
  })
}

async function begin(life: Life) {
  if (life.open) return
  const asked = { subscriptionIds: [life.one.subscriptionId], shown: price.subtotal, currency: 'eur' }
  try {
    life.open = (await beginCheckout(byMember(acme, 'billing'), asked)).checkoutId
  } catch (error) {
    if (!(error instanceof Refused)) throw error
  }
}

async function settle(life: Life, how: 'complete' | 'paid' | 'failed' | 'expired') {
  if (!life.open) return
  const invoiceId = `in_${++made}`
  const session = { complete: how !== 'expired', expired: how === 'expired', paid: how === 'paid' }
  const { effect } = await settleCheckout(bySystem(acme.organizationId), {
    checkoutId: life.open,
    session: { sessionId: `cs_${life.open}`, ...session, failed: how === 'failed', invoiceId },
  })
  if (how === 'complete' || effect === 'none') return
  const checkoutId = life.open
  life.open = null
  if (effect !== 'paid') return
  const [row] = await rowsOf<{ termId: string; lineId: string; startsAt: Date; endsAt: Date }>(
    database,
    `select t.id as "termId", l.id as "lineId", t.starts_at as "startsAt", t.ends_at as "endsAt"
     from checkout_lines l join terms t on t.id = l.term_id where l.checkout_id = $1`,
    [checkoutId],
  )
  if (!row) throw new Error('what was paid has brought a term')
  const term: Ledger = {
    ...{ termId: row.termId, lineId: row.lineId, invoiceId, state: 'paid' },
    ...{ startsAt: row.startsAt.getTime(), endsAt: row.endsAt.getTime() },
    ours: [{ from: moment, to: Number.POSITIVE_INFINITY }],
  }
  // No payment buys more than its year.
  expect(term.endsAt - term.startsAt).toBeLessThanOrEqual(366 * day + shift)
  life.terms.push(term)
  await told(term, 'paid')
}

async function takeBack(life: Life, how: 'refunded' | 'lost') {
  const term = oneOf(life.terms.filter(({ state, invoiceId }) => state === 'paid' && invoiceId))
  if (!term) return
  await told(term, how)
  term.state = how
  const last = term.ours.at(-1)
  if (last) last.to = moment
}

/** What was lost is won after all, and counts again where its days were not paid otherwise meanwhile. */
async function winAfterAll(life: Life) {
  const term = oneOf(life.terms.filter(({ state }) => state === 'lost'))
  if (!term) return
  await told(term, 'paid')
  const [row] = await rowsOf<{ counts: boolean }>(
    database,
    'select refunded_at is null as counts from terms where id = $1',
    [term.termId],
  )
  if (!row?.counts) return
  term.state = 'paid'
  term.ours.push({ from: moment, to: Number.POSITIVE_INFINITY })
}

interface Key {
  id: string
  startsAt: Date
  expiresAt: Date
  revoked: boolean
}
const keysOf = ({ one }: Life) =>
  rowsOf<Key>(
    database,
    `select k.id, k.starts_at as "startsAt", k.expires_at as "expiresAt", r.id is not null as revoked
     from keys k join terms t on t.id = k.term_id
       left join revocations r on r.key_id = k.id and r.restored_at is null
     where t.subscription_id = $1 order by k.issued_at, k.id`,
    [one.subscriptionId],
  )
const worksAt = ({ startsAt, expiresAt, revoked }: Key, at: number) =>
  !revoked && startsAt.getTime() <= at && at < expiresAt.getTime()

const lengths = { overlap: 0, grace: 0 }

/** Lets days pass, on each of which a GLPI asks with whatever key works; what it is told is asked of the product on one of them. */
async function pass(life: Life, days: number) {
  const keys = await keysOf(life)
  const asked = below(days)
  for (let passed = 0; passed < days; passed++, moment += day) {
    const working = keys.filter((key) => worksAt(key, moment))
    const works = working.length > 0
    const counting = life.terms.filter((term) => countsAt(term, moment))
    const covered = counting.some(
      ({ startsAt, endsAt }) => startsAt - shift <= moment && moment < endsAt + lengths.overlap * day + shift,
    )
    const paid = counting.some(({ startsAt, endsAt }) => startsAt <= moment && moment < endsAt)
    // One `expect` for each of so many days takes longer than all the rest.
    if ((works && !covered) || (paid && !works))
      throw new Error(
        `${new Date(moment).toISOString()}: works ${works}, paid ${paid}, within its overlap ${covered}`,
      )
    if (works) life.verdictDays++
    const ends = working.map(({ expiresAt }) => Math.min(expiresAt.getTime(), moment + lengths.grace * day))
    life.leaseUntil = Math.max(life.leaseUntil, ...ends)
    if (moment < life.leaseUntil) life.entitledDays++
    if (passed === asked) for (const key of keys) await ask(life, key)
  }
}

async function ask({ one }: Life, key: Key) {
  const installationId = `glpi-${one.instanceId}`
  const { verdict } = await judgeAgain({ key: await keyOf(database, key.id), installationId })
  expect({ ok: verdict.ok, key }).toEqual({ ok: worksAt(key, moment), key })
}

async function fetchFile(life: Life) {
  const key = (await keysOf(life)).findLast((one) => worksAt(one, moment))
  if (!key) return
  const installationId = `glpi-${life.one.instanceId}`
  await recordOfflineFile(byMember(acme, 'technical'), { keyId: key.id, installationId })
}

/** Each file that works on although the money for its key is gone. */
async function checkFiles({ one, terms }: Life): Promise<number> {
  const outliving = await rowsOf<{ id: string; termId: string; worksUntil: Date }>(
    database,
    `select f.id, k.term_id as "termId", f.works_until as "worksUntil"
     from offline_files f join keys k on k.id = f.key_id where f.instance_id = $1 and f.works_until > $2`,
    [one.instanceId, now()],
  )
  const wanted = outliving.filter(({ termId }) => {
    const term = terms.find((each) => each.termId === termId)
    return term !== undefined && term.state !== 'paid'
  })
  const listed = await asStaff(staffId, (tx) => filesAfterRefund(tx, now()))
  const ids = listed.map(({ id }) => id)
  expect(wanted.filter(({ id }) => !ids.includes(id))).toEqual([])
  return wanted.length
}

/** One step of a life, each as likely as it is named often. */
const steps: ((life: Life) => Promise<unknown>)[] = [
  async (life) => {
    await begin(life)
    await settle(life, 'paid')
  },
  async (life) => {
    await begin(life)
    await settle(life, 'complete')
    await pass(life, 1 + below(20))
    await settle(life, below(3) ? 'paid' : 'failed')
  },
  begin,
  (life) => settle(life, below(2) ? 'paid' : 'expired'),
  (life) => takeBack(life, 'refunded'),
  (life) => takeBack(life, 'lost'),
  winAfterAll,
  async ({ terms }) => {
    const term = oneOf(terms.filter(({ state }) => state === 'paid'))
    if (term) await told(term, 'part')
  },
  fetchFile,
  fetchFile,
  (life) => pass(life, 1 + below(60)),
  (life) => pass(life, 200 + below(200)),
  (life) => pass(life, 330 + below(70)),
]

async function live(): Promise<Life & { listed: number }> {
  const one = await sold(database, acme)
  const [row] = await rowsOf<{ id: string; startsAt: Date; endsAt: Date }>(
    database,
    'select id, starts_at as "startsAt", ends_at as "endsAt" from terms where subscription_id = $1',
    [one.subscriptionId],
  )
  if (!row) throw new Error('it has a term')
  const first: Ledger = {
    ...{ termId: row.id, startsAt: row.startsAt.getTime(), endsAt: row.endsAt.getTime() },
    ...{ invoiceId: null, lineId: null, state: 'paid' },
    ours: [{ from: 0, to: Number.POSITIVE_INFINITY }],
  }
  const days = { verdictDays: 0, entitledDays: 0, leaseUntil: 0 }
  const life: Life = { one, terms: [first], open: null, ...days }
  let listed = 0
  for (let step = 0; step < 14; step++) {
    const back = life.terms.filter(({ state }) => state !== 'paid').length
    await oneOf(steps)?.(life)
    if (life.terms.filter(({ state }) => state !== 'paid').length !== back) listed += await checkFiles(life)
  }
  await pass(life, 500)
  // They are seen to, so that the list has room for those of the next.
  for (const file of await asStaff(staffId, (tx) => filesAfterRefund(tx, now())))
    await closeFile(bySystem(acme.organizationId), { fileId: file.id })
  return { ...life, listed }
}

const sequences = process.env.STRESS ? 2_000 : 20

test(`[A8] ${sequences} random sequences of paying, refunding, disputing, lapsing and taking up again win no day, and list each file that outlives its refund`, async () => {
  setClock(() => new Date(moment))
  acme = await makeCustomer('acme')
  const email = 'staff@northwind.example'
  staffId = (await addStaff({ actor: { kind: 'system' } }, { email, role: 'admin' })).personId
  const [product] = await rowsOf<{ overlap: number; grace: number }>(
    database,
    `select overlap_days as overlap, grace_days as grace from products where reference = 'forms'`,
  )
  Object.assign(lengths, product)
  const totals = { terms: 0, back: 0, again: 0, days: 0, listed: 0 }
  for (let count = 0; count < sequences; count++) {
    const { terms, entitledDays, verdictDays, listed } = await live()
    const paid = terms.reduce((sum, term) => sum + daysPaid(term) + 1, 0)
    const most = paid + terms.length * (lengths.overlap + lengths.grace)
    expect({ count, within: verdictDays <= entitledDays && entitledDays <= most }).toEqual({
      count,
      within: true,
    })
    totals.terms += terms.length
    totals.back += terms.filter(({ state }) => state !== 'paid').length
    totals.again += terms.filter(({ ours }) => ours.length > 1).length
    totals.days += entitledDays
    totals.listed += listed
  }
  for (const total of Object.values(totals)) expect(total).toBeGreaterThan(0)
  console.log(
    `[A8] ${sequences} sequences: ${totals.terms} terms, ${totals.back} of them taken back and ${totals.again} given back again, ${totals.days} days entitled, ${totals.listed} files listed; seed ${seed}`,
  )
}, 3_600_000)
