import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  expect,
  type Page,
} from '@playwright/test'
import { pool } from '@/db/client'
import { newToken, tokenHash } from '@/lib/people/tokens'
import { type Mail, readMails } from '@/sandbox/mail'

/**
 * A browser of its own in which this person is signed in already, by a session's row. Signing in itself is tried in
 * sign-in.test.ts: two tests that run at once would read each other's mails to the same person.
 */
export async function browserOf(
  browser: Browser,
  email: string,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const token = newToken()
  const signedIn = await query(
    `insert into sessions (token_hash, person_id, created_at, last_used_at, expires, device)
     select $1, id, now(), now(), now() + interval '1 day', 'test' from people where email = $2 returning person_id`,
    [tokenHash(token).toString('base64url'), email],
  )
  if (signedIn.length === 0) throw new Error(`the seed has no ${email}`)
  const context = await browser.newContext(options)
  await context.addCookies([{ name: 'session', value: token, url: process.env.PUBLIC_URL ?? '' }])
  return context
}

/** Signs in a member through the form and the mail, as a person does; the page is then their first organization's. */
export async function signIn(page: Page, email: string) {
  await page.goto('/sign-in')
  const { code } = await askForMail(page, email)
  await typeCode(page, code)
  await page.waitForURL(({ pathname }) => pathname !== '/' && !pathname.startsWith('/sign-in'))
}

/** Sends the form that is on the page, and reads the mail that comes of it. */
export async function askForMail(page: Page, email: string): Promise<Received> {
  const before = await signInMails(email)
  await forgetLimits()
  await page.locator('input[name=email]').fill(email)
  await page.locator('main button[type=submit]').click()
  await expect(page).toHaveURL(/\/sign-in\/code$/)
  return nextMail(email, before.length)
}

export async function typeCode(page: Page, code: string) {
  await page.locator('input[name=code]').fill(code)
  await page
    .locator('main form', { has: page.locator('input[name=code]') })
    .locator('button')
    .click()
}

export type Received = { mail: Mail; code: string; link: string }

/** Without those that tell of something, such as a new device: they come when they come. */
const signInMails = async (email: string) =>
  (await mailsTo(email)).filter(({ subject }) => /^\d{6}/.test(subject))

/** The mail after the first `seen` ones that sign in. */
export async function nextMail(email: string, seen: number): Promise<Received> {
  const mail = (await arrived(() => signInMails(email), seen))[seen]
  const code = /^\d{6}/.exec(mail?.subject ?? '')?.[0]
  const link = /https?:\S+\/sign-in\/link\S+/.exec(mail?.text ?? '')?.[0]
  if (!mail || !code || !link) throw new Error('the mail lacks its code or its link')
  return { mail, code, link }
}

/** The last link of that form in the mails to this address, once there is one. */
export async function linkTo(email: string, form: RegExp): Promise<string> {
  const links = async () => (await mailsTo(email)).flatMap(({ text }) => form.exec(text)?.[0] ?? [])
  return (await arrived(links)).at(-1) ?? ''
}

/** What `find` finds, once it is more than the `seen` ones. A mail takes a fraction of a second: it is asked for often. */
export async function arrived<Found>(find: () => Promise<Found[]>, seen = 0): Promise<Found[]> {
  let found: Found[] = []
  const count = async () => {
    found = await find()
    return found.length
  }
  await expect.poll(count, { intervals: [100] }).toBeGreaterThan(seen)
  return found
}

export const mailsTo = (email: string) => readMails(Number(new URL(process.env.MAIL_URL ?? '').port), email)

/** Every test comes from one network, which would have had its mails of the hour soon. Other tests' limits stay. */
export async function forgetLimits() {
  await query(`delete from rate_limits where key not like 'reveal:%' and key not like 'ask_to_join%'`)
}

/** A statement that Postgres plans once in each connection. */
export type Prepared = { name: string; text: string }

/**
 * Asks the portal's database, in the portal's own role.
 * @param scope a setting that says which rows are seen; without it those of no organization.
 */
export async function query(text: string | Prepared, values: unknown[] = [], scope?: string) {
  if (!scope) return (await pool().query(text, values)).rows
  const client = await pool().connect()
  try {
    await client.query(`begin; set local ${scope}`)
    const { rows } = await client.query(text, values)
    await client.query('commit')
    client.release()
    return rows
  } catch (error) {
    // It may still be in its transaction: nobody else is to get it.
    client.release(true)
    throw error
  }
}
