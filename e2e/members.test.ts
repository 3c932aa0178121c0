import { randomUUID } from 'node:crypto'
import { expect, type Page, test } from '@playwright/test'
import { newId } from '@/lib/ids'
import { createOrganization } from '@/lib/organizations/create'
import { inviteMember } from '@/lib/organizations/invite'
import {
  browserAs,
  type Customer,
  inSystem,
  newCustomer,
  newSession,
  newStaff,
  type Person,
} from './customer'
import { axeFindings } from './look'
import { askForMail, linkTo, mailsTo, query, typeCode } from './sign-in'
import { words } from './words'

test.use({ locale: 'en-GB' })

const freshEmail = () => `guest-${newId().slice(-8)}@e2e.example`
const home = (customer: Customer) => `/${customer.slug}/members`

/** The link of the last invitation that went to this address. */
const invitationTo = (email: string) => linkTo(email, /https?:\S+\/invitation\?token=\S+/)

async function invite(page: Page, customer: Customer, email: string, role: string) {
  await page.goto(home(customer))
  await page.getByRole('link', { name: 'Invite somebody' }).click()
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Role', { exact: true }).selectOption({ label: role })
  await page.getByRole('button', { name: 'Send the invitation' }).click()
  await expect(page.getByText('The invitation is on its way.')).toBeVisible()
  await expect(page.getByRole('row', { name: email })).toContainText(role)
}

/** As if they had signed in: the person whom inviting has made, with their address confirmed. */
async function signedIn(email: string): Promise<Person> {
  const [person] = await query('update people set email_verified = now() where email = $1 returning id', [
    email,
  ])
  return { personId: person?.id, email, token: await newSession(person?.id) }
}

const roleOf = async (customer: Customer, personId: string) => {
  const [row] = await inSystem<{ role: string }>(
    'select role from memberships where organization_id = $1 and person_id = $2',
    [customer.organizationId, personId],
  )
  return row?.role
}

for (const javaScriptEnabled of [true, false]) {
  test(`somebody is invited, signs in by the mail, comes back and joins${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('join')
    const owner = await browserAs(browser, customer.people.owner, { javaScriptEnabled })
    const email = freshEmail()
    await invite(await owner.newPage(), customer, email, 'Technical')
    const link = await invitationTo(email)

    const guest = await browserAs(browser, null, { javaScriptEnabled })
    const page = await guest.newPage()
    await page.goto(link)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Join ${customer.name}`)
    await expect(page.locator('main')).toContainText(`invited ${email} to join as a technical member`)
    await page.getByRole('link', { name: `Sign in as ${email}` }).click()
    await expect(page.getByLabel('E-mail address')).toHaveValue(email)
    const { code } = await askForMail(page, email)
    await typeCode(page, code)
    await expect(page).toHaveURL(link)
    await expect(page.getByText(`You are signed in as ${email}.`)).toBeVisible()
    await page.getByRole('button', { name: `Join ${customer.name}` }).click()
    await expect(page).toHaveURL(/\/members\?done=joined/)
    await expect(page.getByText(`You belong to ${customer.name} now, as a technical member.`)).toBeVisible()

    await page.goto(link)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`You belong to ${customer.name}`)
    for (const context of [owner, guest]) await context.close()
  })
}

test('a link that was opened 20 times, and by whom it does not concern, still works for who was invited, once', async ({
  browser,
}) => {
  const customer = await newCustomer('scanned')
  const owner = await browserAs(browser, customer.people.owner)
  const email = freshEmail()
  await invite(await owner.newPage(), customer, email, 'Viewer')
  const link = await invitationTo(email)
  for (let look = 0; look < 20; look++) expect((await owner.request.get(link)).status()).toBe(200)
  const person = await signedIn(email)
  const guest = await browserAs(browser, person)
  const page = await guest.newPage()
  await page.goto(link)
  await page.getByRole('button', { name: /^Join/ }).focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/members\?done=joined/)
  expect(await roleOf(customer, person.personId)).toBe('viewer')
  const anyone = await (await browserAs(browser, null)).newPage()
  await anyone.goto(link)
  await expect(anyone.getByText('This invitation has been used already.')).toBeVisible()
  for (const context of [owner, guest, anyone.context()]) await context.close()
})

