import { rmSync } from 'node:fs'
import { type Browser, test as base, expect, type Page } from '@playwright/test'
import { closePool } from '@/db/client'
import { now } from '@/lib/clock'
import { firstDay, lastDay } from '@/lib/messages/dates'
import { later } from '@/lib/organizations/calendar'
import { newSecrets } from '@/sandbox/environment'
import { type Portal, startPortal } from '@/sandbox/portal'
import { freePort } from '@/sandbox/ports'
import { throwAwayFlags } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import {
  browserAs,
  type Customer,
  inOrganization,
  inSystem,
  newCustomer,
  type Person,
  subscribe,
} from './customer'
import { cards, switchOn } from './pay'
import { arrived, mailsTo, query } from './sign-in'

/**
 * A portal of its own, in a process of its own: its clock is moved, which would age everything that another test looks at.
 */
const test = base.extend<{ baseURL: string }, { portal: Portal }>({
  portal: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it what is needed
    async ({}, use) => {
      const home = throwAwayFolder()
      // As the demo: the other browser tests' portal writes down each statement.
      process.env.LOG_LEVEL = 'info'
      const portal = await startPortal({
        ...{ home, port: await freePort(), mailPort: await freePort(), flags: throwAwayFlags },
        ...{ secrets: newSecrets(), size: 'small', print: () => {} },
      })
      Object.assign(process.env, portal.env, { MAIL_URL: portal.mailUrl })
      await use(portal)
      await closePool()
      await portal.stop()
      rmSync(home, { recursive: true, force: true, maxRetries: 10 })
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  baseURL: ({ portal }, use) => use(portal.publicUrl),
})
test.use({ locale: 'en-GB' })
// A year takes under a minute where nothing else runs.
test.describe.configure({ mode: 'default', timeout: 240_000 })

/** From the menu at the bottom of the rail. @returns how many milliseconds the days took */
async function letGoBy(page: Page, what: string): Promise<number> {
  await page.getByRole('button', { name: /^Demonstration/ }).click()
  const from = performance.now()
  await page.getByRole('button', { name: what }).click()
  await page.waitForURL(/\/travel/)
  await page.waitForURL(({ pathname }) => !pathname.startsWith('/travel'), { timeout: 200_000 })
  return performance.now() - from
}

const termsOf = ({ organizationId }: Customer, subscriptionId: string) =>
  inOrganization<{ keys: number }>(
    organizationId,
    `select (select count(*)::int from keys k where k.term_id = t.id) as keys
     from terms t where subscription_id = $1 order by ordinal`,
    [subscriptionId],
  )

/** What the nightly comparison has found. */
async function nights() {
  const [found] = await inSystem<{ enough: boolean; settled: number; missed: number; differences: string[] }>(
    `select count(*) > 52 as enough, sum(settled)::int as settled, sum(missed)::int as missed,
       array(select kind from payment_differences where gone_at is null)::text[] as differences from stripe_reconciliations`,
  )
  return found
}

const mailsAbout = async (email: string, subject: RegExp) =>
  (await mailsTo(email)).filter((mail) => subject.test(mail.subject ?? ''))

/** For whoever wants to look. */
const shoot = async (page: Page, name: string) => {
  const { SHOTS } = process.env
  if (!SHOTS) return
  for (const width of [1280, 360])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true })
    }
  await page.setViewportSize({ width: 1280, height: 720 })
}

/** Signed in at this portal's moment; the tests' own sessions begin at the machine's. */
async function signedIn(browser: Browser, person: Person, at: Date) {
  await query(
    `update sessions set created_at = $2, last_used_at = $2, expires = $2::timestamptz + interval '30 days' where person_id = $1`,
    [person.personId, at],
  )
  return (await browserAs(browser, person)).newPage()
}

test('the demo begins with what renews by itself, a charge that was declined and told, a payment that somebody left and a debit under way', async ({
  portal,
}) => {
  expect(portal.seeded).toBe('small')
  const found = await inSystem<{ organization: string; state: string }>(
    `select o.slug as organization, s.state from organizations o join (
       select organization_id, case when failed_at is null then 'renews' else 'declined' end as state
         from automatic_renewals where started_at is not null and ended_at is null
       union all select organization_id, case when completed_at is null then 'left' else 'under way' end
         from checkouts where session_id is not null and ended_at is null
     ) s on s.organization_id = o.id order by 1, 2`,
  )
  expect(found.map(({ organization, state }) => `${organization} ${state}`)).toEqual([
    ...['brightwater left', 'clinique-saint-roch declined'],
    ...['ville-de-morlanges renews', 'ville-de-morlanges under way'],
  ])
  const told = await arrived(() => mailsAbout('odette@saint-roch.example', /n’ont pas pu être débités/))
  expect(told).toHaveLength(1)
  const lines = await inSystem<{ description: string }>(
    'select description from invoice_lines l join automatic_charges a on a.invoice_id = l.invoice_id',
  )
  expect(lines).toEqual([
    { description: expect.stringMatching(/^Signature, Support informatique \(K-\w{6}\)\s: du /) },
  ])
})

