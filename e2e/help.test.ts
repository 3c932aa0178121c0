import { expect, test } from '@playwright/test'
import reference from '@/app/help/api/openapi.json' with { type: 'json' }
import { browserAs, newCustomer } from './customer'
import { axeFindings, tooWide } from './look'
import { words } from './words'

test.use({ locale: 'en-GB' })

test('who makes an API token finds all that programs can ask, with examples to copy', async ({ browser }) => {
  const { slug, people } = await newCustomer('reference')
  const page = await (await browserAs(browser, people.technical)).newPage()
  await page.goto(`/${slug}/settings`)
  await page.getByRole('link', { name: 'All that programs can ask' }).click()
  await expect(page).toHaveURL('/help/api')
  const operations = Object.values(reference.paths).flatMap((methods) => Object.values(methods))
  expect(operations.length).toBeGreaterThan(8)
  const guides = page.getByRole('region', { name: 'For who writes a plugin' })
  for (const name of ['add-key-checks-to-a-plugin', 'verify-a-lease', 'test-keys'])
    await expect(guides).toContainText(`docs/${name}.md`)
  for (const { summary } of operations)
    await expect(page.getByRole('heading', { level: 3, name: summary, exact: true })).toBeVisible()
  const list = page.getByRole('article', { name: 'The organization’s keys, masked' })
  await expect(list).toContainText('GET /api/v1/keys')
  await expect(list).toContainText('Needs an API token.')
  await expect(list).toContainText('keys[].works_until')
  const activate = page.getByRole('article', { name: 'Activate a key in an installation' })
  await activate.getByText('The first call of an installation').click()
  await expect(activate.locator('details[open]').getByText('"secret":')).toBeVisible()
  expect(await axeFindings(page)).toEqual([])
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await tooWide(page)).toBe(0)
})

test('the frame of the reference is in one’s language; the reference itself, as what programs read, is English', async ({
  page,
}) => {
  await page.goto('/help/api')
  await page.getByRole('button', { name: 'Français' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(words('fr', 'reference.title'))
  await expect(page).toHaveURL('/help/api')
  const heading = page.getByRole('heading', { level: 3, name: 'Activate a key in an installation' })
  await expect(heading).toHaveAttribute('lang', 'en')
  await expect(page.getByText('les programmes décident d’après')).toBeVisible()
  expect(await page.locator('main').textContent()).not.toContain('`')
})

test('who checks a key finds what a GLPI must reach; what it costs to let GLPI ask stands before how', async ({
  page,
}) => {
  await page.goto('/check')
  await page.getByRole('link', { name: words('en', 'glpi.link') }).click()
  await expect(page).toHaveURL('/help/glpi')
  const main = page.getByRole('main')
  await expect(main.getByRole('cell', { name: new RegExp(`${new URL(page.url()).hostname}$`) })).toBeVisible()
  const { hostname, port } = new URL(page.url())
  await expect(main.getByRole('row').filter({ hasText: hostname }).first()).toContainText(`TCP ${port}`)
  await expect(main.getByRole('cell', { name: /This GLPI did not say which one it is …$/ })).toBeVisible()
  await expect(main.getByRole('heading', { name: 'What is sent' })).toBeVisible()
  const text = (await main.textContent()) ?? ''
  const costs = text.indexOf('replaces GLPI’s public marketplace')
  expect(costs).toBeGreaterThan(0)
  expect(text.indexOf("define('GLPI_NETWORK_SERVICES', 'http")).toBeGreaterThan(costs)
  expect(await axeFindings(page)).toEqual([])
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await tooWide(page)).toBe(0)
  await page.getByRole('button', { name: 'Français' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(words('fr', 'glpi.title'))
  await page.getByRole('link', { name: words('fr', 'help.title') }).click()
  await page.getByRole('link', { name: words('fr', 'glpi.link') }).click()
  await expect(page).toHaveURL('/help/glpi')
})
