import { AxeBuilder } from '@axe-core/playwright'
import { type BrowserContext, expect, type Page, test } from '@playwright/test'
import {
  browserAs,
  type Customer,
  inSystem,
  newCustomer,
  newInstance,
  newPerson,
  subscribe,
} from './customer'
import { paths } from './doors'
import { query } from './sign-in'

const hostile = [
  `<b>bold</b> "O'Hara" & <img src=x onerror=alert(1)>`,
  '\u202Egnp.exe \u2066 left \u2069 right',
  'مكتب المساعدة '.repeat(14).trim(),
  `'"</script><script>alert(1)</script>`,
]

/** Every page, also the ones for what is missing; `signedIn` says by whom it is seen. */
function pages(customer: Customer) {
  const own = Object.entries(paths)
    .filter(([name, { permission, staff }]) => permission !== null && !staff && name.endsWith('/page'))
    .map(([, { at }]) => ({ signedIn: true, path: at(customer.slug, customer) }))
  return [
    ...own,
    { signedIn: true, path: `/${customer.slug}/keys?q=nothing-like-it` },
    { signedIn: true, path: `/${customer.slug}/instances?retired=1` },
    { signedIn: true, path: '/account' },
    { signedIn: true, path: '/account/email?token=none' },
    { signedIn: true, path: '/no/such/page' },
    { signedIn: true, path: `/unknown-organization/keys` },
    { signedIn: true, path: '/invitation?token=none' },
    { signedIn: false, path: '/invitation?token=none' },
    { signedIn: false, path: '/sign-in' },
    { signedIn: false, path: '/sign-in/link?token=none' },
    { signedIn: false, path: '/no/such/page' },
  ]
}

/** Listens to what the browser reports: a breach of the policy, an error, a script that ran. */
async function listen(context: BrowserContext): Promise<string[]> {
  const reports: string[] = []
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) =>
      console.error(`policy: ${violatedDirective} ${blockedURI} ${sourceFile}`),
    )
  })
  context.on('console', (message) => {
    // The browser's own line for an answer of 404, which some of the pages are.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      reports.push(message.text())
  })
  context.on('weberror', (error) => reports.push(error.error().message))
  context.on('dialog', (dialog) => {
    reports.push(`a script ran: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return reports
}

// Colours are the theme's and words are the language's: in CI each is seen once, at full size each with each.
const stress = Boolean(process.env.STRESS)

for (const colorScheme of ['light', 'dark'] as const) {
  for (const language of stress
    ? (['en', 'fr'] as const)
    : ([colorScheme === 'light' ? 'en' : 'fr'] as const)) {
    test(`axe finds nothing on any page, and each says its language, title and headings in order (${colorScheme}, ${language})`, async ({
      browser,
    }) => {
      test.setTimeout(600_000)
      const customer = await newCustomer(`axe-${colorScheme}-${language}`)
      await query('update people set language = $1 where id = $2', [language, customer.people.owner.personId])
      const options = { colorScheme, locale: language === 'en' ? 'en-GB' : 'fr-FR' }
      const contexts = {
        in: await browserAs(browser, customer.people.owner, options),
        out: await browserAs(browser, null, options),
      }
      const titles = new Set<string>()
      for (const { signedIn, path } of pages(customer)) {
        const page = await contexts[signedIn ? 'in' : 'out'].newPage()
        const reports = await listen(page.context())
        await page.goto(path)
        await expect(page.locator('h1')).toHaveCount(1)
        await expect(page.locator('html')).toHaveAttribute('lang', language)
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect({ path, found: violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`) }).toEqual({
          path,
          found: [],
        })
        const title = await page.title()
        expect(title).toContain('Northwind Plugins')
        titles.add(title)
        expect({ path, skipped: await skippedHeadings(page) }).toEqual({ path, skipped: [] })
        expect({ path, reports }).toEqual({ path, reports: [] })
        await page.close()
      }
      expect(titles.size).toBeGreaterThan(7)
      for (const context of Object.values(contexts)) await context.close()
    })
  }
}

test('every page fits 320 px, and 200 % zoom, without scrolling sideways', async ({ browser }) => {
  test.slow()
  const customer = await newCustomer('narrow', {
    label: 'A-very-long-name-of-an-instance-without-a-blank-'.repeat(3),
  })
  // 1280 px at 200 % are 640 CSS pixels.
  for (const viewport of [
    { width: 320, height: 640 },
    { width: 640, height: 400 },
  ]) {
    const contexts = {
      in: await browserAs(browser, customer.people.owner, { viewport }),
      out: await browserAs(browser, null, { viewport }),
    }
    for (const { signedIn, path } of pages(customer)) {
      const page = await contexts[signedIn ? 'in' : 'out'].newPage()
      await page.goto(path)
      await expect(page.locator('h1')).toBeVisible()
      const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
      expect({ path, content }).toEqual({ path, content: Math.min(content ?? 0, window ?? 0) })
      await page.close()
    }
    for (const context of Object.values(contexts)) await context.close()
  }
})