test('a card that is declined when the day has come: a mail and the page say what to do, and paid by hand the new key is there', async ({
  browser,
  portal,
}) => {
  expect(portal.publicUrl).toBe(process.env.PUBLIC_URL)
  const customer = await newCustomer('declines')
  const { owner } = customer.people
  const { subscriptionId } = await subscribe(
    ...([customer.organizationId, 'workflowstudio', customer.instanceId, 1] as const),
  )
  const page = await signedIn(browser, owner, now())
  const [term] = await inOrganization<{ endsAt: Date; shortId: string }>(
    customer.organizationId,
    `select t.ends_at as "endsAt", k.short_id as "shortId" from terms t join keys k on k.term_id = t.id
     where t.subscription_id = $1`,
    [subscriptionId],
  )
  if (!term) throw new Error('it was sold')
  await switchOn(page, customer, cards.declinedLater, 'Workflow Studio')
  await expect(page.getByText('It renews by itself on')).toBeVisible()
  await letGoBy(page, '30 days later')
  for (let day = 0; day < 3; day++) await letGoBy(page, 'One day later')
  const [mail] = await arrived(() => mailsAbout(owner.email, /could not be charged/))
  expect(mail?.text).toContain('Your means of payment was declined. Stripe tries again within the next days')
  expect(mail?.text).toContain('/invoices/in_')
  await page.goto(`/${customer.slug}/billing`)
  const row = page.getByRole('row', { name: /Workflow Studio/ })
  await expect(row).toContainText('could not be charged')
  await shoot(page, 'failing-billing')
  const charge = page.getByRole('listitem').filter({ hasText: 'automatic renewal of' })
  await expect(page.locator('main')).toContainText('A charge failed: pay it below.')
  await expect(charge.getByRole('link', { name: /Pay at Stripe/ })).toBeVisible()
  await row.getByRole('link', { name: 'Could not be charged' }).click()
  await expect(page.locator('main')).toContainText('could not be charged. Stripe tries again')
  await expect(page.locator('main')).not.toContainText('debits')
  await shoot(page, 'failing-payment')
  await page.goto(`/${customer.slug}/billing/automatic/${subscriptionId}`)
  await expect(page.locator('main')).toContainText('could not be charged. Stripe tries again')
  await shoot(page, 'failing-automatic')
  await page.getByRole('link', { name: /Pay at Stripe/ }).click()
  const { endsAt, shortId } = term
  const zone = 'Europe/Paris'
  const until = lastDay(later(endsAt, zone, { months: 12 }), 'en', zone)
  await expect(page.getByRole('table')).toContainText(
    `Workflow Studio, Service desk (${shortId}): ${firstDay(endsAt, 'en', zone)} to ${until}`,
  )
  await shoot(page, 'failing-invoice')
  await page.getByLabel('Card number').fill(cards.good)
  await page.getByRole('button', { name: /^Pay/ }).click()
  await expect.poll(() => termsOf(customer, subscriptionId)).toEqual([{ keys: 1 }, { keys: 1 }])
  await page.goto(`/${customer.slug}/billing/automatic/${subscriptionId}`)
  await expect(page.getByText('It renews by itself on')).toBeVisible()
  await shoot(page, 'on')
  await page.context().close()
})

test('a year passes in the demo, and what renews by itself has its new keys and mails, the overview says so, and nobody is signed out', async ({
  browser,
}) => {
  const two = [await newCustomer('yearone'), await newCustomer('yeartwo')]
  const pages: Page[] = []
  for (const customer of two) {
    const page = await signedIn(browser, customer.people.owner, now())
    await switchOn(page, customer, cards.good)
    await expect(page.getByText('It renews by itself on')).toBeVisible()
    pages.push(page)
  }
  const [page] = pages
  if (!page) throw new Error('there are two')
  await page.goto(`/${two[0]?.slug}`)
  const took = await letGoBy(page, 'One year later')
  process.stdout.write(`A year took ${(took / 1_000).toFixed(1)} s.\n`)
  // What begins in the hour after midnight ends after the year does, and Stripe charges an hour later still.
  await letGoBy(page, 'One day later')
  // What Stripe had told was compared each night, which settled nothing that was not settled already, and found no difference.
  expect(await nights()).toEqual({ enough: true, settled: 0, missed: 0, differences: [] })
  // What GLPIs called before is counted, as the pages say, and kept no longer.
  expect(
    await inSystem<{ kept: number; counted: boolean }>(
      `select (select count(*)::int from checks) as kept, exists (select from check_days) as counted`,
    ),
  ).toEqual([{ kept: 0, counted: true }])
  for (const [i, customer] of two.entries()) {
    expect(await termsOf(customer, customer.subscriptionId)).toEqual([{ keys: 1 }, { keys: 1 }])
    const { email } = customer.people.owner
    expect((await mailsAbout(email, /new key/)).length).toBeGreaterThan(0)
    const own = pages[i]
    if (!own) throw new Error('each has a page')
    // Whoever was not there that year is where they were.
    await own.goto(`/${customer.slug}`)
    await expect(own).toHaveURL(new RegExp(`/${customer.slug}$`))
    await expect(own.locator('main')).toContainText('Inventory Plus')
    await shoot(own, `year-overview-${i}`)
    await own.goto(`/${customer.slug}/billing`)
    await expect(own.getByRole('row', { name: /Inventory Plus/ })).toContainText('Renews by itself on')
    await own.context().close()
  }
})
