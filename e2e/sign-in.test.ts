import { request as httpRequest } from 'node:http'
import { type BrowserContext, expect, type Page, test } from '@playwright/test'
import { newId } from '@/lib/ids'
import { demoPeople } from '@/sandbox/seed/people'
import { axeFindings, tooWide } from './look'
import { askForMail, browserOf, forgetLimits, mailsTo, nextMail, query, signIn, typeCode } from './sign-in'

// One person per file of tests that run at the same time: a mail is found by whom it is for.
const [first] = demoPeople
if (!first) throw new Error('the seed has nobody')
const home = `/${first.organization}`

/** Somebody new in the demo's first organization, so that no two tests read each other's mails. */
async function newMember(name: string): Promise<string> {
  const email = `${name}-${newId().slice(-8)}@e2e.example`
  const id = newId()
  await query('insert into people (id, email, created_at) values ($1, $2, now())', [id, email])
  await query(
    `with scope as (select set_config('latchkey.scope', 'system', true))
     insert into memberships (organization_id, person_id, role, created_at)
     select o.id, $1, 'viewer', now() from scope, organizations o where o.slug = $2`,
    [id, first?.organization],
  )
  return email
}

async function stranger(name: string): Promise<string> {
  const email = `${name}-${newId().slice(-8)}@e2e.example`
  await query('insert into people (id, email, created_at) values ($1, $2, now())', [newId(), email])
  return email
}

const otherCode = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')
const origin = () => process.env.PUBLIC_URL ?? ''

test.use({ locale: 'en-GB' })

