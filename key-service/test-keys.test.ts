import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, describe, expect, test } from 'vitest'
import { verifiedKeySet } from '@/lib/activations/key-set'
import { type TestCase, testCases, testKey } from '@/lib/activations/test-keys'
import { parseKey } from '@/lib/keys/format'
import { phpPath } from '@/sandbox/php'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { type Machine, phpClient, typescriptClient } from './clients/test-clients'
import { TestPortal } from './clients/test-portal'

const database = await productDatabase()
const service = await startKeyService(database)
const fixture = await makeCustomer('acme')
const issuer = 'http://localhost:41400'

const statuses: Record<TestCase, number> = {
  ok: 200,
  renewed: 200,
  replaced: 200,
  version_mismatch: 200,
  wrong_product: 403,
  wrong_kind: 403,
  not_started: 403,
  expired: 403,
  revoked: 403,
  bound_elsewhere: 409,
}
const said = (testCase: TestCase) =>
  statuses[testCase] === 200
    ? { code: 'ok', notes: testCase === 'ok' ? [] : [testCase], valid: true }
    : { code: testCase, notes: [], valid: false }
const installation = () => `glpi-${randomUUID()}`
const ask = (path: string, body: Record<string, unknown>) =>
  service.ask('POST', path, { product: 'forms', ...body })
const activate = (body: Record<string, unknown>) => ask('/api/v1/activations', body)

/** Every row of what a call may write. */
const written = async () => {
  const [row] = await rowsOf<Record<string, number>>(
    database,
    `select (select count(*) from activations)::int as activations, (select count(*) from questions)::int as questions,
      (select count(*) from checks)::int as checks, (select count(*) from audit_entries)::int as entries`,
  )
  return row
}

/** The claims of a statement, by the test root alone. */
async function byTestRoot(signed: string) {
  const { body } = await service.ask('GET', '/api/v1/test-keys?product=forms')
  const { body: published } = await service.ask('GET', '/api/v1/test/.well-known/jwks.json')
  const set = await verifiedKeySet(published.signed, Buffer.from(body.root_public_key, 'base64'))
  const options = { issuer, audience: 'forms', algorithms: ['EdDSA'] }
  return (await jwtVerify(signed, createLocalJWKSet({ keys: set?.keys ?? [] }), options)).payload
}

test('each product has a test key per verdict, in the form of a key, and always the same', async () => {
  const { status, body } = await service.ask('GET', '/api/v1/test-keys?product=forms')
  expect(status).toBe(200)
  expect(body.keys).toEqual(
    testCases.map((testCase) => {
      const { code, notes } = said(testCase)
      return { key: testKey('forms', testCase), code, notes }
    }),
  )
  const all = ['forms', 'branding'].flatMap((one) => testCases.map((testCase) => testKey(one, testCase)))
  expect(new Set(all).size).toBe(2 * testCases.length)
  expect(all.filter((key) => !parseKey(key).ok)).toEqual([])
})

test('who asks for the test keys of no product, or of one that needs no key, is told so', async () => {
  for (const product of ['nothing', 'tags']) {
    const answer = await service.ask('GET', `/api/v1/test-keys?product=${product}`)
    expect(answer).toMatchObject({ status: 404, body: { code: 'unknown_product' } })
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  }
  expect(await service.ask('GET', '/api/v1/test-keys')).toMatchObject({
    status: 400,
    body: { fields: { product: expect.any(String) } },
  })
})

