import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import * as schema from '@/db/schema/signing-keys'
import { onConnection, refusalOf } from '@/sandbox/test/fixture'
import { filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const day = (days: number) => `now() + interval '${days} days'`

/** A key as it waits; `changes` are SQL. */
function signingKey(changes: Record<string, string> = {}) {
  const publicKey = randomBytes(32)
  const kid = createHash('sha256').update(publicKey).digest('base64url').slice(0, 16)
  const values = {
    kid: `'${kid}'`,
    public_key: `'\\x${publicKey.toString('hex')}'`,
    cipher: `'\\x${'00'.repeat(71)}'`,
    ring_version: '1',
    created_at: 'now()',
    ...changes,
  }
  return `insert into signing_keys (${Object.keys(values)}) values (${Object.values(values)});`
}

function keySet(changes: Record<string, string> = {}) {
  const signed = `'e30.e30.${'A'.repeat(86)}'`
  const values = {
    version: '900',
    signed,
    root_kid: `'root-AAAAAAAAAAAAAAAA'`,
    created_at: 'now()',
    ...changes,
  }
  return `insert into key_sets (${Object.keys(values)}) values (${Object.values(values)})`
}

const stopped = { signs_from: 'now()', stops_at: day(1), last_expires_at: day(400) }

const wrong: Wrong[] = [
  [
    'a signing key under the name of another',
    'signing_keys_kid',
    () => signingKey({ kid: `'AAAAAAAAAAAAAAAA'` }),
  ],
  [
    'a public half that is none',
    'signing_keys_public_key',
    () =>
      signingKey({
        kid: `translate(encode(substring(sha256('x') for 12), 'base64'), '+/', '-_')`,
        public_key: `'x'`,
      }),
  ],
  ['a private half that is not sealed', 'signing_keys_cipher', () => signingKey({ cipher: `''` })],
  ['a signing key under no ring', 'signing_keys_ring_version', () => signingKey({ ring_version: '0' })],
  [
    'a key that signs before it was made',
    'signing_keys_signs',
    () => signingKey({ ...stopped, signs_from: day(-1) }),
  ],
  [
    'a key that stops and never signed',
    'signing_keys_stops',
    () => signingKey({ stops_at: day(1), last_expires_at: day(400) }),
  ],
  [
    'a key that stops when it begins',
    'signing_keys_stops',
    () => signingKey({ ...stopped, stops_at: 'now()' }),
  ],
  [
    'a key that has stopped, and whose last lease nobody knows',
    'signing_keys_last',
    () => signingKey({ signs_from: 'now()', stops_at: day(1) }),
  ],
  [
    'a last lease that ends before its key stops',
    'signing_keys_last_after',
    () => signingKey({ ...stopped, last_expires_at: 'now()' }),
  ],
  ['two keys that wait', 'signing_keys_waiting', () => signingKey() + signingKey()],
  [
    'two keys without an end',
    'signing_keys_newest',
    () => signingKey({ signs_from: 'now()' }) + signingKey({ signs_from: day(1) }),
  ],
  ['a set before the first', 'key_sets_version', () => keySet({ version: '0' })],
  ['a set that is not signed', 'key_sets_signed', () => keySet({ signed: `'e30.e30.'` })],
  ['a set of no root', 'key_sets_root_kid', () => keySet({ root_kid: `'AAAAAAAAAAAAAAAA'` })],
]

refuses(database, schema, wrong)

test('the database takes a key that waits, one that signs, others that have stopped, and a set', async () => {
  const statements = [
    signingKey(),
    signingKey({ signs_from: 'now()' }),
    signingKey(stopped),
    signingKey(stopped),
    keySet(),
  ]
  await onConnection(database.ownerUrl, async (client) => {
    await client.query('begin')
    for (const statement of statements) expect((await refusalOf(client, statement)).code).toBe('done')
  })
})
