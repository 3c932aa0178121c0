import { expect, test } from '@playwright/test'
import { revokeKey } from '@/lib/keys/revoke'
import { startTrial } from '@/lib/trials/start'
import {
  browserAs,
  bySystem,
  inOrganization,
  keysOf,
  newCustomer,
  newInstance,
  newStaff,
  productOf,
  subscribe,
} from './customer'
import { axeFindings, tooWide } from './look'
import { cards, fillIn } from './pay'

test.use({ locale: 'en-GB' })

for (const javaScriptEnabled of [true, false]) {
  test(`a technical member starts a trial in two clicks and has its key${javaScriptEnabled ? ' on the clipboard' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('tries')
    const context = await browserAs(browser, customer.people.technical, {
      javaScriptEnabled,
      ...(javaScriptEnabled ? { permissions: ['clipboard-read', 'clipboard-write'] } : {}),
      viewport: { width: 320, height: 740 },
    })
    const page = await context.newPage()
    await page.goto(`/${customer.slug}/trials`)
    await expect(page.getByText('No trial runs.')).toBeVisible()
    await page.getByRole('link', { name: 'Try Signature' }).click()
    await expect(page.getByText('No card is asked for, nothing is charged')).toBeVisible()
    await page.getByLabel('On which GLPI').selectOption({ value: customer.spareId })
    expect(await tooWide(page)).toBe(0)
    await page.getByRole('button', { name: 'Start the trial' }).click()
    await page.waitForURL(`**/${customer.slug}/trials?begun=*`)
    await expect(page.getByText(/^The trial of .* has begun/)).toBeVisible()
    expect(await tooWide(page)).toBe(0)
    const trial = (await keysOf(customer.organizationId)).find(({ characters }) =>
      characters.startsWith('gkt1'),
    )
    await page.getByRole('button', { name: /^Copy the key of/ }).click()
    if (javaScriptEnabled) {
      await expect(page.getByText(/^The key of .* is on the clipboard\.$/)).toBeVisible()
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(trial?.characters)
    } else await expect(page.locator('.chars')).toHaveText(trial?.characters ?? 'none')
    await expect(page.getByRole('progressbar')).toHaveAttribute('max', '15')
    await context.close()
  })
}

test('a viewer and a billing member see what runs and who starts a trial, and start none', async ({
  browser,
}) => {
  const customer = await newCustomer('looks')
  for (const role of ['viewer', 'billing'] as const) {
    const page = await (await browserAs(browser, customer.people[role])).newPage()
    await page.goto(`/${customer.slug}/trials?try=${customer.products.signature}`)
    await expect(page.getByText(/Trials are started by an owner or a technical member/)).toBeVisible()
    await expect(page.getByRole('row', { name: /^Signature/ })).toContainText(
      'Can be tried on Service desk, Spare',
    )
    await expect(page.getByRole('link', { name: /^Try / })).toHaveCount(0)
    await expect(page.getByRole('button', { name: 'Start the trial' })).toHaveCount(0)
  }
})

test('a trial that runs is bought from its page, and where a purchase is under way it leads there', async ({
  browser,
}) => {
  const customer = await newCustomer('keeps')
  const { organizationId, spareId: instanceId, products } = customer
  await startTrial(bySystem(organizationId), { productId: products.signature, instanceId })
  const page = await (await browserAs(browser, customer.people.owner)).newPage()
  await page.goto(`/${customer.slug}/trials`)
  await page.getByRole('link', { name: 'Buy Signature and keep it on Spare' }).click()
  await expect(page.getByRole('checkbox', { name: 'Buy Signature for Spare' })).toBeChecked()
  await page.getByRole('checkbox', { name: 'Buy Signature for Service desk' }).check()
  await page.getByRole('button', { name: 'See the total' }).click()
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await page.waitForURL(/\/c\/pay\//)
  await page.goto(`/${customer.slug}/trials`)
  await expect(page.getByRole('link', { name: /^Buy Signature and/ })).toHaveCount(0)
  await page
    .getByRole('row', { name: /^Signature/ })
    .locator('a[href*="/billing/checkouts/"]')
    .click()
  await page.waitForURL(`**/${customer.slug}/billing/checkouts/**`)
})

test('the page of the trials holds in both languages, at 320 pixels and for axe', async ({ browser }) => {
  const customer = await newCustomer('shows')
  const { organizationId, slug, spareId: instanceId, products } = customer
  const { keyId } = await startTrial(bySystem(organizationId), { productId: products.signature, instanceId })
  const past = await startTrial(bySystem(organizationId), {
    productId: await productOf('chatbot'),
    instanceId,
  })
  await revokeKey(bySystem(organizationId), { keyId: past.keyId, reason: 'requested' })
  await startTrial(bySystem(organizationId), { productId: products.formspro, instanceId })
  await subscribe(organizationId, 'formspro', instanceId)
  const paths = ['', `?begun=${keyId}`, `?try=${await productOf('workflowstudio')}`]
  for (const role of ['owner', 'viewer'] as const) {
    const context = await browserAs(browser, customer.people[role], { viewport: { width: 320, height: 800 } })
    const page = await context.newPage()
    for (const language of ['en', 'fr']) {
      await inOrganization(organizationId, 'update people set language = $2 where id = $1', [
        customer.people[role].personId,
        language,
      ])
      for (const path of paths) {
        await page.goto(`/${slug}/trials${path}`)
        expect({ path, axe: await axeFindings(page) }).toEqual({ path, axe: [] })
        expect({ path, tooWide: await tooWide(page) }).toEqual({ path, tooWide: 0 })
      }
    }
    await expect(page.getByRole('heading', { name: 'Essais terminés' })).toBeVisible()
    await context.close()
  }
})

test('a trial is bought and kept together with a further instance; its key goes on until the bought one is seen, and after', async ({
  browser,
  request,
}) => {
  const customer = await newCustomer('converts')
  const { organizationId, slug, products } = customer
  const instanceId = await newInstance(organizationId, `tried.${slug}.example`, { label: 'Annex' })
  await startTrial(bySystem(organizationId), { productId: products.signature, instanceId })
  const [trial] = (await keysOf(organizationId)).filter(({ characters }) => characters.startsWith('gkt1'))
  const installation_id = `installation-${slug}`
  /** What the plugin on that GLPI is told. */
  const asks = async (key = '', what = 'keys/validate') => {
    const call = { product: 'signature', key, installation_id, url: `https://tried.${slug}.example/glpi` }
    const answer = await request.post(`/api/v1/${what}`, { data: call })
    return { status: answer.status(), ...(await answer.json()) }
  }
  expect(await asks(trial?.characters, 'activations')).toMatchObject({ status: 201 })
  const page = await (await browserAs(browser, customer.people.owner)).newPage()
  await page.goto(`/${slug}/keys/${trial?.id}`)
  await page.getByRole('link', { name: 'Buy and keep' }).click()
  await expect(page.getByRole('checkbox', { name: 'Buy Signature for Annex' })).toBeChecked()
  await page.getByRole('checkbox', { name: 'Buy Signature for Service desk' }).check()
  await page.getByRole('button', { name: 'See the total' }).click()
  await page.getByRole('button', { name: /^Pay €380\.00/ }).click()
  await page.waitForURL(/\/c\/pay\//)
  await fillIn(page, cards.good)
  await expect(page.getByText('Your 2 new keys are ready.')).toBeVisible()
  expect(await asks(trial?.characters)).toMatchObject({ valid: true, notes: ['renewed'] })
  const [follower] = await inOrganization<{ id: string }>(
    organizationId,
    'select id from keys where follows_id = $1',
    [trial?.id],
  )
  const bought = (await keysOf(organizationId)).find(({ id }) => id === follower?.id)
  expect(await asks(bought?.characters, 'activations')).toMatchObject({
    status: 201,
    verdict: { valid: true },
  })
  expect(await asks(trial?.characters)).toMatchObject({ valid: true, notes: ['replaced'] })
  await page.goto(`/${slug}/trials`)
  await expect(
    page.getByRole('row', { name: /^Signature/ }).filter({ hasText: 'has taken its place' }),
  ).toBeVisible()
  // The same GLPI went on: nobody is asked what it is.
  expect(
    await inOrganization(organizationId, 'select from questions where key_id = $1', [follower?.id]),
  ).toEqual([])
})

test('a plan of the whole organization is tried without an instance', async ({ browser }) => {
  const { slug, people } = await newCustomer('plans')
  const page = await (await browserAs(browser, people.technical)).newPage()
  await page.goto(`/${slug}/trials`)
  await page.getByRole('link', { name: 'Try Cloud Standard' }).click()
  await expect(page.getByText('Its key is for all its GLPIs.')).toBeVisible()
  await page.getByRole('button', { name: 'Start the trial' }).click()
  await page.waitForURL(`**/${slug}/trials?begun=*`)
  await expect(page.getByRole('row', { name: /^Cloud Standard/ }).first()).toContainText('Whole organization')
})

test('staff see how many came how far, by product and by month', async ({ browser }) => {
  const { organizationId, spareId: instanceId, products } = await newCustomer('counted')
  await startTrial(bySystem(organizationId), { productId: products.signature, instanceId })
  const context = await browserAs(browser, await newStaff('staff'), { viewport: { width: 320, height: 800 } })
  const page = await context.newPage()
  await page.goto('/staff/trials')
  await page.getByRole('link', { name: 'Signature', exact: true }).click()
  const months = page.getByRole('region', { name: /^By month/ })
  await expect(months.getByRole('heading')).toContainText('Signature')
  await expect(months.getByRole('row').nth(1).getByRole('cell').nth(2)).toHaveText(/^[1-9]/)
  expect(await axeFindings(page)).toEqual([])
  expect(await tooWide(page)).toBe(0)
  await context.close()
})