test.each(testCases)(
  'the test key %s always gets its verdict, signed by the test root’s key',
  async (testCase) => {
    const key = testKey('forms', testCase)
    const installation_id = installation()
    const { code, notes, valid } = said(testCase)
    const validated = await ask('/api/v1/keys/validate', { key, installation_id })
    expect(validated).toMatchObject({ status: 200, body: { valid, code, notes } })
    expect(await byTestRoot(validated.body.signed)).toMatchObject({ valid, code, notes })
    const first = await activate({ key, installation_id, nonce: 'a-nonce-of-one' })
    expect(first.status).toBe(statuses[testCase])
    const signed = first.body.lease ?? first.body.signed
    expect(await byTestRoot(signed)).toMatchObject({ nonce: 'a-nonce-of-one', installation_id })
    if (valid) {
      const path = `/api/v1/activations/${first.body.activation.id}`
      const lease = decodeJwt(signed).jti
      const again = await ask(`${path}/refresh`, { key, installation_id, lease })
      expect(again).toMatchObject({ status: 200, body: { activation: first.body.activation } })
      expect((await byTestRoot(again.body.lease)).sub).toBe(first.body.activation.id)
      const other = `/api/v1/activations/${randomUUID()}`
      expect((await ask(`${other}/refresh`, { key, installation_id })).body.code).toBe('unknown_activation')
      const back = (at: string) =>
        service.ask('DELETE', at, { installation_id }, { 'X-Registration-Key': key })
      expect((await back(other)).status).toBe(404)
      expect((await back(path)).status).toBe(200)
    } else {
      expect(first.body.code).toBe(code)
    }
    if (testCase === 'bound_elsewhere') expect(first.body.refusal_code).toBe('TEST00')
  },
)

test('of a test key nothing is written', async () => {
  const { key, keyId } = await sold(database, fixture)
  const before = await written()
  const installation_id = installation()
  for (const testCase of testCases) {
    const answer = await activate({ key: testKey('forms', testCase), installation_id })
    await ask('/api/v1/keys/validate', { key: testKey('forms', testCase), installation_id })
    const headers = {
      'X-Registration-Key': testKey('forms', testCase),
      'X-Glpi-Network-Uid': installation_id,
    }
    await service.ask('GET', '/api/registration/info', undefined, headers)
    if (!answer.body.activation) continue
    const path = `/api/v1/activations/${answer.body.activation.id}`
    await ask(`${path}/refresh`, { key: testKey('forms', testCase), installation_id })
  }
  // What the calls leave is written in one statement with what this one does.
  await ask('/api/v1/keys/validate', { key })
  const noted = () => rowsOf(database, 'select from checks where key_id = $1', [keyId])
  await expect.poll(noted, { timeout: 5_000 }).toHaveLength(1)
  expect(await written()).toEqual({ ...before, checks: Number(before?.checks) + 1 })
})

test.each(testCases)('GLPI’s own page shows the verdict on the test key %s', async (testCase) => {
  const headers = { 'X-Registration-Key': testKey('forms', testCase), 'X-Glpi-Network-Uid': installation() }
  const { status, body } = await service.ask('GET', '/api/registration/info', undefined, headers)
  expect({ status, is_valid: body.is_valid }).toEqual({ status: 200, is_valid: said(testCase).valid })
})

test('a test key unlocks its own product alone', async () => {
  const answer = await ask('/api/v1/keys/validate', { key: testKey('branding', 'ok') })
  expect(answer.body.code).toBe('wrong_product')
  expect(answer.body.message).toContain('Forms Pro')
})

const php = phpPath()
describe.each([
  ['TypeScript', typescriptClient()] as const,
  ...(php ? [['PHP', phpClient(php)] as const] : []),
])('the %s client', (_language, client) => {
  afterAll(() => client.end())
  const at = (rootPublicKey: string, path: string) => {
    const portal = new TestPortal()
    portal.address = service.url + path
    const settings = { portal: issuer, rootPublicKey, product: 'forms', productVersion: '1.0.0' }
    const machine: Machine = {
      installationId: installation(),
      wall: Date.now(),
      steady: null,
      stored: null,
      settings,
    }
    return async (testCase: TestCase) =>
      (await client.call(portal, machine, 'activate', testKey('forms', testCase))).state
  }

  test.each(testCases)('that trusts the real root believes nothing of the test key %s', async (testCase) => {
    for (const path of ['', '/api/v1/test']) {
      const state = await at(process.env.LEASE_ROOT_PUBLIC_KEY ?? '', path)(testCase)
      expect(state).toMatchObject({ entitled: false, key: null, service: { code: 'unreachable' } })
    }
  })

  test.each(testCases)('that is built for tests believes the test key %s', async (testCase) => {
    const { body } = await service.ask('GET', '/api/v1/test-keys?product=forms')
    const state = await at(body.root_public_key, '/api/v1/test')(testCase)
    const { code, notes, valid } = said(testCase)
    expect(state).toMatchObject({ entitled: valid, key: { code, notes }, service: { code: 'ok' } })
  })
})
