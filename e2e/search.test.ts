import { expect, test } from '@playwright/test'
import { browserAs, type Customer, newCustomer } from './customer'

let customer: Customer

test.beforeAll(async () => {
  customer = await newCustomer('search')
})

for (const javaScriptEnabled of [true, false]) {
  test(`a key that is pasted into a search box finds its row and stands in no address, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({
    browser,
  }) => {
    const context = await browserAs(browser, customer.people.owner, { javaScriptEnabled })
    const asked: string[] = []
    context.on('request', (request) => asked.push(request.url(), request.headers().referer ?? ''))
    const page = await context.newPage()
    const [key] = customer.keys
    const characters = key?.characters ?? ''
    for (const list of ['keys', 'instances']) {
      await page.goto(`/${customer.slug}/${list}`)
      await page.getByRole('searchbox').fill(`Key: ${characters.toUpperCase()}`)
      await page.getByRole('searchbox').press('Enter')
      await expect(page).toHaveURL(new RegExp(`/${customer.slug}/keys\\?q=${characters.slice(-4)}`))
      await expect(page.getByRole('searchbox')).toHaveValue(characters.slice(-4))
      await expect(page.locator('tbody')).toContainText(key?.shortId ?? '')
    }
    expect(asked.length).toBeGreaterThan(4)
    expect(asked.filter((address) => address.toLowerCase().includes(characters))).toEqual([])
    await context.close()
  })
}

test('what was filtered stands in the address, without what says nothing', async ({ browser }) => {
  const context = await browserAs(browser, customer.people.viewer)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/keys`)
  await page.getByLabel('State').selectOption('all')
  await page.getByRole('searchbox').fill('Service é')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(page).toHaveURL(`/${customer.slug}/keys?q=Service+%C3%A9`)
  await expect(page.getByLabel('State')).toHaveValue('all')
  await page.getByLabel('State').selectOption('waiting')
  await page.getByRole('searchbox').fill('')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(page).toHaveURL(`/${customer.slug}/keys?state=waiting`)
  await expect(page.locator('tbody tr')).toHaveCount(1)
  await context.close()
})
