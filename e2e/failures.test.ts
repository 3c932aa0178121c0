import { randomUUID } from 'node:crypto'
import { expect, type Page, test } from '@playwright/test'
import pg from 'pg'
import { browserAs, type Customer, inSystem, newCustomer } from './customer'
import { formOf, organizationActions } from './doors'
import { actionBody, builtActions, origin, send } from './send'
import { query } from './sign-in'

let customer: Customer
let atInstance: string

test.beforeAll(async () => {
  customer = await newCustomer('failures', { name: 'Failures' })
  atInstance = `/${customer.slug}/instances/${customer.instanceId}`
  for (const [role, name] of [
    ['owner', 'Olive Tree'],
    ['technical', 'Tess Ting'],
  ] as const)
    await query('update people set name = $1 where id = $2', [name, customer.people[role].personId])
})

const named = (page: Page) =>
  page.evaluate(() => {
    const { activeElement: focused } = document
    return focused?.getAttribute('aria-label') ?? focused?.textContent ?? ''
  })

test('after Hide the focus is on the button that showed the key', async ({ browser }) => {
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(atInstance)
  const show = page.getByRole('button', { name: /^Show the key of/ }).first()
  await show.press('Enter')
  await page.getByRole('button', { name: 'Hide' }).press('Enter')
  await expect(page.locator('.shown')).toHaveCount(0)
  await expect(show).toBeFocused()
  await context.close()
})

test('after “It is in GLPI” the focus is on what says so', async ({ browser }) => {
  const { people, slug, instanceId } = await newCustomer('focus')
  const context = await browserAs(browser, people.technical)
  const page = await context.newPage()
  await page.goto(`/${slug}/instances/${instanceId}`)
  await page.getByRole('button', { name: /is in GLPI on/ }).press('Enter')
  await expect(page).toHaveURL(/\?done=installed$/)
  await expect.poll(() => named(page)).toMatch(/^Noted/)
  await context.close()
})

test('without a connection, Copy and Show say so at the key, and the next press works', async ({
  browser,
}) => {
  const context = await browserAs(browser, customer.people.owner, {
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/keys`)
  await page.evaluate(() => navigator.clipboard.writeText('before'))
  const copy = page.getByRole('button', { name: /^Copy the key of/ }).first()
  await context.setOffline(true)
  await copy.click()
  await expect(page.getByText(/The portal could not be reached.*press the button again/)).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('before')
  await context.setOffline(false)
  await copy.click()
  await expect(page.getByText(/is on the clipboard/)).toBeVisible()
  await context.close()
})

test('without a connection a form says so, keeps what was typed, and is sent once there is one', async ({
  browser,
}) => {
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/instances/new`)
  await page.getByLabel('Name').fill('Offline desk')
  await page.getByLabel('Address').fill('https://offline.failures.example')
  await context.setOffline(true)
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await expect(page.getByText(/The portal could not be reached.*still here/)).toBeVisible()
  const icon = page.locator('main .notice use')
  await expect.poll(() => icon.evaluate((use: SVGUseElement) => use.getBBox().width)).toBeGreaterThan(0)
  await expect(page.getByLabel('Name')).toHaveValue('Offline desk')
  await context.setOffline(false)
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await expect(page).toHaveURL(/\?done=added$/)
  await context.close()
})

test('[F7] a change that the database does not take now is answered 503, with when to try again and in words', async ({
  browser,
}) => {
  const name = 'app/(portal)/[org]/instances/actions.ts edit'
  const [action, built] = [organizationActions[name], builtActions().find((one) => one.name === name)]
  if (!action || !built) throw new Error(`the build has no ${name}`)
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL })
  await client.connect()
  try {
    await client.query(`begin; set local latchkey.organization_id = '${customer.organizationId}'`)
    await client.query('select from instances where id = $1 for update', [customer.instanceId])
    const form = formOf(action, customer.slug, customer)
    for (const how of ['script', 'form'] as const) {
      const { headers, body } = actionBody(how, built.id, form, true)
      const answer = await send({
        method: 'POST',
        path: action.at(customer.slug, customer),
        as: customer.people.owner,
        headers: { ...headers, origin: origin() },
        body,
      })
      expect({ how, status: answer.status, after: answer.headers['retry-after'] }).toEqual({
        how,
        status: 503,
        after: '5',
      })
      expect(answer.text).toContain('This cannot be done right now. Nothing was changed')
    }
    const context = await browserAs(browser, customer.people.owner)
    const page = await context.newPage()
    await page.goto(`${atInstance}/edit`)
    await page.getByLabel('GLPI version').fill('10.0.17')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('This cannot be done right now. Nothing was changed')).toBeVisible()
    await expect(page.getByLabel('GLPI version')).toHaveValue('10.0.17')
    await context.close()
  } finally {
    await client.end()
  }
})

