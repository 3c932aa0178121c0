import { expect, test } from '@playwright/test'
import { firstDay, lastDay } from '@/lib/messages/dates'
import { browserAs, type Customer, inOrganization, newCustomer } from './customer'
import { axeFindings, tooWide, touching } from './look'
import { cards, switchOn } from './pay'
import { arrived, mailsTo, query } from './sign-in'

test.use({ locale: 'en-GB' })

const paidUntil = async ({ organizationId, subscriptionId }: Customer) => {
  const [term] = await inOrganization<{ endsAt: Date }>(
    organizationId,
    'select ends_at as "endsAt" from terms where subscription_id = $1',
    [subscriptionId],
  )
  if (!term) throw new Error('it was sold')
  const words = [firstDay, lastDay].map((day) => day(term.endsAt, 'en', 'Europe/Paris'))
  return { charged: words[0] ?? '', until: words[1] ?? '' }
}

for (const javaScriptEnabled of [true, false]) {
  test(`a billing member switches automatic renewal on with a card, sees when what is charged, and ends it in two clicks, with a receipt${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('auto')
    const { billing } = customer.people
    const context = await browserAs(browser, billing, { javaScriptEnabled })
    const page = await context.newPage()
    const { charged, until } = await paidUntil(customer)
    await page.goto(`/${customer.slug}/billing/automatic/${customer.subscriptionId}`)
    await expect(page.locator('main')).toContainText(`plus any VAT on ${charged}`)
    await expect(page.locator('main')).toContainText('Nothing is charged today.')
    await switchOn(page, customer, cards.good)
    await page.waitForURL(`**/billing/automatic/${customer.subscriptionId}?back=given`)
    await expect(page.getByText(`It renews by itself on ${charged} for €`)).toBeVisible()
    await page.goto(`/${customer.slug}/billing`)
    const row = page.getByRole('row', { name: /Inventory Plus/ })
    await expect(row).toContainText(`Renews by itself on ${charged} for €`)
    // From the list of what one has: one click to see it, one to end it, and no question in between.
    await row.getByRole('link', { name: /^See or end/ }).click()
    await expect(page.locator('main')).toContainText(`Paid until ${until}`)
    await page.getByRole('button', { name: 'End automatic renewal' }).click()
    await expect(page.getByRole('button', { name: /^Switch on: €/ })).toBeVisible()
    // By the organization's clock, as on the receipt.
    await expect(page.getByRole('status')).toContainText(
      /Automatic renewal ended on \d+\s\w+\s\d{4},\s\d\d:\d\d\sCES?T\. billing@\S+ ended it\./,
    )
    await page.goto(`/${customer.slug}/billing`)
    await expect(row).toContainText('Does not renew by itself')
    const receipts = async () =>
      (await mailsTo(billing.email)).filter(({ subject }) => subject?.startsWith('Automatic renewal of'))
    const [receipt] = await arrived(receipts)
    expect(receipt?.text).toMatch(/automatic renewal ended on \d+ \w+ \d{4}, \d\d:\d\d \(Europe\/Paris\)/)
    expect(receipt?.text).toContain(`${billing.email} ended it`)
    await context.close()
  })
}

test('who comes back from Stripe without a card finds it reserved, goes on another day, or ends it', async ({
  browser,
}) => {
  const customer = await newCustomer('nocard')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/billing/automatic/${customer.subscriptionId}`)
  await page.getByRole('button', { name: /^Switch on: €/ }).click()
  await page.getByRole('link', { name: 'Go back without paying' }).click()
  await expect(page.getByText('It is not on yet')).toBeVisible()
  await page.getByRole('button', { name: 'Give a means of payment at Stripe' }).click()
  await page.waitForURL(/\/c\/pay\//)
  await page.getByRole('link', { name: 'Go back without paying' }).click()
  await page.getByRole('button', { name: 'End automatic renewal' }).click()
  await expect(page.getByRole('button', { name: /^Switch on: €/ })).toBeVisible()
  await context.close()
})

test('the customer portal opens for who pays, there is none before Stripe knows the customer, and none for a viewer', async ({
  browser,
}) => {
  const customer = await newCustomer('portal')
  const context = await browserAs(browser, customer.people.billing)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/billing`)
  const button = page.getByRole('button', { name: 'Payment methods, billing address, tax ID' })
  await expect(page.locator('main')).toContainText('after the first payment')
  await expect(button).toHaveCount(0)
  await switchOn(page, customer, cards.good)
  await expect(page.getByText('It renews by itself on')).toBeVisible()
  await page.goto(`/${customer.slug}/billing`)
  await button.click()
  await page.waitForURL(/\/p\/session\//)
  await expect(page.getByText('visa •••• 4242 (default)')).toBeVisible()
  await page.getByRole('link', { name: 'Return to the shop' }).click()
  await expect(page).toHaveURL(new RegExp(`/${customer.slug}/billing$`))
  const viewer = await (await browserAs(browser, customer.people.viewer)).newPage()
  await viewer.goto(`/${customer.slug}/billing`)
  await expect(viewer.locator('main')).toBeVisible()
  await expect(viewer.getByRole('button', { name: /Payment methods/ })).toHaveCount(0)
  await context.close()
})

test('the pages of automatic renewal hold in both languages, at 320 pixels and for axe', async ({
  browser,
}) => {
  const customer = await newCustomer('autolooks')
  const { owner } = customer.people
  const context = await browserAs(browser, owner, { viewport: { width: 320, height: 800 } })
  const page = await context.newPage()
  const address = `/${customer.slug}/billing/automatic/${customer.subscriptionId}`
  const holds = async () => {
    for (const language of ['en', 'fr']) {
      await query('update people set language = $1 where id = $2', [language, owner.personId])
      await page.goto(address)
      expect(await axeFindings(page)).toEqual([])
      expect({ language, tooWide: await tooWide(page), touching: await touching(page) }).toEqual({
        ...{ language, tooWide: 0, touching: [] },
      })
    }
    await query('update people set language = $1 where id = $2', ['en', owner.personId])
  }
  await holds()
  await switchOn(page, customer, cards.good)
  await expect(page.getByText('It renews by itself on')).toBeVisible()
  await holds()
  await context.close()
})
