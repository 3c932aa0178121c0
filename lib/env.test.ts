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
  [
    'PUBLIC_URL',
    'canary',
    'ftp://canary.example',
    'https://portal.example.com/canary',
    'https://portal.example.com/?canary',
    'https://canary:x@portal.example.com',
  ],
  ['KEY_RING', 'canary', `0:${secret()}`, secret(), `1:${secret()},`, `1:${secret()};2:${secret()}`],
  ['LEASE_KEY_RING', 'canary', `0:${secret()}`, secret(), `1:${secret()},`],
  ['LEASE_ROOT_PUBLIC_KEY', 'canary', randomBytes(31).toString('base64')],
  ['KEY_FINGERPRINT_SECRET', 'canary', randomBytes(31).toString('base64'), randomBytes(32).toString('hex')],
  ['AUDIT_SIGNING_KEY', 'canary', randomBytes(31).toString('base64')],
  ['SIGN_IN_SECRET', 'canary', randomBytes(33).toString('base64')],
  ['SMTP_URL', 'canary', 'https://canary.example'],
  ['MAIL_FROM', 'canary', 'a@b.example\nBcc: canary@example.com'],
  ['SUPPORT_EMAIL', 'canary'],
  ['TRUSTED_PROXIES', 'canary', '10.0.0.0/33', '10.0.0.1;10.0.0.2'],
  [
    'STRIPE_SECRET_KEY',
    'canary',
    'pk_live_canary',
    'sk_canary',
    'sk_live_-canary',
    'sk_prod_canary',
    'whsec_canary',
    'sk_test_canary sk-live',
  ],
  [
    'STRIPE_WEBHOOK_SECRET',
    'canary',
    'whsec_-canary',
    'sk_test_canary',
    'whsec_canary,',
    'whsec_a;whsec_canary',
  ],
  ['SANDBOX_STRIPE_URL', 'canary', 'https://127.0.0.1:4001/canary'],
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

test('a secret that was broken into lines where it was copied is the same', () => {
  const right = secret()
  for (const broken of [
    `${right.slice(0, 20)}\n${right.slice(20)}`,
    `${right.slice(0, 40)}\r\n  ${right.slice(40)}`,
  ]) {
    for (const name of [
      'SIGN_IN_SECRET',
      'KEY_FINGERPRINT_SECRET',
      'AUDIT_SIGNING_KEY',
      'AUDIT_PUBLIC_KEY',
    ] as const) {
      expect(said({ [name]: broken })).toBe('')
      expect(parseEnv({ ...whole(), [name]: broken })[name]?.toString('base64')).toBe(right)
    }
  }
})

test('a path in the portal’s address is refused, and not dropped', () => {
  expect(said({ PUBLIC_URL: 'https://portal.example.com/portal' })).toContain(
    '  PUBLIC_URL should be the address alone',
  )
  for (const PUBLIC_URL of [
    'https://portal.example.com/',
    ' http://127.0.0.1:3000\n',
    'https://PORTAL.example.com:443',
  ])
    expect(said({ PUBLIC_URL })).toBe('')
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
    [{ LEASE_KEY_RING: `3:${same}`, KEY_FINGERPRINT_SECRET: same }, "LEASE_KEY_RING's version 3"],
    [{ KEY_RING: `1:${same},2:${same}` }, "KEY_RING's version 1", "KEY_RING's version 2"],
  ]
  for (const [changes, ...names] of cases) {
    const message = said(changes)
    for (const name of names) expect(message).toContain(name)
    expect(message).not.toContain(same)
  }
})

const bytesOf = (at: (index: number) => number) =>
  Buffer.from(Array.from({ length: 32 }, (_, i) => at(i) & 255))
const encoded = (bytes: Buffer | string) => Buffer.from(bytes).toString('base64')