test('who is a member already reads which address was invited, which one is signed in, and what to do', async ({
  browser,
}) => {
  const customer = await newCustomer('both')
  const { technical } = customer.people
  const owner = await browserAs(browser, customer.people.owner)
  const email = freshEmail()
  await invite(await owner.newPage(), customer, email, 'Viewer')
  const link = await invitationTo(email)
  const context = await browserAs(browser, technical)
  const page = await context.newPage()
  const said = `${email} was invited. You are signed in as ${technical.email}, and are a technical member there already`
  await page.goto(link)
  await expect(page.locator('main')).toContainText(`${said}, so you need not join.`)
  await expect(page.getByRole('link', { name: `Open ${customer.name}` })).toBeVisible()
  expect(await axeFindings(page)).toEqual([])
  await inSystem('update invitations set withdrawn_at = now() where email = $1', [email])
  await page.goto(link)
  await expect(page.locator('main')).toContainText(`${said}. This invitation was taken back`)
  await expect(page.getByRole('button', { name: 'Sign out and change the address' })).toHaveCount(0)
  await inSystem('update invitations set withdrawn_at = null where email = $1', [email])
  await page.goto(link)
  await page.getByRole('button', { name: 'Sign out and change the address' }).click()
  await expect(page).toHaveURL(/\/sign-in\?to=%2Finvitation%3Ftoken/)
  await expect(page.getByLabel('E-mail address')).toHaveValue(email)
  for (const one of [owner, context]) await one.close()
})

test('the address of the sign-in page comes from the invitation alone, never from what else a link says', async ({
  browser,
}) => {
  const context = await browserAs(browser, null)
  const page = await context.newPage()
  for (const path of [
    '/sign-in?email=mallory@evil.example',
    '/sign-in?to=/invitation%3Femail%3Dmallory@evil.example',
    `/sign-in?to=/invitation%3Ftoken%3D${'x'.repeat(43)}%26email%3Dmallory@evil.example`,
    '/sign-in?to=https://evil.example/invitation%3Ftoken%3Dx',
  ]) {
    await page.goto(path)
    await expect(page.getByLabel('E-mail address')).toHaveValue('')
  }
  await context.close()
})

test('whoever is invited in French reads all of it in French, until they are in, where the inviter and the browser speak English', async ({
  browser,
}) => {
  const customer = await newCustomer('francais')
  const owner = await browserAs(browser, customer.people.owner)
  const form = await owner.newPage()
  const email = freshEmail()
  await form.goto(`${home(customer)}/invite`)
  await expect(form.getByLabel('Language of the mail')).toHaveValue('en')
  await form.getByLabel('Language of the mail').selectOption({ label: 'Français' })
  await form.getByLabel('E-mail address').fill(email)
  await form.getByRole('button', { name: 'Send the invitation' }).click()
  await expect(form.getByText('The invitation is on its way.')).toBeVisible()
  const link = await invitationTo(email)
  expect((await mailsTo(email)).map(({ subject }) => subject)).toEqual([
    `Rejoindre ${customer.name} chez Northwind Plugins`,
  ])
  const guest = await browserAs(browser, null)
  const page = await guest.newPage()
  const french = () => expect(page.locator('html')).toHaveAttribute('lang', 'fr')
  await page.goto(link)
  await french()
  await page.getByRole('link', { name: `Se connecter avec ${email}` }).click()
  await french()
  await expect(page.locator('input[name=email]')).toHaveValue(email)
  const { code, mail } = await askForMail(page, email)
  expect(mail.text).toContain('Saisissez ce code')
  await french()
  const stored = await query('select return_to from sign_ins where email = $1', [email])
  expect(JSON.stringify(stored)).not.toContain(new URL(link).searchParams.get('token'))
  await typeCode(page, code)
  await expect(page).toHaveURL(link)
  await page.getByRole('button', { name: `Rejoindre ${customer.name}` }).click()
  await expect(page).toHaveURL(/\/members\?done=joined/)
  await french()
  for (const context of [owner, guest]) await context.close()
})

