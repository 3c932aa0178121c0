import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { generateKey } from '@/lib/keys/format'
import {
  byMember,
  bySystem,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeOrganization,
  onConnection,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase({ LOG_LEVEL: 'trace' })
const canary = 'canary-5d1f0c'
let written: string[]

beforeEach(() => {
  written = []
  const keep = (chunk: unknown) => {
    written.push(String(chunk))
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(keep)
  vi.spyOn(process.stderr, 'write').mockImplementation(keep)
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => (await import('@/db/client')).closePool())

/** The log as a process has it, writing to where `written` is kept. */
async function freshLog() {
  vi.resetModules()
  vi.doMock('pino', async (original) => {
    const { pino } = await original<typeof import('pino')>()
    const into = { write: (line: string) => void written.push(line) }
    return { pino: Object.assign((options: object) => pino({ ...options, level: 'trace' }, into), pino) }
  })
  return (await import('@/lib/log')).log
}

test.each([
  'key',
  'code',
  'link',
  'token',
  'secret',
  'password',
  'cookie',
  'authorization',
  'set-cookie',
  'x-registration-key',
])('a field named %s is not logged, one level down neither', async (name) => {
  const log = await freshLog()
  log.info({ [name]: canary, headers: { [name]: canary }, shortId: 'K-7QF3XM' }, 'a line')
  const text = written.join('')
  expect(text).toContain('K-7QF3XM')
  expect(text).not.toContain(canary)
})

let own: Fixture
let ids: Awaited<ReturnType<typeof fillOrganization>>
beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  ids = await fillOrganization(database, own)
})

test('the secrets of the environment and whole keys are in no log and no error, whatever fails', async () => {
  const { revealKeys } = await import('@/lib/keys/reveal')
  const { revokeKey } = await import('@/lib/keys/revoke')
  const { asOrganization } = await import('@/db/scope')
  const { sql } = await import('drizzle-orm')
  const revealed = await revealKeys(byMember(own, 'owner'), {
    keyIds: [ids.keyId, ids.renewedKeyId],
    how: 'shown',
  })
  const unknown = generateKey('trial')
  const secrets = [
    ...revealed.map(({ key }) => key),
    unknown,
    ...['KEY_FINGERPRINT_SECRET', 'SIGN_IN_SECRET'].map((name) => process.env[name] ?? ''),
    process.env.KEY_RING?.slice(2) ?? '',
    new URL(process.env.DATABASE_URL ?? '').password,
  ]
  expect(secrets.every((secret) => secret.length > 20)).toBe(true)
  const errors: unknown[] = []
  const failing = [
    () =>
      revokeKey(bySystem(own.organizationId), { keyId: ids.permanentKeyId, reason: 'leaked', note: unknown }),
    () => revealKeys(byMember(own, 'viewer'), { keyIds: [ids.keyId], how: 'shown' }),
    () => asOrganization(own.organizationId, (tx) => tx.execute(sql`select 1 / 0`)),
    // the compiler would not let this through
    () => revealKeys(byMember(own, 'owner'), { keyIds: [unknown], how: secrets[0] } as never),
    () => onConnection(`${database.appUrl}_gone`, async () => {}),
  ]
  const { log } = await import('@/lib/log')
  for (const call of failing) {
    const error = await call().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(Error)
    errors.push(error)
    log.error({ err: error }, 'it failed')
  }
  const text =
    written.join('') +
    errors.map((error) => (error instanceof Error ? `${error.stack}${JSON.stringify(error)}` : '')).join('')
  for (const [index, secret] of secrets.entries())
    expect(text.includes(secret), `secret ${index}`).toBe(false)
})

test('the audit trail, the jobs and the answers that are kept hold no whole key', async () => {
  const rows = await rowsOf<{ text: string }>(
    database,
    'select to_jsonb(a)::text as text from audit_entries a union all select to_jsonb(c)::text from command_runs c',
  )
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.filter(({ text }) => /gk[stp]1[a-z0-9]{32}/.test(text))).toEqual([])
})

test('an environment that is not complete is named without its values', async () => {
  const { parseEnv } = await import('@/lib/env')
  const given = {
    DATABASE_URL: canary,
    KEY_RING: `1:${canary}`,
    SIGN_IN_SECRET: canary,
    SMTP_URL: canary,
    MAIL_FROM: canary,
    PUBLIC_URL: canary,
  }
  const error = (() => {
    try {
      parseEnv(given)
      return ''
    } catch (thrown) {
      return String(thrown)
    }
  })()
  for (const name of [...Object.keys(given), 'KEY_FINGERPRINT_SECRET', 'VENDOR_NAME', 'SUPPORT_EMAIL'])
    expect(error).toContain(name)
  expect(error).not.toContain(canary)
})

test('a process whose output nobody reads any more goes on, and ends when it is to', async () => {
  const source = `
    const { log } = await import('./lib/log.ts')
    process.stdin.resume().once('end', () => {
      for (const line of ['one', 'two']) log.warn(line)
      process.exit(0)
    })
    process.stdout.write('ready')`
  const command = ['--import', './scripts/typescript.mjs', '--input-type=module', '--eval', source]
  const child = spawn(process.execPath, command, { cwd: path.join(import.meta.dirname, '..') })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  child.stdout.destroy()
  child.stderr.destroy()
  child.stdin.end()
  expect(await exited).toEqual([0, null])
})
