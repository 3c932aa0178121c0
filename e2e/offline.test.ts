import { readFileSync } from 'node:fs'
import { expect, type Page, test } from '@playwright/test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { verifiedKeySet } from '@/lib/activations/key-set'
import { startTrial } from '@/lib/trials/start'
import {
  browserAs,
  bySystem,
  type Customer,
  inOrganization,
  inSystem,
  newCustomer,
  newOfflineFile,
  newStaff,
  subscribe,
} from './customer'
import { axeFindings, tooWide } from './look'
import { send } from './send'
import { startWeb } from './web'

const instance = (customer: Customer) => `/${customer.slug}/instances/${customer.instanceId}`
const offline = (customer: Customer) => `${instance(customer)}/offline`

/** Presses the button, and reads the file that comes as a plugin reads it: from the root alone. */
async function fetchFile(page: Page) {
  const coming = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download the file' }).focus()
  await page.keyboard.press('Enter')
  const download = await coming
  const { lease, key_set } = JSON.parse(readFileSync(await download.path(), 'utf8'))
  const root = Buffer.from(process.env.LEASE_ROOT_PUBLIC_KEY ?? '', 'base64')
  const set = await verifiedKeySet(key_set, root)
  const { payload, protectedHeader } = await jwtVerify(lease, createLocalJWKSet({ keys: set?.keys ?? [] }))
  expect(protectedHeader.typ).toBe('offline+jwt')
  return { name: download.suggestedFilename(), payload }
}

