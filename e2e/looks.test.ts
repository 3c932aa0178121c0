import { expect, type Locator, type Page, test } from '@playwright/test'
import { retireInstance } from '@/lib/instances/retire'
import { revokeKey } from '@/lib/keys/revoke'
import { browserAs, bySystem, newCustomer, newInstance, newSession, newStaff, subscribe } from './customer'
import { axeFindings, badgesOf, tooWide, touching } from './look'
import { browserOf, query } from './sign-in'

const owner = 'camille@morlanges.example'
const home = '/ville-de-morlanges'
const clipboard = ['clipboard-read', 'clipboard-write']

test.use({ locale: 'en-GB' })

async function boxOf(place: Locator) {
  const box = await place.boundingBox()
  if (!box) throw new Error('it is not to be seen')
  return box
}

const lineOf = async (page: Page, ...places: string[]) =>
  new Set(await Promise.all(places.map(async (place) => Math.round((await boxOf(page.locator(place))).y))))
    .size

test('a key is shown in the place of its mask, and its buttons stay where they are', async ({ browser }) => {
  const customer = await newCustomer('in-place')
  const context = await browserAs(browser, customer.people.owner, {
    viewport: { width: 1280, height: 900 },
    permissions: clipboard,
  })
  const page = await context.newPage()
  await page.goto(`/${customer.slug}/instances/${customer.instanceId}`)
  const key = page.getByRole('article').first()
  const copy = key.locator('button[value^=copied]')
  // What is next to do with a new key; that it is in GLPI comes after.
  await expect(key.locator('.btn.primary')).toHaveText(['Copy'])
  await expect(key.getByRole('button', { name: /is in GLPI/ })).toBeVisible()
  const mask = await boxOf(key.locator('.chars'))
  const before = await boxOf(copy)

  await copy.click()
  await expect(copy).toHaveText('Copied')
  await expect(copy).not.toHaveClass(/primary/)
  const panel = await boxOf(key)
  const box = await boxOf(key.locator('.notice'))
  expect(box.width).toBeGreaterThan(panel.width - 40)
  expect(box.y - mask.y - mask.height).toBeGreaterThan(6)
  const colour = (place: Locator) => place.evaluate((element) => getComputedStyle(element).color)
  expect(await colour(key.locator('.notice p').first())).toBe(await colour(page.locator('h1')))

  await key.getByRole('button', { name: /^Show the key/ }).click()
  await expect(key.getByRole('button', { name: 'Hide' })).toBeVisible()
  await expect(key.getByRole('button', { name: /^Show/ })).toHaveCount(0)
  await expect(copy).toHaveText('Copy')
  const shown = await boxOf(key.locator('.chars'))
  expect([shown.x, shown.y, shown.height].map(Math.round)).toEqual(
    [mask.x, mask.y, mask.height].map(Math.round),
  )
  expect(Math.round((await boxOf(copy)).y)).toBe(Math.round(before.y))
  expect((await boxOf(key.locator('.notice'))).y - shown.y - shown.height).toBeGreaterThan(6)
  await context.close()
})

test('in the list each key that works can be copied and shown, side by side', async ({ browser }) => {
  const context = await browserOf(browser, owner, { viewport: { width: 1280, height: 900 } })
  const page = await context.newPage()
  await page.goto(`${home}/keys`)
  const rows = page.getByRole('row').filter({ has: page.locator('button') })
  expect(await rows.count()).toBeGreaterThan(10)
  for (const row of await rows.all()) {
    const [copy, show] = [
      await boxOf(row.locator('[value^=copied]')),
      await boxOf(row.locator('[value^=shown]')),
    ]
    expect(Math.round(copy.y)).toBe(Math.round(show.y))
  }
  await page.getByRole('button', { name: /^Show the key of Cloud Standard on Whole organization/ }).click()
  const shown = await boxOf(page.locator('.shown'))
  expect((await boxOf(page.locator('td .notice'))).y - shown.y - shown.height).toBeGreaterThan(6)
  await context.close()
})

test('without JavaScript the key keeps its distance to the list below it', async ({ browser }) => {
  const customer = await newCustomer('distance')
  const context = await browserAs(browser, customer.people.owner, { javaScriptEnabled: false })
  const page = await context.newPage()
  for (const path of ['keys', `instances/${customer.instanceId}`]) {
    await page.goto(`/${customer.slug}/${path}`)
    await page.locator('button[value^=copied]').first().click()
    const box = await boxOf(page.locator('.answer .notice'))
    const below = await boxOf(page.locator('.answer ~ :is(.table, .panel)'))
    expect(below.y - box.y - box.height).toBeGreaterThan(6)
  }
  await context.close()
})

/** Who reads the seed's large customer in this language, and what some of the states are called. */
const readers = {
  en: {
    person: owner,
    states: ['Renewed, still works', 'Renewal due, still works', 'New key, not yet in GLPI', 'Old key'],
    chips: ['1 renewal due, still works', '1 new key, not yet in GLPI'],
    lastCharacters: /last characters$/,
  },
  fr: {
    person: 'malik@morlanges.example',
    states: [
      'Renouvelée, fonctionne encore',
      'À renouveler, fonctionne encore',
      'Nouvelle clé, pas encore dans GLPI',
      'Ancienne clé',
    ],
    chips: ['1 à renouveler, fonctionne encore', '1 nouvelle clé, pas encore dans GLPI'],
    lastCharacters: /derniers caractères$/,
  },
} as const

