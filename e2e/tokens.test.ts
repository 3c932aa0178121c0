import { expect, type Page, test } from '@playwright/test'
import { tokenOwner } from '@/lib/organizations/token'
import { browserAs, type Customer, inOrganization, newCustomer, newStaff } from './customer'
import { axeFindings, tooWide } from './look'
import { browserOf } from './sign-in'

test.use({ locale: 'en-GB' })

const home = (customer: Customer) => `/${customer.slug}/settings`

/** From the list to the form, and what is filled in there. */
async function askForToken(page: Page, customer: Customer, name: string) {
  await page.goto(home(customer))
  await page.getByRole('link', { name: 'Make an API token' }).click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('List the keys').check()
  await page.getByLabel('Works for').selectOption('365 days')
}

/** The token as the page shows it, and as whoever selects it would copy it. */
async function shownToken(page: Page, name: string): Promise<string> {
  const field = page.getByRole('group', { name: `API token ${name}` })
  await expect(field).toHaveText(/^lkt_[A-Za-z0-9_-]{43}$/)
  return (await field.textContent()) ?? ''
}

for (const javaScriptEnabled of [true, false]) {
  test(`a technical member makes a token, sees it once, and revokes it${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('token')
    const { technical } = customer.people
    const context = await browserAs(browser, technical, {
      javaScriptEnabled,
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    const page = await context.newPage()
    await askForToken(page, customer, 'Ansible, production')
    await page.getByRole('button', { name: 'Make the token' }).focus()
    await page.keyboard.press('Enter')
    await expect(page.getByText('it will not be shown again')).toBeVisible()
    await expect(page.getByRole('button', { name: 'Make the token' })).toHaveCount(0)
    const token = await shownToken(page, 'Ansible, production')
    expect(page.url()).not.toContain('lkt_')
    const copy = page.getByRole('button', { name: 'Copy the token' })
    if (javaScriptEnabled) {
      await copy.click()
      await expect(page.getByText('The token is on the clipboard.')).toBeAttached()
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token)
    } else await expect(copy).toHaveCount(0)
    const { organizationId } = customer
    expect(await tokenOwner(token)).toMatchObject({ organizationId, scopes: ['keys.read'] })
    await page.reload()
    if (!javaScriptEnabled) {
      await expect(page.getByText('This form has made its API token already')).toBeVisible()
      await expect(page.getByRole('button', { name: 'Make the token' })).toBeVisible()
    }
    expect(await page.content()).not.toContain('lkt_')
    await page.goto(home(customer))

    const row = page.getByRole('row', { name: 'Ansible, production' })
    await expect(row).toContainText(`ends in ${token.slice(-4)}`)
    await expect(row).toContainText(`made by ${technical.email}`)
    await expect(row).toContainText('list the keys')
    await expect(row.locator('.when')).not.toHaveText('never')
    expect(await page.content()).not.toContain(token.slice(0, -4))
    await page.goto(`${home(customer)}/tokens/new`)
    await expect(page.getByRole('button', { name: 'Make the token' })).toBeVisible()
    expect(await page.content()).not.toContain('lkt_')

    await page.goto(home(customer))
    await page.getByRole('link', { name: 'Revoke Ansible, production' }).click()
    await expect(page.getByText('At once, whatever holds it gets in no more.')).toBeVisible()
    expect(await tokenOwner(token)).not.toBeNull()
    await page.getByRole('button', { name: 'Revoke Ansible, production' }).click()
    await expect(page.getByText('The API token is revoked.')).toBeVisible()
    await expect(row).toContainText('revoked on')
    await expect(row.getByRole('link')).toHaveCount(0)
    expect(await tokenOwner(token)).toBeNull()
    await context.close()
  })
}

test('what is missing is said at its field and what was typed stays; a form that is sent twice makes one token', async ({
  browser,
}) => {
  const customer = await newCustomer('token-form')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await askForToken(page, customer, 'Puppet, test')
  await page.getByLabel('List the keys').uncheck()
  await page.getByRole('button', { name: 'Make the token' }).click()
  await expect(page.getByLabel('List the keys')).toHaveAccessibleDescription('Choose at least one.')
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Puppet, test')
  await expect(page.getByLabel('Works for')).toHaveValue('365')
  expect(await axeFindings(page)).toEqual([])
  await page.getByLabel('Fetch offline files').check()
  await page.getByRole('button', { name: 'Make the token' }).dblclick()
  await shownToken(page, 'Puppet, test')
  // Where the focus was is gone; it is at what was done.
  await expect(page.locator('.notice:focus')).toContainText('Puppet, test is made.')
  const made = await inOrganization(
    customer.organizationId,
    `select from api_tokens where name = 'Puppet, test'`,
  )
  expect(made).toHaveLength(1)
  await context.close()
})

test('the shown token, and the list beside a name of 100 characters, fit 320 px and are in order for axe', async ({
  browser,
}) => {
  const customer = await newCustomer('token-narrow')
  const context = await browserAs(browser, customer.people.owner, { viewport: { width: 320, height: 800 } })
  const page = await context.newPage()
  const name = 'W'.repeat(100)
  await askForToken(page, customer, name)
  await page.getByRole('button', { name: 'Make the token' }).click()
  await shownToken(page, name)
  expect(await tooWide(page)).toBe(0)
  expect(await axeFindings(page)).toEqual([])
  await page.goto(home(customer))
  await expect(page.getByText(name).first()).toBeVisible()
  expect(await tooWide(page)).toBe(0)
  expect(await axeFindings(page)).toEqual([])
  await context.close()
})

test('who may not make tokens sees them, without buttons, and is told whom to ask', async ({ browser }) => {
  const customer = await newCustomer('token-viewer')
  const { owner, viewer, billing } = customer.people
  for (const person of [viewer, billing, await newStaff('manager', customer.organizationId)]) {
    const context = await browserAs(browser, person)
    const page = await context.newPage()
    await page.goto(home(customer))
    await expect(page.getByRole('row', { name: 'Puppet' })).toBeVisible()
    await expect(page.getByRole('main')).toContainText(`ask an owner or a technical member (${owner.email}`)
    // None but to read what tokens are good for.
    await expect(page.getByRole('main').getByRole('link')).toHaveAttribute('href', '/help/api')
    await page.goto(`${home(customer)}/tokens/${customer.tokenId}`)
    await expect(page.getByText('You may look, but not make or revoke API tokens')).toBeVisible()
    await context.close()
  }
})

test('an organization without tokens is told what one is for, by an example with the portal’s own address', async ({
  browser,
}) => {
  const context = await browserOf(browser, 'ines@atelier-lumen.example')
  const page = await context.newPage()
  await page.goto('/atelier-lumen/settings')
  await expect(page.getByText('No API tokens yet')).toBeVisible()
  await expect(page.locator('code.command')).toHaveText(
    `curl -H "Authorization: Bearer $LATCHKEY_TOKEN" ${process.env.PUBLIC_URL}/api/v1/keys`,
  )
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 })
    expect(await tooWide(page)).toBe(0)
    expect(await axeFindings(page)).toEqual([])
  }
  await context.close()
})

test('[A12] who removes a member, or leaves, reads how many tokens end with them, and the trail says so', async ({
  browser,
}) => {
  const customer = await newCustomer('token-leaver')
  const { owner, technical } = customer.people
  const own = await browserAs(browser, technical)
  const theirs = await own.newPage()
  await askForToken(theirs, customer, 'Mine')
  await theirs.getByRole('button', { name: 'Make the token' }).click()
  const token = await shownToken(theirs, 'Mine')
  await theirs.goto(`/${customer.slug}/members/leave`)
  await expect(theirs.getByText('The API token that you made stops working at once.')).toBeVisible()
  const context = await browserAs(browser, owner)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/members/${technical.personId}/remove`)
  await expect(
    page.getByText(`The API token that ${technical.email} made stops working at once.`),
  ).toBeVisible()
  await page.goto(`/${customer.slug}/members/${customer.people.viewer.personId}/remove`)
  await expect(page.getByText(/API token/)).toHaveCount(0)
  await page.goto(`/${customer.slug}/members/${technical.personId}/remove`)
  await page.getByRole('button', { name: `Remove ${technical.email}` }).click()
  await expect(page.getByText('The member was removed')).toBeVisible()
  expect(await tokenOwner(token)).toBeNull()
  await page.goto(`/${customer.slug}/activity`)
  await expect(page.getByText('; the API token that they had made was revoked')).toBeVisible()
  console.log('[A12] 1 token, 0 successes')
  for (const one of [own, context]) await one.close()
})

test('a token that has ended is said to have, and cannot be revoked', async ({ browser }) => {
  const customer = await newCustomer('token-ended')
  await inOrganization(
    customer.organizationId,
    `insert into api_tokens (id, organization_id, name, scopes, token_hash, last_four, created_at, created_by_id, expires_at)
     values (gen_random_uuid(), $1::uuid, 'Ended', '{keys.read}', sha256($1::uuid::text::bytea), 'last',
       now() - interval '40 days', $2, now() - interval '9 days')`,
    [customer.organizationId, customer.people.owner.personId],
  )
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(home(customer))
  const row = page.getByRole('row', { name: /^Ended / })
  await expect(row).toContainText('expired on')
  await expect(row.getByRole('link')).toHaveCount(0)
  await context.close()
})
