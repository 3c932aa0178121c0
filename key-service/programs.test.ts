import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { verifiedKeySet } from '@/lib/activations/key-set'
import { listOfflineFiles } from '@/lib/activations/offline-files'
import { testKey } from '@/lib/activations/test-keys'
import { generateKey } from '@/lib/keys/format'
import { createToken } from '@/lib/organizations/create-token'
import { revokeToken } from '@/lib/organizations/revoke-token'
import type { TokenScope } from '@/lib/organizations/rules'
import { tokenFor } from '@/lib/organizations/token'
import {
  byMember,
  type Fixture,
  makeOrganization,
  onConnection,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
const service = await startKeyService(database)
let acme: Fixture
let globex: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  globex = await makeOrganization('globex')
})

async function token(fixture: Fixture, ...scopes: TokenScope[]) {
  const by = byMember(fixture, 'technical')
  const { tokenId } = await createToken(by, { name: 'Ansible', scopes, days: 30 })
  return { tokenId, headers: { Authorization: `Bearer ${tokenFor(by)}` } }
}

const keys = (headers: Record<string, string>, after = '') =>
  service.ask('GET', `/api/v1/keys${after}`, undefined, headers)
const file = (headers: Record<string, string>, body: Record<string, unknown>) =>
  service.ask('POST', '/api/v1/offline-files', body, headers)
const installation = () => `offline-${randomUUID()}`

test('a program lists the keys of its organization, masked, and nobody else’s', async () => {
  const own = await sold(database, acme)
  const other = await sold(database, globex)
  const { headers } = await token(acme, 'keys.read')
  const { status, body } = await keys(headers)
  expect(status).toBe(200)
  expect(body.keys.map((one: { short_id: string }) => one.short_id)).toContain(own.shortId)
  const listed = body.keys.find((one: { short_id: string }) => one.short_id === own.shortId)
  expect(listed).toEqual({
    short_id: own.shortId,
    last_four: own.key.slice(-4),
    product: 'Forms Pro',
    kind: 'subscription',
    state: 'active',
    paid_until: expect.any(String),
    works_until: expect.any(String),
    instance: { short_id: expect.stringMatching(/^I-/), label: expect.any(String), url: own.url },
  })
  expect(JSON.stringify(body)).not.toContain(other.shortId)
  expect(JSON.stringify(body)).not.toContain(own.key)
})

test('what is no token, nobody’s, or revoked is answered alike; one without the scope is told so', async () => {
  const { tokenId, headers } = await token(acme, 'offline_files.create')
  expect(await keys(headers)).toMatchObject({ status: 403, body: { code: 'scope_missing' } })
  const good = await token(acme, 'keys.read')
  expect(await keys(good.headers)).toMatchObject({ status: 200 })
  for (const one of [tokenId, good.tokenId]) await revokeToken(byMember(acme, 'owner'), { tokenId: one })
  const wrong = [
    headers,
    good.headers,
    {},
    { Authorization: 'Bearer x' },
    { Authorization: `Bearer lkt_${'A'.repeat(43)}` },
  ]
  const answers = await Promise.all(wrong.map((one) => keys(one)))
  expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1)
  expect(answers[0]).toMatchObject({ status: 401, body: { code: 'no_token' } })
})

test('a cursor that no page gave is named as what is wrong', async () => {
  const { headers } = await token(acme, 'keys.read')
  const cursor = (...said: string[]) => Buffer.from(JSON.stringify(said)).toString('base64url')
  // Later than Postgres knows a time.
  const late = ['99999999999999', '9223372036854775807', '1e300', '0.0000001'].map((seconds) =>
    cursor(seconds, randomUUID()),
  )
  for (const after of ['x', 'bnVsbA', cursor('1', 'x'), ...late])
    expect(await keys(headers, `?after=${after}`)).toMatchObject({
      status: 400,
      body: { fields: { after: 'not_found' } },
    })
  for (const seconds of ['99999999999', '1795360466.123456', 'Infinity'])
    expect(await keys(headers, `?after=${cursor(seconds, randomUUID())}`)).toMatchObject({ status: 200 })
})

