import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { issueOfflineFile } from '@/lib/activations/offline'
import { createToken } from '@/lib/organizations/create-token'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
const service = await startKeyService(database)
let acme: Fixture
let own: Awaited<ReturnType<typeof sold>>
let other: Awaited<ReturnType<typeof sold>>

beforeAll(async () => {
  acme = await makeCustomer('acme')
  own = await sold(database, acme)
  other = await sold(database, acme)
})

/** Where a text stands in whatever the service writes. */
async function keptAnywhere(text: string) {
  // The history is written once a second.
  await wait(1_600)
  const tables = [
    'activations',
    'sightings',
    'checks',
    'questions',
    'instances',
    'audit_entries',
    'offline_files',
  ]
  const sum = tables.map(
    (table) => `(select count(*)::int from ${table} t where t::text ilike '%' || $1 || '%')`,
  )
  const [row] = await rowsOf<{ n: number }>(database, `select ${sum.join(' + ')} as n`, [text])
  return row?.n
}

const spaced = (key: string) => key.toUpperCase().replace(/.{4}/g, '$&-')
const encoded = (key: string) => key.replace(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)

test('a key that stands in another field is refused by that field’s name, and kept nowhere', async () => {
  const { token } = await createToken(byMember(acme, 'owner'), {
    ...{ name: 'deploy', scopes: ['offline_files.create'], days: 30 },
  })
  const bearer = { Authorization: `Bearer ${token}` }
  const id = randomUUID()
  for (const stray of [own.key, other.key]) {
    const strays = [
      { installation_id: stray },
      { installation_id: spaced(stray) },
      { url: `https://glpi.example/${stray}` },
      { url: `https://glpi.example/%zz${encoded(stray)}` },
      { product_version: stray },
      { glpi_version: `11.0.2 ${stray}` },
    ]
    for (const fields of strays) {
      const body = { key: own.key, product: 'forms', installation_id: 'one', ...fields }
      const [name] = Object.keys(fields)
      const refused = {
        status: 400,
        body: { code: 'invalid_input', fields: { [name ?? '']: 'holds_a_key' } },
      }
      for (const path of ['activations', 'keys/validate', `activations/${id}/refresh`])
        expect(await service.ask('POST', `/api/v1/${path}`, body)).toMatchObject(refused)
    }
    const offline = { key: own.key, installation_id: stray }
    const refused = { status: 400, body: { fields: { installation_id: 'holds_a_key' } } }
    expect(await service.ask('POST', '/api/v1/offline-files', offline, bearer)).toMatchObject(refused)
    expect(await service.ask('DELETE', `/api/v1/activations/${id}`, offline)).toMatchObject(refused)
    const file = { keyId: own.keyId, instanceId: own.instanceId, installationId: stray }
    await expect(issueOfflineFile(byMember(acme, 'technical'), file)).rejects.toMatchObject({
      fields: { installationId: 'holds_a_key' },
    })
    expect(await keptAnywhere(stray)).toBe(0)
  }
})

test('a GLPI whose installation ID is a key says none', async () => {
  const headers = { 'X-Registration-Key': own.key, 'User-Agent': `GLPI/11.0.2 ${own.key}` }
  const asked = { ...headers, 'X-Glpi-Network-Uid': own.key }
  const { body } = await service.ask('GET', '/api/registration/info', undefined, asked)
  const without = await service.ask('GET', '/api/registration/info', undefined, headers)
  expect(body).toEqual(without.body)
  expect(await keptAnywhere(own.key)).toBe(0)
})
