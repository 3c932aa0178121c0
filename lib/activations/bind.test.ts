import { beforeAll, expect, test } from 'vitest'
import type { By } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { fingerprint } from '@/lib/keys/vault'
import { bySystem, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { bindInstallation } from './bind'

const database = await productDatabase()
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

const byGlpi = (): By => ({ actor: { kind: 'glpi' }, organizationId: acme.organizationId })
const boundTo = async (instanceId: string) =>
  (await rowsOf(database, 'select installation_id as id from instances where id = $1', [instanceId]))[0]
const entries = (keyId: string) =>
  rowsOf(
    database,
    `select instance_id as instance, details ->> 'installation' as installation, details -> 'binds' as binds
     from audit_entries where action = 'installation.bind' and key_id = $1`,
    [keyId],
  )

test('a GLPI that binds its instance is recorded also where the key was seen before, and once', async () => {
  const { key, keyId, instanceId } = await sold(database, acme)
  await noteKeySeen(bySystem(acme.organizationId), { keyId })
  const call = { keyId, fingerprint: fingerprint(key), installationId: 'first' }
  for (let calls = 0; calls < 2; calls++) await bindInstallation(byGlpi(), call)
  expect(await boundTo(instanceId)).toEqual({ id: 'first' })
  expect(await entries(keyId)).toEqual([{ instance: instanceId, installation: 'first', binds: true }])
  const second = bindInstallation(byGlpi(), { ...call, installationId: 'second' })
  await expect(second).rejects.toThrow(new Refused('bound_elsewhere'))
  expect(await boundTo(instanceId)).toEqual({ id: 'first' })
})
