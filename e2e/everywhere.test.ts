import { readFileSync } from 'node:fs'
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
import { formOf, organizationActions, paths } from './doors'
import { axeFindings, tooWide } from './look'
import { actionBody, builtActions, origin, send } from './send'
import { arrived, mailsTo, query } from './sign-in'

const stress = Boolean(process.env.STRESS)

/** Nothing in it can be broken at. */
const unbroken = 'w'.repeat(135)

const arabic = 'مكتب المساعدة '
const hostile = [
  `<b>bold</b> "O'Hara" & <img src=x onerror=alert(1)>`,
  '\u202Egnp.exe \u2066 left \u2069 right',
  `${arabic}${unbroken}`,
  `'"</script><script>alert(1)</script>`,
]

/** In CI two stand in one name, within the 200 characters that a name may have; at full size each has its own. */
const hostileNames = stress
  ? hostile
  : [`${hostile[0]} ${hostile[3]}`, `${hostile[1]} ${hostile[2]}`.slice(0, 200).trim()]

/** Every page, also the ones for what is missing; `signedIn` says by whom it is seen. */
function pages(customer: Customer) {
  const own = Object.entries(paths)
    .filter(([name, { permission, staff }]) => permission !== null && !staff && name.endsWith('/page'))
    .map(([, { at }]) => ({ signedIn: true, path: at(customer.slug, customer) }))
  return [
    ...own,
    { signedIn: true, path: `/${customer.slug}/keys?q=nothing-like-it` },
    { signedIn: true, path: `/${customer.slug}/instances?retired=1` },
    { signedIn: true, path: `/${customer.slug}/instances?q=nothing-like-it` },
    { signedIn: true, path: '/account' },
    { signedIn: true, path: '/account/email?token=none' },
    { signedIn: true, path: '/no/such/page' },
    { signedIn: true, path: `/unknown-organization/keys` },
    { signedIn: true, path: '/invitation?token=none' },
    { signedIn: true, path: '/check' },
    { signedIn: false, path: '/check' },
    { signedIn: false, path: '/invitation?token=none' },
    { signedIn: false, path: '/sign-in' },
    { signedIn: false, path: '/sign-in/link?token=none' },
    { signedIn: false, path: '/help/api' },
    { signedIn: false, path: '/help/glpi' },
    { signedIn: false, path: '/trial' },
    { signedIn: false, path: '/trial/formspro' },
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
for (const colorScheme of ['light', 'dark'] as const) {
  for (const language of stress
    ? (['en', 'fr'] as const)
    : ([colorScheme === 'light' ? 'en' : 'fr'] as const)) {
    test(`axe finds nothing on any page, each says its language, title and headings in order, and fits 320 px and 200 % zoom without scrolling sideways (${colorScheme}, ${language})`, async ({
      browser,
    }) => {
      test.setTimeout(600_000)
      const customer = await newCustomer(`axe-${colorScheme}-${language}`, {
        label: `A-very-long-name-of-an-instance-${unbroken}`,
      })
      await nameSpare(customer, `<b> ${arabic}${unbroken}`)
      await query('update people set language = $1 where id = $2', [language, customer.people.owner.personId])
      const options = { colorScheme, locale: language === 'en' ? 'en-GB' : 'fr-FR' }
      const titles = new Set<string>()
      for (const signedIn of [true, false]) {
        const context = await browserAs(browser, signedIn ? customer.people.owner : null, options)
        const reports = await listen(context)
        const page = await context.newPage()
        for (const { path } of pages(customer).filter((one) => one.signedIn === signedIn)) {
          await page.goto(path)
          await expect(page.locator('h1')).toHaveCount(1)
          await expect(page.locator('html')).toHaveAttribute('lang', language)
          expect({ path, found: await axeFindings(page) }).toEqual({ path, found: [] })
          const title = await page.title()
          expect(title).toContain('Northwind Plugins')
          titles.add(title)
          expect({ path, skipped: await skippedHeadings(page) }).toEqual({ path, skipped: [] })
          expect({ path, wider: await widerThanItsWindow(page) }).toEqual({ path, wider: [] })
          expect({ path, reports }).toEqual({ path, reports: [] })
        }
        await context.close()
      }
      expect(titles.size).toBeGreaterThan(7)
    })
  }
}

/** The widths of a window in which the page, as it stands, would have to be scrolled sideways. */
async function widerThanItsWindow(page: Page): Promise<number[]> {
  const found: number[] = []
  const before = page.viewportSize()
  // 1280 px at 200 % are 640 CSS pixels.
  for (const viewport of [
    { width: 320, height: 640 },
    { width: 640, height: 400 },
  ]) {
    await page.setViewportSize(viewport)
    await expect(page.locator('h1')).toBeVisible()
    if ((await tooWide(page)) > 0) found.push(viewport.width)
  }
  if (before) await page.setViewportSize(before)
  return found
}

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
  for (const [index, name] of hostileNames.entries()) {
    const customer = await newCustomer(`hostile-${index}`, {
      name: name.slice(0, 200),
      label: name.slice(0, 200),
    })
    await nameSpare(customer, kept(`${name.slice(0, 190)} spare`))
    // As it would have been kept.
    await inSystem('update people set name = $1 where id = $2', [kept(name), customer.people.owner.personId])
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
      expect({ path, tooWide: await tooWide(page) }).toEqual({ path, tooWide: 0 })
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
    await expectMailsFine(customer, name)
  }
  const log = logged()
  expect(log.filter((line) => marks.some((mark) => line.includes(mark)))).toEqual([])
  console.log(
    `[B6] ${hostileNames.length} names, ${shown} pages, ${2 * hostileNames.length} mails, ${log.length} lines of log`,
  )
})

