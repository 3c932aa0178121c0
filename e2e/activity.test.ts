import { type Browser, expect, type Page, test } from '@playwright/test'
import { asOrganization } from '@/db/scope'
import { appendAudit } from '@/lib/audit/append'
import { addInstance } from '@/lib/instances/add'
import { revealKeys } from '@/lib/keys/reveal'
import {
  browserAs,
  bySystem,
  type Customer,
  inSystem,
  newCustomer,
  newInstance,
  type Person,
  subscribe,
} from './customer'
import { query } from './sign-in'

let customer: Customer

test.beforeAll(async () => {
  customer = await newCustomer('activity')
  const { organizationId, people, keys, slug } = customer
  await inSystem(`update people set name = 'Ada Byron' where id = $1`, [people.technical.personId])
  await revealKeys(
    { actor: { kind: 'member', personId: people.technical.personId }, organizationId },
    { keyIds: [keys[0]?.id ?? ''], how: 'copied' },
  )
  // Refused: a viewer reads and changes nothing.
  await addInstance(
    { ...bySystem(organizationId), actor: { kind: 'member', personId: people.viewer.personId } },
    { label: 'No', url: `https://no.${slug}.example`, environment: 'production' },
  ).catch(() => {})
})

const rows = (page: Page) => page.locator('tbody tr')

async function open(browser: Browser, as: Person, javaScriptEnabled = true) {
  const context = await browserAs(browser, as, { javaScriptEnabled })
  const page = await context.newPage()
  await page.goto(`/${customer.slug}`)
  await page.getByRole('link', { name: 'Activity' }).first().click()
  await expect(page).toHaveURL(`/${customer.slug}/activity`)
  return page
}

test('the newest stands first, with who, and the instance and the key lead on', async ({ browser }) => {
  const page = await open(browser, customer.people.viewer)
  await expect(page.getByRole('link', { name: 'Activity' }).first()).toHaveAttribute('aria-current', 'page')
  await expect(rows(page).first()).toContainText(
    `viewer@${customer.slug}.example tried to add an instance, and was refused`,
  )
  const copied = rows(page).nth(1)
  await expect(copied).toContainText('Ada Byron copied K-')
  await expect(copied).toContainText(customer.people.technical.email)
  await expect(copied.getByRole('link', { name: 'Service desk' })).toHaveAttribute(
    'href',
    `/${customer.slug}/instances/${customer.instanceId}`,
  )
  const { shortId = '' } = customer.keys[0] ?? {}
  await copied.getByRole('link', { name: shortId }).click()
  await expect(page).toHaveURL(`/${customer.slug}/instances/${customer.instanceId}#${shortId}`)
  // What the seed did in the vendor's name, the members among it.
  await page.goto(`/${customer.slug}/activity?who=vendor&kind=member`)
  await expect(rows(page).filter({ hasText: 'Northwind Plugins added viewer@' })).toHaveCount(1)
  await expect(rows(page).filter({ hasNotText: 'Northwind Plugins' })).toHaveCount(0)
  await page.context().close()
})

for (const javaScriptEnabled of [true, false]) {
  test(`what is filtered stands in the address, without what says nothing, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({
    browser,
  }) => {
    const page = await open(browser, customer.people.viewer, javaScriptEnabled)
    const show = () => page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.getByLabel('Outcome').selectOption('refused')
    await show()
    await expect(page).toHaveURL(`/${customer.slug}/activity?outcome=refused`)
    await expect(rows(page)).toHaveCount(1)
    await expect(page.getByLabel('Outcome')).toHaveValue('refused')
    await page.getByLabel('Outcome').selectOption('')
    await page.getByLabel('Who').selectOption({ label: 'Ada Byron' })
    await page.getByLabel('About').selectOption('key')
    await show()
    await expect(page).toHaveURL(
      `/${customer.slug}/activity?who=${customer.people.technical.personId}&kind=key`,
    )
    await expect(rows(page)).toHaveCount(1)
    await page.getByLabel('To').fill('2001-01-01')
    await show()
    await expect(page.getByText('Nothing like that happened')).toBeVisible()
    await page.getByRole('link', { name: 'Show all activity' }).click()
    await expect(page).toHaveURL(`/${customer.slug}/activity`)
    await page.context().close()
  })
}

test('a page of 50 leads on to the older ones and back', async ({ browser }) => {
  const { organizationId, slug, people } = await newCustomer('activity-long')
  await appendMany(organizationId, 70)
  const context = await browserAs(browser, people.owner)
  const page = await context.newPage()
  await page.goto(`/${slug}/activity`)
  await expect(rows(page)).toHaveCount(50)
  const first = await rows(page).allInnerTexts()
  await page.getByRole('link', { name: 'Older' }).click()
  await expect(page).toHaveURL(/\?after=\d+$/)
  await expect(rows(page).last()).toContainText('Northwind Plugins added owner@')
  expect((await rows(page).allInnerTexts()).filter((row) => first.includes(row))).toEqual([])
  await page.getByRole('link', { name: 'Newer' }).click()
  await expect(page.getByRole('link', { name: 'Newer' })).toHaveCount(0)
  await expect(rows(page)).toHaveCount(50)
  expect(await rows(page).allInnerTexts()).toEqual(first)
  // More than a batch of the export, whole and in order.
  await appendMany(organizationId, 1_500)
  const lines = (await (await context.request.get(`/${slug}/activity/export`)).text()).trim().split('\r\n')
  const numbers = lines.slice(1).map((line) => Number(line.split(',')[0]))
  expect(numbers).toEqual(numbers.map((_, index) => numbers.length - index))
  expect(numbers.length).toBeGreaterThan(1_570)
  await context.close()
})

test('the export holds what is filtered, in the person’s language and time, and no formula', async ({
  browser,
}) => {
  const hostile = await newCustomer('activity-csv')
  await newInstance(hostile.organizationId, `f.${hostile.slug}.example`, { label: '=1+1' }).then((id) =>
    subscribe(hostile.organizationId, 'formspro', id),
  )
  await query(`update people set language = 'fr', time_zone = 'Asia/Tokyo' where id = $1`, [
    hostile.people.viewer.personId,
  ])
  const context = await browserAs(browser, hostile.people.viewer)
  const page = await context.newPage()
  await page.goto(`/${hostile.slug}/activity?kind=subscription`)
  const shown = await rows(page).count()
  const href = (await page.getByRole('link', { name: 'Exporter' }).getAttribute('href')) ?? ''
  const answer = await context.request.get(href)
  expect(answer.headers()['content-type']).toBe('text/csv; charset=utf-8')
  const text = await answer.text()
  expect(text.charAt(0)).toBe('\uFEFF')
  const [head, ...lines] = text.trim().split('\r\n')
  expect(head).toBe('Numéro,Quand,Qui,E-mail,Sujet,Ce qui s’est passé,Résultat,Instance,Clé')
  expect(lines).toHaveLength(shown)
  expect(lines[0]).toMatch(/^\d+,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00,Northwind Plugins,,/)
  expect(lines[0]).toContain(",'=1+1,K-")
  await context.close()
})

async function appendMany(organizationId: string, count: number) {
  await asOrganization(organizationId, (tx) =>
    appendAudit(
      tx,
      { organizationId, actor: 'system', personId: null, at: new Date() },
      Array.from({ length: count }, (_, index) => ({
        action: 'address.add',
        outcome: 'done' as const,
        details: { url: `https://many-${index}.example` },
      })),
    ),
  )
}