test('an offline file names one installation, verifies from the root alone, and takes the key’s place', async () => {
  const { key, keyId, instanceId } = await sold(database, acme)
  const { headers, tokenId } = await token(acme, 'offline_files.create')
  const installation_id = installation()
  const made = await file(headers, { key, installation_id })
  expect(made.status).toBe(201)
  const root = Buffer.from(process.env.LEASE_ROOT_PUBLIC_KEY ?? '', 'base64')
  const set = await verifiedKeySet(made.body.key_set, root)
  expect(set).not.toBeNull()
  const { payload, protectedHeader } = await jwtVerify(
    made.body.lease,
    createLocalJWKSet({ keys: set?.keys ?? [] }),
    {
      audience: 'forms',
    },
  )
  expect(protectedHeader.typ).toBe('offline+jwt')
  expect(payload).toMatchObject({ installation_id, refresh_after: null, grace_until: null })
  expect(payload.exp).toBe(payload.entitled_until)
  const rows = await rowsOf(
    database,
    `select f.api_token_id, extract(epoch from f.works_until)::int as until, i.installation_id, a.lease_ends_at = f.works_until as held
     from offline_files f join instances i on i.id = f.instance_id join activations a on a.id = f.activation_id where f.key_id = $1`,
    [keyId],
  )
  expect(rows).toEqual([{ api_token_id: tokenId, until: payload.exp, installation_id, held: true }])
  const other = await service.ask('POST', '/api/v1/activations', {
    key,
    product: 'forms',
    installation_id: installation(),
  })
  expect(other).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
  const entry = `select actor, details->>'token' as token from audit_entries where action = 'offline_file.issue' and instance_id = $1`
  // Two may have one name.
  const named = `Ansible (…${headers.Authorization?.slice(-4)})`
  expect(await rowsOf(database, entry, [instanceId])).toEqual([{ actor: 'token', token: named }])
  const told = `select asked, code, instance_id from checks where key_id = $1 and installation_id = $2`
  await expect
    .poll(() => rowsOf(database, told, [keyId, installation_id]), { timeout: 5_000 })
    .toEqual([{ asked: 'offline_file', code: 'ok', instance_id: instanceId }])
})

test('a token that is revoked while its request waits gets nothing', async () => {
  const { key, keyId } = await sold(database, acme)
  const { headers, tokenId } = await token(acme, 'offline_files.create')
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    await client.query('select from keys where id = $1 for update', [keyId])
    const asked = file(headers, { key, installation_id: installation() })
    const waiting = `select usename from pg_locks join pg_stat_activity using (pid)
      where not granted and datname = current_database()`
    await expect.poll(() => rowsOf(database, waiting)).toEqual([{ usename: 'latchkey_key_service' }])
    await revokeToken(byMember(acme, 'owner'), { tokenId })
    await client.query('commit')
    const refused = await asked
    expect(refused).toMatchObject({ status: 401, body: { code: 'no_token' } })
    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
  })
  expect(await rowsOf(database, 'select from offline_files where key_id = $1', [keyId])).toEqual([])
  expect(await rowsOf(database, 'select from activations where key_id = $1', [keyId])).toEqual([])
})

test('a file is refused for an installation that the key is not for, and for keys of others as for nobody’s', async () => {
  const { key, keyId, shortId } = await sold(database, acme)
  const other = await sold(database, globex)
  const { headers } = await token(acme, 'offline_files.create')
  expect((await file(headers, { key, installation_id: installation() })).status).toBe(201)
  const stranger = installation()
  const refused = await file(headers, { key, installation_id: stranger })
  expect(refused).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
  const { page, signed } = refused.body
  // It asks nothing of anybody, so that no code opens a case.
  expect(refused.body).not.toHaveProperty('refusal_code')
  expect(page).toContain(`/open/${shortId}`)
  const keySet = createLocalJWKSet((await service.ask('GET', '/.well-known/jwks.json')).body)
  const said = async (statement: string) => (await jwtVerify(statement, keySet)).payload
  expect(await said(signed)).toMatchObject({ code: 'bound_elsewhere', installation_id: stranger })
  const noted = `select asked, code, installation_id from checks where key_id = $1 and code <> 'ok'`
  await expect
    .poll(() => rowsOf(database, noted, [keyId]), { timeout: 5_000 })
    .toEqual([{ asked: 'offline_file', code: 'bound_elsewhere', installation_id: stranger }])
  expect(await rowsOf(database, 'select from questions where key_id = $1', [keyId])).toEqual([])
  const theirs = await file(headers, { key: other.key, installation_id: installation() })
  const nobodys = await file(headers, {
    key: 'gks1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq',
    installation_id: installation(),
  })
  expect(theirs).toMatchObject({
    status: 404,
    body: { code: 'unknown', page: expect.stringContaining('/check') },
  })
  expect([400, 404]).toContain(nobodys.status)
  // What is no key is none to anybody; of what somebody else has nothing is said that a client would believe.
  if (nobodys.status === 400) expect(await said(nobodys.body.signed)).toMatchObject({ code: 'malformed' })
  expect(theirs.body).not.toHaveProperty('signed')
  const test = await file(headers, { key: testKey('forms', 'ok'), installation_id: installation() })
  expect(test).toMatchObject({ status: 404, body: { code: 'unknown' } })
  expect(test.body).not.toHaveProperty('signed')
  const fresh = generateKey('subscription')
  const unknown = await file(headers, { key: fresh, installation_id: installation() })
  expect(Object.keys(theirs.body)).toEqual(Object.keys(unknown.body))
  expect(theirs.body.detail).toBe(unknown.body.detail)
  const rows = await rowsOf(database, 'select from offline_files where key_id = $1', [other.keyId])
  expect(rows).toEqual([])
})

