import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Browser, expect, type Page, test } from '@playwright/test'
import { newId } from '@/lib/ids'
import { browserAs, newCustomer, newPerson, newSession, type Person } from './customer'
import { axeFindings, tooWide } from './look'
import { actionBody, builtActions, origin, send } from './send'
import { arrived, askForMail, forgetLimits, linkTo, mailsTo, query, typeCode } from './sign-in'
import { startWeb } from './web'

test.use({ locale: 'en-GB' })

const freshEmail = () => `moved-${newId().slice(-8)}@e2e.example`
const confirmButton = (page: Page) => page.getByRole('button', { name: /^Confirm by/ })

/** The link of the last mail about a change of address to `email`. */
const confirmationTo = (email: string) => linkTo(email, /https?:\S+\/account\/email\?token=\S+/)

async function open(browser: Browser, person: Person, javaScriptEnabled = true): Promise<Page> {
  return (await browserAs(browser, person, { javaScriptEnabled })).newPage()
}

async function ask(page: Page, email: string) {
  await forgetLimits()
  await page.goto('/account')
  await page.getByLabel('New e-mail address').fill(email)
  await page.getByRole('button', { name: 'Change the address' }).click()
  await expect(page.getByText('A mail is on its way to each of the two addresses.')).toBeVisible()
}

async function asked(browser: Browser, javaScriptEnabled = true) {
  const person = await newPerson()
  const page = await open(browser, person, javaScriptEnabled)
  const email = freshEmail()
  await ask(page, email)
  return {
    person,
    page,
    email,
    links: { old: await confirmationTo(person.email), new: await confirmationTo(email) },
  }
}

const emailOf = async ({ personId }: Person) =>
  (await query('select email from people where id = $1', [personId]))[0]?.email

