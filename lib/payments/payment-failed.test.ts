import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { byMember, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { runJobs } from '@/sandbox/test/jobs'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { failedPayments, stillToPay } from './failed-payments'
import { openSession } from './open-session'
import { sendPaymentFailed } from './send-payment-failed'

const sink = await startMailSink()
const payments = await paymentsForTests()
const database = await productDatabase({ ...payments.env, SMTP_URL: sink.url })
/** https://docs.stripe.com/payments/sepa-debit/accept-a-payment#test-the-integration: fails at once. */
const bounces = { method: 'sepa_debit', iban: 'AT861904300235473202' }

async function mails() {
  const parsed = await Promise.all(sink.received.map(({ data }) => PostalMime.parse(data)))
  return parsed
    .map(({ to, subject, text = '' }) => ({
      ...{ to: to?.[0]?.address ?? '', subject: subject?.replaceAll('\u00a0', ' ') },
      text: text.replace(/\s+/g, ' '),
    }))
    .sort((a, b) => (a.to < b.to ? -1 : 1))
}

test('of a debit that bounces each who pays is told once in their language, and the overview names what nobody has paid since', async () => {
  const acme = await makeCustomer('acme')
  const { organizationId } = acme
  await rowsOf(database, `update people set language = 'fr' where id = $1`, [acme.people.billing])
  const one = await sold(database, acme)
  const other = await sold(database, acme, { reference: 'branding' })
  const both = [one.subscriptionId, other.subscriptionId]
  const pay = async (subscriptionIds: string[], shown: number, how?: typeof bounces) => {
    const asked = { subscriptionIds, shown, currency: 'eur' }
    await payments.moveTo(new Date(now().getTime() + 60_000))
    const { checkoutId } = await beginCheckout(byMember(acme, 'owner'), asked)
    const { url } = await openSession(byMember(acme, 'owner'), checkoutId)
    await payments.pay(url, how)
    await payments.work()
    return checkoutId
  }
  const shown = () =>
    asOrganization(organizationId, async (tx) =>
      stillToPay(await failedPayments(tx, organizationId, now())).map(({ checkoutId, lines }) => ({
        ...{ checkoutId, products: lines.map(({ product }) => product) },
      })),
    )
  const checkoutId = await pay(both, 41_000, bounces)
  expect(await shown()).toEqual([{ checkoutId, products: ['Forms Pro', 'Branding'] }])
  expect(await runJobs(database, { 'mail.payment_failed': sendPaymentFailed })).toHaveLength(1)
  await sendPaymentFailed({ organizationId, checkoutId })
  const told = await mails()
  expect(told.map(({ to, subject }) => [to, subject])).toEqual([
    ['billing@acme.example', 'Le paiement de 410,00 € pour The people of acme n’a pas abouti'],
    ['owner@acme.example', 'The payment of €410.00 for The people of acme did not succeed'],
  ])
  for (const { text } of told) {
    expect(text).toContain(`http://localhost:41400/acme/billing/checkouts/${checkoutId}`)
    for (const { shortId, key } of [one, other]) {
      expect(text).toContain(shortId)
      expect(text.replaceAll('-', '')).not.toContain(key.replaceAll('-', ''))
    }
  }
  // By another failure only the last is named; paid, or sold no longer, a line is gone.
  const again = await pay([one.subscriptionId], 29_000, bounces)
  expect(await shown()).toEqual([
    { checkoutId, products: ['Branding'] },
    { checkoutId: again, products: ['Forms Pro'] },
  ])
  await pay([one.subscriptionId], 29_000)
  expect(await shown()).toEqual([{ checkoutId, products: ['Branding'] }])
  await rowsOf(database, `update products set withdrawn_at = $1 where reference = 'branding'`, [now()])
  expect(await shown()).toEqual([])
  // Paid otherwise before its mail went out, it is told to nobody.
  sink.received.splice(0)
  await runJobs(database, { 'mail.payment_failed': sendPaymentFailed })
  expect(await mails()).toEqual([])
})