for (const [language, { person, states, chips, lastCharacters }] of Object.entries(readers)) {
  test(`each state stands in the design’s own words, whole, in the list, on a card and on its key’s page (${language})`, async ({
    browser,
  }) => {
    const context = await browserOf(browser, person)
    const page = await context.newPage()
    const instances = await query(
      `select i.id from instances i join organizations o on o.id = i.organization_id
       where o.slug = 'ville-de-morlanges' and i.label in ('Schools', 'Town hall')`,
      [],
      `latchkey.scope = 'system'`,
    )
    const [old] = await query(
      'select id from keys where renewed_at is not null and replaced_at is null and instance_id = any($1)',
      [instances.map(({ id }) => id)],
      `latchkey.scope = 'system'`,
    )
    for (const width of [1280, 800, 360]) {
      await page.setViewportSize({ width, height: 900 })
      for (const [path, expected] of [
        ['/keys?state=all', states],
        ['', chips],
        ['/instances', chips],
        [`/instances/${instances[0]?.id}`, []],
        [`/keys/${old?.id}`, states.slice(0, 1)],
      ] as const) {
        await page.goto(home + path)
        const badges = await badgesOf(page.locator('main'))
        expect(badges.map(({ words }) => words)).toEqual(expect.arrayContaining([...expected]))
        const spoilt = badges.filter(({ lines, beyond, cut }) => lines > 2 || beyond > 0 || cut.length > 0)
        const wider = await tooWide(page)
        expect({ width, path, spoilt, wider }).toEqual({ width, path, spoilt: [], wider: 0 })
      }
    }
    await context.close()
  })

  test(`the filters are whole at 1280 and at 360, and say that a key is found by its last characters (${language})`, async ({
    browser,
  }) => {
    const context = await browserOf(browser, person)
    const page = await context.newPage()
    const search = page.locator('main input[type=search]')
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 900 })
      await page.goto(`${home}/keys?state=all`)
      await expect(search).toHaveAttribute('placeholder', lastCharacters)
      expect(await search.evaluate((input) => input.scrollWidth - input.clientWidth)).toBe(0)
      expect(await tooWide(page)).toBe(0)
      if (width === 1280)
        expect(
          await lineOf(
            page,
            'main .search',
            'select[name=product]',
            'select[name=sort]',
            'main search button',
          ),
        ).toBe(1)
    }
    // Each choice names something else.
    const choices = await page.locator('select[name=state] option').allInnerTexts()
    expect(new Set(choices).size).toBe(choices.length)
    await context.close()
  })
}

test('at 360 each choice of a filter is as wide as the page, on every list', async ({ browser }) => {
  const context = await browserOf(browser, owner, { viewport: { width: 360, height: 740 } })
  const page = await context.newPage()
  for (const list of ['keys', 'activity']) {
    await page.goto(`${home}/${list}`)
    const widths = await page
      .locator('.filters :is(select, .search, .labelled)')
      .evaluateAll((fields) => fields.map((field) => Math.round(field.getBoundingClientRect().width)))
    expect(widths.length).toBeGreaterThan(3)
    expect(new Set(widths).size).toBe(1)
  }
  await context.close()
})

test('the page of a test copy has the keys of its production instance, to be copied', async ({ browser }) => {
  const context = await browserOf(browser, owner, { permissions: clipboard })
  const page = await context.newPage()
  await page.goto(`${home}/instances`)
  const row = page.getByRole('row').filter({ hasText: 'Service desk, copy' })
  await expect(row.getByRole('cell').nth(1)).toHaveText('uses the keys of Service desk')
  await row.getByRole('link').click()
  const key = page
    .getByRole('region', { name: /^Keys of Service desk/ })
    .getByRole('article')
    .first()
  await expect(key).toContainText(/Expires soonPaid until .*Key works until/)
  await key.getByRole('button', { name: /^Copy the key/ }).click()
  await expect(key).toContainText('is on the clipboard')
  await expect(page.getByRole('button', { name: /is in GLPI/ })).toHaveCount(0)
  await context.close()
})

test('a retired instance says one thing of its keys', async ({ browser }) => {
  const { organizationId, people, slug } = await newCustomer('retired')
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  const main = page.locator('main')
  const [empty, used] = [
    await newInstance(organizationId, `empty.${slug}.example`, {}),
    await newInstance(organizationId, `used.${slug}.example`, {}),
  ]
  await subscribe(organizationId, 'cloud-standard', null)
  const { keyId } = await subscribe(organizationId, 'formspro', used)
  for (const instanceId of [empty, used]) await retireInstance(bySystem(organizationId), { instanceId })

  await page.goto(`/${slug}/instances/${empty}?done=retired`)
  await expect(main).toContainText('It has no keys')
  await expect(main).not.toContainText(/works?\b.*own end|until their end|Also works here/)
  await page.goto(`/${slug}/instances/${used}?done=retired`)
  await expect(main).toContainText('Its key works until its own end.')
  await revokeKey(bySystem(organizationId), { keyId, reason: 'requested' })
  await page.goto(`/${slug}/instances/${used}?done=retired`)
  await expect(main).toContainText('None of its keys works any more.')
  await expect(main).not.toContainText(/own end|until their end|No key of its own works|Also works here/)
  await context.close()
})

