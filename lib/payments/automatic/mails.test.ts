import PostalMime from 'postal-mime'
import { beforeAll, expect, test } from 'vitest'
import { automaticEndedMail, chargeFailedMail } from '@/lib/mail/automatic'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { runJobs } from '@/sandbox/test/jobs'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { alignAutomatic } from './align'
import { bySystem } from './at-stripe'
import { beginAutomatic } from './begin'
import { settleCharge } from './charge'
import { endAtStripe } from './end-at-stripe'
import { sendAutomaticEnded, sendChargeFailed } from './send-automatic'
import { startAutomatic } from './start'

const sink = await startMailSink()
const payments = await paymentsForTests()
const database = await productDatabase({ ...payments.env, SMTP_URL: sink.url })
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

const tasks = { align_automatic: alignAutomatic, end_automatic: endAtStripe }
async function settled() {
  for (let more = true; more; ) {
    const worked = await payments.work()
    more = worked + (await runJobs(database, tasks)).length > 0
  }
}

test('of a charge that is declined, and of an end that nobody asked for, each who pays gets one mail, however often the job runs', async () => {
  const { subscriptionId } = await sold(database, acme)
  const { renewalId } = await beginAutomatic(byMember(acme, 'billing'), {
    ...{ subscriptionId, shown: 29_000, currency: 'eur' },
  })
  const { url } = await startAutomatic(acme.organizationId, renewalId)
  await payments.pay(url ?? '', { method: 'card', card: '4000 0000 0000 0341' })
  await settled()
  const [term] = await rowsOf<{ endsAt: Date }>(
    database,
    'select ends_at as "endsAt" from terms where subscription_id = $1',
    [subscriptionId],
  )
  const end = term?.endsAt.getTime() ?? 0
  const everybody = ['billing', 'owner'].map((role) => `${role}@acme.example`)
  const { organizationId } = acme
  await payments.moveTo(new Date(end + 86_400_000))
  await settled()
  const [charge] = await rowsOf<{ invoiceId: string }>(
    database,
    'select invoice_id as "invoiceId" from automatic_charges where renewal_id = $1',
    [renewalId],
  )
  for (let run = 0; run < 2; run++)
    await sendChargeFailed({ organizationId, invoiceId: charge?.invoiceId ?? '' })
  expect(sink.received.flatMap(({ to }) => to).sort()).toEqual(everybody)
  for (let day = 2; day <= 20; day++) {
    await payments.moveTo(new Date(end + day * 86_400_000))
    await settled()
  }
  sink.received.splice(0)
  for (let run = 0; run < 2; run++) await sendAutomaticEnded({ organizationId, renewalId })
  expect(sink.received.flatMap(({ to }) => to).sort()).toEqual(everybody)
})

test('the mail of a charge that failed can go out as soon as that is known, and names what the invoice asks for, with its VAT', async () => {
  const { subscriptionId } = await sold(database, acme)
  const { renewalId } = await beginAutomatic(byMember(acme, 'billing'), {
    ...{ subscriptionId, shown: 29_000, currency: 'eur' },
  })
  const { url } = await startAutomatic(acme.organizationId, renewalId)
  if (url) await payments.pay(url, { method: 'card', card: '4000 0000 0000 0341' })
  await settled()
  const [row] = await rowsOf<{ stripeSubscriptionId: string }>(
    database,
    'select stripe_subscription_id as "stripeSubscriptionId" from automatic_renewals where id = $1',
    [renewalId],
  )
  const { organizationId } = acme
  sink.received.splice(0)
  await settleCharge(bySystem(organizationId), {
    ...{ renewalId, stripeSubscriptionId: row?.stripeSubscriptionId ?? '', attempted: true },
    invoice: {
      ...{ id: 'in_first', number: 'LK-1', status: 'open', currency: 'eur', subtotal: 29_000, tax: 5_800 },
      ...{ reverseCharge: false, total: 34_800, amountPaid: 0, credited: 0, refunded: 0 },
      ...{ hostedUrl: 'https://invoice.stripe.com/i/first', pdfUrl: null, createdAt: new Date(0) },
      ...{ paidAt: null, dueAt: null, paymentIntentId: null },
    },
  })
  // Of what came of the invoice nothing is kept yet.
  await sendChargeFailed({ organizationId, invoiceId: 'in_first' })
  const mails = await Promise.all(sink.received.map(({ data }) => PostalMime.parse(data)))
  expect(mails.map(({ subject }) => subject)).toEqual(
    Array(2).fill('€348.00 (of which VAT €58.00) for Forms Pro could not be charged'),
  )
  for (const { text } of mails) expect(text).toContain('https://invoice.stripe.com/i/first')
})

test('mailed once the key works no longer, both say since when, and that a new term begins on the day on which it is taken up again', async () => {
  const keyExpiresAt = new Date('2026-12-03T23:00:00Z')
  const facts = {
    ...{ to: 'ada@acme.example', name: 'Acme', slug: 'acme', timeZone: 'Europe/Paris', product: 'Forms Pro' },
    ...{ instance: null, shortId: 'K-123456', keyExpiresAt, termEndsAt: new Date('2026-11-03T23:00:00Z') },
    ...{ endedAt: keyExpiresAt, reason: 'payment_failed', who: null },
    ...{ amount: 19_000, currency: 'eur', taxBehavior: 'exclusive' as const, payUrl: null },
    invoiced: { total: 22_800, tax: 3_800, reverseCharge: false },
  }
  const said = async (language: 'en' | 'fr', at: string) => {
    const mail = { ...facts, language, at: new Date(at) }
    const both = await Promise.all([chargeFailedMail(mail), automaticEndedMail(mail)])
    return both.map(({ text }) => text.replace(/\s+/g, ' '))
  }
  for (const text of await said('en', '2026-12-03T22:59:59Z'))
    expect(text).toContain('key works until 3 Dec 2026.')
  for (const text of await said('fr', '2026-12-03T22:59:59Z'))
    expect(text).toContain('valable jusqu’au 3 déc. 2026.')
  for (const text of await said('en', '2026-12-05T09:00:00Z')) {
    expect(text).toMatch(/key has not worked since 4 Dec 2026.* a new term begins that day\./)
    expect(text).not.toContain('works until')
  }
  for (const text of await said('fr', '2026-12-05T09:00:00Z')) {
    expect(text).toMatch(
      /ne fonctionne plus depuis le 4 déc\. 2026.* une nouvelle période commence ce jour-là\./,
    )
    expect(text).not.toContain('valable')
  }
  const refunded = await automaticEndedMail({
    ...facts,
    language: 'en',
    reason: 'refunded',
    at: keyExpiresAt,
  })
  expect(refunded.text.replace(/\s+/g, ' ')).not.toContain('since')
})