for (const [first, second, javaScriptEnabled] of [
  ['old', 'new', true],
  ['new', 'old', false],
] as const) {
  test(`an address is changed once both have confirmed it, the ${first} one first${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const { person, page, email, links } = await asked(browser, javaScriptEnabled)
    const other = await open(browser, { ...person, token: await newSession(person.personId) })
    await page.goto(links[first])
    await expect(page.locator('main')).toContainText(`${email} is to take the place of ${person.email}`)
    await expect(page.locator('main')).toContainText('Nothing changes yet')
    await confirmButton(page).click()
    await expect(page.getByText('This address has confirmed the change. Now the other one.')).toBeVisible()
    await expect(page.getByRole('listitem').filter({ hasText: 'not yet confirmed' })).toHaveCount(1)
    expect(await emailOf(person)).toBe(person.email)

    await page.goto(links[second])
    await expect(page.locator('main')).toContainText('The other address has confirmed already.')
    await confirmButton(page).click()
    await expect(page.getByText('Your address was changed.')).toBeVisible()
    await expect(page.locator('main')).toContainText(`You sign in as ${email}`)
    await other.goto('/account')
    await expect(other).toHaveURL(/\/sign-in\?to=/)

    await other.goto('/sign-in')
    const { code } = await askForMail(other, email)
    await typeCode(other, code)
    await expect(other.getByText(`You are signed in as ${email}`)).toBeVisible()
    for (const one of [page, other]) await one.context().close()
  })
}

test('a link that scanners have opened still works, once; used again it says what is missing, and then that all is done', async ({
  browser,
}) => {
  const { person, page, email, links } = await asked(browser)
  for (let look = 0; look < 20; look++) expect((await page.request.get(links.old)).status()).toBe(200)
  await page.goto(links.old)
  await confirmButton(page).click()
  await expect(page).toHaveURL(/\/account\?done=email_confirmed/)
  await page.goto(links.old)
  await expect(page.getByText('This address has confirmed the change already.')).toBeVisible()
  await expect(confirmButton(page)).toHaveCount(0)
  expect(await emailOf(person)).toBe(person.email)
  await page.goto(links.new)
  await confirmButton(page).click()
  await expect(page).toHaveURL(/\/account\?done=email_changed/)
  for (const link of Object.values(links)) {
    await page.goto(link)
    await expect(page.getByText('This change is made: the new address is yours.')).toBeVisible()
  }
  expect(await emailOf(person)).toBe(email)
  await page.context().close()
})

test('another person’s click does nothing, by the page or by the raw form; they are told whose account is here', async ({
  browser,
}) => {
  const { person, page, links } = await asked(browser)
  const eve = await newPerson()
  const theirs = await open(browser, eve)
  const confirm = builtActions().find(({ name }) => name.endsWith('account/email/actions.ts confirm'))
  for (const link of Object.values(links)) {
    await theirs.goto(link)
    await expect(theirs.getByText('No change of this account has this link.')).toBeVisible()
    await expect(theirs.locator('main')).toContainText(`You are signed in as ${eve.email}`)
    await expect(theirs.locator('main')).not.toContainText(person.email)
    await expect(confirmButton(theirs)).toHaveCount(0)
    const token = new URL(link).searchParams.get('token') ?? ''
    for (const how of ['script', 'form'] as const) {
      const { headers, body } = actionBody(how, confirm?.id ?? '', [['token', token]], true)
      for (const as of [eve, null]) {
        const answer = await send({
          method: 'POST',
          path: '/account/email',
          as,
          headers: { ...headers, origin: origin() },
          body,
        })
        expect(answer.status).toBeLessThan(500)
      }
    }
  }
  const [change] = await query(
    'select old_confirmed_at, new_confirmed_at from email_changes where person_id = $1',
    [person.personId],
  )
  expect(change).toEqual({ old_confirmed_at: null, new_confirmed_at: null })
  await theirs.getByRole('button', { name: 'Sign out and change the account' }).click()
  await expect(theirs).toHaveURL(/\/sign-in\?to=%2Faccount%2Femail%3Ftoken/)
  for (const one of [page, theirs]) await one.context().close()
})

test('an address that is somebody else’s gets the same answer, and a mail without a link that says so', async ({
  browser,
}) => {
  const [customer, bob] = [await newCustomer('taken'), await newPerson()]
  const page = await open(browser, customer.people.owner)
  await ask(page, bob.email)
  await expect(page.locator('main')).toContainText(`${bob.email} is to take the place of your address.`)
  await expect(page.getByRole('listitem').filter({ hasText: 'not yet confirmed' })).toHaveCount(2)
  const [mail, ...more] = await arrived(() => mailsTo(bob.email))
  expect(more).toEqual([])
  expect(mail?.subject).toContain('was asked for')
  expect(mail?.text).not.toContain('token=')
  expect(mail?.text).not.toContain(customer.people.owner.email)
  await page.goto(await confirmationTo(customer.people.owner.email))
  await expect(page.locator('main')).toContainText('Nothing changes yet')
  await page.context().close()
})

test('what was asked for is taken back on the page, and its links are worth nothing', async ({ browser }) => {
  const { page, links } = await asked(browser)
  await page.goto('/account')
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await axeFindings(page)).toEqual([])
  }
  await page.getByRole('button', { name: 'Take the change back' }).click()
  await expect(page.getByText('The change was taken back')).toBeVisible()
  await page.goto(links.new)
  await expect(page.getByText('This change was taken back, or replaced by a newer one.')).toBeVisible()
  await expect(confirmButton(page)).toHaveCount(0)
  await page.context().close()
})

test('the pages of a change fit 320 px, and axe finds nothing in either theme', async ({ browser }) => {
  const { page, links } = await asked(browser)
  await page.setViewportSize({ width: 320, height: 640 })
  for (const address of ['/account', links.new, '/account/email?token=none']) {
    await page.goto(address)
    await expect(page.locator('h1')).toBeVisible()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect({ address, found: await axeFindings(page) }).toEqual({ address, found: [] })
    }
    expect(await tooWide(page)).toBe(0)
  }
  await page.context().close()
})

test('an hour later the link says that its time is over, also where its page was open already', async ({
  browser,
}) => {
  test.slow()
  const { person, page, links } = await asked(browser)
  // A web process of its own, so that its clock is nobody else's.
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-clock-'))
  const clock = path.join(folder, 'clock')
  const { web, url } = await startWeb({ SANDBOX_CLOCK_FILE: clock })
  try {
    const here = links.new.replace(origin(), url)
    await page.goto(here)
    await expect(confirmButton(page)).toBeVisible()
    writeFileSync(clock, String(60 * 60_000))
    await confirmButton(page).click()
    await expect(page.getByText('The time for this change is over, and nothing was changed.')).toBeVisible()
    await page.goto(here)
    await expect(page.getByText('The time for this change is over, and nothing was changed.')).toBeVisible()
    await expect(confirmButton(page)).toHaveCount(0)
    expect(await emailOf(person)).toBe(person.email)
  } finally {
    await web.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  await page.context().close()
})