for (const javaScriptEnabled of [true, false]) {
  test(`a technical member fetches a file, which holds, and says that its GLPI is gone${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('offline')
    const { technical } = customer.people
    const context = await browserAs(browser, technical, { javaScriptEnabled })
    const page = await context.newPage()
    await page.goto(instance(customer))
    await page.getByRole('link', { name: 'Offline files' }).click()
    await expect(page.getByText('only an account manager can move its key')).toBeVisible()
    const key = page.getByLabel('Key', { exact: true })
    const chosen = (await key.locator('option:checked').textContent()) ?? ''
    const [, until, shortId] = /^Until (.+?): .* \((K-\w{6})\)$/.exec(chosen) ?? []
    await page.getByLabel('Installation ID').fill(`  of-${customer.slug} `)
    const { name, payload } = await fetchFile(page)
    expect(name).toBe(`latchkey-${shortId}.json`)
    expect(payload).toMatchObject({ installation_id: `of-${customer.slug}`, grace_until: null })

    await page.goto(offline(customer))
    await expect(page.getByLabel('Installation ID')).toHaveValue(`of-${customer.slug}`)
    const row = page.getByRole('row', { name: `of-${customer.slug}` })
    await expect(row).toContainText(`${shortId}`)
    await expect(row).toContainText(`by ${technical.email} on`)
    await expect(row).toContainText(`${until}`)
    await row.getByRole('link', { name: `This GLPI is gone: installation of-${customer.slug}` }).click()
    await expect(page.getByRole('listitem').filter({ hasText: `${shortId}` })).toContainText(
      `its place is free after ${until}`,
    )
    await page.getByRole('button', { name: 'It is gone' }).click()
    await expect(page.getByText('Noted: this GLPI is gone.')).toBeVisible()
    await expect(row).toContainText('gone since')
    await expect(row.getByRole('link')).toHaveCount(0)
    const [held] = await inOrganization<{ back: boolean; until: number }>(
      customer.organizationId,
      `select given_back_at is not null as back, extract(epoch from lease_ends_at)::int as until from activations where instance_id = $1`,
      [customer.instanceId],
    )
    expect(held).toEqual({ back: true, until: payload.exp })
    await context.close()
  })
}

test('what is wrong is said on the page with what was typed; a key that was pasted stands in no address', async ({
  browser,
}) => {
  const customer = await newCustomer('offline-wrong')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(offline(customer))
  const installation = page.getByLabel('Installation ID')
  const submit = page.getByRole('button', { name: 'Download the file' })
  const second =
    (await page.getByLabel('Key', { exact: true }).locator('option').last().getAttribute('value')) ?? ''
  await page.getByLabel('Key', { exact: true }).selectOption(second)
  await installation.fill('two words')
  await submit.click()
  await expect(installation).toHaveAccessibleDescription(/without blanks/)
  await expect(installation).toHaveValue('two words')
  await expect(page.getByLabel('Key', { exact: true })).toHaveValue(second)
  expect(await axeFindings(page)).toEqual([])
  await installation.fill('the-first')
  await fetchFile(page)
  await installation.fill('another')
  await submit.click()
  await expect(page.getByText('another GLPI than the one with this installation ID')).toBeVisible()
  await expect(installation).toHaveValue('another')
  const pasted = customer.keys[0]?.characters ?? ''
  await installation.fill(`${pasted} !`)
  await submit.click()
  await expect(installation).toHaveAccessibleDescription(/registration key does not belong here/)
  expect(page.url()).not.toContain(pasted)
  await context.close()
})

test('a file that ends within 30 days is told on the page of its instance, and not before', async ({
  browser,
}) => {
  const customer = await newCustomer('offline-ends')
  const context = await browserAs(browser, customer.people.technical)
  const page = await context.newPage()
  const told = page.getByText(/The offline file of .* works until/)
  const fetched = (instanceId: string, days: number) =>
    newOfflineFile(customer.organizationId, instanceId, customer.people.owner, {
      installationId: `ends-in-${days}`,
      days,
    })
  await fetched(customer.instanceId, 31)
  await page.goto(instance(customer))
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(told).toHaveCount(0)
  await fetched(customer.instanceId, 20)
  await page.reload()
  await expect(told).toContainText('Fetch a new file before then.')
  await told.getByRole('link', { name: 'Fetch a new file' }).click()
  await expect(page.getByRole('button', { name: 'Download the file' })).toBeVisible()
  await context.close()
})

test('of a trial’s file is said what lengthens a trial; who may not fetch is led to nobody’s button', async ({
  browser,
}) => {
  const customer = await newCustomer('offline-trial')
  const { owner, viewer, billing } = customer.people
  const { keyId } = await startTrial(bySystem(customer.organizationId), {
    productId: customer.products.formspro,
    instanceId: customer.spareId,
  })
  const ending = { installationId: 'of-a-trial', days: 20, keyId }
  await newOfflineFile(customer.organizationId, customer.spareId, owner, ending)
  const told = async (person: Parameters<typeof browserAs>[1]) => {
    const context = await browserAs(browser, person)
    const page = await context.newPage()
    await page.goto(`/${customer.slug}/instances/${customer.spareId}`)
    const note = page.locator('.notice').filter({ hasText: 'The offline file of Forms Pro works until' })
    await expect(note).toContainText('It is a trial’s')
    await expect(note).not.toContainText('Renew')
    const links = await note
      .getByRole('link')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')))
    await context.close()
    return links.filter((href) => href?.endsWith('/offline')).length
  }
  expect(await told(owner)).toBe(1)
  for (const person of [viewer, billing, await newStaff('manager', customer.organizationId)])
    expect(await told(person)).toBe(0)
})

test('who may not fetch files sees them, without buttons, and is told whom to ask', async ({ browser }) => {
  const customer = await newCustomer('offline-viewer')
  const { owner, viewer, billing } = customer.people
  for (const person of [viewer, billing, await newStaff('manager', customer.organizationId)]) {
    const context = await browserAs(browser, person)
    const page = await context.newPage()
    await page.goto(`/${customer.slug}/instances/${customer.spareId}/offline`)
    await expect(page.getByRole('row', { name: 'e2e-offline' })).toBeVisible()
    await expect(page.getByRole('main')).toContainText(`ask an owner or a technical member (${owner.email}`)
    await expect(page.getByRole('table').getByRole('link')).toHaveCount(0)
    await expect(page.getByRole('main').getByRole('button')).toHaveCount(0)
    await page.goto(`/${customer.slug}/offline-files/${customer.fileId}`)
    await expect(page.getByText('You may look, but not fetch offline files')).toBeVisible()
    await context.close()
  }
})

test('both pages fit 320 px and are in order for axe, in French too', async ({ browser }) => {
  const customer = await newCustomer('offline-narrow')
  const long = { installationId: 'W'.repeat(100) }
  const fileId = await newOfflineFile(customer.organizationId, customer.spareId, customer.people.owner, long)
  const options = { viewport: { width: 320, height: 800 } }
  const context = await browserAs(browser, customer.people.technical, options)
  const page = await context.newPage()
  for (const language of ['en', 'fr']) {
    await inSystem('update people set language = $1 where id = $2', [
      language,
      customer.people.technical.personId,
    ])
    for (const path of [
      offline(customer),
      `/${customer.slug}/instances/${customer.spareId}/offline`,
      `/${customer.slug}/offline-files/${fileId}`,
    ]) {
      await page.goto(path)
      await expect(page.locator('html')).toHaveAttribute('lang', language)
      expect(await tooWide(page), path).toBe(0)
      expect(await axeFindings(page), path).toEqual([])
    }
  }
  await context.close()
})

test('a portal without a ring to sign with says so in the form’s place, and hands out nothing', async () => {
  const customer = await newCustomer('offline-unset')
  const { web, port, url } = await startWeb({ LEASE_KEY_RING: undefined })
  try {
    const as = customer.people.owner
    const { text } = await send({ path: offline(customer), as, port })
    expect(text).toContain('has not set offline files up')
    expect(text).not.toContain('Download the file')
    const fields = {
      organization: customer.slug,
      instanceId: customer.instanceId,
      key: customer.keys[0]?.id ?? '',
    }
    const asked = await send({
      method: 'POST',
      path: `/${customer.slug}/offline-files`,
      as,
      port,
      headers: { origin: url, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...fields, installationId: 'none' }).toString(),
    })
    expect([asked.status, asked.headers.location]).toEqual([303, offline(customer)])
    const made = 'select from offline_files where instance_id = $1'
    expect(await inOrganization(customer.organizationId, made, [customer.instanceId])).toEqual([])
  } finally {
    await web.stop()
  }
})

test('of a suite’s key each plugin has a file of its own, which names that plugin', async ({ browser }) => {
  const customer = await newCustomer('offline-suite')
  await subscribe(customer.organizationId, 'productivity-suite', customer.spareId)
  const context = await browserAs(browser, customer.people.technical)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/instances/${customer.spareId}/offline`)
  const key = page.getByLabel('Key', { exact: true })
  const options = await key.locator('option').allTextContents()
  expect(options.length).toBeGreaterThan(1)
  const forms = options.find((text) => text.includes(': Forms Pro, by ')) ?? ''
  await key.selectOption({ label: forms })
  await page.getByLabel('Installation ID').fill('suite')
  const { name, payload } = await fetchFile(page)
  expect(payload).toMatchObject({ aud: 'formspro', installation_id: 'suite' })
  expect(name).toMatch(/^latchkey-K-\w{6}-formspro\.json$/)
  await context.close()
})
