import { expect, type Page, test } from '@playwright/test'
import { browserAs, type Customer, inOrganization, newCustomer } from './customer'
import { axeFindings, tooWide } from './look'
import { beginToPay, cards, fillIn } from './pay'
import { query } from './sign-in'

test.use({ locale: 'en-GB' })

/** Somebody has paid; the page of what came of it is open. */
async function paid(page: Page, customer: Customer) {
  await beginToPay(page, customer, ['Inventory Plus'])
  await fillIn(page, cards.good)
  await expect(page.getByText('Your new key is ready.')).toBeVisible()
  const keys = await inOrganization<{ id: string; ordinal: number }>(
    customer.organizationId,
    `select k.id, t.ordinal from keys k join terms t on t.id = k.term_id where t.subscription_id = $1 order by t.ordinal`,
    [customer.subscriptionId],
  )
  let intent = ''
  await expect(async () => {
    const [invoice] = await inOrganization<{ intent: string }>(
      customer.organizationId,
      `select i.payment_intent_id as intent from invoices i join checkouts c on c.invoice_id = i.id where c.ended = 'paid'`,
    )
    intent = invoice?.intent ?? ''
    expect(intent).toMatch(/^pi_/)
  }).toPass()
  return { before: keys[0]?.id ?? '', after: keys[1]?.id ?? '', intent }
}

/** As the vendor does in Stripe's Dashboard. */
async function atStripe(path: string, given?: Record<string, string>) {
  const response = await fetch(`${process.env.SANDBOX_STRIPE_URL}/v1/${path}`, {
    method: given ? 'POST' : 'GET',
    headers: { authorization: 'Bearer sk_test_latchkey' },
    ...(given && { body: new URLSearchParams(given) }),
  })
  expect(response.status).toBe(200)
  return response.json()
}

/** The bank takes the money back. @returns what decides it: https://docs.stripe.com/testing#disputes */
async function disputeAtStripe(intent: string) {
  const { latest_charge: charge } = await atStripe(`payment_intents/${intent}`)
  const response = await fetch(`${process.env.SANDBOX_STRIPE_URL}/_sandbox/disputes`, {
    method: 'POST',
    body: JSON.stringify({ charge }),
  })
  const { id } = await response.json()
  return (how: 'winning_evidence' | 'losing_evidence') =>
    atStripe(`disputes/${id}`, { 'evidence[uncategorized_text]': how })
}

test('a refund shows on the key, which is revoked, on the key before, which is the last again, and among the invoices', async ({
  browser,
}) => {
  const customer = await newCustomer('refunded')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  const { before, after, intent } = await paid(page, customer)
  const payment = page.url()
  await atStripe('refunds', { payment_intent: intent })
  await expect(async () => {
    await page.goto(`/${customer.slug}/keys/${after}`)
    await expect(page.locator('main')).toContainText('Revoked', { timeout: 500 })
  }).toPass()
  await expect(page.locator('main')).toContainText('refunded')
  // No word of a new key that is used: what happened, and which key counts now.
  const way = page.getByRole('region', { name: /^The way of the renewal/ })
  await expect(way).toContainText(/Its payment was refunded on .*The key that counts now is K-/)
  await expect(way).not.toContainText('not yet')
  await page.goto(`/${customer.slug}/keys/${before}`)
  await expect(page.locator('main').getByRole('table').first()).not.toContainText('Revoked')
  await page.goto(payment)
  await expect(page.locator('main')).toContainText(
    /the money for it went back.* was revoked and works no longer/,
  )
  await expect(page.locator('main')).not.toContainText('ready')
  await page.goto(`/${customer.slug}/billing/invoices`)
  await expect(page.getByRole('row', { name: /Refund of €[2-9]/ })).toContainText('of which VAT')
  await query('update people set language = $1 where id = $2', ['fr', customer.people.owner.personId])
  await page.setViewportSize({ width: 360, height: 800 })
  await page.reload()
  await expect(page.locator('main')).toContainText('Remboursé')
  expect(await tooWide(page)).toBe(0)
  expect(await axeFindings(page)).toEqual([])
  if (process.env.SHOTS)
    await page.screenshot({ path: `${process.env.SHOTS}/invoices-fr.png`, fullPage: true })
  await context.close()
})

test('a dispute leaves the key alone while it is open and where the vendor wins it, and revokes it with its reason where it is lost', async ({
  browser,
}) => {
  const customer = await newCustomer('disputed')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  const main = page.locator('main')
  const { before, after, intent } = await paid(page, customer)
  const other = await newCustomer('won')
  const othersPage = await (await browserAs(browser, other.people.owner)).newPage()
  const won = await paid(othersPage, other)
  const [decide, decideOther] = [await disputeAtStripe(intent), await disputeAtStripe(won.intent)]
  const invoice = async (of: Page, { slug }: Customer, says: RegExp) =>
    expect(async () => {
      await of.goto(`/${slug}/billing/invoices`)
      await expect(of.locator('main')).toContainText(says, { timeout: 500 })
    }).toPass()
  await invoice(page, customer, /Disputed: €(?!.*decided)/)
  await page.goto(`/${customer.slug}/keys/${after}`)
  await expect(main).toContainText('Inventory Plus')
  await expect(main).not.toContainText('Revoked')
  await decide('losing_evidence')
  await decideOther('winning_evidence')
  await invoice(page, customer, /Disputed: .*, decided for you/)
  await page.goto(`/${customer.slug}/keys/${after}`)
  await expect(main).toContainText('Revoked')
  await expect(main).toContainText('payment disputed')
  await page.goto(`/${customer.slug}/keys/${before}`)
  await expect(main.getByRole('table').first()).not.toContainText('Revoked')
  await invoice(othersPage, other, /Disputed: .*, decided for the vendor/)
  await othersPage.goto(`/${other.slug}/keys/${won.after}`)
  await expect(othersPage.locator('main')).toContainText('Inventory Plus')
  await expect(othersPage.locator('main')).not.toContainText('Revoked')
  await othersPage.context().close()
  await context.close()
})