test('the keyboard opens and closes what a page has: the skip link, the menus', async ({ browser }) => {
  const customer = await newCustomer('keys-only')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/keys`)
  await page.keyboard.press('Tab')
  await expect(
    page.getByRole('link', { name: 'Skip to content' }).or(page.locator('a[href^="#"]').first()),
  ).toBeFocused()
  await page.keyboard.press('Enter')
  expect(await page.evaluate(() => location.hash)).toMatch(/^#./)
  for (const name of [/^Account of/]) {
    const button = page.getByRole('button', { name })
    await button.focus()
    await page.keyboard.press('Enter')
    await expect(page.getByRole('button', { name: 'Sign out', exact: true })).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('button', { name: 'Sign out', exact: true })).toBeHidden()
    await expect(button).toBeFocused()
  }
  await context.close()
})

test('[B6] names with markup, of right-to-left and of 200 characters stay what they are, in every page, list and file', async ({
  browser,
}) => {
  test.slow()
  let shown = 0
  for (const [index, name] of hostile.entries()) {
    const customer = await newCustomer(`hostile-${index}`, {
      name: name.slice(0, 200),
      label: name.slice(0, 200),
    })
    await inSystem('update people set name = $1 where id = $2', [
      name.slice(0, 200),
      customer.people.owner.personId,
    ])
    const context = await browserAs(browser, customer.people.owner)
    const reports = await listen(context)
    const page = await context.newPage()
    for (const { signedIn, path } of pages(customer)) {
      if (!signedIn) continue
      const response = await page.goto(path)
      await expect(page.locator('h1')).toHaveCount(1)
      const html = (await response?.text()) ?? ''
      // As text only: neither as an element, nor so that it ends the script that carries it.
      expect({
        path,
        raw: html.includes('<img src=x') || html.includes('<b>bold') || html.includes('<script>alert'),
      }).toEqual({ path, raw: false })
      expect(await page.locator('img[src=x]').count()).toBe(0)
      shown++
    }
    await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(kept(name))
    const csv = await (await page.request.get(`/${customer.slug}/keys/export`)).text()
    expect(csv).toContain(kept(name).replaceAll('"', '""'))
    const file = await page.request.post(`/${customer.slug}/keys/file`, {
      headers: { origin: process.env.PUBLIC_URL ?? '' },
      form: { organization: customer.slug, keyId: customer.keys[0]?.id ?? '' },
    })
    expect(file.headers()['content-type']).toBe('text/plain; charset=utf-8')
    const lines = (await file.text()).split('\r\n')
    expect(lines.filter((line) => line === customer.keys[0]?.characters)).toHaveLength(1)
    expect({ name, reports }).toEqual({ name, reports: [] })
    await context.close()
  }
  console.log(`[B6] ${hostile.length} names, ${shown} pages`)
})

test('[B5] an export of hostile names holds no cell that starts a formula', async ({ browser }) => {
  const customer = await newCustomer('formulas')
  for (const [index, label] of [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    ' =1',
    'a;=1',
    '=HYPERLINK("https://evil.example")',
  ].entries()) {
    const instanceId = await newInstance(customer.organizationId, `f${index}.${customer.slug}.example`, {
      label,
    })
    await subscribe(customer.organizationId, 'formspro', instanceId)
  }
  const context = await browserAs(browser, customer.people.viewer)
  const answer = await context.request.get(`/${customer.slug}/keys/export?state=all`)
  const cells = (await answer.text())
    .slice(1)
    .split(/[,;\r\n]+/)
    .map((cell) => cell.replace(/^"/, ''))
  expect(cells.length).toBeGreaterThan(80)
  expect(cells.filter((cell) => /^\s*[=+\-@]/.test(cell))).toEqual([])
  await context.close()
})

test('who belongs nowhere, and a page that asks for more than the role has, are told what to do', async ({
  browser,
}) => {
  const customer = await newCustomer('told')
  for (const [as, path] of [
    [await newPerson(), '/'],
    [customer.people.viewer, `/${customer.slug}/instances/new`],
    [customer.people.billing, `/${customer.slug}/instances/${customer.instanceId}/edit`],
  ] as const) {
    const context = await browserAs(browser, as)
    const page = await context.newPage()
    const reports = await listen(context)
    await page.goto(path)
    await expect(page.locator('h1')).toHaveCount(1)
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect({ path, found: violations.map(({ id }) => id), reports }).toEqual({ path, found: [], reports: [] })
    await context.close()
  }
})

const skippedHeadings = (page: Page) =>
  page.evaluate(() => {
    const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((heading) =>
      Number(heading.tagName[1]),
    )
    return levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1)
  })

/** A label is kept on one line, without the characters that turn the direction of what follows. */
function kept(name: string): string {
  return name
    .slice(0, 200)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\p{Cf}/gu, '')
    .trim()
}
