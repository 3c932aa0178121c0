import { expect, type Locator, type Page, test } from '@playwright/test'
import { editInstance } from '@/lib/instances/edit'
import {
  browserAs,
  bySystem,
  type Customer,
  inOrganization,
  newCustomer,
  newInstance,
  newStaff,
  subscribe,
} from './customer'
import { paths } from './doors'
import { badgesOf, linesOfName } from './look'
import { send } from './send'
import { mailsTo, query } from './sign-in'
import { words } from './words'

test.use({ locale: 'en-GB' })

const shortIdOf = async ({ organizationId }: Customer, instanceId: string) => {
  const [row] = await inOrganization<{ short_id: string }>(
    organizationId,
    'select short_id from instances where id = $1',
    [instanceId],
  )
  return row?.short_id ?? ''
}

/** The characters before and after each place where a line of this text ends. */
const lineEnds = (place: Locator): Promise<[before: string, after: string][]> =>
  place.evaluate((element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
    const ends: [string, string][] = []
    let last = { character: '', bottom: Number.POSITIVE_INFINITY }
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent ?? ''
      for (let at = 0; at < text.length; at++) {
        const range = document.createRange()
        range.setStart(walker.currentNode, at)
        range.setEnd(walker.currentNode, at + 1)
        const box = range.getBoundingClientRect()
        const character = text[at] ?? ''
        // At a line's end a blank has no width.
        if (/\s/.test(character)) last = { ...last, character }
        if (box.width === 0) continue
        if (box.top >= last.bottom - 1) ends.push([last.character, character])
        last = { character, bottom: box.bottom }
      }
    }
    return ends
  })

/** The short IDs of this text that stand in two lines. */
const brokenShortIds = (place: Locator): Promise<string[]> =>
  place.evaluate((element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
    const broken: string[] = []
    while (walker.nextNode()) {
      for (const { index, 0: shortId } of (walker.currentNode.textContent ?? '').matchAll(
        /\b[KI]-[0-9A-Z]{6}\b/g,
      )) {
        const range = document.createRange()
        range.setStart(walker.currentNode, index)
        range.setEnd(walker.currentNode, index + shortId.length)
        if (range.getClientRects().length > 1) broken.push(shortId)
      }
    }
    return broken
  })

const sideways = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)

test('an instance’s short ID stands with it in the lists, on its card and in the export', async ({
  browser,
}) => {
  const customer = await newCustomer('short-ids')
  const shortId = await shortIdOf(customer, customer.instanceId)
  expect(shortId).toMatch(/^I-[0-9A-Z]{6}$/)
  const context = await browserAs(browser, customer.people.owner, { viewport: { width: 1280, height: 900 } })
  const page = await context.newPage()
  await page.goto(`/${customer.slug}`)
  await expect(page.getByRole('article').filter({ hasText: 'Service desk' })).toContainText(shortId)
  for (const list of ['instances', 'keys']) {
    await page.goto(`/${customer.slug}/${list}`)
    await expect(page.getByRole('row').filter({ hasText: 'Service desk' }).first()).toContainText(shortId)
  }
  await page.goto(`/${customer.slug}/keys?instance=${customer.spareId}&state=all`)
  const { text } = await send({ path: `/${customer.slug}/keys/export`, as: customer.people.viewer })
  const [names = [], cells = []] = text.split('\r\n').map((line) => line.split(','))
  expect(cells[names.indexOf('Instance’s short ID')]).toBe(shortId)
  await context.close()
})

