import { type Browser, expect, type Page, test } from '@playwright/test'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { browserAs, bySystem, type Customer, inOrganization, newCustomer, type Person } from './customer'
import { axeFindings, tooWide } from './look'

test.use({ locale: 'en-GB' })

/** What Stripe asks for on its page, with a card that is good. */
async function payAtStripe(page: Page) {
  await page.waitForURL(/\/c\/pay\//)
  await page.getByLabel('Email').fill('billing@acme.example')
  await page.getByLabel('Name').fill('Acme SAS')
  await page.getByLabel('Address').fill('1 rue des Essais')
  await page.getByLabel('Postal code').fill('69001')
  await page.getByLabel('City').fill('Lyon')
  await page.getByLabel(/Country/).fill('fr')
  await page.getByLabel('Card number').fill('4242 4242 4242 4242')
  await page.getByRole('button', { name: /Pay/ }).click()
}

const boughtBy = ({ organizationId }: Customer) =>
  inOrganization<{ product: string; instance: string | null; terms: number }>(
    organizationId,
    `select p.name as product, i.label as instance, count(*)::int as terms
     from checkout_lines l join terms t on t.id = l.term_id join products p on p.id = l.product_id
       left join instances i on i.id = l.instance_id group by p.name, i.label order by p.name`,
  )

for (const javaScriptEnabled of [true, false]) {
  test(`from an instance’s page a product is bought for it, and its key is there${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('buys')
    const context = await browserAs(browser, customer.people.owner, {
      javaScriptEnabled,
      viewport: { width: 360, height: 740 },
    })
    const page = await context.newPage()
    await page.goto(`/${customer.slug}/instances/${customer.spareId}`)
    await page.getByRole('link', { name: 'Buy for this instance' }).click()
    await page.getByRole('checkbox', { name: 'Buy Forms Pro for Spare' }).check()
    expect(await tooWide(page)).toBe(0)
    await page.getByRole('button', { name: 'See the total' }).click()
    await expect(page.getByRole('heading', { name: 'Your order' })).toBeVisible()
    await expect(page.locator('main')).toContainText('From today until')
    expect(await tooWide(page)).toBe(0)
    await page.getByRole('button', { name: 'Pay €290.00 plus any VAT at Stripe' }).click()
    await payAtStripe(page)
    await page.waitForURL(`**/${customer.slug}/billing/checkouts/**`)
    await expect(page.getByText('Your new key is ready.')).toBeVisible()
    expect(await tooWide(page)).toBe(0)
    expect(await boughtBy(customer)).toEqual([{ product: 'Forms Pro', instance: 'Spare', terms: 1 }])
    await page.goto(`/${customer.slug}/billing/buy?i=${customer.spareId}`)
    await expect(page.getByRole('checkbox', { name: 'Buy Forms Pro for Spare' })).toHaveCount(0)
    await expect(page.getByRole('row', { name: /^Forms Pro/ })).toContainText('There already, paid until')
    await context.close()
  })
}

test('a basket of three, for two instances and the whole organization, is one payment', async ({
  browser,
}) => {
  const customer = await newCustomer('basket')
  const context = await browserAs(browser, customer.people.billing)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/billing`)
  await page.getByRole('link', { name: 'Buy', exact: true }).click()
  await page.getByRole('checkbox', { name: 'Buy Chatbot for Service desk' }).check()
  await page.getByRole('checkbox', { name: 'Buy Forms Pro for Spare' }).check()
  await page.getByRole('checkbox', { name: 'Buy Cloud Standard for all instances' }).check()
  await page.getByRole('button', { name: 'See the total' }).click()
  // What is chosen stands in the address, and is changed there.
  await page.getByRole('link', { name: 'Change what is chosen' }).click()
  await expect(page.getByRole('checkbox', { checked: true })).toHaveCount(3)
  await page.getByRole('button', { name: 'See the total' }).click()
  await page.getByRole('button', { name: 'Pay €3,280.00 plus any VAT at Stripe' }).click()
  await payAtStripe(page)
  await expect(page.getByText('Your 3 new keys are ready.')).toBeVisible()
  expect(await boughtBy(customer)).toEqual([
    { product: 'Chatbot', instance: 'Service desk', terms: 1 },
    { product: 'Cloud Standard', instance: null, terms: 1 },
    { product: 'Forms Pro', instance: 'Spare', terms: 1 },
  ])
  await context.close()
})

test('given up, the basket is offered again as it was; another member is told meanwhile who pays', async ({
  browser,
}) => {
  const customer = await newCustomer('again')
  const page = await (await browserAs(browser, customer.people.owner)).newPage()
  const [cloud] = await inOrganization<{ id: string }>(
    customer.organizationId,
    `select id from products where reference = 'cloud-standard'`,
  )
  const basket = `b=${customer.products.formspro}.${customer.spareId}&b=${cloud?.id}.&s=${customer.subscriptionId}`
  await page.goto(`/${customer.slug}/billing/renew?${basket}`)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await page.waitForURL(/\/c\/pay\//)
  const other = await (await browserAs(browser, customer.people.billing)).newPage()
  await other.goto(`/${customer.slug}/billing/renew?${basket}`)
  await expect(other.locator('main')).toContainText('None of what was chosen can be bought now.')
  await other.getByRole('link', { name: 'See this payment' }).first().click()
  await other.getByRole('button', { name: 'Choose again' }).click()
  await expect(other.getByRole('checkbox', { checked: true })).toHaveCount(3)
  // A renewal among them is unticked as a purchase is; what remains ticked stays so.
  await other.getByRole('checkbox', { name: 'Renew Inventory Plus on Service desk' }).uncheck()
  await other.getByRole('button', { name: 'See the total' }).click()
  await expect(other.getByRole('table').first().getByRole('row')).toHaveCount(4)
  await expect(other.locator('main')).not.toContainText('Inventory Plus')
})

test('who ticks nothing is told so; who has another GLPI than those shown adds it first', async ({
  browser,
}) => {
  const customer = await newCustomer('nothing')
  const page = await (await browserAs(browser, customer.people.owner)).newPage()
  await page.goto(`/${customer.slug}/billing/buy`)
  await page.getByRole('button', { name: 'See the total' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing was chosen')
  await page.getByRole('main').getByRole('link', { name: 'Buy', exact: true }).click()
  await page.getByRole('link', { name: 'Another GLPI? Add it first.' }).click()
  await page.waitForURL(`**/${customer.slug}/instances/new?from=buy`)
})

test('who has no instance yet adds one first, and comes back to what is sold', async ({ browser }) => {
  const page = await newcomer(browser)
  await expect(page.getByText('Which GLPI is it for?')).toBeVisible()
  await expect(page.getByRole('checkbox', { name: 'Buy Cloud Standard for all instances' })).toBeVisible()
  expect(await axeFindings(page)).toEqual([])
  await page.getByRole('link', { name: 'Add an instance' }).click()
  await page.getByLabel('Name').fill('First desk')
  await page.getByLabel('Address').fill('https://first.example/glpi')
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await expect(page.getByRole('checkbox', { name: 'Buy Forms Pro for First desk' })).toBeVisible()
})

async function newcomer(browser: Browser): Promise<Page> {
  const customer = await newCustomer('elsewhere')
  const slug = `new-${customer.slug.slice(-8)}`
  const by = { actor: { kind: 'system' } as const, idempotencyKey: crypto.randomUUID() }
  const { organizationId } = await createOrganization(by, {
    name: 'Newcomers',
    slug,
    timeZone: 'Europe/Paris',
  })
  const { personId, email, token }: Person = customer.people.owner
  await addMember(bySystem(organizationId), { email, role: 'owner' })
  const page = await (await browserAs(browser, { personId, email, token })).newPage()
  await page.goto(`/${slug}/billing/buy`)
  return page
}

test('the pages of buying hold in both languages, at 320 and 360 pixels and for axe', async ({ browser }) => {
  const customer = await newCustomer('shelf')
  const context = await browserAs(browser, customer.people.owner, { viewport: { width: 320, height: 800 } })
  const page = await context.newPage()
  const basket = `b=${customer.products.formspro}.${customer.spareId}&b=${customer.products.formspro}.${customer.instanceId}`
  const paths = [
    `/${customer.slug}/billing/buy`,
    `/${customer.slug}/billing/buy?i=${customer.spareId}&${basket}`,
    `/${customer.slug}/billing/renew?${basket}&s=${customer.subscriptionId}`,
  ]
  for (const language of ['en', 'fr']) {
    await inOrganization(customer.organizationId, 'update people set language = $2 where id = $1', [
      customer.people.owner.personId,
      language,
    ])
    for (const path of paths)
      for (const width of [320, 360]) {
        await page.setViewportSize({ width, height: 800 })
        await page.goto(path)
        expect(await axeFindings(page)).toEqual([])
        expect({ path, tooWide: await tooWide(page) }).toEqual({ path, tooWide: 0 })
      }
  }
  await expect(page.getByRole('heading', { name: 'Votre commande' })).toBeVisible()
  await context.close()
})
