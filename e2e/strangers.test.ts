import { type Browser, expect, type Page, test } from '@playwright/test'
import { browserAs, inSystem, newCustomer, productOf } from './customer'
import { axeFindings, tooWide } from './look'
import { arrived, forgetLimits, mailsTo, nextMail, type Received, typeCode } from './sign-in'

let strangers = 0
/** An address at a domain that nobody else has. */
const newEmail = () => `ann@s${Date.now().toString(36)}${++strangers}.example`

async function opened(browser: Browser, locale: string, javaScriptEnabled = true) {
  const permissions = javaScriptEnabled ? ['clipboard-read', 'clipboard-write'] : []
  const viewport = { width: 320, height: 740 }
  const context = await browser.newContext({ locale, javaScriptEnabled, permissions, viewport })
  const page = await context.newPage()
  // Content-Security-Policy reports, and whatever else goes wrong in the page.
  const wrong: string[] = []
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()))
  return { page, wrong }
}

const fill = async (page: Page, typed: Record<'email' | 'organizationName' | 'url', string>) => {
  for (const [name, value] of Object.entries(typed)) await page.locator(`input[name=${name}]`).fill(value)
}

const send = (page: Page) => page.locator('main form.form button[type=submit]').click()

/** From the catalog to the mail. */
async function asked(page: Page, email: string, url: string): Promise<Received> {
  await forgetLimits()
  await page.goto('/trial')
  await page.locator('a[href="/trial/formspro"]').click()
  await page.waitForURL('**/trial/formspro')
  await fill(page, { email, organizationName: 'Harbour <b>Clinic</b>', url })
  await send(page)
  await page.waitForURL('**/sign-in/code')
  const received = await nextMail(email, 0)
  // Every test comes from one network, whose fourth sign-up of the day would wait.
  await inSystem('update trial_sign_ups set network = null where email = $1', [email])
  return received
}

const domainOf = (email: string) => email.slice(email.indexOf('@') + 1)

test('a stranger tries a product in English by the mail’s code, and has its key on the clipboard within two minutes', async ({
  browser,
}) => {
  const { page, wrong } = await opened(browser, 'en-GB')
  const begun = Date.now()
  const email = newEmail()
  const { code, mail } = await asked(page, email, `https://glpi.${domainOf(email)}/front/central.php`)
  expect(mail.subject).toBe(`${code} is your code for the trial of Forms Pro`)
  expect(mail.text).not.toContain('Harbour')
  await typeCode(page, code)
  await page.waitForURL('**/trials?begun=*')
  await page.getByRole('button', { name: /^Copy the key of Forms Pro/ }).click()
  await expect(page.getByText(/is on the clipboard\.$/)).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^gkt1[a-z\d]{32}$/)
  const seconds = (Date.now() - begun) / 1_000
  expect(seconds).toBeLessThan(120)
  expect(await axeFindings(page)).toEqual([])
  expect(wrong).toEqual([])
  console.log(`from the catalog to the clipboard: ${seconds.toFixed(1)} s`)
  await page.context().close()
})

test('in French by the mail’s link, with each page as it must be', async ({ browser }) => {
  const { page, wrong } = await opened(browser, 'fr-FR')
  await page.goto('/trial')
  expect({ axe: await axeFindings(page), tooWide: await tooWide(page) }).toEqual({ axe: [], tooWide: 0 })
  await page.goto('/trial/formspro')
  expect({ axe: await axeFindings(page), tooWide: await tooWide(page) }).toEqual({ axe: [], tooWide: 0 })
  const email = newEmail()
  const { link, mail } = await asked(page, email, `glpi.${domainOf(email)}`)
  expect(mail.subject).toContain('est votre code pour l’essai du produit')
  expect({ axe: await axeFindings(page), tooWide: await tooWide(page) }).toEqual({ axe: [], tooWide: 0 })
  await page.goto(link)
  await page.getByRole('button', { name: 'Confirmer l’adresse' }).click()
  await page.waitForURL('**/trials?begun=*')
  await expect(page.getByText(/L’essai du produit .* a commencé/)).toBeVisible()
  expect(wrong).toEqual([])
  await page.context().close()
})