test.each([
  ['one byte', encoded(bytesOf(() => 7))],
  ['nothing', encoded(bytesOf(() => 0))],
  ['digits', encoded('12345678901234567890123456789012')],
  ['digits without an order', encoded('84619305728461930572846193057284')],
  ['letters', encoded('correcthorsebatterystaplecorrect')],
  ['words', encoded('Correct horse, battery & staple!')],
  ['hexadecimal digits', encoded('9f86d081884c7d659a2feaa0c55ad015')],
  ['ascending bytes', encoded(bytesOf((i) => i))],
  ['ascending bytes from within', encoded(bytesOf((i) => 240 + i))],
  ['descending bytes', encoded(bytesOf((i) => 255 - i))],
  ['bytes in steps', encoded(bytesOf((i) => 7 * i + 3))],
  ['sixteen bytes twice', encoded(Buffer.alloc(32, randomBytes(16)))],
  ['typed digits, as they are', '1234567890123456789012345678901234567890123='],
  ['typed letters, as they are', 'mysecretmysecretmysecretmysecretmysecretmys='],
  ['typed capitals, as they are', 'THESECRETOFTHEPORTALTHATNOBODYKNOWSBUTMEAND='],
  ['the alphabet, as it is', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq='],
  ['one letter, as it is', `${'A'.repeat(43)}=`],
  ['the word of an example, as it is', 'ChangeMe1ChangeMe1ChangeMe1ChangeMe1ChangeM='],
])('a secret that is guessed is refused by its name: %s', (_, guessed) => {
  for (const name of ['SIGN_IN_SECRET', 'KEY_FINGERPRINT_SECRET', 'AUDIT_SIGNING_KEY']) {
    const message = said({ [name]: guessed })
    expect(message).toContain(`  ${name} can be guessed`)
    expect(message).toContain('make one with: openssl rand -base64 32')
    expect(message).not.toContain(guessed)
  }
  expect(said({ KEY_RING: `1:${secret()},2:${guessed}` })).toContain("  KEY_RING's version 2 can be guessed")
})

test('of 100,000 random secrets none is refused', () => {
  const versions = Array.from({ length: 9_999 }, (_, index) => index + 1)
  const ring = () => versions.map((version) => `${version}:${secret()}`).join(',')
  const rings = Array.from({ length: Math.ceil(100_000 / versions.length) }, ring)
  expect(rings.map((KEY_RING) => said({ KEY_RING }))).toEqual(rings.map(() => ''))
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

const paid = { STRIPE_SECRET_KEY: 'sk_test_canary1', STRIPE_WEBHOOK_SECRET: 'whsec_canary2' }
const sandbox = { ...paid, SANDBOX_STRIPE_URL: 'http://127.0.0.1:4001', PUBLIC_URL: 'http://localhost:3000' }

test('Stripe’s key and the secret of its webhook are there together, or neither', () => {
  for (const key of ['sk_test_canary1', 'sk_live_canary1', 'rk_test_canary1', 'rk_live_canary1'])
    expect(said({ ...paid, STRIPE_SECRET_KEY: key })).toBe('')
  for (const name of Object.keys(paid)) {
    const lines = said({ ...paid, [name]: undefined })
    expect(lines).toContain(`  ${name} is missing`)
    expect(lines.split('\n')).toHaveLength(2)
    expect(lines).not.toContain('canary')
  }
})

test('while one webhook secret takes the place of another there are two', () => {
  const secretsOf = (given: string) =>
    parseEnv({ ...whole(), ...paid, STRIPE_WEBHOOK_SECRET: given }).STRIPE_WEBHOOK_SECRET
  expect(secretsOf('whsec_one')).toEqual(['whsec_one'])
  expect(secretsOf(' whsec_one,\n whsec_two\n')).toEqual(['whsec_one', 'whsec_two'])
})

test.each<[string, Record<string, string>]>([
  ['under a public address', { PUBLIC_URL: 'https://portal.example.com' }],
  ['under an address that only begins like a loopback one', { PUBLIC_URL: 'http://127.0.0.1.example.com' }],
  ['at an address that is not this machine’s', { SANDBOX_STRIPE_URL: 'http://192.168.1.4:4001' }],
  ['at an address by a name', { SANDBOX_STRIPE_URL: 'http://stripe.example.com' }],
  ['with a live secret key', { STRIPE_SECRET_KEY: 'sk_live_canary1' }],
  ['with a live restricted key', { STRIPE_SECRET_KEY: 'rk_live_canary1' }],
])('[A15] what plays Stripe is refused at the start %s (1 trial)', (_where, changes) => {
  expect(said(sandbox)).toBe('')
  const lines = said({ ...sandbox, ...changes })
  expect(lines).toContain('  SANDBOX_STRIPE_URL plays Stripe and is for the sandbox alone')
  expect(lines.split('\n')).toHaveLength(2)
  expect(lines).not.toContain('canary')
  console.log('[A15] 1 start')
})

test('what plays Stripe on this machine, with a test key, is let through', () => {
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.8.9.10'])
    expect(
      said({ ...sandbox, SANDBOX_STRIPE_URL: `http://${host}:4001`, PUBLIC_URL: `http://${host}:3000` }),
    ).toBe('')
})
