import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { revokeKey } from '@/lib/keys/revoke'
import { byMember, bySystem, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { returnsForTests } from '@/sandbox/test/returns'
import { makeCustomer, type Sold, sold } from '@/sandbox/test/sold'
import { askInvoice } from './ask-invoice'
import { beginCheckout } from './begin-checkout'
import { type InvoiceCursor, listInvoices } from './list-invoices'
import { openSession } from './open-session'
import { listPayable } from './payable'
import { findCheckout } from './queries'
import { invoiceStates } from './rules'
import { settleInvoice } from './settle-invoice'
import { syncInvoice } from './sync'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

const { renewed, termsOf, questionsOf, lineOf, dispute, decide, winAfterAll } = returnsForTests(
  payments,
  database,
  () => acme,
)
const prices = { forms: 29_000, branding: 12_000 } as const
const invoiceOf = async (id: string) =>
  (await rowsOf<Record<string, unknown>>(database, 'select * from invoices where id = $1', [id]))[0]
const payableOf = ({ subscriptionId }: Sold) =>
  asOrganization(acme.organizationId, async (tx) => {
    const { payable } = await listPayable(tx, acme.organizationId, now(), {
      subscriptionIds: [subscriptionId],
    })
    return payable[0]
  })
const two = async () =>
  [await sold(database, acme), await sold(database, acme, { reference: 'branding' })] as const
const paid = { refunded: false, revoked: null }
const back = { refunded: true, reason: 'refunded', revoked: 'refunded' }

test('a paid Checkout leaves an invoice with its lines, its addresses and what was charged', async () => {
  const [one, other] = await two()
  const { invoiceId, checkoutId } = await renewed([one, prices.forms], [other, prices.branding])
  expect(await invoiceOf(invoiceId)).toMatchObject({
    status: 'paid',
    total: '49200',
    tax: '8200',
    amount_paid: '49200',
    refunded: '0',
    pdf_url: expect.stringMatching(/^http/),
    hosted_url: expect.stringMatching(/^http/),
  })
  expect(await lineOf(invoiceId, one)).toMatch(/^il_/)
  expect(await lineOf(invoiceId, other)).toMatch(/^il_/)
  const checkout = await asOrganization(acme.organizationId, (tx) =>
    findCheckout(tx, acme.organizationId, checkoutId),
  )
  expect(checkout).toMatchObject({ charged: 49_200 })
})

test('[W10] the whole of a payment refunded (2 lines): all of its keys are revoked, and the keys before are the last again', async () => {
  const [one, other] = await two()
  const { invoiceId, intent } = await renewed([one, prices.forms], [other, prices.branding])
  await payments.stripe.refunds.create({ payment_intent: intent })
  await payments.work()
  for (const each of [one, other])
    expect(await termsOf(each)).toMatchObject([{ ...paid, renewed: false }, back])
  expect(await questionsOf(invoiceId)).toEqual([])
  expect(await invoiceOf(invoiceId)).toMatchObject({ status: 'paid', refunded: '49200' })
})

test('[W10] one line refunded by a credit note (1 of 2): the key of that line alone is revoked, and its payment says so', async () => {
  const [one, other] = await two()
  const { invoiceId, checkoutId } = await renewed([one, prices.forms], [other, prices.branding])
  await payments.stripe.creditNotes.create({
    invoice: invoiceId,
    lines: [{ type: 'invoice_line_item', invoice_line_item: await lineOf(invoiceId, one), quantity: 1 }],
    refund_amount: 34_800,
  })
  await payments.work()
  expect(await termsOf(one)).toMatchObject([paid, back])
  expect(await termsOf(other)).toMatchObject([paid, paid])
  expect(await questionsOf(invoiceId)).toEqual([])
  await revokeKey(bySystem(acme.organizationId), { keyId: other.keyId, reason: 'leaked', note: 'on a wiki' })
  const { lines = [] } =
    (await asOrganization(acme.organizationId, (tx) => findCheckout(tx, acme.organizationId, checkoutId))) ??
    {}
  const saidOf = ({ subscriptionId }: Sold) => lines.find((line) => line.subscriptionId === subscriptionId)
  expect(saidOf(one)).toMatchObject({ gone: 'refunded', oldRevoked: false })
  expect(saidOf(other)).toMatchObject({ gone: null, oldRevoked: true })
})

test('[W10] a part that names no line (1 of 2) revokes nothing and asks staff, until the line is named', async () => {
  const [one, other] = await two()
  const { invoiceId, intent } = await renewed([one, prices.forms], [other, prices.branding])
  const refund = await payments.stripe.refunds.create({ payment_intent: intent, amount: 34_800 })
  await payments.work()
  expect(await termsOf(one)).toMatchObject([paid, paid])
  expect(await questionsOf(invoiceId)).toEqual([{ kind: 'names_no_line', amount: '34800' }])
  await payments.stripe.creditNotes.create({
    invoice: invoiceId,
    lines: [{ type: 'invoice_line_item', invoice_line_item: await lineOf(invoiceId, one), quantity: 1 }],
    refunds: [{ refund: refund.id }],
  })
  await payments.work()
  expect(await questionsOf(invoiceId)).toEqual([])
  expect(await termsOf(one)).toMatchObject([paid, back])
  expect(await termsOf(other)).toMatchObject([paid, paid])
})

test('a refunded term is paid no longer: taken up again, the next begins where the last paid one ended', async () => {
  const one = await sold(database, acme)
  const first = await renewed([one, prices.forms])
  expect(await payableOf(one)).toMatchObject({ verdict: { ok: false, because: 'paid_ahead' } })
  await payments.stripe.refunds.create({ payment_intent: first.intent })
  await payments.work()
  const payable = await payableOf(one)
  const [bought] = await termsOf(one)
  expect(payable).toMatchObject({ verdict: { ok: true }, termEndsAt: bought?.endsAt, shortId: one.shortId })
  expect(payable?.next?.startsAt).toEqual(bought?.endsAt)
  await renewed([one, prices.forms])
  const [, second, third, ...more] = await termsOf(one)
  expect(more).toEqual([])
  expect(third).toMatchObject({ ...paid, ordinal: 3, startsAt: second?.startsAt, endsAt: second?.endsAt })
  const follows = await rowsOf<{ shortId: string }>(
    database,
    `select o.short_id as "shortId" from terms t join keys k on k.term_id = t.id join keys o on o.id = k.follows_id
     where t.subscription_id = $1 and t.ordinal = 3`,
    [one.subscriptionId],
  )
  expect(follows).toEqual([{ shortId: one.shortId }])
})

test('[W10] a dispute that is opened revokes nothing; lost (1), it revokes with its reason; won (1), nothing is lost', async () => {
  const [one, other] = await two()
  const [lost, won] = [await renewed([one, prices.forms]), await renewed([other, prices.branding])]
  const [first, second] = [await dispute(lost.intent), await dispute(won.intent)]
  await payments.work()
  for (const each of [one, other]) expect(await termsOf(each)).toMatchObject([paid, paid])
  await decide(first.id, 'losing_evidence')
  await decide(second.id, 'winning_evidence')
  await payments.work()
  expect(await termsOf(one)).toMatchObject([
    paid,
    { refunded: true, reason: 'disputed', revoked: 'disputed' },
  ])
  expect(await termsOf(other)).toMatchObject([paid, paid])
})

test('[W10] a debit that bounces (1) brings nothing, and its subscription can be paid again', async () => {
  const one = await sold(database, acme)
  const by = byMember(acme, 'billing')
  const asked = { subscriptionIds: [one.subscriptionId], shown: prices.forms, currency: 'eur' }
  const { checkoutId } = await beginCheckout(by, asked)
  const { url } = await openSession(by, checkoutId)
  // https://docs.stripe.com/payments/sepa-debit/accept-a-payment: fails after a while.
  await payments.pay(url, { method: 'sepa_debit', iban: 'AT861904300235473202' })
  await payments.work()
  await payments.moveTo(new Date((payments.now() + 3_600) * 1_000))
  await payments.work()
  expect(await termsOf(one)).toMatchObject([paid])
  expect(await termsOf(one)).toHaveLength(1)
  expect(await payableOf(one)).toMatchObject({ verdict: { ok: true } })
})

test('[W10] a dispute that is won after it was lost (1) restores what it had revoked, unless that is paid again (1)', async () => {
  const [one, other] = await two()
  const made = [await renewed([one, prices.forms]), await renewed([other, prices.branding])] as const
  const opened = [await dispute(made[0].intent), await dispute(made[1].intent)]
  for (const { id } of opened) await decide(id, 'losing_evidence')
  await payments.work()
  await renewed([other, prices.branding])
  for (const { invoiceId } of made) await winAfterAll(invoiceId)
  expect(await termsOf(one)).toMatchObject([{ ...paid, renewed: true }, paid])
  const lost = { refunded: true, revoked: 'disputed' }
  expect(await termsOf(other)).toMatchObject([paid, lost, paid])
  expect(await questionsOf(made[1].invoiceId)).toEqual([{ kind: 'not_free', amount: '14400' }])
})

test('what Stripe said earlier changes nothing of what it has said later', async () => {
  const one = await sold(database, acme)
  const { invoiceId, intent } = await renewed([one, prices.forms])
  const told = await askInvoice(invoiceId)
  await payments.stripe.refunds.create({ payment_intent: intent })
  await payments.work()
  if (!told) throw new Error('it is final')
  const { customerId: _customer, checkoutId: _checkout, ...rest } = told
  const settled = await settleInvoice(bySystem(acme.organizationId), { ...rest, reading: 1 })
  expect(settled).toEqual({ effect: 'older' })
  expect(await invoiceOf(invoiceId)).toMatchObject({ refunded: '34800' })
})

test('the list shows each invoice once, page by page, and each status those that are in it', async () => {
  const all = await listed({ size: 1_000 })
  expect(all.rows.length).toBeGreaterThan(5)
  const seen: string[] = []
  for (let after: InvoiceCursor | undefined, more = true; more; more = after !== undefined) {
    const page = await listed({ size: 2, after })
    seen.push(...page.rows.map(({ id }) => id))
    after = page.next
  }
  expect(seen).toEqual(all.rows.map(({ id }) => id))
  for (const state of invoiceStates) {
    const inState = (await listed({ size: 1_000, state })).rows.map(({ id }) => id)
    expect(inState).toEqual(all.rows.filter((row) => row.state === state).map(({ id }) => id))
  }
  expect(all.rows.some(({ entries }) => entries.some(({ kind }) => kind === 'refund'))).toBe(true)
})
const listed = (page: Parameters<typeof listInvoices>[2]) =>
  asOrganization(acme.organizationId, (tx) => listInvoices(tx, acme.organizationId, page, now()))

test('an invoice of a customer that is none of ours is not mirrored', async () => {
  const customer = await payments.stripe.customers.create({ name: 'Somebody' })
  await payments.stripe.invoiceItems.create({ customer: customer.id, amount: 100, currency: 'eur' })
  const { id } = await payments.stripe.invoices.create({
    customer: customer.id,
    pending_invoice_items_behavior: 'include',
  })
  expect(await syncInvoice(id ?? '')).toBe('draft')
  await payments.stripe.invoices.finalizeInvoice(id ?? '')
  expect(await syncInvoice(id ?? '')).toBe('not_ours')
  expect(await invoiceOf(id ?? '')).toBeUndefined()
})

test('money that went back for lines which no longer say whose they are is asked about, and revokes nothing', async () => {
  const [one] = await two()
  const { invoiceId } = await renewed([one, prices.forms])
  const told = await askInvoice(invoiceId)
  if (!told) throw new Error('it is no draft')
  const { customerId: _, checkoutId: __, ...said } = told
  const refunded = { ...said.invoice, id: 'in_lost', refunded: said.invoice.amountPaid }
  const lines = said.lines.map((line) => ({ ...line, id: `${line.id}_lost`, checkoutLineId: null }))
  await rowsOf(database, `update checkouts set invoice_id = 'in_lost' where invoice_id = $1`, [invoiceId])
  await settleInvoice(bySystem(acme.organizationId), {
    ...said,
    invoice: refunded,
    lines,
    reading: 1_000_000,
  })
  expect(await questionsOf('in_lost')).toEqual([{ kind: 'names_no_line', amount: '34800' }])
  expect((await termsOf(one)).at(-1)).toMatchObject(paid)
})