test('in the export a revoked key worked until it was revoked', async ({ browser }) => {
  const { organizationId, people, slug, keys } = await newCustomer('stopped')
  const [, , revoked] = keys
  if (!revoked) throw new Error('a customer has three keys')
  await revokeKey(bySystem(organizationId), { keyId: revoked.id, reason: 'leaked' })
  const context = await browserAs(browser, people.owner)
  const csv = await (await context.request.get(`/${slug}/keys/export?state=revoked`)).text()
  const [names = [], cells = []] = csv.split('\r\n').map((line) => line.split(','))
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' }).format(new Date())
  expect(cells[names.indexOf('Key works until')]).toBe(today)
  await context.close()
})

/** What Next answers where an action failed in a way that nobody foresaw. */
const aFault = {
  contentType: 'text/x-component',
  body: '0:{"a":"$@1"}\n1:E{"digest":"4242"}\n',
}

test('a page that failed leads on, and says whom to write to', async ({ browser }) => {
  const { people, slug } = await newCustomer('failed')
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  await page.goto(`/${slug}/instances/new`)
  await page.route(`**/${slug}/instances/new`, (route) =>
    route.request().method() === 'POST' ? route.fulfill(aFault) : route.continue(),
  )
  await page.getByLabel('Name', { exact: true }).fill('Desk')
  await page.getByLabel('Address', { exact: true }).fill('https://desk.example')
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await expect(page.getByRole('heading', { name: 'This page failed' })).toBeVisible()
  await expect(page.locator('main')).toContainText(
    'write to support@latchkey.example, and say when it happened',
  )
  // It looks like the page of what does not exist: the vendor above, a panel, whom to ask below.
  await expect(page.locator('header')).toHaveText('Northwind Plugins')
  await expect(page.locator('main.panel')).toBeVisible()
  await expect(page.locator('footer')).toHaveText('Help: support@latchkey.example')
  expect(await axeFindings(page)).toEqual([])
  const failed = await boxOf(page.locator('main'))
  await page.getByRole('link', { name: 'Go to my organization' }).click()
  await expect(page).toHaveURL(new RegExp(`/${slug}$`))
  await page.goto('/no/such/page')
  expect((await boxOf(page.locator('main'))).width).toBe(failed.width)
  await context.close()
})

test('no two surfaces of a page touch each other, and no button is as wide as its form', async ({
  browser,
}) => {
  const customer = await newCustomer('gaps')
  const { owner, technical } = customer.people
  await newSession(owner.personId)
  const shown = await browserAs(browser, technical)
  await shown.request.post(`/${customer.slug}/keys/file`, {
    headers: { origin: process.env.PUBLIC_URL ?? '' },
    form: { organization: customer.slug, keyId: customer.keys[0]?.id ?? '' },
  })
  const admin = await newStaff('admin')
  const ofKey = `/${customer.slug}/keys/${customer.keys[0]?.id}`
  for (const [person, paths] of [
    [
      owner,
      ['/account', `/${customer.slug}/members/${technical.personId}/remove`, `/${customer.slug}/members`],
    ],
    [admin, ['/staff/people', `/${customer.slug}`, ofKey, `/${customer.slug}/keys/new`]],
  ] as const) {
    const context = await browserAs(browser, person)
    const page = await context.newPage()
    for (const width of [1280, 360])
      for (const path of paths) {
        await page.setViewportSize({ width, height: 900 })
        await page.goto(path)
        expect({ path, width, touching: await touching(page) }).toEqual({ path, width, touching: [] })
        const widths = await page
          .locator('main .btn.small')
          .evaluateAll((buttons) => buttons.map((button) => button.getBoundingClientRect().width))
        expect({ path, width, wide: widths.filter((one) => one > 200) }).toEqual({ path, width, wide: [] })
      }
    await context.close()
  }
  // What is said to staff of whom they look at keeps its distance to what they look at.
  const context = await browserAs(browser, admin)
  const page = await context.newPage()
  await page.goto(`/${customer.slug}`)
  const banner = await boxOf(page.locator('main > .notice').first())
  expect((await boxOf(page.locator('h1'))).y - banner.y - banner.height).toBeGreaterThanOrEqual(20)
  for (const one of [context, shown]) await one.close()
})

test('an organization without keys is told how to get one', async ({ browser }) => {
  const context = await browserOf(browser, 'ines@atelier-lumen.example')
  const page = await context.newPage()
  await page.goto('/atelier-lumen/keys')
  await expect(page.locator('main')).toContainText('No keys yet.')
  await expect(page.locator('main')).not.toContainText('none works')
  await expect(page.getByRole('link', { name: 'support@latchkey.example' })).toBeVisible()
  await context.close()
})