test('by code: the mail’s six digits sign in, and lead to one’s organization', async ({ page }) => {
  const email = await newMember('code')
  await page.goto('/')
  await expect(page).toHaveURL(/\/sign-in$/)
  const { code, mail } = await askForMail(page, email)
  await expect(page.getByText(email)).toBeVisible()
  expect(mail.html).toContain(code)
  expect(mail.text).toContain(code)
  const field = page.getByLabel('Code from the mail')
  // By this a phone offers the code of the mail that has just come.
  await expect(field).toHaveAttribute('autocomplete', 'one-time-code')
  await field.fill(`${code.slice(0, 3)} ${code.slice(3)}`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(home)
})

test('by link: a scanner that opens it 20 times takes nothing from the person who then uses it', async ({
  page,
  playwright,
}) => {
  const email = await newMember('link')
  await page.goto('/sign-in')
  const { link } = await askForMail(page, email)
  expect(new URL(link).origin).toBe(origin())
  const scanner = await playwright.request.newContext()
  for (let visit = 0; visit < 20; visit++) {
    const response = await scanner.get(link)
    expect(response.status()).toBe(200)
    expect(response.headers()['set-cookie'] ?? '').not.toContain('session')
  }
  await scanner.dispose()
  await page.goto(link)
  await expect(page.getByText(`As ${email}`)).toBeVisible()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(home)
  // Once.
  await page.context().clearCookies({ name: 'session' })
  await page.goto(link)
  await expect(page.getByText('This mail has been used already')).toBeVisible()
})

test('in another browser the link says where the code is to be typed', async ({ page, browser }) => {
  const email = await newMember('elsewhere')
  await page.goto('/sign-in')
  const { code, link } = await askForMail(page, email)
  const other = await browser.newContext({ locale: 'en-GB' })
  const phone = await other.newPage()
  await phone.goto(link)
  await expect(phone.getByText('type the code from the same mail there')).toBeVisible()
  await expect(phone.getByText(email)).toHaveCount(0)
  await expect(phone.getByRole('button', { name: 'Sign in' })).toHaveCount(0)
  await other.close()
  await typeCode(page, code)
  await expect(page).toHaveURL(home)
})

test('a wrong code is told beside the field and stays there; the fifth ends the mail, and another one works', async ({
  page,
}) => {
  const email = await newMember('wrong')
  await page.goto('/sign-in')
  const { code } = await askForMail(page, email)
  const field = page.getByLabel('Code from the mail')
  await typeCode(page, otherCode(code))
  await expect(field).toHaveAccessibleDescription(/not the code of the last mail. 4 tries are left/)
  await expect(field).toHaveValue(otherCode(code))
  for (const left of ['3 tries are left', '2 tries are left', 'One try is left', 'one wrong code too many']) {
    await typeCode(page, otherCode(code))
    await expect(field).toHaveAccessibleDescription(new RegExp(left))
  }
  await typeCode(page, code)
  await expect(field).toHaveAccessibleDescription(/one wrong code too many/)
  await page.getByRole('button', { name: 'Send another mail' }).click()
  await expect(page.getByText('Another mail is on its way')).toBeVisible()
  await typeCode(page, (await nextMail(email, 1)).code)
  await expect(page).toHaveURL(home)
})

test('an address that is nobody’s gets the same page, and no mail', async ({ page }) => {
  const email = `nobody-${newId().slice(-8)}@e2e.example`
  await forgetLimits()
  await page.goto('/sign-in')
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('button', { name: 'Send me the mail' }).click()
  await expect(page).toHaveURL(/\/sign-in\/code$/)
  await expect(page.getByText(`If ${email} may sign in here`)).toBeVisible()
  // A mail for somebody who asked later has come, so this one's turn is over.
  const later = await newMember('later')
  await page.getByRole('link', { name: 'Use another address' }).click()
  await askForMail(page, later)
  expect(await mailsTo(email)).toHaveLength(0)
})

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false })

  test('one signs in by code; what is wrong is told, what was typed stays', async ({ page }) => {
    const email = await newMember('plain')
    await page.goto(`/sign-in?to=${encodeURIComponent(`${home}/keys`)}`)
    await page.getByLabel('E-mail address').fill('ada@acme')
    await page.getByRole('button', { name: 'Send me the mail' }).click()
    const field = page.getByLabel('E-mail address')
    await expect(field).toHaveAccessibleDescription(/does not look like an e-mail address/)
    await expect(field).toHaveValue('ada@acme')
    const { code } = await askForMail(page, email)
    await typeCode(page, otherCode(code))
    await expect(page.getByLabel('Code from the mail')).toHaveValue(otherCode(code))
    await expect(page.getByText('4 tries are left')).toBeVisible()
    await typeCode(page, code)
    await expect(page).toHaveURL(`${home}/keys`)
  })

  test('one signs in by link, and chooses the language', async ({ page }) => {
    const email = await newMember('plain-link')
    await page.goto('/sign-in')
    await page.getByRole('button', { name: 'Français' }).click()
    await expect(page.getByRole('heading', { name: 'Connexion' })).toBeVisible()
    await expect(page.locator('html')).toHaveAttribute('lang', 'fr')
    const { link, mail } = await askForMail(page, email)
    expect(mail.subject).toContain('est votre code de connexion')
    await page.goto(link)
    await page.getByRole('button', { name: 'Se connecter' }).click()
    await expect(page).toHaveURL(home)
  })
})

test('one lands where one was going, with all that stood in the address', async ({ page }) => {
  const email = await newMember('going')
  const going = `${home}/keys?state=expiring&q=caf%C3%A9`
  await page.goto(going)
  await expect(page).toHaveURL(/\/sign-in\?to=/)
  const { code } = await askForMail(page, email)
  await typeCode(page, code)
  await expect(page).toHaveURL(going)
})

test('no address outside the portal is followed, neither from the page’s address nor from a changed form (10 tried)', async ({
  page,
}) => {
  const email = await newMember('foreign')
  const foreign = [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/\t/evil.example/',
    '/..//evil.example/',
  ]
  for (const address of foreign) {
    await page.goto(`/sign-in?to=${encodeURIComponent(address)}`)
    await expect(page.locator('input[name=to]')).toHaveValue('')
    await page.locator('input[name=to]').evaluate((input: HTMLInputElement, value) => {
      input.value = value
    }, address)
    const { code } = await askForMail(page, email)
    // Nor is it kept, for whoever may follow it some day.
    const kept = 'select return_to from sign_ins where email = $1 and return_to is not null'
    expect(await query(kept, [email])).toEqual([])
    await typeCode(page, code)
    await expect(page).toHaveURL(home)
    await page.goto(`/sign-in?to=${encodeURIComponent(address)}`)
    await expect(page).toHaveURL(home)
    await page.context().clearCookies({ name: 'session' })
  }
})

