import { expect, test } from '@playwright/test'
import { revokeKey } from '@/lib/keys/revoke'
import { browserAs, bySystem, type Customer, inOrganization, newCustomer } from './customer'

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

test('of a mistyped key it says what is wrong, finds the one that was meant, and keeps it out of the address', async ({
  browser,
}) => {
  const context = await browserAs(browser, customer.people.owner)
  const asked: string[] = []
  context.on('request', (request) => asked.push(request.url(), request.headers().referer ?? ''))
  const page = await context.newPage()
  const [key] = customer.keys
  const characters = key?.characters ?? ''
  const wrong = characters.charAt(8) === 'q' ? 'p' : 'q'
  // Where the last character stands twice, nobody can say which of the two is missing: it is the first.
  const lastRun = characters.search(/(.)\1*$/) + 1
  await page.goto(`/${customer.slug}/keys`)
  for (const [typed, said] of [
    [characters.slice(0, 8) + wrong + characters.slice(9), 'The 9th character of the key is wrong.'],
    [characters.slice(0, -1), `A character of the key is missing, the ${lastRun}th.`],
  ] as const) {
    await page.getByRole('searchbox').fill(typed)
    await page.getByRole('searchbox').press('Enter')
    await expect(page.getByText(said)).toBeVisible()
    await expect(page.locator('tbody')).toContainText(key?.shortId ?? '')
  }
  await page.getByRole('searchbox').fill(characters.slice(0, 20))
  await page.getByRole('searchbox').press('Enter')
  await expect(page.getByText('a key has 36 characters')).toBeVisible()
  expect(asked.filter((address) => address.includes(characters.slice(0, 12)))).toEqual([])
  // Typed into the address itself, it does not stay there.
  for (const list of ['keys', 'instances']) {
    await page.goto(`/${customer.slug}/${list}?q=${characters.slice(0, 8)}${wrong}${characters.slice(9)}`)
    await expect(page).toHaveURL(/mistyped=wrong_characters/)
    expect(page.url()).not.toContain(characters.slice(0, 8))
    await expect(page.getByText('The 9th character of the key is wrong.')).toBeVisible()
  }
  await context.close()
})

test('what begins nearly as a key does is still a search for an instance', async ({ browser }) => {
  const context = await browserAs(browser, customer.people.viewer)
  const page = await context.newPage()
  for (const typed of [
    'glpi',
    'GLPI',
    'glpi.mairie.lan',
    'glpi-test',
    'gestion',
    'gkpi',
    'gspi',
    'glpi 11',
  ]) {
    for (const list of ['keys', 'instances']) {
      await page.goto(`/${customer.slug}/${list}`)
      await page.getByRole('searchbox').fill(typed)
      await page.getByRole('searchbox').press('Enter')
      const said = new URLSearchParams({ q: typed }).toString()
      await expect(page).toHaveURL((url) => url.pathname.endsWith(list) && url.search.startsWith(`?${said}`))
      await expect(page.getByRole('searchbox')).toHaveValue(typed)
    }
  }
  await context.close()
})

test('a key’s short ID is found from the list of instances too, and without its letter', async ({
  browser,
}) => {
  const context = await browserAs(browser, customer.people.viewer)
  const page = await context.newPage()
  const shortId = customer.keys[0]?.shortId ?? ''
  for (const [list, typed] of [
    ['instances', shortId],
    ['keys', shortId.slice(2).toLowerCase()],
  ]) {
    await page.goto(`/${customer.slug}/${list}`)
    await page.getByRole('searchbox').fill(typed ?? '')
    await page.getByRole('searchbox').press('Enter')
    await expect(page.locator('tbody')).toContainText(shortId)
  }
  await context.close()
})

test('the beginning of a short ID and dots before the last characters find in both lists, ended or not', async ({
  browser,
}) => {
  const { organizationId, slug, people, keys, instanceId } = await newCustomer('beginning')
  const [key] = keys
  await revokeKey(bySystem(organizationId), { keyId: key?.id ?? '', reason: 'requested' })
  const [instance] = await inOrganization<{ short_id: string }>(
    organizationId,
    'select short_id from instances where id = $1',
    [instanceId],
  )
  const context = await browserAs(browser, people.viewer)
  const page = await context.newPage()
  const [keyName, instanceName] = [key?.shortId ?? '', instance?.short_id ?? '']
  for (const [list, typed, found] of [
    ['keys', keyName.slice(0, 7), keyName],
    ['keys', keyName.slice(0, 4).toLowerCase(), keyName],
    ['instances', keyName.slice(0, 5), keyName],
    ['keys', instanceName.slice(0, 5), instanceName],
    ['instances', instanceName.slice(0, 5).toLowerCase(), instanceName],
    ['keys', `...${key?.characters.slice(-4)}`, keyName],
  ] as const) {
    await page.goto(`/${slug}/${list}`)
    await page.getByRole('searchbox').fill(typed)
    await page.getByRole('searchbox').press('Enter')
    await expect(page).toHaveURL(/\?q=/)
    await expect(page.locator('tbody')).toContainText(found)
  }
  await context.close()
})

test('a key that is named by its short ID or its last characters is found, ended or not', async ({
  browser,
}) => {
  const { organizationId, slug, people, keys } = await newCustomer('ended')
  const [key] = keys
  await revokeKey(bySystem(organizationId), { keyId: key?.id ?? '', reason: 'requested' })
  const context = await browserAs(browser, people.viewer)
  const page = await context.newPage()
  for (const typed of [key?.shortId, key?.characters.slice(-4)]) {
    await page.goto(`/${slug}/keys`)
    await expect(page.getByText(key?.shortId ?? 'none')).toHaveCount(0)
    await page.getByRole('searchbox').fill(typed ?? '')
    await page.getByRole('searchbox').press('Enter')
    await expect(page.locator('tbody')).toContainText(key?.shortId ?? 'none')
  }
  await context.close()
})

test('where no key matches, the way leads to a wider search, and in the end to all keys', async ({
  browser,
}) => {
  const context = await browserAs(browser, customer.people.viewer)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/keys?q=nowhere&state=waiting`)
  await page.getByRole('link', { name: 'Search all keys' }).click()
  await page.getByRole('link', { name: 'Show all keys' }).click()
  await expect(page.locator('tbody tr')).not.toHaveCount(0)
  await context.close()
})