test('signed in with another address, one reads which one was invited, and signs out to come back', async ({
  browser,
}) => {
  const [customer, other] = [await newCustomer('wrong'), await newCustomer('other')]
  const owner = await browserAs(browser, customer.people.owner)
  const email = freshEmail()
  await invite(await owner.newPage(), customer, email, 'Owner')
  const link = await invitationTo(email)
  const stranger = await browserAs(browser, other.people.viewer)
  const page = await stranger.newPage()
  await page.goto(link)
  await expect(page.locator('main')).toContainText(
    `${email} was invited, and you are signed in as ${other.people.viewer.email}`,
  )
  await expect(page.getByRole('button', { name: /^Join/ })).toHaveCount(0)
  expect(await axeFindings(page)).toEqual([])
  await page.getByRole('button', { name: 'Sign out and change the address' }).click()
  await expect(page).toHaveURL(/\/sign-in\?to=%2Finvitation%3Ftoken/)
  expect(await roleOf(customer, other.people.viewer.personId)).toBeUndefined()
  for (const context of [owner, stranger]) await context.close()
})

test('an invitation that expired, was taken back or replaced, or that nobody made, says so and what to do', async ({
  browser,
}) => {
  const customer = await newCustomer('over')
  const owner = await browserAs(browser, customer.people.owner)
  const page = await owner.newPage()
  const emails = { expired: freshEmail(), withdrawn: freshEmail(), replaced: freshEmail() }
  for (const email of Object.values(emails)) await invite(page, customer, email, 'Viewer')
  const links = {
    expired: await invitationTo(emails.expired),
    withdrawn: await invitationTo(emails.withdrawn),
    replaced: await invitationTo(emails.replaced),
  }
  await inSystem(
    `update invitations set created_at = created_at - interval '7 days', expires_at = expires_at - interval '7 days'
     where email = $1`,
    [emails.expired],
  )
  await page.goto(home(customer))
  await page.getByRole('button', { name: `Take back the invitation of ${emails.withdrawn}` }).click()
  await expect(page.getByText('The invitation was taken back.')).toBeVisible()
  await expect(page.getByRole('row', { name: emails.expired })).toContainText('over since')
  await page.getByRole('link', { name: `Invite ${emails.expired} again` }).click()
  await expect(page.getByLabel('E-mail address')).toHaveValue(emails.expired)
  await invite(page, customer, emails.replaced, 'Billing')
  const guest = await (await browserAs(browser, await signedIn(emails.expired))).newPage()
  const none = `${links.expired.slice(0, -3)}abc`
  for (const [link, said] of [
    [links.expired, 'The time for this invitation is over. Ask an owner for a new one.'],
    [none, 'No invitation has this link.'],
    ['/invitation', 'No invitation has this link.'],
  ] as const) {
    await guest.goto(link)
    await expect(guest.getByText(said)).toBeVisible()
    await expect(guest.getByRole('button', { name: /^Join/ })).toHaveCount(0)
  }
  const anyone = await (await browserAs(browser, null)).newPage()
  for (const link of [links.withdrawn, links.replaced]) {
    await anyone.goto(link)
    await expect(
      anyone.getByText('This invitation was taken back, or replaced by a newer one.'),
    ).toBeVisible()
  }
  for (const context of [owner, guest.context(), anyone.context()]) await context.close()
})

test('an invitation that ends while its page is open is refused in place', async ({ browser }) => {
  const customer = await newCustomer('meanwhile')
  const owner = await browserAs(browser, customer.people.owner)
  const email = freshEmail()
  await invite(await owner.newPage(), customer, email, 'Viewer')
  const link = await invitationTo(email)
  const person = await signedIn(email)
  const guest = await browserAs(browser, person)
  const page = await guest.newPage()
  await page.goto(link)
  await inSystem('update invitations set withdrawn_at = now() where email = $1', [email])
  await page.getByRole('button', { name: /^Join/ }).click()
  await expect(page.getByText('This invitation was taken back')).toBeVisible()
  expect(await roleOf(customer, person.personId)).toBeUndefined()
  for (const context of [owner, guest]) await context.close()
})

