import { expect, test } from '@playwright/test'
import { revokeKey } from '@/lib/keys/revoke'
import { startTrial } from '@/lib/trials/start'
import { browserAs, bySystem, inOrganization, keysOf, newCustomer, productOf, subscribe } from './customer'
import { axeFindings, tooWide } from './look'

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
