import { expect, type Page, test } from '@playwright/test'
import { browserAs, type Customer, inOrganization, newCustomer } from './customer'
import { axeFindings, tooWide } from './look'
import { beginToPay, cards, debit, debits, fillIn } from './pay'

test.use({ locale: 'en-GB' })

const termsOf = ({ organizationId, subscriptionId }: Customer) =>
  inOrganization<{ ordinal: number }>(
    organizationId,
    'select ordinal from terms where subscription_id = $1 order by ordinal',
    [subscriptionId],
  )

for (const javaScriptEnabled of [true, false]) {
  test(`a billing member renews, pays at Stripe, and the new key is there${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('pay')
    const context = await browserAs(browser, customer.people.billing, { javaScriptEnabled })
    const page = await context.newPage()
    await beginToPay(page, customer, ['Inventory Plus'])
    await fillIn(page, cards.good)
    await page.waitForURL(`**/${customer.slug}/billing/checkouts/**`)
    await expect(page.getByText('Your new key is ready.')).toBeVisible()
    await expect(page.getByText('not yet seen in GLPI')).toBeVisible()
    // Beside the new key the old one, each as a key is shown, with the way to its page.
    const keys = page.getByRole('table').first()
    await expect(keys.getByRole('row', { name: /New key K-/ })).toContainText('…')
    await expect(keys.getByRole('row', { name: /Old key K-/ })).toContainText('Key works until')
    await expect(keys.getByRole('link', { name: /^K-/ })).toHaveCount(2)
    expect(await termsOf(customer)).toHaveLength(2)
    await page.goto(`/${customer.slug}/billing`)
    await expect(page.getByRole('row', { name: /Inventory Plus/ })).toContainText('Paid ahead')
    await context.close()
  })
}

test('the way of a renewal stands on the pages of both its keys, in both languages and at 320 pixels', async ({
  browser,
}) => {
  const customer = await newCustomer('way')
  const context = await browserAs(browser, customer.people.owner, { viewport: { width: 320, height: 800 } })
  const page = await context.newPage()
  await beginToPay(page, customer, ['Inventory Plus'])
  await fillIn(page, cards.good)
  await page.waitForURL(`**/${customer.slug}/billing/checkouts/**`)
  await expect(page.getByText('Your new key is ready.')).toBeVisible()
  const [keys] = await inOrganization<{ old: string; new: string; newShortId: string }>(
    customer.organizationId,
    `select o.id as old, k.id as new, k.short_id as "newShortId" from keys k join keys o on o.id = k.follows_id
     join terms t on t.id = k.term_id where t.subscription_id = $1`,
    [customer.subscriptionId],
  )
  if (!keys) throw new Error('it was renewed')
  const way = page.getByRole('region', { name: `The way of the renewal ${keys.newShortId}` })
  const steps = way.getByRole('listitem')
  for (const id of [keys.old, keys.new]) {
    const mailed = async () => {
      await page.goto(`/${customer.slug}/keys/${id}`)
      return steps.nth(2).textContent()
    }
    // The worker sends it, within its own time.
    await expect.poll(mailed, { timeout: 20_000 }).toMatch(/^Mailed\d/)
    await expect(steps).toHaveText([
      ...[/^Paid\d/, /^New key issued\d/, /^Mailed\d/],
      ...['Used by GLPInot yet', 'Old key no longer usednot yet'],
    ])
    expect(await axeFindings(page)).toEqual([])
    expect(await tooWide(page)).toBe(0)
  }
  await inOrganization(customer.organizationId, 'update keys set first_seen_at = now() where id = $1', [
    keys.new,
  ])
  await page.goto(`/${customer.slug}/keys/${keys.new}`)
  await expect(steps).toHaveText([
    ...[/^Paid\d/, /^New key issued\d/, /^Mailed\d/],
    ...[/^Used by GLPI\d/, /^Old key no longer used\d/],
  ])
  await inOrganization(customer.organizationId, `update people set language = 'fr' where id = $1`, [
    customer.people.owner.personId,
  ])
  await page.reload()
  const french = page.getByRole('region', { name: `Le parcours du renouvellement ${keys.newShortId}` })
  await expect(french.getByRole('listitem').nth(4)).toContainText('Ancienne clé plus utilisée')
  expect(await tooWide(page)).toBe(0)
  await context.close()
})

test('where the price has changed since a page was shown, who renews, buys or switches on is refused with the new price, and goes on', async ({
  browser,
}) => {
  const customer = await newCustomer('dearer')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  const at = `/${customer.slug}/billing`
  const { subscriptionId, spareId } = customer
  const shop = `${at}/buy?i=${spareId}`
  await page.goto(shop)
  await page.getByRole('checkbox', { name: 'Buy Forms Pro for Spare' }).check()
  await page.getByRole('button', { name: 'See the total' }).click()
  await page.waitForURL(`**${at}/renew**`)
  for (const address of [
    page.url(),
    `${at}/automatic/${subscriptionId}`,
    `${at}/renew?s=${subscriptionId}`,
  ]) {
    await page.goto(address)
    const confirm = page.getByRole('button', { name: /^(Pay|Switch on: ?)/ })
    const now = (await confirm.textContent()) ?? ''
    const amount = /€([\d,]+)\.00/.exec(now)?.[1] ?? ''
    const before = amount.replace(/\d/, '9')
    await shownBefore(page, address, amount, before)
    await expect(confirm).toHaveText(now.replace(amount, before))
    await confirm.click()
    await expect(page.getByText('The price has changed since this page was shown.')).toBeVisible()
    await expect(confirm).toHaveText(now)
    await confirm.click()
    await page.waitForURL(/\/c\/pay\//)
  }
  await context.close()
})

/** The page as it was before its price changed: the same, with another amount in the words and in the form. */
async function shownBefore(page: Page, address: string, amount: string, before: string) {
  const inCents = (euros: string) => `${euros.replace(',', '')}00`
  await page.route(
    (url) => url.href.endsWith(address),
    async (route) => {
      const response = await route.fetch()
      const body = (await response.text())
        .replaceAll(`${amount}.00`, `${before}.00`)
        .replaceAll(inCents(amount), inCents(before))
      await route.fulfill({ response, body })
    },
    { times: 1 },
  )
  await page.goto(address)
}

test('a declined card charges nothing and can be followed by a good one', async ({ browser }) => {
  const customer = await newCustomer('declined')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await beginToPay(page, customer, ['Inventory Plus'])
  await fillIn(page, cards.declined)
  await expect(page.getByRole('alert')).toContainText('declined')
  expect(await termsOf(customer)).toHaveLength(1)
  await fillIn(page, cards.good)
  await expect(page.getByText('Your new key is ready.')).toBeVisible()
  expect(await termsOf(customer)).toHaveLength(2)
  await context.close()
})

test('a debit that fails afterwards brings no key: its page says so by itself, and what it was for is paid again by card', async ({
  browser,
}) => {
  const customer = await newCustomer('debit')
  const context = await browserAs(browser, customer.people.billing)
  const page = await context.newPage()
  await beginToPay(page, customer, ['Inventory Plus'])
  await debit(page, debits.fails)
  await page.waitForURL(`**/${customer.slug}/billing/checkouts/**`)
  await expect(page.getByText('The payment did not succeed.')).toBeVisible()
  expect(await termsOf(customer)).toHaveLength(1)
  await page.getByRole('link', { name: 'Pay again' }).click()
  await expect(page.getByRole('checkbox', { name: /Inventory Plus/ })).toBeChecked()
  await beginToPay(page, customer, ['Inventory Plus'])
  await fillIn(page, cards.good)
  await expect(page.getByText('Your new key is ready.')).toBeVisible()
  expect(await termsOf(customer)).toHaveLength(2)
  await context.close()
})

test('who comes back without having paid finds the payment open, goes on or gives it up', async ({
  browser,
}) => {
  const customer = await newCustomer('back')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await beginToPay(page, customer, ['Inventory Plus'])
  // Another member sees who is paying, and can do either.
  const other = await (await browserAs(browser, customer.people.billing)).newPage()
  await other.goto(`/${customer.slug}/billing`)
  await expect(other.getByRole('row', { name: /Inventory Plus/ })).toContainText('A payment is under way')
  await other.getByRole('link', { name: 'A payment is under way' }).click()
  await expect(other.getByText('Not paid yet.')).toBeVisible()
  await expect(other.locator('main')).toContainText(`owner@${customer.slug}.example began this payment`)
  await other.getByRole('button', { name: 'Give this payment up' }).click()
  await expect(other.getByText('This payment was given up.')).toBeVisible()
  await other.getByRole('link', { name: 'Pay again' }).click()
  await expect(other.getByRole('checkbox', { name: /Inventory Plus/ })).toBeChecked()
  await page.reload()
  await expect(page.getByLabel('Card number')).toHaveCount(0)
  expect(await termsOf(customer)).toHaveLength(1)
  await context.close()
})

test('the pages of payments hold in both languages, at 320 pixels and for axe', async ({ browser }) => {
  const customer = await newCustomer('looks')
  const context = await browserAs(browser, customer.people.owner, { viewport: { width: 320, height: 800 } })
  const page = await context.newPage()
  const paths = [
    `/${customer.slug}/billing`,
    `/${customer.slug}/billing/invoices`,
    `/${customer.slug}/billing/invoices?state=overdue`,
    `/${customer.slug}/billing/renew?s=${customer.subscriptionId}`,
    `/${customer.slug}/billing/renew`,
    `/${customer.slug}/billing/checkouts/${customer.checkoutId}`,
  ]
  for (const path of paths) {
    await page.goto(path)
    expect(await axeFindings(page)).toEqual([])
    expect({ path, tooWide: await tooWide(page) }).toEqual({ path, tooWide: 0 })
  }
  await context.close()
})
