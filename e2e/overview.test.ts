import { expect, test } from '@playwright/test'
import { revokeKey } from '@/lib/keys/revoke'
import { at } from '@/sandbox/time'
import {
  browserAs,
  bySystem,
  inOrganization,
  lastCalled,
  newCustomer,
  newInstance,
  newOfflineFile,
  subscribe,
} from './customer'
import { axeFindings } from './look'
import { browserOf, query } from './sign-in'
import { words } from './words'

const owner = 'camille@morlanges.example'
const home = '/ville-de-morlanges'

test.use({ locale: 'en-GB' })

test('the overview says how things stand, and leads from what needs doing to its key', async ({
  browser,
}) => {
  const context = await browserOf(browser, owner)
  const page = await context.newPage()
  await page.goto(home)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(
    /^Good (morning|afternoon|evening), Camille$/,
  )
  await expect(page.locator('main')).toContainText(/things need you\. In all, \d+ keys work today\./)
  const todo = page.getByRole('region', { name: 'What needs you' })
  await expect(todo.getByText('2 keys on Service desk are paid until')).toBeVisible()
  await expect(todo.getByText(/Renewal due: Forms Pro on Town hall still works until/)).toBeVisible()
  // Amber still works, red no longer does; on the cards and in the list too.
  await expect(
    todo.getByRole('listitem').filter({ hasText: 'Renewal due: Forms Pro on Town hall' }).locator('.dot'),
  ).toHaveClass(/\bsoon\b/)
  await expect(
    todo.getByRole('listitem').filter({ hasText: 'has not worked' }).locator('.dot.bad'),
  ).toHaveCount(2)
  const townHall = page.getByRole('article').filter({ hasText: 'Town hall' })
  await expect(townHall.locator('.state').filter({ hasText: '1 renewal due, still works' })).toHaveClass(
    /\bsoon\b/,
  )
  await expect(todo.getByText('A new key waits to be pasted into Schools')).toBeVisible()
  const unpaid = todo.getByRole('listitem').filter({ hasText: 'Signature on Theatre has not worked since' })
  await expect(unpaid).toContainText(/: revoked, not paid.*your account manager can restore it/)
  const lapsed = todo
    .getByRole('listitem')
    .filter({ hasText: 'Signature on Social services has not worked since' })
  await expect(lapsed).toContainText(/: not renewed.*a new term would begin today/)
  await expect(unpaid.getByRole('link', { name: 'See details: Signature on Theatre' })).toBeVisible()
  // What is due leads to its renewal; filled is the first button that leads to something to do here.
  await expect(
    todo
      .getByRole('listitem')
      .filter({ hasText: 'Renewal due: Forms Pro on Town hall' })
      .getByRole('link', { name: 'Renew Forms Pro on Town hall' }),
  ).toHaveAttribute('href', /\/billing\/renew\?k=/)
  await expect(todo.locator('.btn.primary')).toHaveText(['Renew'])
  await expect(todo.getByRole('link', { name: /^Show the key/ })).toHaveCount(1)
  await todo.getByRole('link', { name: 'Show the key: Workflow Studio on Schools' }).click()
  await expect(page).toHaveURL(/\/instances\/[0-9a-f-]{36}#K-[0-9A-Z]{6}$/)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Schools')
  await context.close()
})

test('where keys that stopped long ago are found is said, as soon as there is one that does not work', async ({
  browser,
}) => {
  const { organizationId, slug, people, spareId } = await newCustomer('long-ago')
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  const main = page.locator('main')
  await page.goto(`/${slug}`)
  await expect(main).not.toContainText('90 days')
  await at(new Date(Date.now() - 150 * 86_400_000), () => subscribe(organizationId, 'signature', spareId, 1))
  await page.goto(`/${slug}`)
  await expect(main).toContainText('What stopped working more than 90 days ago is not named here')
  await main.getByRole('link', { name: 'ended' }).click()
  await expect(page).toHaveURL(`/${slug}/keys?state=expired`)
  await expect(page.getByRole('row')).toHaveCount(2)
  await context.close()
})

test('a plugin that stopped comes before all that will stop, with its remedy, and is not in the colour of what is fine', async ({
  browser,
}) => {
  const { organizationId, slug, people } = await newCustomer('quiet')
  const quiet: [label: string, hoursAgo: number][] = [
    ['Depots', 9 * 24],
    ['Staging', 3 * 24],
    ['Town hall', 3],
  ]
  for (const [label, hoursAgo] of quiet) {
    const instanceId = await newInstance(organizationId, `${hoursAgo}.${slug}.example`, { label })
    const { keyId } = await subscribe(organizationId, 'signature', instanceId)
    await lastCalled(organizationId, instanceId, keyId, { hoursAgo })
  }
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  await page.goto(`/${slug}`)
  const todo = page.getByRole('region', { name: 'What needs you' }).getByRole('listitem')
  // The stopped one, and the renewed key of every customer here.
  await expect(page.locator('main')).toContainText('Two things need you')
  const first = todo.first()
  await expect(first).toHaveText(
    /Stopped: Signature on Depots, no contact since .*Worked without contact until .*GLPI itself goes on/,
  )
  await expect(first.locator('.dot')).toHaveClass(/\bbad\b/)
  await expect(first.getByRole('link', { name: 'connection test' })).toHaveAttribute(
    'href',
    '/check#connection',
  )
  await expect(page.getByText('One GLPI calls no more')).toBeVisible()
  await expect(page.locator('main')).toContainText(/Staging, silent since/)
  const cards = page.getByRole('region', { name: /^Instances/ }).getByRole('article')
  await expect(cards.first()).toContainText(/Depots.*Stopped: no contact since/)
  await expect(cards.first().locator('.state.ok')).toHaveCount(0)
  await expect(cards.filter({ hasText: 'Staging' }).locator('.state').first()).toHaveText(/^Silent since/)
  await expect(cards.filter({ hasText: 'Town hall' }).locator('.state')).toHaveText(['1 active'])
  // What is asked of one key is one line, beneath what stopped.
  await inOrganization(
    organizationId,
    `insert into questions (id, organization_id, key_id, kind, installation_id, refusal_code, first_at, last_at, calls)
       select gen_random_uuid(), $1::uuid, k.id, 'installation', 'other-' || n, '7QF3XM', now(), now(), 1
       from (select id from keys where organization_id = $1::uuid order by id limit 1) k, generate_series(1, 2) n`,
    [organizationId],
  )
  await page.goto(`/${slug}`)
  const asked = page.getByRole('region', { name: words('en', 'overview.questions') })
  await expect(asked.getByText('2 other GLPIs asked for the key of')).toBeVisible()
  const text = (await page.locator('main').textContent()) ?? ''
  expect(text.indexOf('2 other GLPIs asked')).toBeGreaterThan(text.indexOf('Stopped: Signature on Depots'))
  await page.goto(`/${slug}/instances`)
  const row = (label: string) => page.getByRole('row').filter({ hasText: label })
  await expect(row('Depots')).toContainText(/Stopped: no contact since .*last seen 9 days ago/)
  await expect(row('Staging')).toContainText(/Silent since .*last seen 3 days ago/)
  await expect(row('Town hall')).toContainText('last seen 3 hours ago')
  await expect(row('Town hall')).not.toContainText(/Silent|Stopped/)
  await expect(row('Spare')).not.toContainText('last seen')
  await expect(
    page
      .getByRole('navigation')
      .getByRole('link', { name: /Overview/ })
      .first(),
  ).toContainText('2')
  await page.goto(`/${slug}`)
  await first.getByRole('link', { name: 'See details: Signature on Depots' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Depots')
  await context.close()
})

test('how many offline files work is said, with a link to the one that ends first', async ({ browser }) => {
  const { organizationId, slug, people, instanceId } = await newCustomer('files')
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  await page.goto(`/${slug}`)
  await expect(page.locator('main')).toContainText(/One offline file; it ends on \d+\s/)
  await newOfflineFile(organizationId, instanceId, people.owner, { installationId: 'another', days: 200 })
  await page.goto(`/${slug}`)
  await expect(page.locator('main')).toContainText(/2 offline files; the next ends on \d+\s/)
  const link = page.locator('main').getByRole('link', { name: '2 offline files' })
  await expect(link).toHaveAttribute('href', `/${slug}/instances/${instanceId}/offline`)
  await query(`update people set language = 'fr' where id = $1`, [people.owner.personId])
  await page.goto(`/${slug}`)
  await expect(page.locator('main')).toContainText('2 fichiers hors ligne')
  await context.close()
})

test('no page of it speaks of leases, grace or bindings', async ({ browser }) => {
  const context = await browserOf(browser, owner)
  const page = await context.newPage()
  await page.goto(home)
  await expect(page.locator('main')).not.toContainText(/\b(lease|grace|binding|rebinding)\b/i)
  await context.close()
})

test('the instances that need somebody come first, each with its keys by state', async ({ browser }) => {
  const context = await browserOf(browser, owner)
  const page = await context.newPage()
  await page.goto(home)
  const cards = page.getByRole('region', { name: /^Instances/ }).getByRole('article')
  await expect(cards.first()).toContainText('renewal due')
  const copy = cards.filter({ hasText: 'Service desk, copy' })
  await expect(copy).toContainText('test')
  await expect(copy).toContainText('uses the keys of Service desk')
  await expect(cards.filter({ hasText: 'Médiathèque' })).toContainText(/médiathèque\.morlanges\.example/)
  await cards.first().getByRole('link').press('Enter')
  await expect(page).toHaveURL(/\/instances\/[0-9a-f-]{36}$/)
  await context.close()
})

test('an organization without instances is told how to begin', async ({ browser }) => {
  const context = await browserOf(browser, 'ines@atelier-lumen.example')
  const page = await context.newPage()
  await page.goto('/atelier-lumen')
  await page.getByRole('link', { name: 'Add an instance' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Add an instance')
  await context.close()
})

test('where no key works, and beside an instance without one, it is said whom to write to', async ({
  browser,
}) => {
  const { organizationId, slug, people, keys, spareId } = await newCustomer('none')
  for (const { id } of keys) await revokeKey(bySystem(organizationId), { keyId: id, reason: 'requested' })
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  for (const path of ['', `/instances/${spareId}`]) {
    await page.goto(`/${slug}${path}`)
    await expect(
      page.getByRole('main').getByRole('link', { name: 'support@latchkey.example' }),
    ).toHaveAttribute('href', 'mailto:support@latchkey.example')
  }
  // What was revoked is not to be paid.
  await page.goto(`/${slug}/keys/${keys.at(-1)?.id}`)
  await expect(page.getByRole('main')).toContainText('Revoked')
  await expect(page.getByRole('link', { name: 'Renew', exact: true })).toHaveCount(0)
  await context.close()
})

test('before an instance is retired, what is said of its keys is said of as many as it has', async ({
  browser,
}) => {
  const { organizationId, slug, people, instanceId, spareId } = await newCustomer('retiring')
  await subscribe(organizationId, 'signature', spareId)
  const without = await newInstance(organizationId, `without.${slug}.example`, { label: 'Without' })
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  for (const [id, said] of [
    [without, /No key of it works today, so none is affected\.GLPI itself goes on/],
    [spareId, /Its key stays with it and works until its end:.*You are no longer reminded of its end\. GLPI/],
    [
      instanceId,
      /keys stay with it and work until their end:.*You are no longer reminded of their ends\. GLPI/,
    ],
  ] as const) {
    await page.goto(`/${slug}/instances/${id}/retire`)
    await expect(page.locator('main')).toHaveText(said)
  }
  await context.close()
})

test('what does not exist and what is somebody else’s look the same', async ({ browser }) => {
  const context = await browserOf(browser, owner)
  const page = await context.newPage()
  const texts: (string | null)[] = []
  for (const path of [
    '/nobody-has-this',
    '/brightwater',
    '/brightwater/instances',
    `${home}/instances/x/edit`,
  ]) {
    const answer = await page.goto(path)
    expect(answer?.status(), path).toBe(404)
    texts.push(await page.locator('main').textContent())
  }
  expect(new Set(texts).size).toBe(1)
  await page.getByRole('link', { name: 'Go to my organization' }).click()
  await expect(page).toHaveURL(new RegExp(`${home}$`))
  await context.close()
})

test('without JavaScript it is said as well, in the person’s language', async ({ browser }) => {
  const { instanceId, slug, people } = await newCustomer('missing')
  const foreign = await newCustomer('foreign')
  const context = await browserAs(browser, people.owner, { javaScriptEnabled: false })
  const page = await context.newPage()
  const pages: string[] = []
  for (const [language, title] of [
    ['en', 'Nothing here'],
    ['fr', 'Rien ici'],
  ]) {
    await query('update people set language = $1 where id = $2', [language, people.owner.personId])
    for (const path of [
      '/nobody-has-this/keys',
      `/${foreign.slug}/keys`,
      `/${slug}/instances/${foreign.instanceId}`,
      `/${slug}/instances/${instanceId.replace(/.$/, 'x')}/edit`,
      '/no/such/page',
    ]) {
      const answer = await page.goto(path)
      expect(answer?.status(), path).toBe(404)
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(title ?? '')
      await expect(page).toHaveTitle(new RegExp(`^${title}`))
      await expect(page.locator('html')).toHaveAttribute('lang', language ?? '')
    }
    pages.push((await page.locator('main').textContent()) ?? '')
    await page.getByRole('link', { name: /organi[sz]ation/ }).click()
    await expect(page).toHaveURL(new RegExp(`/${slug}$`))
  }
  expect(new Set(pages).size).toBe(2)
  await context.close()
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on the overview and on what does not exist, ${colorScheme}`, async ({
    browser,
  }) => {
    const context = await browserOf(browser, owner, { colorScheme })
    const page = await context.newPage()
    for (const path of [home, '/nobody-has-this']) {
      await page.goto(path)
      expect(await axeFindings(page), path).toEqual([])
    }
    await context.close()
  })
}

test('the overview has room in 320 pixels, in French too', async ({ browser }) => {
  for (const [person, path] of [
    [owner, home],
    ['hugo@saint-roch.example', '/clinique-saint-roch'],
  ] as const) {
    const context = await browserOf(browser, person, { viewport: { width: 320, height: 640 } })
    const page = await context.newPage()
    await page.goto(path)
    const beyond = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(beyond, path).toBe(0)
    await context.close()
  }
})

test('a badge of several lines keeps its text off its edge', async ({ browser }) => {
  const { people, slug, instanceId } = await newCustomer('badges')
  await query(`update people set language = 'fr' where id = $1`, [people.owner.personId])
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  const gaps: number[] = []
  for (const width of [360, 900, 1280]) {
    await page.setViewportSize({ width, height: 740 })
    await page.goto(`/${slug}/instances/${instanceId}?glpi=99`)
    const found = await page.locator('.state').evaluateAll((badges) =>
      badges.flatMap((badge) => {
        const range = document.createRange()
        range.selectNodeContents(badge)
        const texts = [...range.getClientRects()]
        const top = Math.min(...texts.map((text) => text.top))
        const bottom = Math.max(...texts.map((text) => text.bottom))
        const box = badge.getBoundingClientRect()
        return bottom - top > 24 ? [Math.min(top - box.top, box.bottom - bottom)] : []
      }),
    )
    gaps.push(...found)
  }
  expect(gaps.length).toBeGreaterThan(0)
  expect(gaps.filter((gap) => gap < 2)).toEqual([])
  await context.close()
})

test('the timeline spells an address as people do', async ({ browser }) => {
  const context = await browserOf(browser, owner)
  const page = await context.newPage()
  await page.goto(home)
  await page.getByRole('link', { name: 'Médiathèque', exact: true }).first().click()
  const timeline = page.getByRole('region', { name: /^What happened/ })
  await expect(timeline).toContainText(/added Médiathèque at (https:\/\/)?médiathèque\.morlanges\.example/)
  await expect(page.locator('main')).not.toContainText('xn--')
  await context.close()
})
