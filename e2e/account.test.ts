import { type Browser, expect, type Page, test } from '@playwright/test'
import { startTrial } from '@/lib/trials/start'
import {
  browserAs,
  bySystem,
  type Customer,
  newCustomer,
  newPerson,
  newSession,
  type Person,
} from './customer'
import { axeFindings, tooWide } from './look'
import { arrived, askForMail, mailsTo, typeCode } from './sign-in'

test.use({ locale: 'en-GB' })

const details = (page: Page) => page.getByRole('region', { name: 'About you' })

async function openAccount(browser: Browser, person: Person, customer: Customer, javaScriptEnabled = true) {
  const context = await browserAs(browser, person, { javaScriptEnabled })
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/keys`)
  // Without JavaScript too: the menu is the browser's own.
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('link', { name: 'Your account' }).click()
  await expect(page).toHaveURL('/account')
  return page
}

for (const javaScriptEnabled of [true, false]) {
  test(`what was done before a change of name keeps the name of then; language and time zone change in every page${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('name')
    const { owner } = customer.people
    const page = await openAccount(browser, owner, customer, javaScriptEnabled)
    await page.goto(`/${customer.slug}/instances/new`)
    await page.getByLabel('Name', { exact: true }).fill('Annex')
    await page.getByLabel('Address', { exact: true }).fill(`https://annex.${customer.slug}.example`)
    await page.getByRole('button', { name: 'Add the instance' }).click()
    await expect(page).toHaveURL(/\/instances\/[0-9a-f-]{36}/)
    const added = page.locator('tbody tr').filter({ hasText: 'Annex' }).first()
    await page.goto(`/${customer.slug}/activity`)
    await expect(added).toContainText(`${owner.email} added Annex`)
    const before = await added.locator('time').textContent()

    await page.goto('/account')
    await details(page).getByLabel('Name').fill('  Ada\u202E Lovelace ')
    await details(page).getByLabel('Time zone').selectOption('Pacific/Kiritimati')
    await details(page).getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('Your details were saved.')).toBeVisible()
    await expect(page.getByRole('button', { name: 'Account of Ada Lovelace' })).toBeVisible()
    await expect(details(page).getByLabel('Name')).toHaveValue('Ada Lovelace')
    await page.goto(`/${customer.slug}/activity`)
    await expect(added).toContainText(`${owner.email} added Annex`)
    // The same moment, 12 or 13 hours later on the clock there.
    expect(await added.locator('time').textContent()).not.toBe(before)

    await page.goto('/account')
    await details(page).getByLabel('Language').selectOption('fr')
    await details(page).getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('Vos informations sont enregistrées.')).toBeVisible()
    await expect(page.locator('html')).toHaveAttribute('lang', 'fr')
    await page.goto(`/${customer.slug}/activity`)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Activité')
    await page.context().close()
  })
}

test('what is wrong is told at its field, and what was typed stays', async ({ browser }) => {
  const customer = await newCustomer('typed')
  const page = await openAccount(browser, customer.people.viewer, customer)
  const name = details(page).getByLabel('Name')
  await name.fill(customer.keys[0]?.characters ?? '')
  await details(page).getByRole('button', { name: 'Save' }).click()
  await expect(name).toHaveAccessibleDescription(/A registration key does not belong in a name/)
  await expect(name).toHaveValue(customer.keys[0]?.characters ?? 'none')
  await page.context().close()
})

