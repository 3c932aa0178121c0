import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import pg from 'pg'
import { open } from '@/lib/keys/vault'
import { newSecrets } from '@/sandbox/environment'
import { freePort } from '@/sandbox/ports'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { type Running, startProcess } from '@/scripts/processes'
import { askForMail, linkTo, signIn, typeCode } from './sign-in'

test.use({ locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] })

const tag = randomBytes(6).toString('hex')
const name = `empty_${tag}`
const folder = throwAwayFolder()
let variables: Record<string, string>
let portal: Running

const given = (variable: string) => process.env[variable] ?? ''
const inDatabase = (variable: string, database = name) => {
  const url = new URL(given(variable))
  url.pathname = `/${database}`
  return url.href
}

/** The variables of .env.example, and nothing else of this process but what any shell has. */
async function operatorsVariables() {
  const port = await freePort()
  const { SANDBOX_LEASE_ROOT: _, LEASE_ROOT_PUBLIC_KEY: __, ...secrets } = newSecrets()
  return {
    PATH: given('PATH'),
    HOME: folder,
    ...secrets,
    // The tests' own, so that the stored key can be opened here and compared.
    KEY_RING: given('KEY_RING'),
    DATABASE_URL: inDatabase('DATABASE_URL'),
    WORKER_DATABASE_URL: inDatabase('WORKER_DATABASE_URL'),
    KEY_SERVICE_DATABASE_URL: inDatabase('KEY_SERVICE_DATABASE_URL'),
    DATABASE_OWNER_URL: inDatabase('DATABASE_OWNER_URL'),
    PUBLIC_URL: `http://localhost:${port}`,
    HOST: '127.0.0.1',
    PORT: String(port),
    KEY_SERVICE_PORT: String(await freePort()),
    AUDIT_HEADS_FILE: path.join(folder, 'audit-heads.jsonl'),
    SMTP_URL: given('SMTP_URL'),
    MAIL_FROM: 'Latchkey <portal@example.com>',
    VENDOR_NAME: 'Example Plugins',
    SUPPORT_EMAIL: 'support@example.com',
  }
}

const lines: string[] = []

function npm(readyUrl: string | undefined, ...args: string[]): Running {
  return startProcess({
    name: args.join(' '),
    command: ['npm', ...args],
    env: variables,
    output: (line) => lines.push(line),
    ...(readyUrl ? { readyUrl } : {}),
  })
}

/** A command of docs/operate.md. @returns what it said */
async function run(...args: string[]): Promise<string> {
  lines.length = 0
  const { code } = await npm(undefined, 'run', ...args).exited
  if (code !== 0) throw new Error(`npm run ${args.join(' ')} ended with ${code}:\n${lines.join('\n')}`)
  return lines.join('\n')
}

/** docs/operate.md, "Leases": the root, a signing key, and the set that names it. */
async function publishSigningKey() {
  const [root, request] = [path.join(folder, 'root.pem'), path.join(folder, 'lease-keys.json')]
  const made = await run('leases:root', '--', 'new', root)
  Object.assign(variables, { LEASE_ROOT_PUBLIC_KEY: /LEASE_ROOT_PUBLIC_KEY=(\S+)/.exec(made)?.[1] })
  await run('leases:rotate', '--', '--request', request)
  writeFileSync(`${request}.signed`, await run('leases:root', '--', 'sign', request, '--key', root))
  expect(await run('leases:rotate', '--', '--publish', `${request}.signed`)).toContain('is published')
}

