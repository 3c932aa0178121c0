import { expect, type Page, test } from '@playwright/test'
import { newId } from '@/lib/ids'
import { assign } from '@/lib/staff/assign'
import {
  browserAs,
  bySystem,
  type Customer,
  inSystem,
  keysOf,
  newCustomer,
  newInstance,
  newStaff,
} from './customer'
import { axeFindings, tooWide, touching } from './look'
import { actionBody, builtActions, origin, send } from './send'
import { arrived, mailsTo, query, signIn } from './sign-in'

test.use({ locale: 'en-GB' })

const find = async (page: Page, text: string) => {
  await page.goto('/staff')
  await page.getByRole('searchbox', { name: 'Name, address, I-…, K-…, or a key' }).fill(text)
  await page.getByRole('button', { name: 'Search' }).click()
}

/** The sentences of the customer's activity, the newest first, as its owner reads them. */
async function activityOf(page: Page, customer: Customer): Promise<string[]> {
  await page.goto(`/${customer.slug}/activity?who=vendor`)
  return page.getByRole('row').locator('td:nth-child(2)').allInnerTexts()
}

test('what nobody of the vendor may, staff are told to ask an owner for, and in a key’s page no panel touches another', async ({
  browser,
}) => {
  const customer = await newCustomer('owners-only')
  const [key] = customer.keys
  const { personId } = customer.people.viewer
  for (const role of ['admin', 'manager', 'staff'] as const) {
    const context = await browserAs(browser, await newStaff(role, customer.organizationId, 'Nora Weiss'))
    const page = await context.newPage()
    for (const path of [personId, `${personId}/remove`]) {
      await page.goto(`/${customer.slug}/members/${path}`)
      await expect(page.locator('main .empty')).toContainText(/ask an owner \(/)
    }
    await page.goto(`/${customer.slug}/keys/${key?.id}`)
    if (role === 'staff') expect(await touching(page)).toEqual([])
    await context.close()
  }
})

for (const javaScriptEnabled of [true, false]) {
  test(`staff find a key from a pasted one, issue, revoke, restore and extend, and the customer reads it${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    test.slow()
    const customer = await newCustomer('helped')
    const nora = await newStaff('manager', customer.organizationId, 'Nora Weiss')
    const context = await browserAs(browser, nora, { javaScriptEnabled })
    const page = await context.newPage()
    // The one that no other has followed: beside its successor, a key is restored by an admin alone.
    const key = customer.keys.at(-1)
    const pasted = `Key: ${key?.characters
      .toUpperCase()
      .match(/.{1,4}/g)
      ?.join(' ')}`
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await find(page, pasted)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Forms Pro, ${key?.shortId}`)
    await expect(page.getByText(`You see ${customer.name} as one of Northwind Plugins.`)).toBeVisible()
    expect(asked.filter((url) => url.includes(key?.characters.slice(4, 20) ?? 'none'))).toEqual([])

    await page.getByLabel('Reason').selectOption({ label: 'Leaked' })
    await page.getByLabel('What the customer should know').fill(`It was on a wiki: ${key?.characters}`)
    await page.getByRole('button', { name: `Revoke ${key?.shortId}` }).click()
    await expect(page.getByText('The key is revoked.')).toBeVisible()
    await page.getByLabel('Why').fill('It was another one.')
    await page.getByRole('button', { name: `Restore ${key?.shortId}` }).click()
    await expect(page.getByText('The key works again.')).toBeVisible()
    const until = await page.getByLabel('Works until').inputValue()
    const later = new Date(Date.parse(until) + 30 * 86_400_000).toISOString().slice(0, 10)
    await page.getByLabel('Works until').fill(later)
    await page.getByLabel('Why').fill('The invoice is late.')
    await page.getByRole('button', { name: `Extend ${key?.shortId}` }).click()
    await expect(page.getByText('The key was extended.')).toBeVisible()

    await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
    await page.getByRole('link', { name: 'Issue a key' }).click()
    await page.getByLabel('Product').selectOption({ label: 'Forms Pro' })
    await page.getByLabel('Length of the term').selectOption({ label: '3 months' })
    await page.getByLabel('Why').fill('Ordered by letter.')
    await expect(page.getByRole('button', { name: 'Issue the permanent key' })).toHaveCount(0)
    await page.getByRole('button', { name: 'Issue the key' }).click()
    const instance = page.getByLabel('GLPI instance')
    await expect(instance).toHaveAccessibleDescription(
      new RegExp(
        `no second key of Forms Pro work where one does already \\(${customer.keys.at(-1)?.shortId}\\)`,
      ),
    )
    await expect(instance).toHaveValue(customer.instanceId)
    await expect(page.getByLabel('Product').locator('option:checked')).toHaveText('Forms Pro')
    await expect(page.getByLabel('Length of the term').locator('option:checked')).toHaveText('3 months')
    await expect(page.getByLabel('Why')).toHaveValue('Ordered by letter.')
    await instance.selectOption(customer.spareId)
    await page.getByRole('button', { name: 'Issue the key' }).click()
    await expect(page.getByText('The key was issued.')).toBeVisible()

    const owner = await browserAs(browser, customer.people.owner)
    const issued = (await keysOf(customer.organizationId)).at(-1)
    const said = (await activityOf(await owner.newPage(), customer)).map((text) => text.split('\n')[0])
    expect(said.slice(0, 5)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Nora Weiss \\(Northwind Plugins\\) issued ${issued?.shortId}, Forms Pro, for a term until .* \\(Ordered by letter\\.\\)$`,
        ),
      ),
      'Nora Weiss (Northwind Plugins) tried to begin a subscription, and was refused',
      expect.stringMatching(
        new RegExp(
          `^Nora Weiss \\(Northwind Plugins\\) extended ${key?.shortId}, .*: The invoice is late\\.$`,
        ),
      ),
      `Nora Weiss (Northwind Plugins) restored ${key?.shortId}, Forms Pro (It was another one.)`,
      `Nora Weiss (Northwind Plugins) revoked ${key?.shortId}, Forms Pro: leaked (It was on a wiki: ${key?.shortId})`,
    ])
    expect(said[5]).toBe('Nora Weiss (Northwind Plugins) looked at this organization')
    expect(said.filter((text) => text?.includes('looked at'))).toHaveLength(1)
    for (const one of [context, owner]) await one.close()
  })
}

for (const javaScriptEnabled of [true, false]) {
  test(`nothing is chosen before somebody chooses it: the empty form issues nothing, and names what is missing${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('unasked')
    const nora = await newStaff('manager', customer.organizationId, 'Nora Weiss')
    const before = await keysOf(customer.organizationId)
    const context = await browserAs(browser, nora, { javaScriptEnabled })
    const page = await context.newPage()
    await page.goto(`/${customer.slug}/keys/new`)
    const [product, instance] = [page.getByLabel('Product'), page.getByLabel('GLPI instance')]
    for (const field of [product, instance])
      await expect(field.locator('option:checked')).toHaveText('Choose …')
    await expect(instance).toHaveAccessibleDescription(
      'Leave this empty for Cloud Standard: its key is for the whole organization.',
    )
    const issue = page.getByRole('button', { name: 'Issue the key' })
    // What the browser itself asks for first, a program need not.
    const novalidate = () =>
      page
        .locator('main form')
        .first()
        .evaluate((form) => form.setAttribute('novalidate', ''))
    await issue.click()
    await expect(product).toBeFocused()
    await novalidate()
    await page.getByLabel('Why').fill('Nothing was asked.')
    await issue.click()
    await expect(product).toHaveAccessibleDescription('Please fill this in.')
    await product.selectOption({ label: 'Forms Pro' })
    await issue.click()
    await expect(instance).toHaveAccessibleDescription(/Choose the GLPI instance that this key is for\./)
    await expect(product.locator('option:checked')).toHaveText('Forms Pro')
    expect(await keysOf(customer.organizationId)).toEqual(before)

    await product.selectOption({ label: 'Cloud Standard' })
    if (javaScriptEnabled) {
      expect(await axeFindings(page)).toEqual([])
      await expect(instance).toHaveCount(0)
      await expect(page.getByText('This product’s key is for the whole organization')).toBeVisible()
    } else {
      await instance.selectOption({ index: 1 })
      await issue.click()
      await expect(instance).toHaveAccessibleDescription(
        /This key is for the whole organization, not for one/,
      )
      await instance.selectOption({ label: 'Choose …' })
    }
    await issue.click()
    await expect(page.getByText('The key was issued.')).toBeVisible()
    expect((await keysOf(customer.organizationId)).length).toBe(before.length + 1)
    await context.close()
  })
}

test('one form that is sent five times issues one key, and the next form is told of it, in French as well', async ({
  browser,
}) => {
  const customer = await newCustomer('resent')
  const nora = await newStaff('manager', customer.organizationId)
  const before = await keysOf(customer.organizationId)
  const context = await browserAs(browser, nora)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/keys/new`)
  const idempotencyKey = await page.locator('[name=idempotencyKey]').first().inputValue()
  const action = builtActions().find(({ name }) => name.endsWith('keys/new/actions.ts issueSubscription'))
  const answers = []
  for (let time = 0; time < 5; time++) {
    const { headers, body } = actionBody(
      'form',
      action?.id ?? '',
      [
        ['organization', customer.slug],
        ['idempotencyKey', idempotencyKey],
        ['productId', customer.products.formspro],
        ['instanceId', customer.spareId],
        ['months', '12'],
        ['note', 'Ordered once.'],
      ],
      true,
    )
    const answer = await send({
      method: 'POST',
      path: `/${customer.slug}/keys/new`,
      as: nora,
      headers: { ...headers, origin: origin() },
      body,
    })
    answers.push(`${answer.status} ${answer.headers.location}`)
  }
  expect(new Set(answers).size).toBe(1)
  expect(answers[0]).toMatch(/^303 .*\?done=issued$/)
  await query(`update people set language = 'fr' where id = $1`, [nora.personId])
  await page.reload()
  const form = page.locator('form').filter({ has: page.locator('[name=months]') })
  await form.locator('[name=productId]').selectOption(customer.products.formspro)
  await form.locator('[name=instanceId]').selectOption(customer.spareId)
  await form.locator('[name=note]').fill('Commandée encore.')
  await form.locator('button[type=submit]').click()
  await expect(form.locator('[name=instanceId]')).toHaveAccessibleDescription(
    /pas fonctionner une deuxième clé du produit «\sForms Pro\s», .* là où une clé fonctionne déjà \(K-/,
  )
  expect((await keysOf(customer.organizationId)).length).toBe(before.length + 1)
  await context.close()
})

test('signing in by mail leads staff to their search; a customer finds nothing there', async ({
  browser,
}) => {
  const customer = await newCustomer('not-staff')
  const staff = await newStaff('staff', undefined, 'Tom Berg')
  const context = await browser.newContext({ locale: 'en-GB' })
  const page = await context.newPage()
  await signIn(page, staff.email)
  await expect(page).toHaveURL(/\/staff$/)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Find a customer')
  await expect(page.getByText('No organization is assigned to you yet')).toBeVisible()
  const owner = await browserAs(browser, customer.people.owner)
  const theirs = await owner.newPage()
  await theirs.goto('/staff')
  await expect(theirs.getByRole('heading', { level: 1 })).toHaveText('Nothing here')
  for (const one of [context, owner]) await one.close()
})

test('a customer is found by name, address, short IDs and last characters; what is nobody’s is said', async ({
  browser,
}) => {
  const customer = await newCustomer('found', {
    name: `Médiathèque ${newId().slice(-8)}`,
    label: `Bureau ${newId().slice(-8)}`,
  })
  const context = await browserAs(browser, await newStaff('staff'))
  const page = await context.newPage()
  const [key] = customer.keys
  const [instance] = await inSystem<{ short_id: string; label: string }>(
    'select short_id, label from instances where id = $1',
    [customer.instanceId],
  )
  const link = (name: string) => page.locator('main').getByRole('link', { name, exact: true })
  for (const [typed, found] of [
    [customer.name.toLowerCase().replaceAll('é', 'e').replaceAll('è', 'e'), customer.name],
    [customer.slug, customer.name],
    [instance?.label, instance?.label],
    [`https://www.${customer.slug}.example:443/glpi/front/central.php?x=1`, instance?.label],
    [`${customer.slug}.lan`, instance?.label],
    [instance?.short_id.toLowerCase(), instance?.label],
    [key?.shortId.replace('-', ' '), key?.shortId],
    [`…${key?.characters.slice(-4)}`, key?.shortId],
  ] as const) {
    await find(page, typed ?? '')
    await expect(link(found ?? '')).toBeVisible()
  }
  await find(page, 'nothing like it at all')
  await expect(page.getByText('Nothing has “nothing like it at all”')).toBeVisible()
  const characters = key?.characters ?? ''
  const wrong = characters.slice(0, 8) + (characters[8] === 'q' ? 'p' : 'q') + characters.slice(9)
  await find(page, wrong)
  await expect(page.getByText('The 9th character')).toBeVisible()
  await expect(link(key?.shortId ?? '')).toBeVisible()
  await context.close()
})

