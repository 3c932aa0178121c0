import { expect, test } from 'vitest'
import { NotFound } from '@/lib/errors'
import { addInstance } from '@/lib/instances/add'
import { retireInstance } from '@/lib/instances/retire'
import { revokeKey } from '@/lib/keys/revoke'
import {
  byMember,
  bySystem,
  makeInstance,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { downloadArchive } from './download-archive'

const database = await productDatabase()

test('a release is handed out where a working key of its product is used, recorded; nowhere else', async () => {
  const own = await makeCustomer('acme')
  await rowsOf(
    database,
    `insert into releases (id, product_id, version, glpi_min, released_on)
     select gen_random_uuid(), id, '3.2.0', '11.0', '2026-10-01' from products where reference in ('forms', 'branding')`,
  )
  const { instanceId, keyId } = await sold(database, own, { reference: 'suite' })
  const ask = (more: object = {}, by = byMember(own, 'technical')) =>
    downloadArchive(by, { instanceId, product: 'forms', version: '3.2.0', ...more })
  // In a suite both are.
  await ask()
  await ask({ product: 'branding' })
  const entries = await rowsOf(
    database,
    `select key_id, instance_id, details ->> 'product' as product, details ->> 'version' as version
     from audit_entries where action = 'archive.download' and outcome = 'done' order by sequence`,
  )
  expect(entries).toEqual(
    ['Forms Pro', 'Branding'].map((product) => ({
      ...{ key_id: keyId, instance_id: instanceId, product, version: '3.2.0' },
    })),
  )
  const copy = await addInstance(bySystem(own.organizationId), {
    ...{ label: 'Staging', url: 'https://staging.example', environment: 'test', testOfId: instanceId },
  })
  await ask({ instanceId: copy.instanceId })
  const other = await makeOrganization('globex')
  const nothing = (work: Promise<unknown>) => expect(work).rejects.toThrow(NotFound)
  await nothing(ask({ version: '9.9.9' }))
  await nothing(ask({ product: 'legacy' }))
  await nothing(ask({ instanceId: await makeInstance(own, 'without-a-key') }))
  await nothing(ask({}, byMember(other, 'owner')))
  await expect(ask({}, byMember(own, 'viewer'))).rejects.toMatchObject({ code: 'forbidden' })
  await retireInstance(byMember(own, 'technical'), { instanceId: copy.instanceId })
  await nothing(ask({ instanceId: copy.instanceId }))
  await revokeKey(bySystem(own.organizationId), { keyId, reason: 'requested' })
  await nothing(ask())
})
