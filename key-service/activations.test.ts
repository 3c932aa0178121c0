import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { testKey } from '@/lib/activations/test-keys'
import { addInstance } from '@/lib/instances/add'
import { generateKey } from '@/lib/keys/format'
import { revokeKey } from '@/lib/keys/revoke'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem, onConnection, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { keyOf, makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
const service = await startKeyService(database)
const fixture = await makeCustomer('acme')

const activate = (body: Record<string, unknown>) =>
  service.ask('POST', '/api/v1/activations', { product: 'forms', ...body })
const refresh = (id: string, body: Record<string, unknown>) =>
  service.ask('POST', `/api/v1/activations/${id}/refresh`, { product: 'forms', ...body })
const giveBack = (id: string, body: Record<string, unknown>, key: string) =>
  service.ask('DELETE', `/api/v1/activations/${id}`, body, { 'X-Registration-Key': key })
const installation = () => `installation-${randomUUID()}`
const questionsOf = async (keyId: string) => {
  const read = () =>
    rowsOf(
      database,
      'select kind, installation_id, url, calls, refusal_code from questions where key_id = $1 order by installation_id',
      [keyId],
    )
  await expect.poll(read, { timeout: 5_000 }).not.toEqual([])
  return read()
}

/** What a signed statement says, verified with the keys that are published. */
async function verified(signed: string, audience = 'forms') {
  const { body } = await service.ask('GET', '/.well-known/jwks.json')
  const options = { issuer: 'http://localhost:41400', audience, algorithms: ['EdDSA'] }
  return jwtVerify(signed, createLocalJWKSet(body), options)
}

test('the first activation binds the instance, tells its secret and gives a lease', async () => {
  const { key, instanceId, keyId, url } = await sold(database, fixture)
  const installation_id = installation()
  const answer = await activate({
    key,
    installation_id,
    url: `${url}/front/central.php`,
    nonce: 'a-nonce-of-one',
  })
  expect(answer.status).toBe(201)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.body.verdict).toMatchObject({ valid: true, code: 'ok', notes: [] })
  expect(answer.body.activation).toEqual({
    id: expect.any(String),
    environment: 'production',
    secret: expect.stringMatching(/^[\w-]{43}$/),
  })
  const { payload, protectedHeader } = await verified(answer.body.lease)
  expect(protectedHeader.typ).toBe('lease+jwt')
  expect(payload).toMatchObject({
    sub: answer.body.activation.id,
    kind: 'subscription',
    environment: 'production',
    installation_id,
    url,
    nonce: 'a-nonce-of-one',
  })
  const rows = await rowsOf(
    database,
    `select i.installation_id, k.first_seen_at is not null as seen from instances i join keys k on k.id = $2 where i.id = $1`,
    [instanceId, keyId],
  )
  expect(rows).toEqual([{ installation_id, seen: true }])
  const audit = `select actor, action, outcome from audit_entries where key_id = $1 and actor = 'glpi'`
  expect(await rowsOf(database, audit, [keyId])).toEqual([
    { actor: 'glpi', action: 'activation.activate', outcome: 'done' },
  ])
})