test('staff who are not assigned look at everything, masked, and are told who is', async ({ browser }) => {
  const customer = await newCustomer('looked')
  await newStaff('manager', customer.organizationId, 'Nora Weiss')
  const context = await browserAs(browser, await newStaff('staff'))
  const page = await context.newPage()
  for (const path of [
    '',
    '/instances',
    '/keys',
    '/members',
    '/activity',
    `/instances/${customer.instanceId}`,
  ]) {
    await page.goto(`/${customer.slug}${path}`)
    await expect(page.getByText('To act here, ask the account manager (Nora Weiss).')).toBeVisible()
    await expect(page.getByRole('button', { name: /^(Copy|Show) the key/ })).toHaveCount(0)
  }
  for (const path of ['/keys/new', `/keys/${customer.keys[0]?.id}`, '/instances/new', '/members/invite']) {
    await page.goto(`/${customer.slug}${path}`)
    await expect(page.locator('main .empty')).toContainText(', ask the account manager (Nora Weiss).')
    await expect(
      page.locator('main form').filter({ has: page.locator('[name=idempotencyKey]') }),
    ).toHaveCount(0)
  }
  await context.close()
})

test('a key that staff copied is in the activity, and the owner has a mail that names it and does not hold it', async ({
  browser,
}) => {
  const customer = await newCustomer('revealed')
  const nora = await newStaff('manager', customer.organizationId, 'Nora Weiss')
  const context = await browserAs(browser, nora)
  const page = await context.newPage()
  const [, , key] = customer.keys
  await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
  const article = page.locator(`[id="${key?.shortId}"]`)
  await article.getByRole('button', { name: /^Show/ }).click()
  await expect(article.locator('.shown .chars')).toHaveText(key?.characters ?? '')
  const { email } = customer.people.owner
  const [mail] = await arrived(() => mailsTo(email))
  expect(mail?.subject).toBe(`Nora Weiss saw a key of ${customer.name}`)
  expect(mail?.text).toContain(key?.shortId)
  for (const form of [mail?.text, mail?.html]) expect(form).not.toContain(key?.characters)
  await context.close()
})

