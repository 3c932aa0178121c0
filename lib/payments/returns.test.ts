import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization, asStaff } from '@/db/scope'
import { issueOfflineFile } from '@/lib/activations/offline'
import { now } from '@/lib/clock'
import { closeFile } from '@/lib/staff/close-file'
import { filesAfterRefund } from '@/lib/staff/files-after-refund'
import { byMember, byStaff, type Fixture, makeStaff, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { runJobs } from '@/sandbox/test/jobs'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { paymentsForTests } from '@/sandbox/test/payments'
import { returnsForTests } from '@/sandbox/test/returns'
import { makeCustomer, type Sold, sold } from '@/sandbox/test/sold'
import { renewalsOf } from './renewals'
import { sendKeysReturned } from './send-keys-returned'
import { sendPaidLate } from './send-paid-late'
import { sendPaymentMatter } from './send-payment-matter'
import { paymentMatters } from './staff-matters'

const sink = await startMailSink()
const payments = await paymentsForTests()
const database = await productDatabase({ ...payments.env, SMTP_URL: sink.url })
const { begun, renewed, invoiceOf, termsOf, questionsOf, lineOf, dispute, decide, winAfterAll } =
  returnsForTests(payments, database, () => acme)
const price = 29_000
let acme: Fixture
let staff: Awaited<ReturnType<typeof makeStaff>>

beforeAll(async () => {
  acme = await makeCustomer('acme')
  staff = await makeStaff(acme)
})

type Paid = Awaited<ReturnType<typeof renewed>>
/** What was paid for with the renewal: its key's revocation, whether the key before is again the last, what staff are asked. */
interface After {
  key: 'works' | 'refunded' | 'disputed'
  before: 'renewed' | 'last'
  asked: string[]
}
const stays: After = { key: 'works', before: 'renewed', asked: [] }

const lostDispute = async ({ intent }: Paid) => {
  const { id } = await dispute(intent)
  await decide(id, 'losing_evidence')
}
const creditLine = async ({ invoiceId }: Paid, one: Sold, amount = 34_800) => {
  const line = await lineOf(invoiceId, one)
  await payments.stripe.creditNotes.create({
    invoice: invoiceId,
    lines: [{ type: 'invoice_line_item', invoice_line_item: line, quantity: 1 }],
    refund_amount: amount,
  })
}

/** Each way in which money that came goes back, and what is left of the key, as rules.ts says it (`eventSubjects`). */
const ways: [way: string, done: (paid: Paid, one: Sold) => Promise<unknown>, after: After][] = [
  ['nothing', async () => undefined, stays],
  [
    'a refund of all',
    ({ intent }) => payments.stripe.refunds.create({ payment_intent: intent }),
    { key: 'refunded', before: 'last', asked: [] },
  ],
  ['a credit note of the line', creditLine, { key: 'refunded', before: 'last', asked: [] }],
  [
    'a refund of a part',
    ({ intent }) => payments.stripe.refunds.create({ payment_intent: intent, amount: 100 }),
    { ...stays, asked: ['names_no_line'] },
  ],
  ['a dispute that is open', ({ intent }) => dispute(intent), stays],
  ['a dispute that is lost', lostDispute, { key: 'disputed', before: 'last', asked: [] }],
  [
    'a dispute that is won',
    async ({ intent }) => decide((await dispute(intent)).id, 'winning_evidence'),
    stays,
  ],
  [
    'a dispute that is lost, and won after all',
    async (paid) => {
      await lostDispute(paid)
      await payments.work()
      await winAfterAll(paid.invoiceId)
    },
    stays,
  ],
  [
    'a dispute that is lost, paid again, and won after all',
    async (paid, one) => {
      await lostDispute(paid)
      await payments.work()
      await renewed([one, price])
      await winAfterAll(paid.invoiceId)
    },
    { key: 'disputed', before: 'renewed', asked: ['not_free'] },
  ],
]

test(`[W10] what goes back (${ways.length} ways): the key's state, that of the key before, and what staff are asked`, async () => {
  for (const [way, done, after] of ways) {
    const one = await sold(database, acme)
    const paid = await renewed([one, price])
    await done(paid, one)
    await payments.work()
    const [first, second, again] = await termsOf(one)
    const found = {
      key: second?.revoked ?? 'works',
      before: first?.renewed ? 'renewed' : 'last',
      asked: (await questionsOf(paid.invoiceId)).map(({ kind }) => kind),
    }
    expect({ way, ...found }).toEqual({ way, ...after })
    expect(second?.refunded).toBe(second?.revoked !== null)
    const [told] = await asOrganization(acme.organizationId, (tx) =>
      renewalsOf(tx, acme.organizationId, second?.keyId ?? '', now()),
    )
    // The key's page says it as well, and which key counts.
    const back = told?.returned && [told.returned.reason, told.returned.counts?.id]
    expect({ way, back }).toEqual({
      way,
      back: second?.revoked ? [second.revoked, (again ?? first)?.keyId] : null,
    })
  }
  console.log(`[W10] ${ways.length} ways`)
})

/** What the portal takes for ended while Stripe still takes its money. */
const endedAs = (checkoutId: string, ended: string) =>
  rowsOf(
    database,
    `with ending as (update checkouts set ended = '${ended}', ended_at = begun_at where id = $1 returning id)
     update checkout_lines set ended_at = starts_at where checkout_id in (select id from ending)`,
    [checkoutId],
  )
const ends = ['expired', 'given_up', 'failed', 'not_created']
const mailsOf = async (checkoutId: string) => {
  sink.received.splice(0)
  await sendPaidLate({ organizationId: acme.organizationId, checkoutId })
  return sink.received.flatMap(({ to }) => to)
}

test(`[W10] paid after it had ended (${ends.length} ends): the term and key come, staff are asked and written to, each once`, async () => {
  for (const end of ends) {
    const one = await sold(database, acme)
    const { checkoutId, url } = await begun([one, price])
    await endedAs(checkoutId, end)
    await payments.pay(url)
    await payments.work()
    expect(await termsOf(one)).toMatchObject([{ renewed: true }, { refunded: false, revoked: null }])
    const { invoiceId, intent } = await invoiceOf(checkoutId)
    expect(await questionsOf(invoiceId)).toEqual([{ kind: 'paid_late', amount: '34800' }])
    const jobs = await rowsOf(
      database,
      `select from graphile_worker._private_jobs where payload ->> 'checkoutId' = $1 and task_id =
         (select id from graphile_worker._private_tasks where identifier = 'mail.paid_late')`,
      [checkoutId],
    )
    expect(jobs).toHaveLength(1)
    expect(await mailsOf(checkoutId)).toEqual(['manager@northwind.example'])
    expect(await mailsOf(checkoutId)).toEqual([])
    await payments.stripe.refunds.create({ payment_intent: intent })
    await payments.work()
    expect(await questionsOf(invoiceId)).toEqual([])
  }
  console.log(`[W10] ${ends.length} ends`)
})

test('[W10] paid late for what was paid meanwhile (1): both terms follow one another, and staff are asked about one', async () => {
  const one = await sold(database, acme)
  const { checkoutId, url } = await begun([one, price])
  await endedAs(checkoutId, 'expired')
  const meanwhile = await renewed([one, price])
  await payments.pay(url)
  await payments.work()
  const [, second, third] = await termsOf(one)
  expect(third).toMatchObject({ startsAt: second?.endsAt, revoked: null })
  const { invoiceId } = await invoiceOf(checkoutId)
  expect(await questionsOf(invoiceId)).toEqual([{ kind: 'paid_twice', amount: '34800' }])
  expect(await questionsOf(meanwhile.invoiceId)).toEqual([])
  const listed = await asStaff(staff.manager, paymentMatters)
  expect(listed.filter(({ what }) => what === 'paid_twice')).toHaveLength(1)
  console.log('[W10] 1 paid twice')
})

test('of a key that a lost dispute revoked, and a won one restored, who pays and who installs are told, each once', async () => {
  const one = await sold(database, acme)
  const paid = await renewed([one, price])
  await rowsOf(database, `delete from graphile_worker._private_jobs`)
  await lostDispute(paid)
  await payments.work()
  const told = async () => {
    sink.received.splice(0)
    await runJobs(database, { 'mail.keys_returned': sendKeysReturned })
    return sink.received.map(({ to, data }) => ({ to, data: data.replaceAll('=\r\n', '') }))
  }
  const [first, second] = await termsOf(one)
  const names = await rowsOf<{ id: string; shortId: string }>(
    database,
    'select id, short_id as "shortId" from keys where id in ($1, $2)',
    [first?.keyId, second?.keyId],
  )
  const shortIdOf = (id = '') => names.find((key) => key.id === id)?.shortId ?? 'none'
  const revoked = await told()
  expect(revoked).toHaveLength(3)
  for (const { data } of revoked) {
    expect(data).toContain('was disputed, and the bank gave the money back')
    expect(data).toContain(`${shortIdOf(second?.keyId)}; the key ${shortIdOf(first?.keyId)} counts again`)
    expect(data).not.toContain(one.key)
  }
  const [revocation] = await rowsOf<{ id: string }>(
    database,
    'select id from revocations where key_id = $1',
    [second?.keyId],
  )
  const again = {
    organizationId: acme.organizationId,
    revocationIds: [revocation?.id ?? ''],
    restored: false,
  }
  await sendKeysReturned(again)
  expect(sink.received).toHaveLength(3)
  await winAfterAll(paid.invoiceId)
  const restored = await told()
  expect(restored).toHaveLength(3)
  expect(restored[0]?.data).toContain('The dispute about a payment of')
})

test('a dispute, and a refund that names no line, are told by mail to the account manager, each once', async () => {
  const one = await sold(database, acme)
  const { intent, invoiceId } = await renewed([one, price])
  await rowsOf(database, `delete from graphile_worker._private_jobs`)
  await payments.stripe.refunds.create({ payment_intent: intent, amount: 5_000 })
  await payments.work()
  await dispute(intent)
  await payments.work()
  await payments.work()
  sink.received.splice(0)
  await runJobs(database, { 'mail.payment_matter': sendPaymentMatter })
  expect(sink.received.map(({ to }) => to.join())).toEqual(Array(2).fill('manager@northwind.example'))
  const said = sink.received.map(({ data }) => data.replaceAll('=\r\n', '')).join()
  expect(said).toContain('50.00 went back for no line that anybody named')
  expect(said).toMatch(/Disputed: \S+\.00, to be answered by \d/)
  await sendPaymentMatter({ organizationId: acme.organizationId, invoiceId, what: 'dispute' })
  expect(sink.received).toHaveLength(2)
})

test('a payment in time is not late, and nobody is asked', async () => {
  const one = await sold(database, acme)
  const { checkoutId, invoiceId } = await renewed([one, price])
  expect(await questionsOf(invoiceId)).toEqual([])
  const late = await rowsOf(database, 'select late_after as late from checkouts where id = $1', [checkoutId])
  expect(late).toEqual([{ late: null }])
})

const files = (at = payments.now() * 1_000) =>
  asStaff(staff.manager, (tx) => filesAfterRefund(tx, new Date(at)))
const fileOf = async (keyId: string) => {
  const made = await issueOfflineFile(byMember(acme, 'technical'), {
    keyId,
    installationId: `offline-${randomUUID()}`,
  })
  return made
}

test('an offline file that outlives a refund or a lost dispute is listed for staff until it ends or they have seen to it', async () => {
  for (const because of ['refunded', 'disputed'] as const) {
    const one = await sold(database, acme)
    const paid = await renewed([one, price])
    const [, second] = await termsOf(one)
    await fileOf(second?.keyId ?? '')
    expect(await files()).toEqual([])
    if (because === 'refunded') await payments.stripe.refunds.create({ payment_intent: paid.intent })
    else await lostDispute(paid)
    await payments.work()
    const [listed, ...more] = await files()
    expect(more).toEqual([])
    expect(listed).toMatchObject({ slug: 'acme', because, product: 'Forms Pro', instanceId: one.instanceId })
    expect(await files((listed?.worksUntil.getTime() ?? 0) - 1)).toHaveLength(1)
    expect(await files(listed?.worksUntil.getTime())).toEqual([])
    const fileId = listed?.id ?? ''
    await closeFile(byStaff(staff.manager, acme), { fileId })
    expect(await files()).toEqual([])
    const entries = await rowsOf(
      database,
      `select actor from audit_entries where action = 'offline_file.close'`,
    )
    expect(entries.at(-1)).toEqual({ actor: 'staff' })
  }
})

test('so is that of a key paid ahead, while the money for the time before its term is gone', async () => {
  const one = await sold(database, acme)
  const second = await renewed([one, price])
  const [, running] = await termsOf(one)
  await payments.moveTo(new Date((running?.startsAt.getTime() ?? 0) + 86_400_000))
  await renewed([one, price])
  const ahead = (await termsOf(one))[2]
  await fileOf(ahead?.keyId ?? '')
  expect(await files()).toEqual([])
  await payments.stripe.refunds.create({ payment_intent: second.intent })
  await payments.work()
  expect(await files()).toMatchObject([{ because: 'waits', product: 'Forms Pro' }])
  expect(await files(ahead?.startsAt.getTime())).toEqual([])
})