test('who was refused for a wrong address and then has the key is not asked about', async () => {
  const { key, keyId } = await sold(database, fixture)
  const installation_id = installation()
  const refused = await activate({ key, installation_id, url: 'https://mistyped.example' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
  expect((await activate({ key, installation_id })).status).toBe(201)
  const asked = 'select answer, answered_by_id as who from questions where key_id = $1'
  const read = () => rowsOf(database, asked, [keyId])
  await expect.poll(read, { timeout: 5_000 }).toEqual([{ answer: 'let_in', who: null }])
})

test('the same call again gets the same activation, another lease and no secret, also a hundred at once', async () => {
  const { key, keyId } = await sold(database, fixture)
  const installation_id = installation()
  const answers = await Promise.all(Array.from({ length: 100 }, () => activate({ key, installation_id })))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(99)
  expect(new Set(answers.map(({ body }) => body.activation.id)).size).toBe(1)
  expect(answers.filter(({ body }) => body.activation.secret)).toHaveLength(1)
  expect(new Set(answers.map(({ body }) => decodeJwt(body.lease).jti)).size).toBe(100)
  const rows = await rowsOf(database, 'select count(*)::int as n from activations where key_id = $1', [keyId])
  expect(rows).toEqual([{ n: 1 }])
})

test('of one installation that asks two processes at the same moment, one answer has the secret', async () => {
  const other = await startKeyService(database)
  const { key, keyId } = await sold(database, fixture)
  const body = { product: 'forms', key, installation_id: installation() }
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    await client.query('select from keys where id = $1 for update', [keyId])
    const asked = [service, other].map((one) => one.ask('POST', '/api/v1/activations', body))
    const waiting = `select from pg_locks join pg_stat_activity using (pid)
      where not granted and datname = current_database() and usename = 'latchkey_key_service'`
    await expect.poll(async () => (await rowsOf(database, waiting)).length).toBe(2)
    await client.query('commit')
    const secrets = (await Promise.all(asked)).map((answer) => !!answer.body.activation?.secret)
    expect(secrets.sort()).toEqual([false, true])
  })
})

test('a key of the whole organization is in use in each of its GLPIs', async () => {
  const { key, keyId } = await sold(database, fixture, { reference: 'cloud', everywhere: true })
  for (const label of ['north', 'south']) {
    const url = `https://${label}.${fixture.slug}.example/glpi`
    await addInstance(bySystem(fixture.organizationId), { label, url, environment: 'production' })
    expect(await activate({ product: 'cloud', key, url, installation_id: installation() })).toMatchObject({
      ...{ status: 201, body: { activation: { environment: 'production' } } },
    })
  }
  const used = 'select from activations where key_id = $1 and given_back_at is null'
  expect(await rowsOf(database, used, [keyId])).toHaveLength(2)
})

test('a second installation is refused with a code, and asked about once however often it calls', async () => {
  const { key, keyId } = await sold(database, fixture)
  await activate({ key, installation_id: installation() })
  const second = installation()
  const url = 'https://elsewhere.example/glpi'
  const refused = await activate({ key, installation_id: second, url, glpi_version: '10.0.9' })
  expect(refused.status).toBe(409)
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
  expect(refused.body).toMatchObject({
    status: 409,
    code: 'bound_elsewhere',
    refusal_code: expect.stringMatching(/^[0-9A-Z]{6}$/),
  })
  expect(refused.body.page).toBe(`http://localhost:41400/open/${refused.body.refusal_code}`)
  expect(refused.body.detail).toContain(refused.body.refusal_code)
  const { payload, protectedHeader } = await verified(refused.body.signed)
  expect(protectedHeader.typ).toBe('verdict+jwt')
  expect(payload).toMatchObject({ valid: false, code: 'bound_elsewhere', installation_id: second })
  for (let call = 0; call < 3; call++) await activate({ key, installation_id: second, url })
  await expect.poll(async () => (await questionsOf(keyId))[0]?.calls, { timeout: 5_000 }).toBe(4)
  expect(await questionsOf(keyId)).toEqual([
    { kind: 'installation', installation_id: second, url, calls: 4, refusal_code: refused.body.refusal_code },
  ])
})

test('first contact from an address that is not the instance’s is refused, and binds nothing', async () => {
  const { key, instanceId } = await sold(database, fixture)
  const refused = await activate({ key, installation_id: installation(), url: 'https://not-ours.example' })
  expect(refused.body.code).toBe('bound_elsewhere')
  const [instance] = await rowsOf(database, 'select installation_id from instances where id = $1', [
    instanceId,
  ])
  expect(instance).toEqual({ installation_id: null })
})