test('an address breaks after a dot, a slash or a hyphen, and never scrolls the page', async ({
  browser,
}) => {
  const customer = await newCustomer('break')
  const host = `intranet.servicedesk.department-of-works.morlanges.${customer.slug}.example`
  const id = await newInstance(customer.organizationId, host, { label: 'Works' })
  await subscribe(customer.organizationId, 'formspro', id)
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  let ends = 0
  for (const width of [320, 360, 760, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    for (const list of ['keys', 'instances']) {
      await page.goto(`/${customer.slug}/${list}`)
      const address = page
        .getByRole('row')
        .filter({ hasText: 'Works' })
        .locator('small')
        .filter({ hasText: 'intranet' })
      const found = await lineEnds(address)
      ends += found.length
      const within = found.filter(([before]) => !/[./\s-]/.test(before))
      expect({ width, list, within }).toEqual({ width, list, within: [] })
      expect(await sideways(page)).toBeLessThanOrEqual(0)
      expect(await address.textContent()).toContain(`${host}/glpi`)
    }
  }
  expect(ends).toBeGreaterThan(3)
  await context.close()
})

test('a date is never broken, in a list, on a card or in what needs doing', async ({ browser }) => {
  const customer = await newCustomer('unbroken')
  await query('update people set language = $1 where id = $2', ['fr', customer.people.owner.personId])
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  let seen = 0
  for (const path of ['', '/keys?state=all', '/members', `/instances/${customer.instanceId}`]) {
    await page.goto(`/${customer.slug}${path}`)
    const dates = await page
      .locator('main')
      .evaluate(
        (main) =>
          main.textContent?.match(
            /\b(?:1er|\d{1,2})\s(?:janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc)\S*\s\d{4}/g,
          ) ?? [],
      )
    seen += dates.length
    expect({ path, broken: dates.filter((date) => / /.test(date)) }).toEqual({ path, broken: [] })
  }
  expect(seen).toBeGreaterThan(8)
  await context.close()
})

/** Where the mail of an invitation leads. */
async function invitationTo(email: string): Promise<string> {
  let link: string | undefined
  await expect
    .poll(async () => {
      const [mail] = await mailsTo(email)
      link = /https?:\S+\/invitation\?token=\S+/.exec(mail?.text ?? '')?.[0]
      return link
    })
    .toBeTruthy()
  return link ?? ''
}

test('where a time of day stands, its zone stands with it', async ({ browser }) => {
  const customer = await newCustomer('zones')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  let seen = 0
  const own = Object.entries(paths)
    .filter(([name, { permission, staff }]) => permission !== null && !staff && name.endsWith('/page'))
    .map(([, { at }]) => at(customer.slug, customer))
  const invitation = await invitationTo(`invited@${customer.slug}.example`)
  for (const path of [...own, '/account', invitation]) {
    // It says until when to who has not come yet.
    if (path === invitation) await context.clearCookies()
    await page.goto(path)
    const times = ((await page.locator('main').textContent()) ?? '').match(/\d{1,2}:\d{2}.{0,5}/g) ?? []
    seen += times.length
    const bare = times.filter((time) => !/:\d{2}\s(CES?T|UTC|GMT)/.test(time))
    expect({ path, bare }).toEqual({ path, bare: [] })
    if (path === invitation) expect(times.length).toBe(1)
  }
  expect(seen).toBeGreaterThan(8)
  await context.close()
})

test('what does not exist has the frame of a page: the vendor above, what to do, the way back', async ({
  browser,
}) => {
  const { people, slug } = await newCustomer('nothing')
  for (const signedIn of [true, false]) {
    const context = await browserAs(browser, signedIn ? people.owner : null, {
      viewport: { width: 1280, height: 900 },
    })
    const page = await context.newPage()
    await page.goto('/no/such/page')
    await expect(page.getByRole('banner')).toContainText('Northwind Plugins')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(words('en', 'shell.not_found.title'))
    await expect(page.getByRole('link', { name: 'support@latchkey.example' })).toBeVisible()
    const back = page.getByRole('main').getByRole('link', {
      name: signedIn ? words('en', 'shell.not_found.home') : words('en', 'people.ask.title'),
    })
    await expect(back).toHaveAttribute('href', signedIn ? `/${slug}` : '/sign-in')
    await context.close()
  }
})

test('the export of an organization that does not exist, or is somebody else’s, leads to the page that says so', async ({
  browser,
}) => {
  const { people } = await newCustomer('asks')
  const other = await newCustomer('asked')
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  for (const slug of [other.slug, 'unknown-organization'])
    for (const list of ['keys', 'activity']) {
      const answer = await page.goto(`/${slug}/${list}/export`)
      expect(answer?.status()).toBe(404)
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nothing here')
      await expect(page.locator('main')).not.toContainText(other.name)
    }
  await context.close()
})

test('once copied or shown, the button’s name still says which key', async ({ browser }) => {
  const customer = await newCustomer('named')
  const context = await browserAs(browser, customer.people.owner, {
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  for (const path of ['keys', `instances/${customer.instanceId}`]) {
    await page.goto(`/${customer.slug}/${path}`)
    await page.getByRole('button', { name: /^Copy the key of Inventory Plus on Service desk/ }).click()
    await expect(
      page.getByRole('button', { name: /^Copied.* the key of Inventory Plus on Service desk/ }),
    ).toBeVisible()
    await page.getByRole('button', { name: /^Show the key of Inventory Plus on Service desk/ }).click()
    await expect(
      page.getByRole('button', { name: /^Hide the key of Inventory Plus on Service desk/ }),
    ).toBeVisible()
  }
  await context.close()
})

test('a name of 200 characters takes two or three lines of a frame, a card or a list, and is whole in its title', async ({
  browser,
}) => {
  const name = 'The service desk of the department of public works and of everything else '
    .repeat(3)
    .slice(0, 197)
    .trim()
  const customer = await newCustomer('long', { name, label: name })
  await query('update people set name = $1 where id = $2', [name, customer.people.owner.personId])
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  const expectShort = async (path: string, place: Locator, lines: number) => {
    await page.goto(`/${customer.slug}${path}`)
    await expect(place).toHaveAttribute('title', name)
    await expect(place).toHaveText(name)
    const [height, line] = await place.evaluate((element) => [
      element.clientHeight,
      Number.parseFloat(getComputedStyle(element).lineHeight),
    ])
    expect((height ?? 0) / (line ?? 1)).toBeLessThan(lines + 0.5)
    expect(await sideways(page)).toBeLessThanOrEqual(0)
  }
  const instance = page.getByRole('main').getByRole('link', { name, exact: true }).first()
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    const frame = page.getByTitle(name, { exact: true }).filter({ visible: true }).first()
    await expectShort('', frame, 2)
    for (const path of ['', '/instances', '/keys', '/activity']) await expectShort(path, instance, 3)
    await page.goto(`/${customer.slug}/members`)
    for (const button of await page.getByRole('link', { name: /^Change/ }).all())
      expect((await button.boundingBox())?.height).toBeLessThan(32)
  }
  await context.close()
})

test('a long name in the list of instances leaves the other columns their room', async ({ browser }) => {
  const sentence = 'The service desk of the department of public works and of everything else '.repeat(3)
  for (const label of ['W'.repeat(200), sentence.slice(0, 197).trim()]) {
    const customer = await newCustomer('broad', { label })
    const context = await browserAs(browser, customer.people.viewer, {
      viewport: { width: 1280, height: 900 },
    })
    const page = await context.newPage()
    await page.goto(`/${customer.slug}/instances`)
    const [name = 0, keys = 0, version = 0] = await page
      .locator('tbody tr')
      .first()
      .locator('td')
      .evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect().width))
    expect(name).toBeGreaterThan(300)
    expect(Math.min(keys, version)).toBeGreaterThan(90)
    const badges = await badgesOf(page.locator('main'))
    expect(badges.filter(({ lines }) => lines > 1)).toEqual([])
    await context.close()
  }
})

