import { expect, type Page, test } from '@playwright/test'
import {
  browserAs,
  type Customer,
  inOrganization,
  newCustomer,
  newInstance,
  newStaff,
  openStranger,
  subscribe,
} from './customer'
import { axeFindings, tooWide } from './look'

/** What a GLPI asks the key service, at the portal's own address. */
async function ask(
  customer: Customer,
  installationId: string,
  url: string,
  path: 'keys/validate' | 'activations',
) {
  const key = customer.keys.find(({ shortId }) => shortId === formsKey(customer))?.characters
  const asked = {
    key,
    product: 'formspro',
    installation_id: installationId,
    url,
    glpi_version: '11.0.2',
    product_version: '2.4.1',
  }
  const response = await fetch(`${process.env.PUBLIC_URL}/api/v1/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(asked),
  })
  return response.json()
}

const formsKey = (customer: Customer) => customer.keys[0]?.shortId

/** The history is written once a second, by another process. */
const untilShown = (page: Page, path: string, text: RegExp | string) =>
  expect(async () => {
    await page.goto(path)
    await expect(page.getByText(text).first()).toBeVisible({ timeout: 1_000 })
  }).toPass()

test('a refused GLPI’s code leads to its case; said to be a test copy, it is valid at its next call', async ({
  browser,
}) => {
  const customer = await newCustomer('refused')
  const main = `https://${customer.slug}.example/glpi`
  const copy = `https://staging.${customer.slug}.example`
  expect(await ask(customer, `known-${customer.slug}`, main, 'activations')).toMatchObject({
    verdict: { valid: true },
  })
  const refused = await ask(customer, `copy-${customer.slug}`, copy, 'keys/validate')
  expect(refused).toMatchObject({ valid: false, code: 'bound_elsewhere' })

  const context = await browserAs(browser, customer.people.technical)
  const page = await context.newPage()
  await untilShown(page, `/${customer.slug}/questions`, /Another GLPI asked for the key of Forms Pro/)
  await page.getByLabel('Code or short ID').fill(`ZZZZZ1 and ${refused.refusal_code.toLowerCase()}`)
  await page.getByRole('button', { name: 'Open' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(
    /Another GLPI asked for the key of Forms Pro/,
  )
  await expect(page.locator('main')).toContainText(`copy-${customer.slug}`)
  expect(await axeFindings(page)).toEqual([])
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await tooWide(page)).toBe(0)

  await page.setViewportSize({ width: 1280, height: 900 })
  await page.goto(`/${customer.slug}`)
  await expect(page.getByRole('heading', { level: 1 }).locator('..')).toContainText('things need you')
  await page.getByRole('link', { name: /^Answer: Another GLPI asked for the key of Forms Pro/ }).click()
  const answers = page.getByRole('region', { name: 'It is a test copy' })
  await answers.getByLabel('Name').fill('Staging')
  await answers.getByRole('button', { name: 'It is a test copy' }).click()
  await expect(page.getByText(/^Answered\./)).toBeVisible()
  expect(await ask(customer, `copy-${customer.slug}`, copy, 'activations')).toMatchObject({
    verdict: { valid: true },
  })

  await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
  const key = page.getByRole('article').filter({ hasText: formsKey(customer) ?? '' })
  await expect(key).toContainText(/Last seen .*GLPI 11\.0\.2, plugin 2\.4\.1/)
  await expect(key).toContainText('Works without contact until')
  await expect(key).toContainText('One attempt refused in the last 30 days')
  const calls = page.getByRole('region', { name: 'Calls of GLPI' })
  await expect(calls).toContainText('refused, since the key belongs to another GLPI')
  expect(await axeFindings(page)).toEqual([])
  await calls.getByRole('link', { name: /^What GLPI sends/ }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^What GLPI sends to this portal/)
  expect(await axeFindings(page)).toEqual([])
  await context.close()
})

test('the page of an instance leads to earlier calls, and counts by day what is older', async ({
  browser,
}) => {
  const customer = await newCustomer('earlier')
  const { organizationId, instanceId } = customer
  const keyId = customer.keys[0]?.id
  await inOrganization(
    organizationId,
    `insert into checks (organization_id, key_id, instance_id, asked, code, notes, calls, at, installation_id)
     select $1, $2, $3, 'validate', 'ok', '{}', 1, now() - n * interval '1 day', 'known-here' from generate_series(1, 16) n`,
    [organizationId, keyId, instanceId],
  )
  await inOrganization(
    organizationId,
    `insert into check_days (organization_id, key_id, instance_id, day, asked, code, calls)
     values ($1, $2, $3, current_date - 40, 'validate', 'ok', 7), ($1, $2, $3, current_date - 40, 'validate', 'expired', 2)`,
    [organizationId, keyId, instanceId],
  )
  const page = await (await browserAs(browser, customer.people.viewer)).newPage()
  await page.goto(`/${customer.slug}/instances/${instanceId}`)
  const calls = page.getByRole('region', { name: 'Calls of GLPI' })
  await expect(calls.getByRole('row')).toHaveCount(15)
  await calls.getByText('Before that, by day').click()
  await expect(calls.getByText('9 calls, 2 of them refused')).toBeVisible()
  await calls.getByText('Before that, by day').click()
  const id = calls.locator('code').filter({ hasText: 'known-here' })
  await expect(id).toHaveCount(15)
  expect(await id.first().evaluate((code) => getComputedStyle(code).fontFamily)).toContain('mono')
  const earlier = calls.getByRole('link', { name: 'Earlier calls' })
  const [list, link] = [await calls.locator('.panel').first().boundingBox(), await earlier.boundingBox()]
  expect((link?.y ?? 0) - (list?.y ?? 0) - (list?.height ?? 0)).toBeGreaterThanOrEqual(8)
  await earlier.click()
  await expect(calls.getByRole('row')).toHaveCount(1)
  await expect(earlier).toHaveCount(0)
})

test('an account manager is told what staff do, and not to ask the account manager', async ({ browser }) => {
  const customer = await newCustomer('managed')
  await openStranger(customer)
  const told = async (person: Parameters<typeof browserAs>[1]) => {
    const context = await browserAs(browser, person)
    const page = await context.newPage()
    await page.goto(`/${customer.slug}/questions/${customer.strangerId}`)
    await expect(page.getByRole('button', { name: 'It is not ours' })).toBeVisible()
    const text = await page.getByRole('main').textContent()
    await context.close()
    return text ?? ''
  }
  expect(await told(customer.people.owner)).toMatch(/moved by your account manager.*ask your account manager/)
  const manager = await told(await newStaff('manager', customer.organizationId))
  expect(manager).not.toMatch(/your account manager|write to/)
  expect(manager).toMatch(/compare both with this case.*revoke it as leaked/)
})

test('who is nobody there gets the answer of a code that nobody knows', async ({ browser }) => {
  const customer = await newCustomer('code')
  const stranger = await newCustomer('stranger')
  const refused = await ask(customer, 'elsewhere', 'https://elsewhere.example', 'keys/validate')
  const context = await browserAs(browser, stranger.people.owner)
  const page = await context.newPage()
  const said: string[] = []
  for (const code of [refused.refusal_code, 'ZZZZZ1']) {
    await page.goto(`/open/${code}`)
    said.push((await page.locator('main').textContent()) ?? '')
  }
  expect(said[0]).toContain('Nothing is found by this code')
  expect(said[1]).toBe(said[0])
  expect(await axeFindings(page)).toEqual([])
  await context.close()
  const alone = await browserAs(browser, null)
  const asked = await alone.newPage()
  await asked.goto(`/open/${refused.refusal_code}`)
  expect(new URL(asked.url()).searchParams.get('to')).toBe(`/open/${refused.refusal_code}`)
  await alone.close()
})

test('a case says when the GLPI that has the key last called, and only who may answer is asked', async ({
  browser,
}) => {
  const customer = await newCustomer('beside')
  await ask(customer, `known-${customer.slug}`, `https://${customer.slug}.example/glpi`, 'activations')
  await ask(customer, `copy-${customer.slug}`, 'https://copy.example', 'keys/validate')
  for (const role of ['technical', 'viewer'] as const) {
    const context = await browserAs(browser, customer.people[role])
    const page = await context.newPage()
    await untilShown(page, `/${customer.slug}/questions`, /Another GLPI asked for the key of Forms Pro/)
    await page
      .getByRole('link', { name: /^(Answer|See details): Another GLPI asked for the key of Forms Pro/ })
      .click()
    await expect(
      page.getByText(/The GLPI that has this key last called on .*, as GLPI 11\.0\.2\./),
    ).toBeVisible()
    const answers = page.getByRole('button', { name: /^It is (a test copy|not ours)/ })
    await expect(answers).toHaveCount(role === 'technical' ? 2 : 0)
    await context.close()
  }
})

/** As if that many others had asked for each of the keys, the first of them last. */
const strangers = (customer: Customer, keyIds: string[], count: number) =>
  inOrganization(
    customer.organizationId,
    `with asked as (insert into questions (id, organization_id, key_id, kind, installation_id, refusal_code, first_at, last_at, calls)
       select gen_random_uuid(), $1::uuid, k, 'installation', 'many-' || n, '7QF3XM', now() - interval '1 day',
         date_trunc('minute', now()) - n * interval '1 minute', 1
       from unnest($2::uuid[]) k, generate_series(1, $3::int) n)
     insert into question_counts (organization_id, key_id, open) select $1::uuid, k, $3::int from unnest($2::uuid[]) k`,
    [customer.organizationId, keyIds, count],
  )

test('of many keys twenty are on a page, each with all that is open about it, and the next page has the rest', async ({
  browser,
}) => {
  const customer = await newCustomer('many')
  const keyIds: string[] = []
  for (let index = 0; index < 22; index++) {
    const instanceId = await newInstance(
      customer.organizationId,
      `many-${index}.${customer.slug}.example`,
      {},
    )
    keyIds.push((await subscribe(customer.organizationId, 'formspro', instanceId)).keyId)
  }
  await strangers(customer, keyIds, 3)
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/questions`)
  await expect(page.getByText('Questions about 20 keys on this page')).toBeVisible()
  await expect(page.getByText('Each of the 3 questions')).toHaveCount(20)
  await page.getByRole('link', { name: 'Next', exact: true }).click()
  await expect(page.getByText('Questions about 2 keys on this page')).toBeVisible()
  await expect(page.getByText('Each of the 3 questions')).toHaveCount(2)
  await page.getByRole('link', { name: 'To the first' }).click()
  await expect(page.getByText('Questions about 20 keys on this page')).toBeVisible()
  await context.close()
})

test('twenty who asked for one key are one line; opened, each is answered alone, or none of them is theirs', async ({
  browser,
}) => {
  const customer = await newCustomer('thief')
  await strangers(customer, [customer.keys[0]?.id ?? ''], 20)
  const viewer = await browserAs(browser, customer.people.viewer)
  const look = await viewer.newPage()
  await look.goto(`/${customer.slug}/questions`)
  await expect(look.getByText('20 other GLPIs asked for the key of Forms Pro')).toBeVisible()
  await expect(look.getByRole('link', { name: /^None of these is ours/ })).toHaveCount(0)
  await viewer.close()

  const owner = await browserAs(browser, customer.people.owner)
  const seen = await owner.newPage()
  await seen.goto(`/${customer.slug}/questions`)
  await seen.getByText('Each of the 20 questions').click()
  expect(await axeFindings(seen)).toEqual([])
  await seen.getByRole('link', { name: /^None of these is ours/ }).click()
  await expect(seen.getByRole('heading', { level: 1 })).toHaveText('None of these is ours')
  expect(await axeFindings(seen)).toEqual([])
  await owner.close()

  // A page of plain HTML does all of it.
  const context = await browserAs(browser, customer.people.technical, { javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/questions`)
  const line = page.getByRole('listitem').filter({ hasText: '20 other GLPIs asked for the key of Forms Pro' })
  await expect(line).toContainText('by installation many-1,')
  await expect(
    page.getByText('20 questions are open about GLPIs that called with keys of yours.'),
  ).toBeVisible()
  const one = page.getByRole('link', { name: 'Answer: installation many-7', exact: true })
  await expect(one).toBeHidden()
  await page.getByText('Each of the 20 questions').click()
  await expect(one).toBeVisible()
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await tooWide(page)).toBe(0)
  await one.click()
  await page.getByRole('button', { name: 'It is not ours' }).click()
  await expect(page.getByText(/^Answered: that GLPI is not yours\. It goes on being refused/)).toBeVisible()

  await page.getByRole('link', { name: /^None of these is ours/ }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('None of these is ours')
  await expect(page.getByText('Nothing changes for the GLPI that has the key.')).toBeVisible()
  await expect(page.getByText('Installation many-20, which said no address')).toBeVisible()
  expect(await tooWide(page)).toBe(0)
  await page.getByRole('button', { name: 'None of these is ours' }).click()
  await expect(page.getByText(/^Answered: none of the 19 is yours\./)).toBeVisible()
  await expect(page.getByText('Nothing is open', { exact: true })).toBeVisible()
  await page.goto(`/${customer.slug}/activity`)
  await expect(page.getByText(/none of 19 GLPIs that asked for it is theirs/)).toBeVisible()
  await context.close()
})
