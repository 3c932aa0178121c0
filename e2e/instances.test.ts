import { type BrowserContextOptions, expect, type Page, test } from '@playwright/test'
import { newId } from '@/lib/ids'
import { browserOf } from './sign-in'

// A customer of whom no other file counts the instances.
const owner = 'grace@brightwater.example'
const home = '/brightwater'

test.use({ locale: 'en-GB' })

let page: Page
const open = async (
  browser: Parameters<typeof browserOf>[0],
  path: string,
  who = owner,
  options: BrowserContextOptions = {},
) => {
  page = await (await browserOf(browser, who, options)).newPage()
  await page.goto(path)
  return page
}
test.afterEach(() => page.context().close())

const unique = (name: string) => `${name}-${newId().slice(-8)}`

async function addInstance(label: string) {
  await page.goto(`${home}/instances/new`)
  await page.getByLabel('Name', { exact: true }).fill(label)
  await page.getByLabel('Address', { exact: true }).fill(`https://${label}.example/glpi/front/central.php`)
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(label)
}

test('an instance is added by the address that was pasted, and found in the list by a part of it', async ({
  browser,
}) => {
  await open(browser, `${home}/instances`)
  await page.getByRole('link', { name: 'Add an instance' }).click()
  const label = unique('shop')
  await page.getByLabel('Name', { exact: true }).fill(label)
  const address = page.getByLabel('Address', { exact: true })
  await address.fill(`https://www.${label}.example:443/glpi/front/central.php?x=1`)
  await expect(page.getByText('GLPI is recognized as')).toContainText(`${label}.example/glpi`)
  await page.getByLabel('GLPI version').fill('GLPI 11.0.4')
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(label)
  await expect(page.getByText('The instance was added.')).toBeVisible()

  await page.goto(`${home}/instances`)
  await page.getByRole('searchbox').fill(`http://${label}.example`)
  await page.getByRole('searchbox').press('Enter')
  await expect(page).toHaveURL(/\?q=/)
  await expect(page.getByRole('row')).toHaveCount(2)
  await expect(page.getByRole('row').nth(1)).toContainText('GLPI 11.0.4')
})

test('while one types, an address that looks like a test copy’s, or imitates letters, is pointed out', async ({
  browser,
}) => {
  await open(browser, `${home}/instances/new`)
  const address = page.getByLabel('Address', { exact: true })
  await address.fill('glpi-test.brightwater.example')
  await expect(page.getByText('This looks like the address of a test copy.')).toBeVisible()
  await address.fill('https://glрi.example')
  await expect(page.getByText('Letters of this address look like others.')).toBeVisible()
  await address.fill('https://glpi.example')
  await expect(page.getByText('Letters of this address look like others.')).toBeHidden()
})

test('what was typed before the page’s scripts had loaded is pointed out once they have', async ({
  browser,
}) => {
  const loading = Promise.withResolvers<void>()
  await open(browser, home)
  await page.route(/\/_next\/static\/.*\.js/, async (route) => {
    await loading.promise
    await route.continue()
  })
  await page.goto(`${home}/instances/new`, { waitUntil: 'commit' })
  await page.getByLabel('Address', { exact: true }).fill('glpi-test.brightwater.example')
  await expect(page.getByText('This looks like the address of a test copy.')).toBeHidden()
  loading.resolve()
  await expect(page.getByText('This looks like the address of a test copy.')).toBeVisible()
})

test('what is wrong stands beside its field, and what was typed stays', async ({ browser }) => {
  await open(browser, `${home}/instances/new`)
  await page.getByLabel('Name', { exact: true }).fill('Reception')
  await page.getByLabel('Address', { exact: true }).fill('ftp://glpi.example')
  await page.getByLabel('GLPI version').fill('latest')
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await expect(page.getByText('An address of GLPI starts with https:// or http://.')).toBeVisible()
  await expect(page.getByText('This does not look like a GLPI version')).toBeVisible()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Reception')
  await expect(page.getByLabel('Address', { exact: true })).toHaveAttribute('aria-invalid', 'true')
})

test('an address that another instance has is refused, naming that instance', async ({ browser }) => {
  await open(browser, `${home}/instances/new`)
  await page.getByLabel('Name', { exact: true }).fill('Twin')
  await page.getByLabel('Address', { exact: true }).fill('http://support.brightwater.example/glpi/index.php')
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await expect(page.getByText(/This address already belongs to “IT support” \(I-[0-9A-Z]{6}\)/)).toBeVisible()
  await expect(page.getByLabel('Address', { exact: true })).toHaveAttribute('aria-invalid', 'true')
})

test('without JavaScript an instance is added all the same', async ({ browser }) => {
  await open(browser, `${home}/instances/new`, owner, { javaScriptEnabled: false })
  await addInstance(unique('plain'))
})

test('by keyboard alone an instance is added', async ({ browser }) => {
  await open(browser, `${home}/instances/new`)
  const label = unique('keys')
  await page.getByLabel('Name', { exact: true }).focus()
  await page.keyboard.type(label)
  await page.keyboard.press('Tab')
  await page.keyboard.type(`${label}.example`)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(label)
})