test('wherever a page says a name of 200 characters it takes three lines at most, and its whole is in a title', async ({
  browser,
}) => {
  test.slow()
  const name = 'The service desk of the department of public works and of everything else '
    .repeat(3)
    .slice(0, 197)
    .trim()
  const customer = await newCustomer('lengthy', { name, label: name })
  const { organizationId, slug, instanceId, people, memberId } = customer
  const { owner } = people
  const admin = await newStaff('admin', undefined, name)
  const spare = await newStaff('manager', organizationId, name)
  await query('update people set name = $1 where id = any($2)', [name, [owner.personId, memberId]])
  const edit = { instanceId, environment: 'production', glpiVersion: '11.0.5' } as const
  await editInstance(
    { actor: { kind: 'member', personId: owner.personId }, organizationId },
    { ...edit, label: `${name}.` },
  )
  await editInstance(
    { actor: { kind: 'member', personId: owner.personId }, organizationId },
    { ...edit, label: name },
  )
  const copy = await newInstance(organizationId, `copy.${slug}.example`, { label: 'Copy' })
  await editInstance(bySystem(organizationId), {
    instanceId: copy,
    label: 'Copy',
    environment: 'test',
    testOfId: instanceId,
  })
  const [newSpare, home] = [spare.personId, `/${slug}`]
  const ofOwner = [
    ...['', '/instances', '/keys', '/activity', '/members', '/members/leave', '/settings'],
    ...['', '/edit', '/retire'].map((rest) => `/instances/${instanceId}${rest}`),
    ...['', '/remove'].map((rest) => `/members/${memberId}${rest}`),
    ...[`/instances/${copy}`, `/keys/${customer.keys[0]?.id}`, `/instances?q=${encodeURIComponent(name)}`],
    ...['/instances/new', '/members?done=joined', '/keys?state=all'],
  ].map((path) => home + path)
  const ofStaff = [
    ...['/staff', `/staff?q=${slug}`, '/staff/people', '/staff/requests', `/staff/people/${newSpare}/end`],
    `/staff?q=${encodeURIComponent(`${name.slice(0, 190)} no`)}`,
    ...['', '/members', `/instances/${instanceId}`, '/keys/new'].map((path) => home + path),
  ]
  for (const [person, paths] of [
    [owner, [...ofOwner, '/account']],
    [people.viewer, ['/members', '/instances/new', '/keys'].map((path) => home + path)],
    [admin, ofStaff],
  ] as const) {
    const context = await browserAs(browser, person)
    const page = await context.newPage()
    for (const path of paths) {
      await page.goto(path)
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 900 })
        const wrong = (await linesOfName(page, name)).filter(({ lines, titled }) => lines > 3 || !titled)
        expect.soft({ path, width, wrong }).toEqual({ path, width, wrong: [] })
        expect(await sideways(page)).toBeLessThanOrEqual(0)
      }
    }
    await context.close()
  }
})