test('a test copy uses its production instance’s key as well, one for each key', async () => {
  const { key, instanceId } = await sold(database, fixture)
  await activate({ key, installation_id: installation() })
  const copies = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const url = `https://${name}-${randomUUID().slice(0, 8)}.example`
      const given = { label: name, url, environment: 'test', testOfId: instanceId } as const
      await addInstance(bySystem(fixture.organizationId), given)
      return url
    }),
  )
  const first = await activate({ key, installation_id: installation(), url: copies[0] })
  expect(first.body).toMatchObject({ activation: { environment: 'test' }, verdict: { code: 'ok' } })
  const second = await activate({ key, installation_id: installation(), url: copies[1] })
  expect(second.status).toBe(409)
})

test('the same installation at another address goes on, and is asked about', async () => {
  const { key, keyId } = await sold(database, fixture)
  const installation_id = installation()
  await activate({ key, installation_id })
  const moved = await activate({ key, installation_id, url: 'https://moved.example' })
  expect(moved.body.verdict).toMatchObject({ valid: true, code: 'ok' })
  expect(await questionsOf(keyId)).toMatchObject([{ kind: 'address', url: 'https://moved.example' }])
})

test('a refresh gives another lease; two that share an installation ID are noticed at the third', async () => {
  const { key, keyId } = await sold(database, fixture)
  const installation_id = installation()
  const { body } = await activate({ key, installation_id })
  const { id } = body.activation
  const next = async (lease: string) =>
    decodeJwt((await refresh(id, { key, installation_id, lease })).body.lease).jti ?? ''
  const start = decodeJwt(body.lease).jti ?? ''
  // Of one GLPI whose answer was lost, nothing is asked.
  await next(start)
  const one = await next(start)
  const two = await next(one)
  expect(await rowsOf(database, 'select from questions where key_id = $1', [keyId])).toEqual([])
  // Two copies of its database.
  const left = await next(two)
  await next(two)
  await next(left)
  expect(await questionsOf(keyId)).toMatchObject([{ kind: 'copy', installation_id, calls: 1 }])
})

test('two plugins of one GLPI with a suite’s key are no copies; a copy of that database is, by the third refresh of each', async () => {
  const { key, keyId } = await sold(database, fixture, { reference: 'suite' })
  const installation_id = installation()
  const ids = new Set<string>()
  const next = async (product: string, lease?: string) => {
    const { body } = lease
      ? await refresh([...ids][0] ?? '', { key, installation_id, product, lease })
      : await activate({ key, installation_id, product })
    ids.add(body.activation.id)
    return decodeJwt(body.lease).jti ?? ''
  }
  const asked = () => rowsOf(database, `select kind, calls from questions where key_id = $1`, [keyId])
  const noted = () => rowsOf(database, `select from checks where key_id = $1 and asked = 'validate'`, [keyId])
  const plugins = ['forms', 'branding']
  const first: string[] = []
  for (const product of plugins) first.push(await next(product))
  expect(ids.size).toBe(1)
  let last = first
  for (let day = 0; day < 3; day++)
    last = await Promise.all(plugins.map((product, index) => next(product, last[index])))
  // Written in one statement with what the calls before it left.
  await service.ask('POST', '/api/v1/keys/validate', { key })
  await expect.poll(noted, { timeout: 5_000 }).toHaveLength(1)
  expect(await asked()).toEqual([])
  for (const [calls, product] of plugins.entries()) {
    const copied = last[calls]
    await next(product, copied)
    await next(product, await next(product, copied))
    await next(product, copied)
    await expect.poll(asked, { timeout: 5_000 }).toEqual([{ kind: 'copy', calls: calls + 1 }])
  }
})

