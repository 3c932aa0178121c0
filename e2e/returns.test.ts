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
async function refundAtStripe(intent: string) {
  const response = await fetch(`${process.env.SANDBOX_STRIPE_URL}/v1/refunds`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_latchkey' },
    body: new URLSearchParams({ payment_intent: intent }),
  })
  expect(response.status).toBe(200)
}

test('a refund shows on the key, which is revoked, on the key before, which is the last again, and among the invoices', async ({
  browser,
}) => {
  const customer = await newCustomer('refunded')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  const { before, after, intent } = await paid(page, customer)
  await refundAtStripe(intent)
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