test('signed in already, one goes on', async ({ browser }) => {
  const context = await browserOf(browser, first.email)
  const page = await context.newPage()
  await page.goto(`/sign-in?to=${encodeURIComponent(`${home}/keys`)}`)
  await expect(page).toHaveURL(`${home}/keys`)
  for (const path of ['/', '/sign-in', '/sign-in/code', '/sign-in/link?token=x']) {
    await page.goto(path)
    await expect(page).toHaveURL(home)
  }
  await context.close()
})

test('signing out ends the session itself, not just the cookie', async ({ page }) => {
  await signIn(page, await newMember('out'))
  const cookies = await page.context().cookies()
  expect(cookies.find(({ name }) => name === 'session')).toMatchObject({
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
  })
  await openAccountMenu(page)
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await expect(page).toHaveURL(/\/sign-in$/)
  await page.context().addCookies(cookies)
  await page.goto(`${home}/keys`)
  await expect(page).toHaveURL(/\/sign-in\?to=/)
})

test('the session’s cookie itself says that it is HttpOnly and SameSite=Lax', async ({ page }) => {
  // A browser that is asked for its cookies fills in what it takes for granted.
  const given: Promise<string[]>[] = []
  page.on('response', (response) => void given.push(response.headerValues('set-cookie')))
  await signIn(page, await newMember('cookie'))
  const cookies = (await Promise.all(given)).flat().filter((cookie) => cookie.startsWith('session='))
  expect(cookies).toHaveLength(1)
  for (const attribute of ['path=/', 'httponly', 'samesite=lax'])
    expect(cookies[0]?.toLowerCase().split('; ')).toContain(attribute)
})

test('signing out everywhere ends the sessions of every browser', async ({ page, browser }) => {
  const email = await newMember('everywhere')
  await signIn(page, email)
  const other = await browser.newContext({ locale: 'en-GB' })
  const elsewhere = await other.newPage()
  await signIn(elsewhere, email)
  await openAccountMenu(page)
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await expect(page).toHaveURL(/\/sign-in$/)
  await elsewhere.goto(`${home}/keys`)
  await expect(elsewhere).toHaveURL(/\/sign-in\?to=/)
  await other.close()
})

async function openAccountMenu(page: Page) {
  await page.goto(`${home}/keys`)
  await page.getByRole('button', { name: /^Account of/ }).click()
}

test('who is in no organization is told whom to ask, and can sign out', async ({ page }) => {
  const email = await stranger('nowhere')
  await page.goto('/sign-in')
  await typeCode(page, (await askForMail(page, email)).code)
  await expect(page).toHaveURL(/:\d+\/$/)
  await expect(page.getByText(`You are signed in as ${email}`)).toBeVisible()
  await expect(page.getByRole('main').getByRole('link', { name: 'support@latchkey.example' })).toBeVisible()
  await checkAccessibility(page)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in$/)
})

test('the keyboard alone is enough', async ({ page }) => {
  const email = await newMember('keyboard')
  await forgetLimits()
  await page.goto('/sign-in')
  await tabTo(page, 'email')
  await page.keyboard.type(email)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/sign-in\/code$/)
  const { code } = await nextMail(email, 0)
  await tabTo(page, 'code')
  await page.keyboard.type(otherCode(code))
  await page.keyboard.press('Enter')
  await expect(page.getByText('4 tries are left')).toBeVisible()
  // The focus has stayed where the mistake is.
  expect(await focusedName(page)).toBe('code')
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(home)
})

const focusedName = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('name'))