test('an activation that was given back is refreshed no more, and says when its place is free, signed', async () => {
  const { key } = await sold(database, fixture)
  const installation_id = installation()
  const { body } = await activate({ key, installation_id })
  const { id, secret } = body.activation
  const asked = { installation_id, product: 'forms', nonce: 'a-nonce-of-three', secret }
  const given = await giveBack(id, asked, key)
  expect(given.status).toBe(200)
  const { exp, key_sha256 } = decodeJwt(body.lease)
  expect(Math.floor(Date.parse(given.body.frees_at) / 1_000)).toBe(exp)
  const { payload, protectedHeader } = await verified(given.body.signed)
  expect(protectedHeader.typ).toBe('given-back+jwt')
  expect(payload).toMatchObject({
    sub: id,
    installation_id,
    key_sha256,
    frees_at: exp,
    nonce: 'a-nonce-of-three',
  })
  const after = await refresh(id, { key, installation_id })
  expect(after).toMatchObject({ status: 404, body: { code: 'unknown_activation' } })
})

test('who missed the answer gives back again and gets the same one; nobody else does', async () => {
  const { key, keyId } = await sold(database, fixture)
  const installation_id = installation()
  const { id, secret } = (await activate({ key, installation_id })).body.activation
  const first = await giveBack(id, { installation_id, secret }, key)
  const again = await giveBack(id, { installation_id, secret }, key)
  expect(again).toMatchObject({ status: 200, body: { frees_at: first.body.frees_at } })
  expect((await verified(again.body.signed)).payload.frees_at).toBe(
    (await verified(first.body.signed)).payload.frees_at,
  )
  const entries = `select from audit_entries where key_id = $1 and action = 'activation.give_back'`
  expect(await rowsOf(database, entries, [keyId])).toHaveLength(1)
  const stranger = await giveBack(id, { installation_id: installation() }, key)
  expect(stranger).toMatchObject({ status: 404, body: { code: 'unknown_activation' } })
  const other = await sold(database, fixture)
  expect((await giveBack(id, { installation_id }, other.key)).status).toBe(404)
  const unknown = await giveBack(id, { installation_id, product: 'forms' }, generateKey('subscription'))
  expect(unknown).toMatchObject({ status: 404, body: { code: 'unknown' } })
  expect((await verified(unknown.body.signed)).payload).toMatchObject({ valid: false, code: 'unknown' })
})

test('who knows a key and its installation, but not the secret, gives nothing back and gets no other secret', async () => {
  const { key, keyId, shortId } = await sold(database, fixture)
  const installation_id = installation()
  const { id, secret } = (await activate({ key, installation_id })).body.activation
  for (const more of [{}, { secret: 'x' }, { secret: '' }, { secret: (await activateAnother()).secret }]) {
    const refused = await giveBack(id, { installation_id, ...more }, key)
    expect(refused).toMatchObject({ status: 403, body: { code: 'secret_needed' } })
    expect(refused.body.detail).toContain('member')
    expect(refused.body.page).toContain(`/open/${shortId}`)
    expect(refused.body).not.toHaveProperty('frees_at')
  }
  const again = await activate({ key, installation_id })
  expect(again).toMatchObject({ status: 200, body: { activation: { id } } })
  expect(again.body.activation).not.toHaveProperty('secret')
  const entries = `select from audit_entries where key_id = $1 and action = 'activation.give_back'`
  expect(await rowsOf(database, entries, [keyId])).toEqual([])
  expect((await giveBack(id, { installation_id, secret }, key)).status).toBe(200)
  // Nor does it tell a thief what it told its holder.
  expect((await giveBack(id, { installation_id }, key)).body.code).toBe('secret_needed')
})

async function activateAnother() {
  const { key } = await sold(database, fixture)
  return (await activate({ key, installation_id: installation() })).body.activation
}