for (const javaScriptEnabled of [true, false]) {
  test(`a session that is ended signs that browser out at its next click, and this one goes on${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('sessions')
    const { technical } = customer.people
    const tokens = [await newSession(technical.personId), await newSession(technical.personId)]
    const others = await Promise.all(tokens.map((token) => browserAs(browser, { ...technical, token })))
    const page = await openAccount(browser, technical, customer, javaScriptEnabled)
    const rows = page.locator('tbody tr')
    await expect(rows).toHaveCount(3)
    await expect(rows.first()).toContainText('this one')
    const end = rows.getByRole('button', { name: /^End the session of/ })
    await expect(end).toHaveCount(2)
    await end.first().click()
    await expect(page.getByText('The session was ended')).toBeVisible()
    await expect(rows).toHaveCount(2)
    const work = async () => {
      const pages = await Promise.all(others.map((context) => context.newPage()))
      await Promise.all(pages.map((one) => one.goto(`/${customer.slug}/keys`)))
      return pages.filter((one) => one.url().includes('/sign-in')).length
    }
    expect(await work()).toBe(1)
    await page.getByRole('button', { name: 'End all other sessions' }).click()
    await expect(page.getByText('you are signed in here alone')).toBeVisible()
    await expect(rows).toHaveCount(1)
    await expect(page.getByRole('button', { name: 'End all other sessions' })).toHaveCount(0)
    expect(await work()).toBe(2)
    await page.goto(`/${customer.slug}/keys`)
    await expect(page).toHaveURL(`/${customer.slug}/keys`)
    for (const context of [...others, page.context()]) await context.close()
  })
}

test('who belongs to no organization has an account too, and axe finds nothing in either theme', async ({
  browser,
}) => {
  const context = await browserAs(browser, await newPerson(), { viewport: { width: 320, height: 640 } })
  const page = await context.newPage()
  await page.goto('/')
  await page.getByRole('link', { name: 'Your account' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your account')
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await axeFindings(page)).toEqual([])
  }
  expect(await tooWide(page)).toBe(0)
  await context.close()
})

test('a browser that is new is told by mail, whose link leads to where all sessions end; the first one is not', async ({
  browser,
}) => {
  const { email } = await newPerson()
  const told = async () => (await mailsTo(email)).filter(({ subject }) => subject.startsWith('A new device'))
  const enter = async () => {
    const page = await (await browserAs(browser, null)).newPage()
    await page.goto('/sign-in')
    await typeCode(page, (await askForMail(page, email)).code)
    await expect(page).toHaveURL(/:\d+\/$/)
    return page
  }
  const first = await enter()
  const second = await enter()
  const [mail, ...more] = await arrived(told)
  expect(more).toEqual([])
  for (const form of [mail?.text.replace(/\s+/g, ' '), mail?.html]) {
    expect(form).toContain('Chrome on Linux')
    expect(form).toContain('Europe/Paris')
  }
  const link = /https?:\S+\/account\b/.exec(mail?.text ?? '')?.[0] ?? ''
  await first.goto(link)
  // With the one that the fixture made.
  await expect(first.locator('tbody tr')).toHaveCount(3)
  await first.getByRole('button', { name: 'End all other sessions' }).click()
  await expect(first.getByText('you are signed in here alone')).toBeVisible()
  await second.goto('/account')
  await expect(second).toHaveURL(/\/sign-in/)
  // Known by now.
  await second.goto('/sign-in')
  await typeCode(second, (await askForMail(second, email)).code)
  await expect(second).toHaveURL(/:\d+\/$/)
  expect(await told()).toHaveLength(1)
  for (const page of [first, second]) await page.context().close()
})

test('who is not signed in is asked to, and comes back', async ({ page }) => {
  await page.goto('/account')
  await expect(page).toHaveURL(`/sign-in?to=${encodeURIComponent('/account')}`)
})

test('what ends a session stands at one edge: the right one of a wide page, the left one of a narrow', async ({
  browser,
}) => {
  const customer = await newCustomer('edges')
  const { owner } = customer.people
  await newSession(owner.personId)
  const page = await openAccount(browser, owner, customer)
  const buttons = page.locator('td.act button')
  await expect(buttons).toHaveCount(2)
  for (const [width, edge] of [
    [1280, 'right'],
    [360, 'left'],
  ] as const) {
    await page.setViewportSize({ width, height: 900 })
    const edges = await buttons.evaluateAll(
      (all, side) => all.map((one) => Math.round(one.getBoundingClientRect()[side])),
      edge,
    )
    expect(new Set(edges).size, `${width}: ${edges}`).toBe(1)
  }
  await page.context().close()
})

test('mails that are not about money or security are turned off in the account, and by the link of one without signing in', async ({
  browser,
  request,
}) => {
  const customer = await newCustomer('spared')
  const { technical } = customer.people
  const page = await openAccount(browser, technical, customer)
  const mails = (on: Page) => on.getByRole('region', { name: 'Mails' })
  await expect(mails(page).getByRole('checkbox', { checked: true })).toHaveCount(3)
  await mails(page).getByLabel('Keys that wait').uncheck()
  await mails(page).getByRole('button', { name: 'Save the choice' }).click()
  await expect(page.getByText('Your choice of mails was saved.')).toBeVisible()
  await expect(mails(page).getByRole('checkbox', { checked: true })).toHaveCount(2)
  expect(await axeFindings(page)).toEqual([])

  const trialBegins = { productId: customer.products.signature, instanceId: customer.spareId }
  await startTrial(bySystem(customer.organizationId), trialBegins)
  const [mail] = await arrived(() => mailsTo(technical.email))
  const link = /<(\S+)>/.exec(String(mail?.headers['list-unsubscribe']))?.[1] ?? ''
  expect(mail?.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click')
  await page.goto(link)
  expect(await axeFindings(page)).toEqual([])
  expect(await tooWide(page)).toBe(0)
  await page.goto('/account')
  // As a person opens it, whose mail program has no button for it, and as a mail scanner does.
  const stranger = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
  await stranger.goto(link)
  await expect(stranger).toHaveURL(/\/account\/mails\?token=/)
  await page.reload()
  await expect(mails(page).getByLabel('Trials')).toBeChecked()
  await stranger.getByRole('button', { name: 'Turn them off' }).click()
  await expect(stranger.getByText('Turned off: no more mails about trials')).toBeVisible()
  await page.reload()
  await expect(mails(page).getByLabel('Trials')).not.toBeChecked()
  await mails(page).getByLabel('Trials').check()
  await mails(page).getByRole('button', { name: 'Save the choice' }).click()
  await expect(page.getByText('Your choice of mails was saved.')).toBeVisible()
  // And as a mail program's own button does: RFC 8058.
  const posted = await request.post(link, { form: { 'List-Unsubscribe': 'One-Click' }, maxRedirects: 0 })
  expect(posted.status()).toBe(200)
  await page.reload()
  await expect(mails(page).getByLabel('Trials')).not.toBeChecked()
  await page.context().close()
  await stranger.context().close()
})
