import { readFileSync } from 'node:fs'
import { type BrowserContext, expect, type Page, test } from '@playwright/test'
import { type Customer, newCustomer } from './customer'
import { askForMail, typeCode } from './sign-in'

/** What the whole product, web and worker, has written since the tests began, at its most talkative. */
const written = () => readFileSync(process.env.PORTAL_LOG ?? '', 'utf8').split('\n')

/** Six digits also stand within an ID; a token or a key stands nowhere by chance. */
const holds = (line: string, secret: string) =>
  secret.length > 6
    ? line.includes(secret)
    : new RegExp(`(?<![\\w.-])${secret}(?![\\w-])`).test(line.replaceAll('\\', ' '))

test('a sign-in code of six digits is found in a line, and not within an ID', () => {
  for (const line of ['the code is 123456', '{"a":"123456"}', '{"text":"{\\"code\\":\\"123456\\"}"}'])
    expect(holds(line, '123456')).toBe(true)
  for (const line of ['0123456', 'a123456', '019a-123456-b', '1234567', '12.123456'])
    expect(holds(line, '123456')).toBe(false)
})

test('signing in by code and by link, showing, copying, downloading and checking, and making an API token leave no secret in a log or an address', async ({
  browser,
}) => {
  const customer = await newCustomer('canary')
  const context = await browser.newContext({ locale: 'en-GB' })
  const addresses: string[] = []
  context.on('request', (request) => addresses.push(request.url(), request.headers().referer ?? ''))
  const page = await context.newPage()
  const secrets: [name: string, secret: string][] = customer.keys.map(({ shortId, characters }) => [
    `key ${shortId}`,
    characters,
  ])

  const byCode = await mailFor(page, customer)
  await typeCode(page, byCode.code)
  await expect(page).toHaveURL(`/${customer.slug}`)
  secrets.push(...(await cookiesOf(context, 'by code')))
  await takeKeys(page, customer)
  await checkKey(page, customer)
  secrets.push(['API token', await makeToken(page, customer)])
  await context.clearCookies({ name: 'session' })
  const byLink = await mailFor(page, customer)
  // The single-use link is the one secret that an address may hold.
  const link = new URL(byLink.link).searchParams.get('token') ?? ''
  await page.goto(byLink.link)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(`/${customer.slug}`)
  secrets.push(...(await cookiesOf(context, 'by link')))
  await context.close()

  expect(addresses.length).toBeGreaterThan(10)
  expect(secrets.filter(([, secret]) => addresses.some((address) => address.includes(secret)))).toEqual([])
  secrets.push(['code', byCode.code], ['other code', byLink.code], ['link', link])
  secrets.push(['other link', new URL(byCode.link).searchParams.get('token') ?? ''])
  expect(secrets.filter(([, secret]) => secret.length < 6)).toEqual([])
  const lines = written()
  const found: string[] = []
  for (const part of ['[web]', '[worker]']) {
    const own = lines.filter((line) => line.startsWith(part))
    expect({ part, wrote: own.length > 0 }).toEqual({ part, wrote: true })
    for (const [name, secret] of secrets)
      if (own.some((line) => holds(line, secret))) found.push(`${part} ${name}`)
  }
  expect(found).toEqual([])
  console.log(`${secrets.length} secrets, ${lines.length} lines of log, ${addresses.length} addresses`)
})

async function mailFor(page: Page, { people }: Customer) {
  await page.goto('/sign-in')
  return askForMail(page, people.owner.email)
}

async function cookiesOf(context: BrowserContext, how: string): Promise<[string, string][]> {
  const cookies = (await context.cookies()).filter(({ name }) => name === 'session' || name === 'browser')
  expect(cookies.map(({ name }) => name).sort()).toEqual(['browser', 'session'])
  return cookies.map(({ name, value }) => [`${name} ${how}`, value])
}

async function makeToken(page: Page, customer: Customer): Promise<string> {
  await page.goto(`/${customer.slug}/settings/tokens/new`)
  await page.getByLabel('Name', { exact: true }).fill('Ansible')
  await page.getByLabel('List the keys').check()
  await page.getByRole('button', { name: 'Make the token' }).click()
  const token = (await page.locator('.chars').textContent()) ?? ''
  expect(token).toMatch(/^lkt_/)
  return token
}

async function checkKey(page: Page, customer: Customer) {
  await page.goto('/check')
  await page.getByLabel('What was pasted into GLPI').fill(customer.keys[0]?.characters ?? '')
  await page.getByRole('button', { name: 'Check it', exact: true }).click()
  await expect(page.getByRole('img', { name: /^Key that ends in/ })).toBeVisible()
}

/** By each button that gives out a whole key. */
async function takeKeys(page: Page, customer: Customer) {
  await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
  await page
    .getByRole('button', { name: /^Show the key of/ })
    .first()
    .click()
  await expect(page.locator('.shown .chars')).toBeVisible()
  await page
    .getByRole('button', { name: /^Copy the key of/ })
    .last()
    .click()
  await expect(page.getByText(/^The key of .* is on the clipboard/)).toBeVisible()
  for (const button of [
    page.locator(`button[form="file-${customer.keys[0]?.id}"]`),
    page.getByRole('button', { name: 'All 2 keys as a file' }),
  ]) {
    const download = page.waitForEvent('download')
    await button.click()
    expect(readFileSync(await (await download).path(), 'utf8')).toMatch(/^gks1\w{32}\r?$/m)
  }
}