/** The instance for which something is being bought. */
const nameSpare = ({ spareId }: Customer, label: string) =>
  inSystem('update instances set label = $1 where id = $2', [label, spareId])

test('[B6] a name of 1 MB, and one as long as a form may be, is refused, kept nowhere and not logged', async () => {
  const customer = await newCustomer('long')
  const { owner } = customer.people
  const filler = 'Ünd so weiter '
  const sizes = [1_048_576, 200_000, 201]
  const stored = () => inSystem('select label from instances where label like $1', [`${filler}%`])
  let trials = 0
  for (const name of ['add', 'edit']) {
    const { id, action } = actionCalled(`instances/actions.ts ${name}`)
    for (const size of sizes) {
      const label = filler.repeat(size / filler.length + 1).slice(0, size)
      const fields = formOf(action, customer.slug, customer).filter(([field]) => field !== 'label')
      for (const how of ['script', 'form'] as const) {
        const { headers, body } = actionBody(how, id, [...fields, ['label', label]], true)
        const path = action.at(customer.slug, customer)
        const sent = { method: 'POST', path, as: owner, headers: { ...headers, origin: origin() }, body }
        const { status, text } = await send(sent).catch(() => ({ status: 413, text: '' }))
        expect({ name, size, how, status }).toEqual({ name, size, how, status: size > 262_144 ? 413 : 200 })
        if (status === 200) expect(text).toContain('This is too long')
        expect(await stored()).toEqual([])
        trials++
      }
    }
  }
  const log = logged()
  expect(log.filter((line) => line.includes(filler.trim()) || line.length > 20_000)).toEqual([])
  console.log(`[B6] ${trials} long names, ${log.length} lines of log`)
})

const logged = () => readFileSync(process.env.PORTAL_LOG ?? '', 'utf8').split('\n')
/** What the hostile names have that nothing else has; with a backslash where a line of JSON says it. */
const marks = [
  '<img src=x',
  '</script>',
  '\u202E',
  '\u2066',
  '\\u202e',
  '\\u2066',
  arabic.repeat(2).slice(0, 20),
]

function actionCalled(end: string) {
  const built = builtActions().find(({ name }) => name.endsWith(end))
  const action = built && organizationActions[built.name]
  if (!action) throw new Error(`the build has no ${end}`)
  return { id: built.id, action }
}

/** Both mails that name the organization and who did it, as their HTML, their text and their subject. */
async function expectMailsFine(customer: Customer, name: string) {
  const invited = `guest-${customer.slug}@e2e.example`
  for (const [end, field, value, to] of [
    ['members/actions.ts setRole', 'role', 'technical', `further@${customer.slug}.example`],
    ['members/actions.ts invite', 'email', invited, invited],
  ] as const) {
    const { id, action } = actionCalled(end)
    const fields = formOf(action, customer.slug, customer).filter(([one]) => one !== field)
    const { headers, body } = actionBody('script', id, [...fields, [field, value]], true)
    const path = action.at(customer.slug, customer)
    await send({
      method: 'POST',
      path,
      as: customer.people.owner,
      headers: { ...headers, origin: origin() },
      body,
    })
    const [mail, ...more] = await arrived(() => mailsTo(to))
    expect(more).toEqual([])
    const { html = '', text = '', subject = '' } = mail ?? {}
    expect({ to, raw: /<img|<b>|<script/.test(html) }).toEqual({ to, raw: false })
    for (const form of [html, text, subject]) expect(form).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/)
    // A subject is folded at its blanks on the way.
    const plain = (one: string) => one.replace(/\s+/g, ' ')
    expect(plain(subject)).toContain(plain(kept(name)).slice(0, 40).trim())
  }
}

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
  console.log(`[B5] ${cells.length} cells`)
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
    expect({ path, found: await axeFindings(page), reports }).toEqual({ path, found: [], reports: [] })
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