test('a role is changed and counts at the next click; a member is told whom to ask', async ({ browser }) => {
  const customer = await newCustomer('roles')
  const { owner, billing } = customer.people
  const [ours, theirs] = [await browserAs(browser, owner), await browserAs(browser, billing)]
  const member = await theirs.newPage()
  await member.goto(home(customer))
  await expect(member.locator('main')).toContainText(`Ask an owner (${owner.email}) to invite`)
  await expect(member.getByRole('link', { name: /^Change/ })).toHaveCount(0)
  await member.goto(`${home(customer)}/invite`)
  await expect(member.locator('main')).toContainText(`ask an owner (${owner.email})`)
  await expect(member.locator('main form')).toHaveCount(0)

  const page = await ours.newPage()
  await page.goto(home(customer))
  await page.getByRole('link', { name: `Change ${billing.email}` }).click()
  await page.getByLabel('Role', { exact: true }).selectOption({ label: 'Owner' })
  await page.getByRole('button', { name: 'Save the role' }).click()
  await expect(page.getByText('The role was changed.')).toBeVisible()
  await expect(page.getByRole('row', { name: billing.email })).toContainText('Owner')
  await member.goto(`${home(customer)}/invite`)
  await expect(member.getByRole('button', { name: 'Send the invitation' })).toBeVisible()
  await expect
    .poll(async () => (await mailsTo(billing.email)).map(({ subject }) => subject))
    .toContain(`You are now an owner at ${customer.name}`)
  for (const context of [ours, theirs]) await context.close()
})

