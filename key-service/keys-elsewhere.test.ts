import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { issueOfflineFile } from '@/lib/activations/offline'
import { createToken } from '@/lib/organizations/create-token'
import { tokenFor } from '@/lib/organizations/token'
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

test('so is an API token, and a key that is said to be the name of a product', async () => {
  const by = byMember(acme, 'owner')
  await createToken(by, { name: 'strayed', scopes: ['keys.read'], days: 30 })
  const token = tokenFor(by)
  const activating = { key: own.key, product: 'forms', installation_id: 'one' }
  const strays: [string, string, string][] = [
    ['installation_id', token, 'holds_a_token'],
    ['installation_id', `glpi-${token}`, 'holds_a_token'],
    ['url', `https://glpi.example/${token}`, 'holds_a_token'],
    ['url', `https://glpi.example/%6ckt${token.slice(3)}`, 'holds_a_token'],
    ['product_version', token, 'holds_a_token'],
    ['glpi_version', token, 'holds_a_token'],
    ['product', other.key, 'holds_a_key'],
  ]
  for (const [name, stray, because] of strays)
    for (const path of ['activations', 'keys/validate', `activations/${randomUUID()}/refresh`]) {
      const body = { ...activating, product_version: '3.2.0', [name]: stray }
      const refused = await service.ask('POST', `/api/v1/${path}`, body)
      expect(refused).toMatchObject({ status: 400, body: { fields: { [name]: because } } })
    }
  const glpi = { 'X-Registration-Key': own.key, 'X-Glpi-Network-Uid': token, 'User-Agent': 'GLPI/11.0.2' }
  expect((await service.ask('GET', '/api/registration/info', undefined, glpi)).status).toBe(200)
  const file = { keyId: own.keyId, instanceId: own.instanceId, installationId: token }
  await expect(issueOfflineFile(byMember(acme, 'technical'), file)).rejects.toMatchObject({
    fields: { installationId: 'holds_a_token' },
  })
  expect(await keptAnywhere(token.slice(4))).toBe(0)
  expect(await keptAnywhere(other.key)).toBe(0)
})
