import { readFile } from 'node:fs/promises'
import { type BrowserContext, type Download, expect, type Page, test } from '@playwright/test'
import { browserAs, type Customer, inOrganization, newCustomer, newInstance, subscribe } from './customer'
import { askForMail } from './sign-in'

const clipboard = ['clipboard-read', 'clipboard-write']

test.describe('an owner', () => {
  let customer: Customer
  let context: BrowserContext
  let page: Page

  test.beforeAll(async () => {
    customer = await newCustomer('copy')
  })

  test.beforeEach(async ({ browser }) => {
    context = await browserAs(browser, customer.people.owner, { permissions: clipboard })
    page = await context.newPage()
  })

  test.afterEach(() => context.close())

  for (const [place, path] of Object.entries({
    'the list': () => `/${customer.slug}/keys?sort=product`,
    'the instance’s page': () => `/${customer.slug}/instances/${customer.instanceId}`,
  })) {
    test(`copies each key from ${place}; the clipboard holds it byte by byte, and the page says what to do next`, async () => {
      await page.goto(path())
      await expect(page.getByRole('button', { name: /^Copy the key of/ })).toHaveCount(3)
      for (const button of await page.locator('button[value^=copied]').all()) {
        const { characters } = keyOf(customer, await button.getAttribute('value'))
        await button.click()
        await expect(page.getByText(/^The key of .* is on the clipboard\.$/)).toBeVisible()
        expect(await onClipboard(page)).toBe(characters)
        expect(await pasted(context)).toBe(characters)
        await expect(page.getByText('In GLPI 11.0.4:')).toBeVisible()
        await expect(page.getByText(/^In GLPI 11\.0\.4: Setup › Plugins › .*open its settings/)).toBeVisible()
        await expect(button).toHaveText('Copied')
        await expect(page.getByRole('button', { name: 'Copied' })).toHaveCount(1)
        // Copied, it need not stand on the screen.
        expect(await page.content()).not.toContain(characters)
        expect(await page.getByText(/is on the clipboard\.$/).count()).toBe(1)
      }
    })
  }

  test('a double click hands out the key once, and a slow answer is waited for in sight', async ({
    browser,
  }) => {
    const own = await newCustomer('double')
    const others = await browserAs(browser, own.people.owner, { permissions: clipboard })
    const slow = await others.newPage()
    await slow.goto(`/${own.slug}/keys`)
    let answer = () => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    await slow.route(`**/${own.slug}/keys`, async (route) => {
      if (route.request().method() === 'POST') await held
      await route.continue()
    })
    const button = slow.getByRole('button', { name: /^Copy the key of/ }).first()
    await button.dblclick()
    await expect(button).toHaveAttribute('aria-busy', 'true')
    await expect(slow.locator('[aria-busy]')).toHaveCount(1)
    answer()
    await expect(slow.getByText(/is on the clipboard\.$/)).toBeVisible()
    await expect(slow.locator('[aria-busy]')).toHaveCount(0)
    const revealed = `select from audit_entries where organization_id = $1 and action = 'key.reveal'`
    expect(await inOrganization(own.organizationId, revealed, [own.organizationId])).toHaveLength(1)
    // By another organization's path nothing comes out, whatever the form says.
    const file = await slow.request.post(`/${customer.slug}/keys/file`, {
      headers: { Origin: new URL(slow.url()).origin },
      form: { organization: own.slug, keyId: own.keys[0]?.id ?? '' },
    })
    expect(file.status()).toBe(404)
    await others.close()
  })

  test('where the clipboard API is missing, the key is copied the older way', async () => {
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })
      Object.defineProperty(window, 'isSecureContext', { value: false })
    })
    await page.goto(`/${customer.slug}/keys`)
    expect(await page.evaluate(() => typeof navigator.clipboard)).toBe('undefined')
    const button = page.getByRole('button', { name: /^Copy the key of/ }).first()
    const { characters } = keyOf(customer, await button.getAttribute('value'))
    await button.click()
    await expect(page.getByText(/is on the clipboard\.$/)).toBeVisible()
    expect(await pasted(context)).toBe(characters)
  })

  test('where the browser refuses both, the key is shown and selected, with what to press', async () => {
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })
      document.execCommand = () => false
    })
    for (const path of [`/${customer.slug}/keys`, `/${customer.slug}/instances/${customer.instanceId}`]) {
      await page.goto(path)
      for (const button of await page.locator('button[value^=copied]').all()) {
        const { characters } = keyOf(customer, await button.getAttribute('value'))
        await button.click()
        await expect(
          page.getByText('This browser does not let a page copy. The key is selected: press Ctrl+C'),
        ).toBeVisible()
        await expect.poll(() => selection(page)).toBe(characters)
        await page.keyboard.press('ControlOrMeta+C')
        expect(await pasted(context)).toBe(characters)
      }
    }
  })

  test('selecting by hand, by a click, by two or by three, gives exactly the 36 characters', async () => {
    await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
    for (const button of await page.locator('button[value^=shown]').all()) {
      const { characters } = keyOf(customer, await button.getAttribute('value'))
      await button.click()
      const shown = page.locator('.shown .chars')
      await expect(shown).toHaveText(characters)
      for (const clickCount of [1, 2, 3]) {
        await page.evaluate(() => getSelection()?.removeAllRanges())
        await shown.click({ clickCount, position: { x: 40, y: 12 } })
        expect(await selection(page)).toBe(characters)
        await page.keyboard.press('ControlOrMeta+C')
        expect(await pasted(context)).toBe(characters)
      }
    }
    expect(customer.keys.map(({ characters }) => characters.length)).toEqual([36, 36, 36])
  })

  test('a file holds each key alone on its line, exactly', async () => {
    await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
    for (const { id, shortId, characters } of customer.keys) {
      const one = page.waitForEvent('download')
      await page.locator(`button[form="file-${id}"]`).click()
      const { name, lines } = await fileOf(await one)
      expect(name).toBe(`${shortId}.txt`)
      expect(lines.filter((line) => /gk[stp]1/.test(line))).toEqual([characters])
    }
    const all = page.waitForEvent('download')
    await page.getByRole('button', { name: 'All 2 keys as a file' }).click()
    const { lines } = await fileOf(await all)
    const found = lines.filter((line) => /gk[stp]1/.test(line))
    // The old key of the renewal is left out: its new one takes its place.
    const current = customer.keys.filter((_, index) => index !== 0)
    expect(found.toSorted()).toEqual(current.map(({ characters }) => characters).toSorted())
    for (const { shortId } of current) expect(lines.some((line) => line.includes(`(${shortId})`))).toBe(true)
  })
})