test('what somebody else changed meanwhile is not undone by a form that was open', async ({ browser }) => {
  const context = await browserAs(browser, customer.people.owner)
  const [first, second] = [await context.newPage(), await context.newPage()]
  for (const page of [first, second]) await page.goto(`${atInstance}/edit`)
  await first.getByLabel('Name').fill('Renamed meanwhile')
  await first.getByRole('button', { name: 'Save' }).click()
  await expect(first).toHaveURL(/\?done=edited$/)
  await second.getByLabel('GLPI version').fill('10.0.18')
  await second.getByRole('button', { name: 'Save' }).click()
  await expect(second.getByText(/This instance was changed meanwhile/)).toBeVisible()
  await expect(second.getByLabel('GLPI version')).toHaveValue('10.0.18')
  await first.reload()
  await expect(first.getByRole('heading', { name: 'Renamed meanwhile' })).toBeVisible()
  await context.close()
})

test('an ended session leads back to the page by signing in again, with JavaScript and without', async ({
  browser,
}) => {
  for (const javaScriptEnabled of [true, false]) {
    const { technical } = (await newCustomer('ended')).people
    const [membership] = await inSystem<{ slug: string }>(
      'select slug from organizations o join memberships m on m.organization_id = o.id where m.person_id = $1',
      [technical.personId],
    )
    const context = await browserAs(browser, technical, { javaScriptEnabled })
    const page = await context.newPage()
    const path = `/${membership?.slug}/keys?state=waiting`
    await page.goto(path)
    await query('delete from sessions where person_id = $1', [technical.personId])
    await page
      .getByRole('button', { name: /^Copy the key of/ })
      .first()
      .click()
    if (javaScriptEnabled)
      await expect(page.getByRole('link', { name: 'Sign in again' })).toHaveAttribute(
        'href',
        `/sign-in?to=${encodeURIComponent(path)}`,
      )
    else await expect(page).toHaveURL(`/sign-in?to=${encodeURIComponent(path)}`)
    await context.close()
  }
})

test('a form whose hidden identity is malformed asks for the page to be reloaded', async ({ browser }) => {
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/instances/new`)
  await page.getByLabel('Name').fill('Desk')
  await page.getByLabel('Address', { exact: false }).first().fill(`https://${randomUUID()}.example`)
  await page.locator('input[name=idempotencyKey]').evaluate((input: HTMLInputElement) => {
    input.value = 'x'
  })
  await page.locator('main form button[type=submit]').click()
  await expect(page.getByText('This form is out of date. Reload the page and try again.')).toBeVisible()
  await context.close()
})

test('whoever may not is told who can, by name', async ({ browser }) => {
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/keys`)
  const asViewer = () =>
    // An organization keeps an owner, so the technical member becomes it.
    inSystem(
      `update memberships set role = case person_id when $1 then 'viewer' else 'owner' end::member_role
       where person_id in ($1, $2)`,
      [customer.people.owner.personId, customer.people.technical.personId],
    )
  await asViewer()
  await page
    .getByRole('button', { name: /^Copy the key of/ })
    .first()
    .click()
  await expect(
    page.getByText(
      'You are signed in as a viewer, who may not do this. Ask an owner or a technical member (Tess Ting).',
    ),
  ).toBeVisible()
  await context.close()
})