test('without JavaScript what was typed stays, each wrong field is named, and a colleague asks to join and is let in', async ({
  browser,
}) => {
  const { page: first } = await opened(browser, 'en-GB', false)
  const email = newEmail()
  await first.goto('/trial/formspro')
  const typed = { email: 'ann@mailinator.com', organizationName: 'Harbour Clinic', url: 'ftp://glpi.example' }
  await fill(first, typed)
  await send(first)
  await expect(first.getByText('This is an address that is thrown away after a mail.')).toBeVisible()
  await expect(first.getByText('An address of GLPI starts with https:// or http://.')).toBeVisible()
  for (const [name, value] of Object.entries(typed))
    await expect(first.locator(`input[name=${name}]`)).toHaveValue(value)
  await typeCode(first, (await asked(first, email, `https://glpi.${domainOf(email)}`)).code)
  await first.waitForURL('**/trials?begun=*')

  const { page } = await opened(browser, 'en-GB', false)
  const colleague = `bob@${domainOf(email)}`
  await typeCode(page, (await asked(page, colleague, 'https://other.example')).code)
  await page.waitForURL('**/trial/sign-up/*')
  await expect(page.getByText('is of the same domain as the owners’ of Harbour <b>Clinic</b>')).toBeVisible()
  expect(await tooWide(page)).toBe(0)
  await page.getByRole('button', { name: 'Ask to join' }).click()
  await expect(page.getByText(`were asked to let ${colleague} in`)).toBeVisible()
  await expect(page.getByText('Waits for a decision')).toBeVisible()

  const { origin, pathname } = new URL(first.url())
  await first.goto(pathname.replace(/trials$/, ''))
  await first.getByRole('link', { name: 'Let them in, or decline' }).click()
  await expect(
    first.getByText('They wanted to try a product, with an address of the same domain'),
  ).toBeVisible()
  expect(await tooWide(first)).toBe(0)
  await first.getByLabel('Role', { exact: true }).selectOption({ label: 'Technical' })
  await first.getByRole('button', { name: `Let ${colleague} in` }).click()
  await expect(first.getByText('They are a member now. A mail tells them.')).toBeVisible()
  await expect(first.getByRole('row', { name: colleague })).toContainText('Technical')
  const told = () =>
    mailsTo(colleague).then((all) => all.filter(({ subject }) => subject.startsWith('Approved: joining')))
  expect((await arrived(told))[0]?.text).toContain(`${origin}/`)
  await page.reload()
  await page.waitForURL('**/trials?try=*')
  await expect(page.getByRole('region', { name: 'Trials that run' })).toBeVisible()
  await page.context().close()
  await first.context().close()
})

test('the GLPI of another customer waits for the account manager, of a stranger and of a member, and a mail says so', async ({
  browser,
}) => {
  const customer = await newCustomer('has')
  await inSystem('update instances set installation_id = $2 where id = $1', [
    customer.instanceId,
    `of-${customer.slug}`,
  ])
  const { page } = await opened(browser, 'en-GB')
  const email = newEmail()
  await typeCode(page, (await asked(page, email, `https://${customer.slug}.example/glpi`)).code)
  await page.waitForURL('**/trial/sign-up/*')
  await expect(page.getByText('The trial of Forms Pro waits: your account manager')).toBeVisible()
  expect(await axeFindings(page)).toEqual([])
  const told = () => mailsTo(email).then((all) => all.filter(({ subject }) => subject.includes('waits')))
  expect((await arrived(told))[0]?.subject).toBe('Your trial of Forms Pro waits')
  await page.context().close()

  const other = await newCustomer('takes')
  await inSystem('update instances set installation_id = $2 where id = $1', [
    other.spareId,
    `of-${customer.slug}`,
  ])
  const member = await (await browserAs(browser, other.people.technical)).newPage()
  await member.goto(`/${other.slug}/trials?try=${await productOf('signature')}`)
  await member.getByLabel('On which GLPI').selectOption({ value: other.spareId })
  await member.getByRole('button', { name: 'Start the trial' }).click()
  await expect(member.getByText('The trial waits: your account manager looks at it first')).toBeVisible()
  await member.context().close()
})
