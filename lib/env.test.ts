import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseEnv } from '@/lib/env'

const secret = () => randomBytes(32).toString('base64')
const whole = (): Record<string, string> => ({
  DATABASE_URL: 'postgres://app:password@localhost:5432/latchkey',
  PUBLIC_URL: 'https://portal.example.com',
  KEY_RING: `1:${secret()}`,
  KEY_FINGERPRINT_SECRET: secret(),
  SIGN_IN_SECRET: secret(),
  SMTP_URL: 'smtp://localhost:25',
  MAIL_FROM: 'Latchkey <portal@example.com>',
  VENDOR_NAME: 'Example',
  SUPPORT_EMAIL: 'support@example.com',
})

/** What a start under these variables says; empty when it has nothing to say. */
function said(changes: Record<string, string | undefined>): string {
  try {
    parseEnv({ ...whole(), ...changes })
    return ''
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

test('what every start needs is enough', () => {
  expect(said({})).toBe('')
  expect(parseEnv(whole())).toMatchObject({ LOG_LEVEL: 'info', DATABASE_POOL_SIZE: 10, TRUSTED_PROXIES: '' })
})

test.each(Object.keys(whole()))('%s: missing or blank, it is named', (name) => {
  for (const value of [undefined, '', ' \n']) expect(said({ [name]: value })).toMatch(`  ${name} `)
})

const malformed: [name: string, ...values: string[]][] = [
  ['DATABASE_URL', 'canary', 'mysql://canary@host/db'],
  ['WORKER_DATABASE_URL', 'canary'],
  ['DATABASE_POOL_SIZE', 'canary', '0', '201', '1.5'],
  ['PUBLIC_URL', 'canary', 'ftp://canary.example'],
  ['KEY_RING', 'canary', `0:${secret()}`, secret(), `1:${secret()},`, `1:${secret()};2:${secret()}`],
  ['KEY_FINGERPRINT_SECRET', 'canary', randomBytes(31).toString('base64'), randomBytes(32).toString('hex')],
  ['AUDIT_SIGNING_KEY', 'canary', randomBytes(31).toString('base64')],
  ['SIGN_IN_SECRET', 'canary', randomBytes(33).toString('base64')],
  ['SMTP_URL', 'canary', 'https://canary.example'],
  ['MAIL_FROM', 'canary', 'a@b.example\nBcc: canary@example.com'],
  ['SUPPORT_EMAIL', 'canary'],
  ['TRUSTED_PROXIES', 'canary', '10.0.0.0/33', '10.0.0.1;10.0.0.2'],
  ['LOG_LEVEL', 'loud', 'INFO', 'canary'],
]

test.each(malformed)('%s: malformed, it is named and its value is not repeated', (name, ...values) => {
  for (const value of values) {
    const message = said({ [name]: value })
    expect(message, value).toMatch(`  ${name} `)
    expect(message.split('\n')).toHaveLength(2)
    if (value.length > 5) expect(message).not.toContain(value)
    expect(message).not.toContain('canary')
  }
})

test('whatever is wrong is named at once', () => {
  const message = said(Object.fromEntries(malformed.map(([name, value]) => [name, value])))
  for (const [name] of malformed) expect(message).toContain(`  ${name} `)
})

test('blanks and line breaks around a secret are no part of it', () => {
  const [first, second, third] = [secret(), secret(), secret()]
  const env = parseEnv({
    ...whole(),
    SIGN_IN_SECRET: `\t${first}\r\n`,
    KEY_RING: ` 1:${second} ,\n 2: ${third}\n`,
    LOG_LEVEL: 'warn\n',
  })
  expect(env.SIGN_IN_SECRET.toString('base64')).toBe(first)
  expect([...env.KEY_RING].map(([version, bytes]) => [version, bytes.toString('base64')])).toEqual([
    [1, second],
    [2, third],
  ])
  expect(env.LOG_LEVEL).toBe('warn')
})

test('a version that stands twice in the key ring is refused', () => {
  expect(said({ KEY_RING: `1:${secret()},1:${secret()}` })).toContain('KEY_RING names a version twice')
  expect(said({ KEY_RING: `1:${secret()},2:${secret()}` })).toBe('')
})

test('secrets that are the same are refused by their names', () => {
  const same = secret()
  const cases: [Record<string, string>, ...names: string[]][] = [
    [{ SIGN_IN_SECRET: same, KEY_FINGERPRINT_SECRET: same }, 'SIGN_IN_SECRET', 'KEY_FINGERPRINT_SECRET'],
    [{ SIGN_IN_SECRET: same, AUDIT_SIGNING_KEY: same }, 'SIGN_IN_SECRET', 'AUDIT_SIGNING_KEY'],
    [{ SIGN_IN_SECRET: same, KEY_RING: `3:${same}` }, 'SIGN_IN_SECRET', "KEY_RING's version 3"],
    [{ KEY_RING: `1:${same},2:${same}` }, "KEY_RING's version 1", "KEY_RING's version 2"],
  ]
  for (const [changes, ...names] of cases) {
    const message = said(changes)
    for (const name of names) expect(message).toContain(name)
    expect(message).not.toContain(same)
  }
})

test.each([0, 1, 255])('a secret of nothing but the byte %i is refused by its name', (byte) => {
  const guessed = Buffer.alloc(32, byte).toString('base64')
  for (const name of ['SIGN_IN_SECRET', 'KEY_FINGERPRINT_SECRET'])
    expect(said({ [name]: guessed })).toMatch(`  ${name} is one byte`)
  expect(said({ KEY_RING: `1:${secret()},2:${guessed}` })).toContain("KEY_RING's version 2 is one byte")
})

const provider = {
  STAFF_OIDC_ISSUER: 'https://login.example.com',
  STAFF_OIDC_CLIENT_ID: 'latchkey',
  STAFF_OIDC_CLIENT_SECRET: 'canary',
}

test('staff’s provider is all there or not at all, and no line to it can be read along', () => {
  expect(said(provider)).toBe('')
  for (const name of Object.keys(provider)) {
    const lines = said({ ...provider, [name]: undefined })
    expect(lines).toContain(`  ${name} is missing`)
    expect(lines).not.toContain('canary')
  }
  expect(said({ ...provider, STAFF_OIDC_ISSUER: 'login.example.com' })).toContain(
    '  STAFF_OIDC_ISSUER should',
  )
  expect(said({ ...provider, STAFF_OIDC_ISSUER: 'http://login.example.com' })).toContain('begin with https:')
  expect(said({ ...provider, STAFF_OIDC_ISSUER: 'http://localhost:4000' })).toBe('')
})

test('the clock of the sandbox is refused under a public address, and a wrong address is named beside it', () => {
  expect(said({ SANDBOX_CLOCK_FILE: '/tmp/clock' })).toContain('SANDBOX_CLOCK_FILE moves the clock')
  expect(said({ SANDBOX_CLOCK_FILE: '/tmp/clock', PUBLIC_URL: 'http://127.0.0.1:3000' })).toBe('')
  expect(said({ SANDBOX_CLOCK_FILE: '/tmp/clock', PUBLIC_URL: 'canary' })).toContain('  PUBLIC_URL should')
})