test('the history has the answers that were given, also that an activation is none any more', async () => {
  const { key, keyId } = await sold(database, fixture)
  const other = await sold(database, fixture)
  const installation_id = installation()
  const { id, secret } = (await activate({ key, installation_id })).body.activation
  const giving = (of: string, more: Record<string, unknown> = { secret }) =>
    giveBack(id, { installation_id, ...more }, of)
  expect((await refresh(randomUUID(), { key, installation_id })).status).toBe(404)
  // An activation that a key has not is none.
  expect((await giving(other.key)).status).toBe(404)
  await revokeKey(bySystem(fixture.organizationId), { keyId, reason: 'requested' })
  expect((await giving(key, {})).status).toBe(403)
  expect((await giving(key, { product: 'branding', secret })).status).toBe(403)
  // A key that is good no more is given back all the same.
  for (let time = 0; time < 2; time++) expect((await giving(key)).status).toBe(200)
  const kept = () =>
    rowsOf(
      database,
      `select asked, code, notes, sum(calls)::int as calls from checks where key_id = any($1::uuid[])
       group by asked, code, notes order by min(at), min(id)`,
      [[keyId, other.keyId]],
    )
  const of = (asked: string, code: string, calls = 1) => ({ asked, code, notes: [], calls })
  await expect
    .poll(kept, { timeout: 5_000 })
    .toEqual([
      of('activate', 'ok'),
      of('refresh', 'unknown_activation'),
      of('give_back', 'unknown_activation'),
      of('give_back', 'secret_needed'),
      of('give_back', 'wrong_product'),
      of('give_back', 'ok', 2),
    ])
})

test('a revoked key is refused by a signed verdict from that moment on', async () => {
  const { key, keyId } = await sold(database, fixture)
  const installation_id = installation()
  const { body } = await activate({ key, installation_id })
  await revokeKey(bySystem(fixture.organizationId), { keyId, reason: 'leaked' })
  const refused = await refresh(body.activation.id, { key, installation_id, nonce: 'a-nonce-of-two' })
  expect(refused).toMatchObject({ status: 403, body: { code: 'revoked' } })
  expect((await verified(refused.body.signed)).payload).toMatchObject({
    code: 'revoked',
    nonce: 'a-nonce-of-two',
  })
})

test('an old key goes on with a note, and is replaced once the newer one calls', async () => {
  const { key, subscriptionId } = await sold(database, fixture)
  const installation_id = installation()
  await activate({ key, installation_id })
  const renewed = await renewSubscription(bySystem(fixture.organizationId), { subscriptionId })
  expect((await activate({ key, installation_id })).body.verdict.notes).toEqual(['renewed'])
  const newer = await activate({ key: await keyOf(database, renewed.keyId), installation_id })
  expect(newer.status).toBe(201)
  expect((await activate({ key, installation_id })).body.verdict).toMatchObject({
    code: 'ok',
    notes: ['replaced'],
  })
})

test('a product that is not known here is named as what it is, to a real key and to a test key', async () => {
  const { key } = await sold(database, fixture)
  for (const one of [key, testKey('forms', 'ok')]) {
    const { body } = await service.ask('POST', '/api/v1/keys/validate', { key: one, product: 'nosuch' })
    expect(body).toMatchObject({ valid: false, code: 'wrong_product' })
    expect(body.message).toMatch(
      /^This key is for Forms Pro\. .*“nosuch”, which is no product that is known here/,
    )
  }
})

test.each([
  ['no key', { installation_id: 'x' }, { key: 'required' }],
  ['no installation', { key: 'x' }, { installation_id: 'required' }],
  ['nothing at all', {}, { key: 'required', installation_id: 'required' }],
  ['a text for a list', { key: 'x', installation_id: 'x', kinds: 'trial' }, { kinds: 'wrong_type' }],
  ['an installation of blanks', { key: 'x', installation_id: ' ' }, { installation_id: 'malformed' }],
  ['a number for a key', { key: 7, installation_id: 'x' }, { key: 'wrong_type' }],
  ['nothing for an address', { key: 'x', installation_id: 'x', url: null }, { url: 'wrong_type' }],
  [
    'a long version',
    { key: 'x', installation_id: 'x', glpi_version: '1'.repeat(51) },
    { glpi_version: 'too_long' },
  ],
  [
    'an odd kind',
    { key: 'x', installation_id: 'x', kinds: ['trial', 'odd'] },
    { 'kinds.1': 'unknown_value' },
  ],
  ['a short nonce', { key: 'x', installation_id: 'x', nonce: 'x' }, { nonce: 'malformed' }],
])('%s is named by a code as what is wrong', async (_what, body, fields) => {
  expect(await activate(body)).toMatchObject({ status: 400, body: { code: 'invalid_input', fields } })
})