test('the only owner is told so on each page, and leaves once there is another', async ({ browser }) => {
  const customer = await newCustomer('last')
  const { owner, technical } = customer.people
  const context = await browserAs(browser, owner)
  const page = await context.newPage()
  for (const path of ['/leave', `/${owner.personId}`]) {
    await page.goto(home(customer) + path)
    await expect(page.getByText('You are the only owner: make somebody else an owner first.')).toBeVisible()
    await expect(page.locator('main form')).toHaveCount(0)
  }
  await page.goto(`${home(customer)}/${technical.personId}`)
  await page.getByLabel('Role', { exact: true }).selectOption({ label: 'Owner' })
  await page.getByRole('button', { name: 'Save the role' }).click()
  await expect(page.getByText('The role was changed.')).toBeVisible()
  await page.getByRole('link', { name: 'Leave' }).click()
  await page.getByRole('button', { name: `Leave ${customer.name}` }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('No organization yet')
  expect(await roleOf(customer, owner.personId)).toBeUndefined()
  await page.goto(`/${customer.slug}`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing here')
  await context.close()
})

test('a member who is removed while they work is signed out at once; before, the owner reads which keys they have seen', async ({
  browser,
}) => {
  const customer = await newCustomer('removed')
  const { owner, technical } = customer.people
  const [ours, theirs] = [await browserAs(browser, owner), await browserAs(browser, technical)]
  const [key] = customer.keys
  const work = await theirs.newPage()
  const file = await work.request.post(`/${customer.slug}/keys/file`, {
    headers: { origin: process.env.PUBLIC_URL ?? '' },
    form: { organization: customer.slug, keyId: key?.id ?? '' },
  })
  expect(file.status()).toBe(200)
  await work.goto(`/${customer.slug}/instances/new`)
  await work.getByLabel('Name', { exact: true }).fill('Too late')
  await work.getByLabel('Address', { exact: true }).fill('https://too-late.example')

  const page = await ours.newPage()
  await page.goto(home(customer))
  await page.getByRole('link', { name: `Change ${technical.email}` }).click()
  await page.getByRole('link', { name: `Remove ${technical.email}` }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Remove ${technical.email}?`)
  await expect(page.locator('main')).toContainText('ask your account manager to replace it')
  await expect(page.getByRole('row')).toHaveCount(1)
  await expect(page.getByRole('row')).toContainText(key?.shortId ?? 'none')
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await axeFindings(page)).toEqual([])
  }
  await page.getByRole('button', { name: `Remove ${technical.email}` }).click()
  await expect(page.getByText('The member was removed and signed out.')).toBeVisible()
  await expect(page.getByRole('row', { name: technical.email })).toHaveCount(0)

  await work.getByRole('button', { name: 'Add the instance' }).click()
  await expect(work.getByText('You have been signed out; nothing was done.')).toBeVisible()
  await work.goto(`/${customer.slug}/keys`)
  await expect(work).toHaveURL(/\/sign-in\?to=/)
  await expect
    .poll(async () => (await mailsTo(technical.email)).map(({ subject }) => subject))
    .toContain(`You no longer belong to ${customer.name}`)
  for (const context of [ours, theirs]) await context.close()
})

test('what each role may do stands on the page, from the table: only owners and technical members see whole keys', async ({
  browser,
}) => {
  const customer = await newCustomer('words')
  const context = await browserAs(browser, customer.people.viewer)
  const page = await context.newPage()
  await page.goto(home(customer))
  for (const [role, sees, invites] of [
    ['Owner', true, true],
    ['Technical', true, false],
    ['Billing', false, false],
    ['Viewer', false, false],
  ] as const) {
    const card = page.locator('.card', { has: page.getByRole('heading', { level: 3, name: role }) })
    await expect(card.getByText('see, copy and download whole keys')).toHaveCount(sees ? 1 : 0)
    await expect(card.getByText('invite people')).toHaveCount(invites ? 1 : 0)
  }
  await context.close()
})

for (const language of ['en', 'fr'] as const) {
  test(`an organization with nobody yet says so to staff, and what to do (${language})`, async ({
    browser,
  }) => {
    const slug = `nobody-${newId().slice(-8)}`
    const { organizationId } = await createOrganization(
      { actor: { kind: 'system' }, idempotencyKey: randomUUID() },
      { name: 'Nobody Yet', slug, timeZone: 'Europe/Paris' },
    )
    const [nora, reader] = [await newStaff('manager', organizationId, 'Nora Weiss'), await newStaff('staff')]
    await query('update people set language = $1 where id = any($2)', [
      language,
      [nora.personId, reader.personId],
    ])
    const t = (name: string) => words(language, `members.${name}`)
    for (const [person, text] of [
      [nora, t('none_invite')],
      [reader, 'Nora Weiss'],
    ] as const) {
      const context = await browserAs(browser, person)
      const page = await context.newPage()
      await page.goto(`/${slug}/members`)
      const empty = page.locator('main .empty')
      await expect(empty).toContainText(t('none_title'))
      await expect(empty).toContainText(text)
      await expect(page.getByRole('table')).toHaveCount(0)
      await expect(page.getByRole('main')).not.toContainText(/\b0 /)
      expect(await axeFindings(page)).toEqual([])
      if (person === nora) {
        await page.getByRole('link', { name: t('invite_link') }).click()
        await expect(page).toHaveURL(`/${slug}/members/invite`)
      } else await expect(page.getByRole('link', { name: t('invite_link') })).toHaveCount(0)
      await context.close()
    }
    // Once that is done, it is not asked for again.
    await inviteMember(
      { actor: { kind: 'staff', personId: nora.personId }, organizationId, idempotencyKey: randomUUID() },
      { email: `owner@${slug}.example`, role: 'owner', language },
    )
    const context = await browserAs(browser, nora)
    const page = await context.newPage()
    await page.goto(`/${slug}/members`)
    await expect(page.locator('main .empty')).toContainText(t('none_invited'))
    await expect(page.locator('main .empty').getByRole('link')).toHaveCount(0)
    await expect(page.getByRole('link', { name: t('invite_link') })).toBeVisible()
    await context.close()
  })
}

test('where a narrow page shows no headings, each date says what it is', async ({ browser }) => {
  const customer = await newCustomer('dates')
  const context = await browserAs(browser, customer.people.owner, { viewport: { width: 360, height: 800 } })
  const page = await context.newPage()
  await invite(page, customer, freshEmail(), 'Viewer')
  const before = await page
    .locator('td.when')
    .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell, '::before').content.slice(1, -1)))
  expect(before).toEqual([...Array(5).fill('Member since · '), ...Array(2).fill('Link works until · ')])
  await context.close()
})
