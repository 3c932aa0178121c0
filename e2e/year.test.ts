import { rmSync } from 'node:fs'
import { type Browser, test as base, expect, type Page } from '@playwright/test'
import { closePool } from '@/db/client'
import { now } from '@/lib/clock'
import { newSecrets } from '@/sandbox/environment'
import { type Portal, startPortal } from '@/sandbox/portal'
import { freePort } from '@/sandbox/ports'
import { throwAwayFlags } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { browserAs, type Customer, inOrganization, newCustomer, type Person, subscribe } from './customer'
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
test.describe.configure({ mode: 'default' })

/** From the menu at the bottom of the rail. @returns how many milliseconds the days took */
async function letGoBy(page: Page, what: string): Promise<number> {
  await page.getByRole('button', { name: /^Demonstration/ }).click()
  const from = performance.now()
  await page.getByRole('button', { name: what }).click()
  await page.waitForURL(/\/travel/)
  await page.waitForURL(({ pathname }) => !pathname.startsWith('/travel'), { timeout: 80_000 })
  return performance.now() - from
}

const termsOf = ({ organizationId }: Customer, subscriptionId: string) =>
  inOrganization<{ keys: number }>(
    organizationId,
    `select (select count(*)::int from keys k where k.term_id = t.id) as keys
     from terms t where subscription_id = $1 order by ordinal`,
    [subscriptionId],
  )

const mailsAbout = async (email: string, subject: RegExp) =>
  (await mailsTo(email)).filter((mail) => subject.test(mail.subject ?? ''))

/** Signed in at this portal's moment; the tests' own sessions begin at the machine's. */
async function signedIn(browser: Browser, person: Person, at: Date) {
  await query(
    `update sessions set created_at = $2, last_used_at = $2, expires = $2::timestamptz + interval '30 days' where person_id = $1`,
    [person.personId, at],
  )
  return (await browserAs(browser, person)).newPage()
}

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
  await switchOn(page, customer, cards.declinedLater, 'Workflow Studio')
  await expect(page.getByText('It renews by itself on')).toBeVisible()
  await letGoBy(page, '30 days later')
  for (let day = 0; day < 3; day++) await letGoBy(page, 'One day later')
  const [mail] = await arrived(() => mailsAbout(owner.email, /could not be charged/))
  console.log(mail?.subject, mail?.text)
  await page.goto(`/${customer.slug}`)
  console.log(await page.locator('main').innerText())
  await page.goto(`/${customer.slug}/billing`)
  console.log(await page.locator('main').innerText())
  await page.goto(`/${customer.slug}/billing/automatic/${subscriptionId}`)
  console.log(await page.locator('main').innerText())
  await page.getByRole('link', { name: /Pay at Stripe/ }).click()
  await page.getByLabel('Card number').fill(cards.good)
  await page.getByRole('button', { name: /^Pay/ }).click()
  await expect.poll(async () => (await termsOf(customer, subscriptionId)).length).toBe(2)
  await page.goto(`/${customer.slug}/billing/automatic/${subscriptionId}`)
  await expect(page.getByText('It renews by itself on')).toBeVisible()
  console.log(await page.locator('main').innerText())
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
  for (const [i, customer] of two.entries()) {
    const terms = await termsOf(customer, customer.subscriptionId)
    console.log(
      terms,
      (await mailsTo(customer.people.owner.email)).map((m) => m.subject),
    )
    await pages[i]?.goto(`/${customer.slug}`)
    console.log(pages[i]?.url(), await pages[i]?.locator('main').innerText())
    await pages[i]?.goto(`/${customer.slug}/billing`)
    console.log(pages[i]?.url(), await pages[i]?.locator('main').innerText())
  }
  expect(took).toBeLessThan(60_000)
})
