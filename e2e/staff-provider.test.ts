import { expect, type Page, test } from '@playwright/test'
import { addStaff } from '@/lib/staff/add'
import { freePort } from '@/sandbox/ports'
import { staffClient, startStaffProvider } from '@/sandbox/test/staff-provider'
import type { Running } from '@/scripts/processes'
import { startProduct } from '@/scripts/product'
import { inSystem, newCustomer, newStaff } from './customer'
import { axeFindings } from './look'
import { query } from './sign-in'

test.use({ locale: 'en-GB' })

let web: Running
let url: string
let provider: Awaited<ReturnType<typeof startStaffProvider>>
const lines: string[] = []

test.beforeAll(async () => {
  const [port, providerPort] = [await freePort(), await freePort()]
  url = `http://localhost:${port}`
  provider = await startStaffProvider(providerPort, `${url}/sign-in/staff/callback`)
  const env = {
    ...process.env,
    PUBLIC_URL: url,
    STAFF_OIDC_ISSUER: provider.issuer,
    STAFF_OIDC_CLIENT_ID: staffClient.id,
    STAFF_OIDC_CLIENT_SECRET: staffClient.secret,
  }
  const [started] = startProduct({
    parts: ['web'],
    host: '127.0.0.1',
    port,
    env,
    print: (line) => void lines.push(line),
  })
  if (!started) throw new Error('nothing was started')
  web = started
  await web.ready
})

test.afterAll(async () => {
  await web.stop()
  await provider.stop()
})

/** Types an address at the provider, which asks for no right password, and agrees. */
async function vouch(page: Page, email: string) {
  await page.getByPlaceholder('Enter any login').fill(email)
  await page.getByPlaceholder('and password').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

const door = (page: Page) => page.getByRole('link', { name: 'Sign in with your company account' })
const sessionsOf = async (personId: string) =>
  (await query('select count(*)::int as n from sessions where person_id = $1', [personId]))[0]?.n

test('staff sign in by the vendor’s provider, and come to where they were going', async ({ browser }) => {
  const customer = await newCustomer('vouched')
  const nora = await newStaff('manager', customer.organizationId, 'Nora Weiss')
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${url}/${customer.slug}/keys`)
  await expect(page.getByText('You work for Northwind Plugins?')).toBeVisible()
  expect(await axeFindings(page)).toEqual([])
  await door(page).click()
  await vouch(page, nora.email.toUpperCase())
  await expect(page).toHaveURL(`${url}/${customer.slug}/keys`)
  await expect(page.getByText(`You see ${customer.name} as one of Northwind Plugins.`)).toBeVisible()
  expect(await sessionsOf(nora.personId)).toBe(2)
  const cookies = await context.cookies(url)
  expect(cookies.map(({ name }) => name)).not.toContain('staff-sign-in')
  const [entry] = await inSystem(
    `select action, outcome, details from audit_entries where details->>'person' = $1 and action = 'sign_in.staff'`,
    [nora.personId],
  )
  expect(entry).toMatchObject({ outcome: 'done', details: { by: 'provider' } })
})

const nobody = {
  'who is not of the staff': {
    email: 'ada@stranger.example',
    says: 'Your company account is not among the staff',
  },
  'whose address the provider has not confirmed': {
    email: 'unconfirmed@northwind.example',
    says: 'has not confirmed your e-mail address',
  },
}
for (const [who, { email, says }] of Object.entries(nobody)) {
  test(`nobody is signed in ${who}, and is told why`, async ({ page }) => {
    if (email.startsWith('unconfirmed'))
      await addStaff({ actor: { kind: 'system' } }, { email, role: 'admin' })
    await page.goto(`${url}/sign-in`)
    await door(page).click()
    await vouch(page, email)
    await expect(page.getByText(says)).toBeVisible()
    expect((await page.context().cookies(url)).map(({ name }) => name)).not.toContain('session')
  })
}

test('a customer’s member is not signed in by the vendor’s provider', async ({ page }) => {
  const { people } = await newCustomer('member')
  await page.goto(`${url}/sign-in`)
  await door(page).click()
  await vouch(page, people.owner.email)
  await expect(page.getByText('Your company account is not among the staff')).toBeVisible()
  expect(await sessionsOf(people.owner.personId)).toBe(1)
})

test('cancelling at the provider leads back and says so', async ({ page }) => {
  await page.goto(`${url}/sign-in`)
  await door(page).click()
  await page.getByRole('link', { name: /Cancel/ }).click()
  await expect(page.getByText('was cancelled. Nobody was signed in.')).toBeVisible()
})

test('an answer of the provider is good once, and only in the browser that asked', async ({
  page,
  browser,
}) => {
  const { email, personId } = await newStaff('admin')
  const answers: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/sign-in/staff/callback?')) answers.push(request.url())
  })
  await page.goto(`${url}/sign-in`)
  await door(page).click()
  await vouch(page, email)
  await expect(page).toHaveURL(`${url}/staff`)
  expect(answers).toHaveLength(1)
  const answer = answers[0] ?? ''
  const refused = async (there: Page, address: string) => {
    await there.goto(address)
    expect(new URL(there.url()).search).toBe('?staff=expired')
    await expect(there.getByText('or was begun in another browser')).toBeVisible()
  }
  await page.context().clearCookies({ name: 'session' })
  await refused(page, answer)
  const stranger = await (await browser.newContext()).newPage()
  await refused(stranger, answer)
  await stranger.goto(`${url}/sign-in`)
  await door(stranger).click()
  await expect(stranger.getByPlaceholder('Enter any login')).toBeVisible()
  await refused(stranger, answer)
  expect(await sessionsOf(personId)).toBe(2)
})

test('without a provider there is no such door', async ({ page }) => {
  await page.goto('/sign-in')
  await expect(door(page)).toHaveCount(0)
  for (const address of ['/sign-in/staff', '/sign-in/staff/callback?code=a&state=b']) {
    await page.goto(address)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
  }
})