test('each reveal stands in the instance’s timeline: shown, copied, in a file', async ({ browser }) => {
  const customer = await newCustomer('timeline')
  const context = await browserAs(browser, customer.people.technical, { permissions: clipboard })
  const page = await context.newPage()
  const home = `/${customer.slug}/instances/${customer.instanceId}`
  await page.goto(home)
  const [first] = customer.keys
  const article = page.locator(`#${first?.shortId}`)
  await article.getByRole('button', { name: /^Show/ }).click()
  await expect(page.locator('.shown .chars')).toBeVisible()
  await article.getByRole('button', { name: /^Copy/ }).click()
  await expect(page.getByText(/is on the clipboard\.$/)).toBeVisible()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'All 2 keys as a file' }).click()
  await download
  await page.goto(home)
  const rows = await page.locator('tr', { has: page.locator('time') }).allTextContents()
  const { email } = customer.people.technical
  for (const sentence of [
    `${email} looked at ${first?.shortId}, Forms Pro`,
    `${email} copied ${first?.shortId}, Forms Pro`,
    ...customer.keys.slice(1).map(({ shortId }) => `${email} downloaded ${shortId},`),
  ]) {
    expect(rows.filter((row) => row.includes(sentence))).toHaveLength(1)
  }
  await context.close()
})

test('what to do next bears the names of the GLPI’s own version', async ({ browser }) => {
  const customer = await newCustomer('versions')
  const context = await browserAs(browser, customer.people.owner, { permissions: clipboard })
  const page = await context.newPage()
  const next = {
    '9.5.13': 'In GLPI 9.5.13: Setup › Plugins, click the name Forms Pro, paste the key, Save.',
    '10.0.18': 'In GLPI 10.0.18: Setup › Plugins, click the name Forms Pro, paste the key, Save.',
    '11.0.4':
      'In GLPI 11.0.4: Setup › Plugins › Forms Pro: open its settings (the wrench), paste the key, Save.',
  }
  for (const [glpiVersion, sentence] of Object.entries(next)) {
    const host = `v${glpiVersion}.${customer.slug}.example`
    const instanceId = await newInstance(customer.organizationId, host, { label: glpiVersion, glpiVersion })
    await subscribe(customer.organizationId, 'formspro', instanceId)
    await page.goto(`/${customer.slug}/instances/${instanceId}`)
    await page.getByRole('button', { name: /^Copy the key of/ }).click()
    await expect(page.getByText(sentence)).toBeVisible()
    await expect(page.getByText('GLPI Network')).toHaveCount(0)
  }
  await context.close()
})

for (const role of ['viewer', 'billing'] as const) {
  test(`a ${role} member sees no button, is told who can, and is refused by the raw form`, async ({
    browser,
  }) => {
    const customer = await newCustomer(`masked-${role}`)
    const context = await browserAs(browser, customer.people[role])
    const page = await context.newPage()
    for (const path of [`/${customer.slug}/keys`, `/${customer.slug}/instances/${customer.instanceId}`]) {
      await page.goto(path)
      await expect(
        page.getByText(/^Keys are masked for you .*Ask an owner or a technical member/),
      ).toBeVisible()
      await expect(page.getByRole('button', { name: /^(Copy|Show|Download) the key/ })).toHaveCount(0)
      await expect(page.locator('[name=reveal], form[action$="/keys/file"]')).toHaveCount(0)
      const html = await page.content()
      for (const { characters } of customer.keys) expect(html).not.toContain(characters.slice(4, -4))
    }
    const answer = await page.request.post(`/${customer.slug}/keys/file`, {
      headers: { origin: process.env.PUBLIC_URL ?? '' },
      multipart: { organization: customer.slug, keyId: customer.keys[0]?.id ?? '' },
    })
    // Asked from a page that was made before the role changed: back to it, which says so now.
    expect(answer.headers()['content-disposition']).toBeUndefined()
    expect(await answer.text()).toContain('Ask an owner or a technical member')
    await context.close()
  })
}

