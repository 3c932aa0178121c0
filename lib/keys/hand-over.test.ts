import { expect, test } from 'vitest'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { keyOf, makeCustomer, sold } from '@/sandbox/test/sold'
import { generateKey } from './format'
import { openUnder, sealUnder } from './hand-over'

const database = await productDatabase()
const acme = await makeCustomer('acme')

const pair = { underId: 'a3c1', keyId: 'b7d2' }

test('a sealed key opens with the key that it was sealed under, for its own two rows, and whole', () => {
  const [under, key] = [generateKey('subscription'), generateKey('subscription')]
  const sealed = sealUnder(under, key, pair)
  expect(openUnder(under, sealed, pair)).toBe(key)
  expect(sealUnder(under, key, pair).equals(sealed)).toBe(false)
  expect(() => openUnder(generateKey('subscription'), sealed, pair)).toThrow()
  expect(() => openUnder(under, sealed, { ...pair, keyId: 'other' })).toThrow()
  expect(() => openUnder(under, sealed, { ...pair, underId: 'other' })).toThrow()
  expect(() => openUnder(under, sealed, { underId: pair.keyId, keyId: pair.underId })).toThrow()
  expect(() => openUnder(under, sealed.subarray(0, -1), pair)).toThrow()
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(sealed.readUInt8(at) ^ 1, at)
    expect(() => openUnder(under, changed, pair)).toThrow()
  }
})

test('the format is the documented one: a plugin in the field opens what was sealed today', () => {
  const sealed = Buffer.from(
    'BwcHBwcHBwcHBwcHY5OhcfTrnQy56qOhfbUe_mp7ZjTvMyLxc0gxR0krYjnfKbXSW0K24m8eQxBGMfyl84w12w',
    'base64url',
  )
  expect(openUnder(`gks1${'q'.repeat(32)}`, sealed, pair)).toBe(`gks1${'p'.repeat(32)}`)
})

interface SealedRow {
  underId: string
  keyId: string
  cipher: Buffer
}

const sealedIn = (keyIds: string[]) =>
  rowsOf<SealedRow & Record<string, unknown>>(
    database,
    'select under_id as "underId", key_id as "keyId", cipher from sealed_keys where key_id = any($1) order by sealed_at, under_id',
    [keyIds],
  )

const renewed = async (subscriptionId: string) =>
  (await renewSubscription(bySystem(acme.organizationId), { subscriptionId })).keyId

test('a renewal seals the new key and each earlier one that works under one another', async () => {
  const { keyId: first, subscriptionId } = await sold(database, acme)
  const second = await renewed(subscriptionId)
  const third = await renewed(subscriptionId)
  const all = [first, second, third]
  const rows = await sealedIn(all)
  expect(rows).toHaveLength(6)
  for (const { underId, keyId, cipher } of rows)
    expect(openUnder(await keyOf(database, underId), cipher, { underId, keyId })).toBe(
      await keyOf(database, keyId),
    )
  expect(new Set(rows.map(({ underId, keyId }) => `${underId} ${keyId}`)).size).toBe(6)
})

test('a key before that does not open, or was brought along from elsewhere, keeps back no key that was paid', async () => {
  const damaged = await sold(database, acme)
  const owner = `update keys set cipher = sha256('damaged') where id = $1`
  await rowsOf(database, `alter table keys disable trigger user`).catch(() => undefined)
  await rowsOf(database, owner, [damaged.keyId])
  await rowsOf(database, `alter table keys enable trigger user`)
  const next = await renewed(damaged.subscriptionId)
  expect(await sealedIn([next, damaged.keyId])).toEqual([])
})