test('what one may not do, each page says in its own words', async ({ browser }) => {
  const customer = await newCustomer('own-words')
  const context = await browserAs(browser, customer.people.viewer)
  const page = await context.newPage()
  for (const [path, said] of Object.entries({
    'members/invite': 'To invite somebody, change a role or remove a member, ask an owner',
    'instances/new': 'To add, change or retire an instance, ask an owner',
    'keys/new': 'To issue, extend or end a key, ask',
    'settings/tokens/new': 'To make or revoke an API token, ask an owner',
  })) {
    await page.goto(`/${customer.slug}/${path}`)
    await expect(page.getByRole('main')).toContainText(said)
  }
  await context.close()
})

test('a short ID in a sentence is never broken at its hyphen', async ({ browser }) => {
  const customer = await newCustomer('hyphen')
  const context = await browserAs(browser, customer.people.owner)
  const page = await context.newPage()
  for (const width of [320, 400, 760, 1280])
    for (const path of ['activity', `instances/${customer.instanceId}`]) {
      await page.setViewportSize({ width, height: 900 })
      await page.goto(`/${customer.slug}/${path}`)
      const table = page.getByRole('table').last()
      expect((await table.textContent()) ?? '').toContain(customer.keys[0]?.shortId)
      expect({ width, path, broken: await brokenShortIds(table) }).toEqual({ width, path, broken: [] })
    }
  await context.close()
})

test('an address without a place to break fits every list, at every width', async ({ browser }) => {
  const customer = await newCustomer('unbroken')
  const host = `${`${'a'.repeat(60)}.`.repeat(3)}example/${'p'.repeat(100)}`
  const instanceId = await newInstance(customer.organizationId, host, {})
  await subscribe(customer.organizationId, 'formspro', instanceId)
  const page = await (await browserAs(browser, customer.people.owner)).newPage()
  for (const path of ['instances', 'keys?state=all', '']) {
    await page.goto(`/${customer.slug}/${path}`)
    for (const width of [320, 360, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      expect({ path, width, sideways: await sideways(page) }).toEqual({ path, width, sideways: 0 })
      const out = await page.evaluate(() =>
        [...document.querySelectorAll('table')].map((table) => {
          const frame = table.parentElement?.getBoundingClientRect()
          return frame ? Math.max(0, Math.round(table.getBoundingClientRect().right - frame.right)) : 0
        }),
      )
      expect({ path, width, out: out.filter((one) => one > 0) }).toEqual({ path, width, out: [] })
    }
  }
})

test('whoever copies an old key reads which one waits to take its place', async ({ browser }) => {
  const customer = await newCustomer('newer')
  const [old, newer] = await inOrganization<{ id: string; short_id: string }>(
    customer.organizationId,
    'select k.id, n.short_id from keys k join keys n on n.follows_id = k.id where n.first_seen_at is null',
  ).then(([row]) => [row?.id, row?.short_id])
  const page = await (await browserAs(browser, customer.people.owner)).newPage()
  await page.goto(`/${customer.slug}/keys?state=all`)
  await page.locator(`button[value="shown ${old}"]`).click()
  await expect(page.getByText(`It is the old one: ${newer} waits`)).toBeVisible()
})
