import { beforeAll, expect, test } from 'vitest'
import type { By } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { fingerprint } from '@/lib/keys/vault'
import { type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { activateKey } from './activate'
import { giveBack } from './give-back'

const database = await productDatabase()
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

test('a place is given back by the installation that has it, and by no other that knows key and activation', async () => {
  const by: By = { actor: { kind: 'glpi' }, organizationId: acme.organizationId }
  const { key, keyId } = await sold(database, acme)
  const other = await sold(database, acme)
  const presented = { keyId, fingerprint: fingerprint(key), installationId: 'holder', secret: 'a secret' }
  const { activation } = await activateKey(by, presented)
  const held = async () =>
    (
      await rowsOf(database, 'select given_back_at is null as held from activations where id = $1', [
        activation.id,
      ])
    )[0]
  const mine = { keyId, activationId: activation.id, installationId: 'holder', secret: 'a secret' }
  for (const wrong of [{ installationId: 'another' }, { keyId: other.keyId }])
    await expect(giveBack(by, { ...mine, ...wrong })).rejects.toThrow(NotFound)
  for (const secret of [undefined, '', 'another'])
    await expect(giveBack(by, { ...mine, secret })).rejects.toThrow(new Refused('secret_needed'))
  expect(await held()).toEqual({ held: true })
  const given = await giveBack(by, mine)
  expect(await held()).toEqual({ held: false })
  expect(await giveBack(by, mine)).toEqual(given)
  // Nor does it tell a thief what it told its holder.
  await expect(giveBack(by, { ...mine, secret: undefined })).rejects.toThrow(new Refused('secret_needed'))
})
