import { randomBytes, randomUUID } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { openUnder } from '@/lib/keys/hand-over'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { fingerprint } from '@/lib/keys/vault'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem, onConnection, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { type Answer, startKeyService } from '@/sandbox/test/key-service'
import { keyOf, makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
const fixture = await makeCustomer('acme')
// Before the service reads the catalog, which it keeps for a minute.
await rowsOf(database, `update products set hands_over = false where reference = 'branding'`)
const service = await startKeyService(database)
const by = () => bySystem(fixture.organizationId)

interface Place {
  key: string
  keyId: string
  subscriptionId: string
  id: string
  secret: string
  installation: string
  product: string
}

/** A key in use. */
async function used(reference: 'forms' | 'branding' = 'forms'): Promise<Place> {
  const { key, keyId, subscriptionId } = await sold(database, fixture, { reference })
  const installation = `installation-${randomUUID()}`
  const asked = { key, product: reference, installation_id: installation }
  const { body } = await service.ask('POST', '/api/v1/activations', asked)
  const { id, secret } = body.activation
  return { key, keyId, subscriptionId, id, secret, installation, product: reference }
}

async function renewed({ subscriptionId }: Place) {
  const { keyId } = await renewSubscription(by(), { subscriptionId })
  return { keyId, key: await keyOf(database, keyId) }
}

const refresh = ({ id, key, installation, product }: Place, secret?: string, more = {}): Promise<Answer> =>
  service.ask('POST', `/api/v1/activations/${id}/refresh`, {
    ...{ key, product, installation_id: installation, secret, ...more },
  })

/** What was handed over: verified by the published keys and opened with the key that was presented. */
async function opened({ key }: Place, { body }: Answer) {
  const { body: keys } = await service.ask('GET', '/.well-known/jwks.json')
  const options = { issuer: 'http://localhost:41400', audience: 'forms', typ: 'handover+jwt' }
  const { payload } = await jwtVerify(body.handover, createLocalJWKSet(keys), options)
  const pair = { underId: String(payload.key_id), keyId: String(payload.next_key_id) }
  return { payload, key: openUnder(key, Buffer.from(String(payload.sealed_key), 'base64url'), pair) }
}

const countOf = async (table: 'handovers' | 'sealed_keys', keyId: string) =>
  (await rowsOf(database, `select from ${table} where key_id = $1`, [keyId])).length

test('who shows the secret is given the new key, in a signed answer that only the old key opens', async () => {
  const place = await used()
  expect((await refresh(place, place.secret)).body).not.toHaveProperty('handover')
  const next = await renewed(place)
  const answer = await refresh(place, place.secret, { nonce: 'of-this-call' })
  expect(answer.status).toBe(200)
  expect(JSON.stringify(answer.body)).not.toContain(next.key)
  const { payload, key } = await opened(place, answer)
  expect(key).toBe(next.key)
  expect(payload).toMatchObject({
    ...{ sub: place.id, nonce: 'of-this-call', installation_id: place.installation },
    ...{ key_id: place.keyId, next_key_id: next.keyId },
  })
  await expect(opened({ ...place, key: next.key }, answer)).rejects.toThrow()
  // Once more, where the answer was lost; noted once.
  expect((await opened(place, await refresh(place, place.secret))).key).toBe(next.key)
  expect(await countOf('handovers', next.keyId)).toBe(1)
})

test('without the secret, or with a wrong one, the answer is as ever', async () => {
  const place = await used()
  await renewed(place)
  for (const secret of [undefined, 'wrong', randomBytes(32).toString('base64url')]) {
    const { status, body } = await refresh(place, secret)
    expect(status).toBe(200)
    expect(body.verdict).toMatchObject({ code: 'ok', notes: ['renewed'] })
    expect(body).not.toHaveProperty('handover')
  }
})

test('a product that does not hand over seals nothing and hands over nothing', async () => {
  const place = await used('branding')
  const next = await renewed(place)
  expect(await countOf('sealed_keys', next.keyId)).toBe(0)
  expect((await refresh(place, place.secret)).body).not.toHaveProperty('handover')
})

test('what is sealed under a key that leaked is gone, also when that is taken back', async () => {
  const place = await used()
  const next = await renewed(place)
  expect(await countOf('sealed_keys', next.keyId)).toBe(1)
  await revokeKey(by(), { keyId: place.keyId, reason: 'leaked' })
  expect(await countOf('sealed_keys', next.keyId)).toBe(0)
  await restoreKey(by(), { keyId: place.keyId })
  const { status, body } = await refresh(place, place.secret)
  expect([status, body.handover]).toEqual([200, undefined])
})

test('a new key that was revoked itself is not handed over, and is when that is taken back', async () => {
  const place = await used()
  const next = await renewed(place)
  await revokeKey(by(), { keyId: next.keyId, reason: 'requested' })
  expect((await refresh(place, place.secret)).body).not.toHaveProperty('handover')
  await restoreKey(by(), { keyId: next.keyId })
  expect((await refresh(place, place.secret)).body).toHaveProperty('handover')
})

test('after a lost dispute the refusal hands the earlier key back, and after one that was won the new key again', async () => {
  const place = await used()
  const next = await renewed(place)
  const { body } = await service.ask('POST', '/api/v1/activations', {
    ...{ key: next.key, product: 'forms', installation_id: place.installation, secret: 'n'.repeat(43) },
  })
  const there = { ...place, key: next.key, keyId: next.keyId, id: body.activation.id }
  await revokeKey(by(), { keyId: next.keyId, reason: 'disputed' })
  const refused = await refresh(there, 'n'.repeat(43))
  expect(refused.body).toMatchObject({ code: 'revoked', status: 403 })
  expect((await opened(there, refused)).key).toBe(place.key)
  expect((await refresh(there, place.secret)).body).not.toHaveProperty('handover')
  await restoreKey(by(), { keyId: next.keyId })
  expect((await opened(place, await refresh(place, place.secret))).key).toBe(next.key)
})

test('the secret that an activation is to have may be said, and is that of whoever made it', async () => {
  const { key } = await sold(database, fixture)
  const installation_id = `installation-${randomUUID()}`
  const activate = (secret: string) =>
    service.ask('POST', '/api/v1/activations', { key, product: 'forms', installation_id, secret })
  const mine = randomBytes(32).toString('base64url')
  expect(await activate(mine)).toMatchObject({ status: 201, body: { activation: { secret: mine } } })
  expect((await activate(randomBytes(32).toString('base64url'))).body.activation).not.toHaveProperty('secret')
  expect((await activate('short')).body).toMatchObject({
    code: 'invalid_input',
    fields: { secret: expect.any(String) },
  })
})

test('with the key service’s role nothing sealed is read but by an activation’s ID, and it opens nothing', async () => {
  const place = await used()
  const next = await renewed(place)
  await onConnection(database.keyServiceUrl, async (client) => {
    await expect(client.query('select from sealed_keys')).rejects.toThrow('permission denied')
    await expect(client.query('select from handovers')).rejects.toThrow('permission denied')
    const asked = 'select sealed from hand_over($1, $2, true, now())'
    expect((await client.query(asked, [randomUUID(), place.keyId])).rows).toEqual([])
    const { rows } = await client.query<{ sealed: Buffer }>(asked, [place.id, place.keyId])
    const pair = { underId: place.keyId, keyId: next.keyId }
    const sealed = rows[0]?.sealed ?? Buffer.alloc(0)
    expect(openUnder(place.key, sealed, pair)).toBe(next.key)
    // What it stores of a key is its fingerprint, which opens nothing.
    expect(() => openUnder(fingerprint(place.key).toString('hex'), sealed, pair)).toThrow()
  })
})

const rounds = process.env.STRESS === '1' ? 50 : 10
const perPlace = 20

test('[A1] a stolen key and installation ID, without the secret or with a rotated or revoked key, get no new key', async () => {
  let refreshes = 0
  let answered = 0
  let handed = 0
  const other = await used()
  const steal = async (place: Place, secrets: (string | undefined)[]) => {
    for (let call = 0; call < perPlace; call++) {
      const { status, body } = await refresh(place, secrets[call % secrets.length])
      refreshes++
      if (status === 200 || status === 403) answered++
      if (JSON.stringify(body).includes('handover')) handed++
    }
  }
  const cases: [(place: Place) => Promise<unknown>, (place: Place) => (string | undefined)[]][] = [
    [async () => {}, () => [undefined, '', 'x', randomBytes(32).toString('base64url'), other.secret]],
    [({ keyId }) => revokeKey(by(), { keyId, reason: 'leaked' }), ({ secret }) => [secret, undefined]],
    [({ keyId }) => revokeKey(by(), { keyId, reason: 'requested' }), ({ secret }) => [secret, undefined]],
    [({ keyId }) => revokeKey(by(), { keyId, reason: 'terms_violated' }), ({ secret }) => [secret]],
    [({ keyId }) => revokeKey(by(), { keyId, reason: 'refunded' }), ({ id, key }) => [undefined, id, key]],
  ]
  const news: string[] = []
  for (let round = 0; round < rounds / cases.length; round++)
    for (const [happens, secrets] of cases) {
      const place = await used()
      news.push((await renewed(place)).keyId)
      await happens(place)
      await steal(place, secrets(place))
    }
  const noted = await rowsOf(database, 'select from handovers where key_id = any($1)', [news])
  console.log(`[A1] ${refreshes} refreshes, ${answered} with a verdict: ${handed} new keys handed over`)
  expect([handed, noted.length]).toEqual([0, 0])
  expect(answered).toBeGreaterThan(refreshes / 2)
  expect(refreshes).toBe(rounds * perPlace)
  // The same with the secret.
  const place = await used()
  const next = await renewed(place)
  expect((await opened(place, await refresh(place, place.secret))).key).toBe(next.key)
}, 300_000)