test('a hundred reveals an hour, then the page says when to try again', async ({ browser }) => {
  const customer = await newCustomer('limit')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  const headers = { origin: process.env.PUBLIC_URL ?? '' }
  const form = { organization: customer.slug, keyId: customer.keys[0]?.id ?? '' }
  const statuses: number[] = []
  for (let time = 0; time < 100; time++) {
    const answer = await page.request.post(`/${customer.slug}/keys/file`, { headers, multipart: form })
    statuses.push(answer.status())
  }
  expect(new Set(statuses)).toEqual(new Set([200]))
  await page.goto(`/${customer.slug}/keys`)
  await page
    .getByRole('button', { name: /^Copy the key of/ })
    .first()
    .click()
  await expect(
    page.getByText(
      /^100 keys an hour can be shown, copied or downloaded\. Please try again in \d+ minutes\.$/,
    ),
  ).toBeVisible()
  await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
  await page
    .getByRole('button', { name: /^Show the key of/ })
    .first()
    .click()
  await expect(page.getByText(/^100 keys an hour can be shown/)).toBeVisible()
  await expect(page.locator('.shown')).toHaveCount(0)
  const done = await inOrganization<{ outcome: string; n: number }>(
    customer.organizationId,
    `select outcome, count(*)::int as n from audit_entries where action = 'key.reveal' group by 1 order by 1`,
  )
  expect(done).toEqual([
    { outcome: 'done', n: 100 },
    { outcome: 'refused', n: 1 },
  ])
  await context.close()
})

test('the keyboard alone: from signing in to the copied key', async ({ browser }) => {
  const customer = await newCustomer('keyboard')
  const context = await browserAs(browser, null, { permissions: clipboard })
  const page = await context.newPage()
  await page.goto('/sign-in')
  const { code } = await askForMail(page, customer.people.technical.email)
  await page.keyboard.press('Tab')
  await tabTo(page, 'input[name=code]')
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(`/${customer.slug}`)
  await tabTo(page, `nav a[href="/${customer.slug}/keys"]`)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(`/${customer.slug}/keys`)
  await tabTo(page, 'button[name=reveal]')
  const value = await page.evaluate(() => document.activeElement?.getAttribute('value') ?? '')
  await page.keyboard.press('Enter')
  await expect(page.getByText(/is on the clipboard\.$/)).toBeVisible()
  expect(await pasted(context)).toBe(keyOf(customer, value).characters)
  // The focus is still where one was, so that the next key is one step away.
  expect(await page.evaluate(() => document.activeElement?.getAttribute('value'))).toBe(value)
  await context.close()
})

test.describe('without JavaScript', () => {
  test('Copy and Show answer with the key, to be selected', async ({ browser }) => {
    const customer = await newCustomer('plain')
    const context = await browserAs(browser, customer.people.owner, { javaScriptEnabled: false })
    const page = await context.newPage()
    for (const path of [`/${customer.slug}/keys`, `/${customer.slug}/instances/${customer.instanceId}`]) {
      await page.goto(path)
      const values = await page
        .locator('button[name=reveal]')
        .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('value') ?? ''))
      expect(values.length).toBeGreaterThanOrEqual(3)
      for (const value of values) {
        await page.goto(path)
        await page.locator(`button[value="${value}"]`).click()
        const { characters } = keyOf(customer, value)
        await expect(page.locator('.answer .chars')).toHaveText(characters)
        await expect(page.getByText('is on the clipboard')).toHaveCount(0)
        await expect(page.getByText('In GLPI 11.0.4:')).toBeVisible()
      }
    }
    await context.close()
  })
})

function keyOf(customer: Customer, value: string | null) {
  const id = value?.split(' ')[1]
  const key = customer.keys.find((one) => one.id === id)
  if (!key) throw new Error(`no key is ${value}`)
  return key
}

const onClipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText())

const selection = (page: Page) => page.evaluate(() => getSelection()?.toString() ?? '')

/** What pasting gives, in a field that takes line breaks and blanks as they come. */
async function pasted(context: BrowserContext): Promise<string> {
  const page = await context.newPage()
  await page.setContent('<textarea autofocus></textarea>')
  await page.locator('textarea').focus()
  await page.keyboard.press('ControlOrMeta+V')
  const text = await page.locator('textarea').inputValue()
  await page.close()
  return text
}

async function fileOf(download: Download) {
  const text = await readFile(await download.path(), 'utf8')
  return { name: download.suggestedFilename(), lines: text.split('\r\n') }
}

async function tabTo(page: Page, selector: string) {
  for (let step = 0; step < 60; step++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${selector} cannot be reached by the keyboard`)
}