async function validated(portalUrl: string, key: string) {
  const answer = await fetch(`${portalUrl}/api/v1/keys/validate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ key, installation_id: 'the-first-installation' }),
  })
  return { status: answer.status, body: (await answer.json()) as unknown }
}

async function ask<Row extends pg.QueryResultRow>(url: string, ...statements: string[]): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    let rows: Row[] = []
    for (const statement of statements) rows = (await client.query<Row>(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

test.beforeAll(async () => {
  variables = await operatorsVariables()
  await ask(inDatabase('DATABASE_OWNER_URL', 'postgres'), `create database ${name}`)
})
test.afterAll(async () => {
  await portal?.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  await ask(inDatabase('DATABASE_OWNER_URL', 'postgres'), `drop database ${name}`)
})

test('from an empty database to the first customer’s copied key, by commands and pages alone', async ({
  browser,
}) => {
  test.setTimeout(240_000)
  const [admin, owner] = [`admin@empty-${tag}.example`, `owner@empty-${tag}.example`]
  expect(await run('db:migrate')).toContain('The database is at this version.')
  expect(await run('catalog:apply', '--', 'docs/catalog.example.yaml', '--yes')).toMatch(/Done: \d+ changes/)
  expect(await run('staff:add', '--', admin, '--admin', '--name', 'Ada Admin')).toContain('is an admin now')
  await publishSigningKey()
  const { PUBLIC_URL = '' } = variables
  portal = npm(`${PUBLIC_URL}/api/ready`, 'start')
  await portal.ready

  const vendor = await browser.newContext({ baseURL: PUBLIC_URL })
  await makeCustomer(await vendor.newPage(), admin, owner)
  const customer = await browser.newContext({ baseURL: PUBLIC_URL })
  const copied = await copyFirstKey(await customer.newPage(), owner)
  expect(copied).toMatch(/^gks1[a-z0-9]{32}$/)
  expect(copied).toBe(await storedKey())
  // As the customer's GLPI asks, at the portal's own address.
  const { body } = await validated(PUBLIC_URL, copied)
  expect(body).toMatchObject({ valid: true, code: 'ok' })

  const entries = await ask<{ action: string }>(
    variables.DATABASE_OWNER_URL ?? '',
    `set latchkey.scope = 'system'`,
    `select distinct action from audit_entries where outcome = 'done' and organization_id is not null order by 1`,
  )
  expect(entries.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['instance.add', 'key.reveal', 'member.invite', 'subscription.start']),
  )
  for (const context of [vendor, customer]) await context.close()
})

/** The first admin signs in by mail and makes the customer, whose owner is invited with it; an instance; its key. */
async function makeCustomer(page: Page, admin: string, owner: string) {
  await signIn(page, admin)
  await expect(page).toHaveURL(/\/staff$/)
  await page.getByRole('link', { name: 'Create an organization' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Acme Industries')
  await page.getByLabel('Its owner’s e-mail address').fill(owner)
  await page.getByLabel('Time zone').fill('Europe/Paris')
  await page.getByRole('button', { name: 'Create the organization' }).click()
  await expect(page).toHaveURL(/\/acme-industries\/members\?done=invited$/)
  await page.getByRole('link', { name: 'Instances' }).click()
  await page.locator('main').getByRole('link', { name: 'Add an instance' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Service desk')
  await page.getByLabel('Address', { exact: true }).fill('https://glpi.acme.example')
  await page.getByRole('button', { name: 'Add the instance' }).click()
  await page.getByRole('link', { name: 'Issue a key' }).click()
  await page.getByLabel('Product').first().selectOption({ label: 'Forms Pro' })
  await page.getByLabel('Why').first().fill('Order 1.')
  await page.getByRole('button', { name: 'Issue the key' }).click()
  await expect(page.getByText('The key was issued.')).toBeVisible()
}

/** The owner follows the mail, signs in, joins and copies. @returns what the clipboard holds */
async function copyFirstKey(page: Page, owner: string): Promise<string> {
  const link = await linkTo(owner, /https?:\S+\/invitation\?token=\S+/)
  await page.goto(link)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Join Acme Industries')
  await page.getByRole('link', { name: `Sign in as ${owner}` }).click()
  const { code } = await askForMail(page, owner)
  await typeCode(page, code)
  await expect(page).toHaveURL(link)
  await page.getByRole('button', { name: 'Join Acme Industries' }).click()
  await expect(page).toHaveURL(/\/acme-industries\/members\?done=joined$/)
  await page.getByRole('link', { name: 'Keys' }).click()
  // Until its scripts are there too: before, a click is answered by the key to be selected.
  await page.waitForURL(/\/acme-industries\/keys$/)
  await page.getByRole('button', { name: /^Copy the key of/ }).click()
  await expect(page.getByText(/is on the clipboard\.$/)).toBeVisible()
  return page.evaluate(() => navigator.clipboard.readText())
}

async function storedKey(): Promise<string> {
  const rows = await ask<{ id: string; cipher: Buffer; ring_version: number }>(
    variables.DATABASE_OWNER_URL ?? '',
    `set latchkey.scope = 'system'`,
    'select id, cipher, ring_version from keys',
  )
  expect(rows).toHaveLength(1)
  const [key] = rows
  return key ? open({ cipher: key.cipher, ringVersion: key.ring_version }, key.id) : ''
}