test('staff make an organization, invite its owner, add an instance and issue its first key', async ({
  browser,
}) => {
  const staff = await newStaff('staff', undefined, 'Tom Berg')
  const context = await browserAs(browser, staff)
  const page = await context.newPage()
  const name = `Mairie de l’Étang ${newId().slice(-6)}`
  const email = `owner-${newId().slice(-8)}@e2e.example`
  await page.goto('/staff')
  await page.getByRole('link', { name: 'Create an organization' }).click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Its owner’s e-mail address').fill(email)
  await page.getByLabel('Time zone').fill('Europe/Nowhere')
  await page.getByRole('button', { name: 'Create the organization' }).click()
  await expect(page.getByText('Choose a time zone from the list.')).toBeVisible()
  await page.getByLabel('Time zone').fill('Europe/Paris')
  await page.getByRole('button', { name: 'Create the organization' }).click()
  await expect(page).toHaveURL(/\/mairie-de-l-etang-\w+\/members\?done=invited$/)
  await expect(page.getByRole('row', { name: email })).toContainText('Owner')
  await expect
    .poll(async () => (await mailsTo(email)).map(({ subject }) => subject))
    .toContain(`Join ${name} at Northwind Plugins`)
  await page.getByRole('link', { name: 'Instances' }).click()
  await page.locator('main').getByRole('link', { name: 'Add an instance' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Service desk')
  await page.getByLabel('Address', { exact: true }).fill(`https://glpi-${newId().slice(-6)}.example`)
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await page.getByRole('link', { name: 'Issue a key' }).click()
  await page.getByLabel('Product').selectOption({ label: 'Forms Pro' })
  await page.getByLabel('Why').fill('The first one.')
  await page.getByRole('button', { name: 'Issue the key' }).click()
  await expect(page.getByText('The key was issued.')).toBeVisible()
  await page.goto('/staff')
  await expect(page.locator('main').getByRole('link', { name })).toBeVisible()
  await context.close()
})

test('who makes an organization reads whether they are assigned to it: an account manager is, an admin is not', async ({
  browser,
}) => {
  const customer = await newCustomer('told')
  for (const [role, said, months] of [
    ['manager', 'You are assigned to it.', '36 months'],
    ['admin', 'As an admin you act in it without being assigned to it.', '60 months'],
  ] as const) {
    const context = await browserAs(browser, await newStaff(role, customer.organizationId, 'Nora Weiss'))
    const page = await context.newPage()
    await page.goto('/staff/organizations/new')
    await expect(page.getByText(said)).toBeVisible()
    await page.goto(`/${customer.slug}/keys/new`)
    await expect(page.getByLabel('Length of the term').locator('option').last()).toHaveText(months)
    await context.close()
  }
})

test('an admin assigns, takes away, adds and ends; it counts at the next click', async ({ browser }) => {
  const customer = await newCustomer('assigned')
  const name = `Marta ${newId().slice(-6)}`
  const marta = await newStaff('staff', undefined, name)
  const [theo, hers] = [await browserAs(browser, await newStaff('admin')), await browserAs(browser, marta)]
  const [page, her] = [await theo.newPage(), await hers.newPage()]
  await page.goto('/staff/people')
  const card = page.getByRole('region', { name })
  await card.getByLabel('Organization, by its name in the address').fill(customer.slug)
  await card.getByRole('button', { name: `Assign an organization to ${name}` }).click()
  await expect(page.getByText('Assigned. The organization’s members read it')).toBeVisible()
  await her.goto(`/${customer.slug}/keys/new`)
  await expect(her.getByRole('button', { name: 'Issue the key' })).toBeVisible()
  await card.getByRole('button', { name: `Take ${customer.name} away from ${name}` }).click()
  await expect(page.getByText('Taken away.')).toBeVisible()
  await her.getByLabel('Product').selectOption({ label: 'Cloud Standard' })
  await her.getByLabel('Why').fill('Too late.')
  await her.getByRole('button', { name: 'Issue the key' }).click()
  await expect(
    her.getByText('You are signed in as one of the vendor’s staff who is not assigned, who may not do this'),
  ).toBeVisible()
  const end = card.getByRole('link', { name: `End the access of ${name}` })
  await expect(end).toHaveClass(/\bquiet\b/)
  await end.click()
  await page.getByRole('button', { name: `End the access of ${name}` }).click()
  await expect(page.getByText('Ended.')).toBeVisible()
  await her.goto('/staff')
  await expect(her).toHaveURL(/\/sign-in/)
  const email = `new-${newId().slice(-8)}@northwind.example`
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Role').selectOption({ label: 'account manager' })
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(page.getByRole('region', { name: email })).toBeVisible()
  for (const one of [theo, hers]) await one.close()
})

for (const javaScriptEnabled of [true, false]) {
  test(`before the access of one of the staff ends, an admin reads what comes of it${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const [customer, other] = [await newCustomer('told'), await newCustomer('told-too')]
    const name = `Marta ${newId().slice(-6)}`
    const marta = await newStaff('manager', customer.organizationId, name)
    await assign(bySystem(other.organizationId), { staffId: marta.personId })
    const admin = await newStaff('admin', undefined, 'Theo Brandt')
    const [theirs, hers, owners] = [
      await browserAs(browser, admin, { javaScriptEnabled }),
      await browserAs(browser, marta),
      await browserAs(browser, customer.people.owner),
    ]
    const [page, her] = [await theirs.newPage(), await hers.newPage()]
    const link = page.getByRole('link', { name: `End the access of ${name}` })
    await page.goto('/staff/people')
    await link.click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`End the access of ${name}?`)
    const main = page.getByRole('main')
    for (const said of [
      `At once, ${name} is signed out of every browser`,
      'read in their activity that you ended it',
      customer.name,
      other.name,
    ])
      await expect(main).toContainText(said)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      if (javaScriptEnabled) expect(await axeFindings(page)).toEqual([])
    }
    // Nothing has happened yet, and nothing does where one goes back.
    await page.getByRole('link', { name: 'Keep them' }).click()
    await her.goto('/staff')
    await expect(her).toHaveURL(/\/staff$/)
    await link.click()
    await page.getByRole('button', { name: `End the access of ${name}` }).click()
    await expect(page.getByText('Ended.')).toBeVisible()
    await expect(page.getByRole('region', { name })).toHaveCount(0)
    await her.goto('/staff')
    await expect(her).toHaveURL(/\/sign-in/)
    const [said] = await activityOf(await owners.newPage(), customer)
    expect(said).toContain(
      `Theo Brandt (Northwind Plugins) ended that ${name} is an account manager of this organization`,
    )
    // Who is gone, and oneself, nobody ends here.
    await page.goto(`/staff/people/${marta.personId}/end`)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing here')
    await page.goto(`/staff/people/${admin.personId}/end`)
    await expect(main).toContainText('You cannot change what you are yourself: ask another admin.')
    await expect(main.locator('form')).toHaveCount(0)
    for (const one of [theirs, hers, owners]) await one.close()
  })
}

for (const [colorScheme, language] of [
  ['light', 'en'],
  ['dark', 'fr'],
] as const) {
  test(`axe finds nothing on the pages of staff, and they fit 320 px (${colorScheme}, ${language})`, async ({
    browser,
  }) => {
    test.setTimeout(180_000)
    const customer = await newCustomer(`axe-${colorScheme}`, {
      label: 'A-very-long-name-without-a-blank-'.repeat(4),
    })
    const reader = await newStaff('staff')
    const admin = await newStaff('admin', undefined, 'A-very-long-name-of-somebody-'.repeat(5))
    await query('update people set language = $1 where id = any($2)', [
      language,
      [reader.personId, admin.personId],
    ])
    const [spare] = await query('select email from people where id = $1', [customer.spareStaffId])
    expect(spare).toBeTruthy()
    const wide = `helpdesk.department.organization.${customer.slug}.example`
    await newInstance(customer.organizationId, wide, { label: 'Department' })
    const home = `/${customer.slug}`
    const key = `${home}/keys/${customer.keys[0]?.id}`
    for (const [as, paths] of [
      [
        reader,
        [
          '/staff',
          `/staff?q=${customer.slug}`,
          `/staff?q=${wide}`,
          '/staff?q=none-such',
          '/staff?q=zzzz&key=unknown',
          home,
          key,
          `${home}/keys/new`,
        ],
      ],
      [
        admin,
        [
          '/staff',
          '/staff/organizations/new',
          '/staff/people',
          '/staff/requests',
          home,
          `${home}/keys`,
          key,
          `${home}/keys/new`,
          `${home}/instances/${customer.instanceId}`,
        ],
      ],
    ] as const) {
      const context = await browserAs(browser, as, { colorScheme, viewport: { width: 320, height: 640 } })
      const page = await context.newPage()
      for (const path of paths) {
        await page.goto(path)
        await expect(page.locator('h1')).toHaveCount(1)
        await expect(page.locator('html')).toHaveAttribute('lang', language)
        expect({ path, found: await axeFindings(page) }).toEqual({ path, found: [] })
        expect({ path, tooWide: await tooWide(page) }).toEqual({ path, tooWide: 0 })
      }
      await context.close()
    }
  })
}