async function tabTo(page: Page, name: string) {
  for (let step = 0; step < 20; step++) {
    if ((await focusedName(page)) === name) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${name} cannot be reached by the keyboard`)
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on the pages of signing in, and nothing is cut off at 320 px (${colorScheme})`, async ({
    browser,
  }) => {
    const email = await newMember(`axe-${colorScheme}`)
    const context = await browser.newContext({
      locale: 'fr-FR',
      colorScheme,
      viewport: { width: 320, height: 640 },
    })
    const page = await context.newPage()
    await page.goto('/sign-in')
    await checkAccessibility(page)
    const { code, link } = await askForMail(page, email)
    await checkAccessibility(page)
    await typeCode(page, otherCode(code))
    await expect(page.getByText('Il reste 4 essais')).toBeVisible()
    await checkAccessibility(page)
    await page.goto(link)
    await checkAccessibility(page)
    await page.goto('/sign-in/link?token=unknown')
    await checkAccessibility(page)
    await context.close()
  })
}

async function checkAccessibility(page: Page) {
  expect(await axeFindings(page)).toEqual([])
  expect(await tooWide(page)).toBe(0)
}

test('[Z8] a form that another site sends, or nobody, asks for no mail; no mail carries a forged host', async ({
  context,
}) => {
  const email = await newMember('forged')
  const fields = await hiddenFields(context)
  const forgeries = [
    {},
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' },
    { origin: 'https://evil.example', host: 'evil.example' },
    { origin: 'https://evil.example', host: 'evil.example', 'x-forwarded-host': 'evil.example' },
  ]
  for (const headers of forgeries) await post({ ...fields, email, to: '' }, headers)
  const asked = () => query('select id from sign_ins where email = $1', [email])
  expect(await asked()).toHaveLength(0)
  // The control: the same form from the portal's own page asks for one, also where somebody forges its host.
  await forgetLimits()
  await post({ ...fields, email, to: '' }, { origin: origin(), 'x-forwarded-host': 'evil.example' })
  await nextMail(email, 0)
  await post({ ...fields, email, to: '' }, { origin: origin(), host: 'evil.example' })
  for (const { html, text } of await mailsTo(email)) {
    expect(html + text).not.toContain('evil.example')
    expect(text).toContain(`${origin()}/sign-in/link`)
  }
  console.log(`[Z8] ${forgeries.length} forged forms, 2 forged hosts`)
})

test('[A6] an address that the sender makes up is not the one that is counted', async ({ context }) => {
  const email = await newMember('network')
  const fields = await hiddenFields(context)
  const made = Array.from({ length: 10 }, (_, index) => `203.0.113.${index}`)
  await forgetLimits()
  const counted = async () =>
    (await query(`select key from rate_limits where key like 'sign_in_network:%'`)).map(({ key }) => key)
  for (const address of made) {
    const forged = { 'x-forwarded-for': address, 'x-real-ip': address, forwarded: `for=${address}` }
    await post({ ...fields, email, to: '' }, { origin: origin(), ...forged })
    expect((await counted()).filter((key) => key.includes('203.0.113'))).toEqual([])
  }
  await forgetLimits()
  console.log(`[A6] ${made.length} made-up addresses`)
})

/** What a browser without JavaScript would send along with the form of the sign-in page. */
async function hiddenFields(context: BrowserContext): Promise<Record<string, string>> {
  const page = await context.newPage()
  const html = await (await page.request.get('/sign-in')).text()
  await page.setContent(html.replace(/<script[\s\S]*?<\/script>/g, ''))
  return page
    .locator('main input[type=hidden]')
    .evaluateAll((inputs) =>
      Object.fromEntries(inputs.map((input) => [input.getAttribute('name'), input.getAttribute('value')])),
    )
}

/** By node:http, since neither a browser nor fetch lets one forge a Host. */
function post(fields: Record<string, string>, headers: Record<string, string>): Promise<number> {
  const boundary = 'latchkey-e2e'
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${origin()}/sign-in`,
      {
        method: 'POST',
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, ...headers },
      },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      },
    )
    request.on('error', reject)
    request.end(`${parts.join('')}--${boundary}--\r\n`)
  })
}