test.each([
  ['[]', 'wrong_type'],
  ['7', 'wrong_type'],
  ['null', 'required'],
])('a body that is no object is named: %s', async (body, because) => {
  const answer = await service.ask('POST', '/api/v1/activations', body)
  expect(answer.body).toMatchObject({ code: 'invalid_input', fields: { body: because } })
})

test('an address that is none hides no verdict: it counts as none, and a note says so', async () => {
  const { key } = await sold(database, fixture)
  const asked = { key, installation_id: installation(), url: 'ftp://glpi.example' }
  const { status, body } = await activate(asked)
  expect({ status, verdict: body.verdict }).toMatchObject({
    status: 201,
    verdict: { notes: ['url_ignored'] },
  })
  expect(body.verdict.message).toMatch(/ The address that was sent .* https:\/\//)
  const again = await service.ask('POST', '/api/v1/keys/validate', asked, { 'Accept-Language': 'fr' })
  expect(again.body).toMatchObject({ valid: true, notes: ['url_ignored'] })
  expect(again.body.message).toMatch(/ L’adresse envoyée /)
  const elsewhere = await activate({ ...asked, installation_id: installation() })
  expect(elsewhere).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
  expect(elsewhere.body.detail).toMatch(/ The address that was sent /)
})

test('what is sent without a body, in another form, or too long is refused in the same form', async () => {
  const path = '/api/v1/activations'
  expect(await service.ask('POST', path)).toMatchObject({ status: 400, body: { status: 400 } })
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  expect(await service.ask('POST', path, 'key=x', form)).toMatchObject({ status: 415, body: { status: 415 } })
  const plain = await service.ask('POST', path, '{}', { 'Content-Type': 'text/plain' })
  expect(plain).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
  const long = await service.ask('POST', path, { key: 'x'.repeat(20_000) })
  expect(long).toMatchObject({ status: 413, body: { status: 413 } })
  expect(await service.ask('GET', '/api/v1/nothing')).toMatchObject({
    status: 404,
    body: { code: 'not_found' },
  })
})

test('while an operator recovers from a backup, a key that is not found gets no verdict', async () => {
  const recovering = await startKeyService(database, { RECOVERY: '1', LOG_LEVEL: 'silent' })
  const ask = (key: string) => recovering.ask('POST', '/api/v1/keys/validate', { key })
  const unknown = await ask(generateKey('subscription'))
  expect(unknown).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  expect(unknown.headers.get('retry-after')).toBe('3600')
  // One that was brought along after the backup has any format.
  for (const key of ['ABCD-EFGH-1234-5678', 'glpi-forms-0042', '23456789ACDEFGHJKLMNPQ'])
    expect(await ask(key), key).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  const { key } = await sold(database, fixture)
  const mistyped = key.slice(0, 8) + (key[8] === 'q' ? 'p' : 'q') + key.slice(9)
  expect((await ask(mistyped)).body).toMatchObject({
    code: 'malformed',
    message: expect.stringContaining('Character 9'),
  })
  for (const no of ['', ' … ', 'gks1nothing', key.slice(0, 30), `My key is ${key}`, 'x'.repeat(3_000)])
    expect((await ask(no)).body, no).toMatchObject({ code: 'malformed' })
  expect((await ask((await sold(database, fixture)).key)).body).toMatchObject({ code: 'ok' })
  await recovering.running.stop()
})
