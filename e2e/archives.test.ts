import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from '@playwright/test'
import { browserAs, inOrganization, newCustomer } from './customer'
import { origin, send } from './send'

test('the archive of a release that fits is downloaded from the instance’s page; a viewer sees no such link', async ({
  browser,
}) => {
  const customer = await newCustomer('archive')
  const page = await (await browserAs(browser, customer.people.technical)).newPage()
  await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
  const downloading = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download Forms Pro 3.2.0' }).first().click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe('formspro-3.2.0.tgz')
  const bytes = readFileSync(await download.path())
  expect(gunzipSync(bytes).toString('utf8')).toContain('Forms Pro 3.2.0')
  await page.goto(`/${customer.slug}/activity?kind=key`)
  await expect(page.getByText('downloaded Forms Pro 3.2.0')).toBeVisible()
  const viewer = await (await browserAs(browser, customer.people.viewer)).newPage()
  await viewer.goto(`/${customer.slug}/instances/${customer.instanceId}`)
  await expect(viewer.getByRole('link', { name: /^Download Forms Pro/ })).toHaveCount(0)
})

test('how much needs somebody is the same number on each page, and refused attempts lead to what is open', async ({
  browser,
}) => {
  const customer = await newCustomer('needs')
  const [key] = customer.keys
  await inOrganization(
    customer.organizationId,
    `insert into questions (id, organization_id, key_id, kind, installation_id, refusal_code, first_at, last_at, calls)
     select gen_random_uuid(), organization_id, id, 'installation', 'stranger', '7QF3XM', now(), now(), 1 from keys
     where id = $1`,
    [key?.id],
  )
  await inOrganization(
    customer.organizationId,
    'insert into question_counts (organization_id, key_id, open) select organization_id, id, 1 from keys where id = $1',
    [key?.id],
  )
  const page = await (await browserAs(browser, customer.people.technical)).newPage()
  const here = `/${customer.slug}/instances/${customer.instanceId}`
  const said = new Set<string>()
  for (const path of [`/${customer.slug}`, `/${customer.slug}/keys`, `${here}/offline`, here]) {
    await page.goto(path)
    said.add(
      String(
        await page
          .getByRole('link', { name: /^Overview/ })
          .first()
          .textContent(),
      ),
    )
  }
  expect([...said]).toHaveLength(1)
  await page.getByRole('link', { name: 'One question is open about it' }).first().click()
  await expect(page).toHaveURL(`/${customer.slug}/questions`)
  await page.goto(`/${customer.slug}/offline-files`)
  await expect(page).toHaveURL(`/${customer.slug}/instances`)
})

test('what the addresses of files refuse they refuse in a sentence', async () => {
  const customer = await newCustomer('sentences')
  const as = customer.people.technical
  const files = `/${customer.slug}/offline-files`
  const archives = `/${customer.slug}/instances/${customer.instanceId}/archives`
  const form = { origin: origin(), 'content-type': 'application/x-www-form-urlencoded' }
  const answers = [
    await send({ method: 'POST', path: files, as, headers: form, body: 'organization=another' }),
    await send({ method: 'POST', path: files, as, headers: { origin: origin() }, body: 'no form' }),
    await send({ path: files, as }),
    await send({ method: 'DELETE', path: files, as, headers: { origin: origin() } }),
    await send({ path: `${archives}?product=nothing`, as }),
    await send({ path: archives }),
    await send({ method: 'PUT', path: archives, as, headers: { origin: origin() } }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 303, 405, 307, 307, 405])
  for (const { text, headers } of answers) {
    expect(text).toMatch(/^[A-Z][^<>{}]{30,}\.\n$/)
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
  }
  expect(answers[3]?.headers.allow).toBe('GET, HEAD, POST')
})