test('an instance is renamed, gets a further address and loses it again', async ({ browser }) => {
  await open(browser, `${home}/instances/new`)
  const label = unique('desk')
  await addInstance(label)
  await page.getByRole('link', { name: 'Change' }).click()
  await page.getByLabel('Name', { exact: true }).fill(`${label} renamed`)
  await page.getByLabel('What is it for?').selectOption('test')
  await page.getByLabel(/of which instance/).selectOption({ label: await optionOf('IT support') })
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('The changes are saved.')).toBeVisible()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${label} renamed`)
  await expect(page.getByText('A test copy of IT support')).toBeVisible()

  await page.getByRole('link', { name: 'Change' }).click()
  await expect(page.getByText('5 more can be added.')).toBeVisible()
  await page.getByLabel('Further address').fill(`http://${label}.lan:8080`)
  await page.getByRole('button', { name: 'Add the address' }).click()
  await expect(page.getByText('The address was added.')).toBeVisible()
  await expect(page.getByText('4 more can be added.')).toBeVisible()
  await page.getByRole('button', { name: `Remove ${label}.lan:8080` }).click()
  await expect(page.getByText('The address was removed')).toBeVisible()
  await expect(page.getByText('5 more can be added.')).toBeVisible()
})

test('an address of a page of the list that is no more leads to its beginning', async ({ browser }) => {
  await open(browser, `${home}/instances?after=01885886-de97-76c5-8a98-f4c9ccf35100`, owner)
  await expect(page).toHaveURL(`${home}/instances`)
  await expect(page.locator('tbody tr')).not.toHaveCount(0)
})

for (const javaScriptEnabled of [true, false])
  test(`what was done goes when a form of the page is refused after it, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({
    browser,
  }) => {
    await open(browser, `${home}/instances/new`, owner, { javaScriptEnabled })
    const label = unique('after')
    await addInstance(label)
    await page.getByRole('link', { name: 'Change' }).click()
    const [added, removed] = [
      page.getByText('The address was added.'),
      page.getByText('The address was removed'),
    ]
    const add = async (address: string) => {
      await page.getByLabel('Further address').fill(address)
      await page.getByRole('button', { name: 'Add the address' }).click()
    }
    const refused = page.getByText('An address of GLPI starts with')
    for (const host of ['one', 'two']) {
      await add(`http://${label}.${host}`)
      await expect(added).toBeVisible()
      await add('ftp://glpi.example')
      await expect(refused).toBeVisible()
      await expect(added).toBeHidden()
    }
    // What is done after that is the newer answer.
    await page.getByRole('button', { name: `Remove ${label}.one` }).click()
    await expect(removed).toBeVisible()
    await add('ftp://glpi.example')
    await expect(refused).toBeVisible()
    await expect(removed).toBeHidden()
    await page.getByRole('button', { name: `Remove ${label}.two` }).click()
    await expect(removed).toBeVisible()
  })

async function optionOf(label: string): Promise<string> {
  const options = await page
    .getByLabel(/of which instance/)
    .locator('option')
    .allInnerTexts()
  return options.find((text) => text.startsWith(`${label} (I-`)) ?? 'none'
}

test('before it is retired one reads what will happen; afterwards it can be taken back', async ({
  browser,
}) => {
  await open(browser, `${home}/instances/new`)
  const label = unique('depot')
  await addInstance(label)
  await page.getByRole('link', { name: 'Change' }).click()
  await page.getByRole('link', { name: 'Retire this instance' }).click()
  await expect(page.getByText('its addresses become free for another instance')).toBeVisible()
  await page.getByRole('button', { name: 'Retire this instance' }).click()
  await expect(page.getByText('The instance is retired.')).toBeVisible()

  await page.goto(`${home}/instances?q=${label}`)
  await expect(page.getByText(`No instance matches “${label}”`)).toBeVisible()
  await page.goto(`${home}/instances?q=${label}&retired=1`)
  await page.getByRole('link', { name: label }).click()
  await page.getByRole('link', { name: `Take ${label} back` }).click()
  await expect(page).toHaveTitle(new RegExp(`^Take ${label} back\\?`))
  await page.getByRole('button', { name: `Take ${label} back` }).click()
  await expect(page.getByText('The instance was taken back.')).toBeVisible()
})

test('who may not change instances is told whom to ask, and sees no form', async ({ browser }) => {
  await open(browser, `${home}/instances`, 'sam@brightwater.example')
  await expect(page.getByRole('link', { name: 'Add an instance' })).toHaveCount(0)
  const href = await page.getByRole('link', { name: 'Depots' }).getAttribute('href')
  for (const path of [`${home}/instances/new`, `${href}/edit`, `${href}/retire`]) {
    await page.goto(path)
    await expect(page.locator('main')).toContainText('ask an owner or a technical member')
    await expect(page.locator('main form')).toHaveCount(0)
  }
})
