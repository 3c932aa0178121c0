import { beforeAll, expect, test } from 'vitest'
import { automaticEndedMail, chargeFailedMail } from '@/lib/mail/automatic'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { runJobs } from '@/sandbox/test/jobs'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { alignAutomatic } from './align'
import { beginAutomatic } from './begin'
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

test('mailed once the key works no longer, both say since when, and that a new term begins on the day on which it is taken up again', async () => {
  const keyExpiresAt = new Date('2026-12-03T23:00:00Z')
  const facts = {
    ...{ to: 'ada@acme.example', name: 'Acme', slug: 'acme', timeZone: 'Europe/Paris', product: 'Forms Pro' },
    ...{ instance: null, shortId: 'K-123456', keyExpiresAt, termEndsAt: new Date('2026-11-03T23:00:00Z') },
    ...{ endedAt: keyExpiresAt, reason: 'payment_failed', who: null },
    ...{ amount: 19_000, currency: 'eur', taxBehavior: 'exclusive' as const, payUrl: null },
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