test('the same request again is the same file, also of twenty at once; and the key may stand in the header', async () => {
  const { key, keyId } = await sold(database, acme)
  const { headers } = await token(acme, 'offline_files.create')
  const installation_id = installation()
  const inHeader = { ...headers, 'X-Registration-Key': key }
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 ? file(headers, { key, installation_id }) : file(inHeader, { installation_id }),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  expect(new Set(answers.map(({ body }) => decodeJwt(body.lease).jti)).size).toBe(1)
  expect(await rowsOf(database, 'select from offline_files where key_id = $1', [keyId])).toHaveLength(1)
  const none = await file(headers, { installation_id })
  expect(none).toMatchObject({ status: 400, body: { fields: { key: 'required' } } })
})

test('who asks for one key at once waits in turn and not in the database, which would let none wait for long', async () => {
  const { key, keyId } = await sold(database, acme)
  const { headers } = await token(acme, 'offline_files.create')
  const installation_id = installation()
  const waiting = `select count(*)::int as waiting from pg_locks join pg_stat_activity using (pid)
    where not granted and datname = current_database()`
  const answers = await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    await client.query('select from keys where id = $1 for update', [keyId])
    const asked = Array.from({ length: 5 }, () => file(headers, { key, installation_id }))
    await expect.poll(() => rowsOf(database, waiting), { interval: 10 }).not.toEqual([{ waiting: 0 }])
    await wait(100)
    expect(await rowsOf(database, waiting)).toEqual([{ waiting: 1 }])
    await client.query('commit')
    return Promise.all(asked)
  })
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
})

test.each(['', ' ', 'FORMS', '../x'])(
  'a product that is no name of one is named as what is wrong: %j',
  async (product) => {
    for (const reference of ['suite', 'forms'] as const) {
      const { key } = await sold(database, acme, { reference })
      const { headers } = await token(acme, 'offline_files.create')
      const asked = await file(headers, { key, installation_id: installation(), product })
      expect(asked).toMatchObject({ status: 400, body: { code: 'invalid_input' } })
      expect(Object.keys(asked.body.fields)).toEqual(['product'])
    }
  },
)

test('a suite’s key is asked for which plugin the file is, and the portal names that one', async () => {
  const { key, instanceId } = await sold(database, acme, { reference: 'suite' })
  const { headers } = await token(acme, 'offline_files.create')
  const installation_id = installation()
  for (const product of [undefined, 'suite']) {
    const asked = await file(headers, { key, installation_id, product })
    expect(asked).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', fields: { product: 'required' } },
    })
    expect(asked.body.products.sort()).toEqual(['branding', 'forms'])
  }
  expect(await rowsOf(database, 'select from activations where instance_id = $1', [instanceId])).toEqual([])
  const made = await file(headers, { key, installation_id, product: 'branding' })
  expect(decodeJwt(made.body.lease).aud).toBe('branding')
  const listed = await asOrganization(acme.organizationId, (tx) =>
    listOfflineFiles(tx, acme.organizationId, instanceId, 10),
  )
  const [row] = await rowsOf<{ name: string }>(
    database,
    `select name from products where reference = 'branding'`,
  )
  expect(listed.map(({ product }) => product)).toEqual([row?.name])
})
