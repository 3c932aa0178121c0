import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { lastSeen } from '@/lib/activations/calls'
import { declareGone, issueOfflineFile } from '@/lib/activations/offline'
import { addInstance } from '@/lib/instances/add'
import { editInstance } from '@/lib/instances/edit'
import { reinstateInstance, retireInstance } from '@/lib/instances/retire'
import { parseInstanceUrl } from '@/lib/instances/url'
import { revokeKey } from '@/lib/keys/revoke'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import {
  byMember,
  bySystem,
  makeOrganization,
  onConnection,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { keyOf, makeCustomer, sold } from '@/sandbox/test/sold'

/* When a place that was given back is another's (DESIGN §2, rule 4). */

const folder = mkdtempSync(path.join(tmpdir(), 'places-'))
const clock = path.join(folder, 'clock')
afterAll(() => rmSync(folder, { recursive: true }))
const database = await productDatabase({ SANDBOX_CLOCK_FILE: clock })
const service = await startKeyService(database, { SANDBOX_CLOCK_FILE: clock })
const fixture = await makeCustomer('acme')
const second = 1_000

/** Moves this process and the service to a moment, to the second. */
const moveTo = (moment: number) => writeFileSync(clock, String(moment - Date.now()))
afterEach(() => rmSync(clock, { force: true }))

const installation = () => `installation-${randomUUID()}`
const activate = (key: string, installation_id: string, more: Record<string, unknown> = {}) =>
  service.ask('POST', '/api/v1/activations', { product: 'forms', key, installation_id, ...more })
const refresh = (key: string, installation_id: string, id: string) =>
  service.ask('POST', `/api/v1/activations/${id}/refresh`, { product: 'forms', key, installation_id })

/** An installation that has given its key back. @returns when its place is free, in milliseconds */
async function left(key: string, installation_id: string) {
  const { body } = await activate(key, installation_id)
  const path = `/api/v1/activations/${body.activation.id}`
  const { secret } = body.activation
  const given = await service.ask('DELETE', path, { key, installation_id, secret })
  const freesAt = Date.parse(given.body.frees_at)
  expect(freesAt / second).toBe(decodeJwt(body.lease).exp)
  return freesAt
}

const takenOver = (instanceId: string) =>
  rowsOf(
    database,
    `select action, details ->> 'before' as before, details ->> 'installation' as after from audit_entries
     where instance_id = $1 and details ->> 'before' is not null`,
    [instanceId],
  )
const bound = async (instanceId: string) =>
  (await rowsOf(database, 'select installation_id as id from instances where id = $1', [instanceId]))[0]?.id

test.each([
  ['without an address', false],
  ['at the same address', true],
])(
  'from the named day on, and not a second before, the first that presents the key has the place: %s',
  async (_how, says) => {
    const { key, instanceId, url } = await sold(database, fixture)
    const [one, two] = [installation(), installation()]
    const freesAt = await left(key, one)
    const more = says ? { url } : {}
    for (const before of [0, freesAt - 2 * second]) {
      if (before) moveTo(before)
      expect(await activate(key, two, more)).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
    }
    moveTo(freesAt)
    expect(await activate(key, two, { url: 'https://not-ours.example' })).toMatchObject({ status: 409 })
    expect(await bound(instanceId)).toBe(one)
    const taken = await activate(key, two, more)
    expect(taken).toMatchObject({ status: 201, body: { activation: { environment: 'production' } } })
    expect(await takenOver(instanceId)).toEqual([{ action: 'activation.activate', before: one, after: two }])
    expect(await bound(instanceId)).toBe(two)
    expect(await refresh(key, two, taken.body.activation.id)).toMatchObject({ status: 200 })
    expect(await activate(key, one)).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
  },
)

test('what is given back is signed for the product that it was activated for, and for none that the key is not for', async () => {
  const { key, keyId } = await soldHere()
  const one = installation()
  const { body } = await activate(key, one)
  const path = `/api/v1/activations/${body.activation.id}`
  const { secret } = body.activation
  const giving = (product?: string) =>
    service.ask('DELETE', path, { key, installation_id: one, product, secret })
  const wrong = await giving('branding')
  expect(wrong).toMatchObject({ status: 403, body: { code: 'wrong_product', signed: expect.any(String) } })
  const held = 'select from activations where key_id = $1 and given_back_at is null'
  expect(await rowsOf(database, held, [keyId])).toHaveLength(1)
  for (const product of ['forms', undefined])
    expect(decodeJwt((await giving(product)).body.signed).aud).toBe('forms')
})

test('who gave it back may come again, until another has the place', async () => {
  const { key, instanceId } = await sold(database, fixture)
  const one = installation()
  const freesAt = await left(key, one)
  moveTo(freesAt + second)
  expect((await activate(key, one)).status).toBe(201)
  expect(await takenOver(instanceId)).toEqual([])
  expect(await activate(key, installation())).toMatchObject({ status: 409 })
})

test('a GLPI that uses another key of its instance is still there', async () => {
  const { key, instanceId } = await sold(database, fixture)
  const { keyId } = await startSubscription(bySystem(fixture.organizationId), {
    productId: await productId(database, 'branding'),
    instanceId,
  })
  const other = await keyOf(database, keyId)
  const one = installation()
  const kept = await activate(other, one, { product: 'branding' })
  const freesAt = await left(key, one)
  moveTo(freesAt + second)
  expect(await activate(key, installation())).toMatchObject({ status: 409 })
  const back = `/api/v1/activations/${kept.body.activation.id}`
  const { secret } = kept.body.activation
  const given = await service.ask('DELETE', back, { key: other, installation_id: one, secret })
  moveTo(Math.max(freesAt, Date.parse(given.body.frees_at)))
  const two = installation()
  expect((await activate(key, two)).status).toBe(201)
  expect((await activate(other, two, { product: 'branding' })).status).toBe(201)
})

async function withAnotherKey() {
  const first = await sold(database, fixture)
  const { keyId } = await startSubscription(bySystem(fixture.organizationId), {
    productId: await productId(database, 'branding'),
    instanceId: first.instanceId,
  })
  return { ...first, otherId: keyId, other: await keyOf(database, keyId) }
}

test('a GLPI that has called with another key since, and be it its own set-up page, is still there', async () => {
  const { key, other, otherId } = await withAnotherKey()
  const one = installation()
  const freesAt = await left(key, one)
  moveTo(freesAt - second)
  const headers = { 'X-Registration-Key': other, 'X-Glpi-Network-Uid': one, 'User-Agent': 'GLPI/11.0.2' }
  const { body } = await service.ask('GET', '/api/registration/info', undefined, headers)
  expect(body.is_valid).toBe(true)
  const seen = () => rowsOf(database, 'select from sightings where key_id = $1', [otherId])
  await expect.poll(seen, { timeout: 5_000 }).toHaveLength(1)
  moveTo(freesAt + second)
  expect(await activate(key, installation())).toMatchObject({ status: 409 })
})

test('who comes back in the moment in which another would take the place has it still', async () => {
  const { key, other, otherId, instanceId } = await withAnotherKey()
  const one = installation()
  const { body } = await activate(other, one, { product: 'branding' })
  const path = `/api/v1/activations/${body.activation.id}`
  const { secret } = body.activation
  const given = await service.ask('DELETE', path, { key: other, installation_id: one, secret })
  expect(given.status).toBe(200)
  moveTo((await left(key, one)) + second)
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    await client.query('select from instances where id = $1 for update', [instanceId])
    const asked = activate(key, installation())
    const waiting = `select distinct usename from pg_locks join pg_stat_activity using (pid)
      where not granted and datname = current_database()`
    await expect.poll(() => rowsOf(database, waiting)).toEqual([{ usename: 'latchkey_key_service' }])
    const back = `update activations set given_back_at = null, lease_ends_at = lease_ends_at + interval '14 days',
      refreshed_at = refreshed_at + interval '7 days' where key_id = $1`
    await client.query(back, [otherId])
    await client.query('commit')
    expect(await asked).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
  })
  expect(await bound(instanceId)).toBe(one)
})

const day = 86_400_000

/** Key after key of one plugin, which gives none back: it changes to the next. */
const followed: [string, (sold: Awaited<ReturnType<typeof soldHere>>) => Promise<string>][] = [
  [
    'a renewal',
    async ({ subscriptionId }) =>
      (await renewSubscription(bySystem(fixture.organizationId), { subscriptionId })).keyId,
  ],
  ['a second subscription of the same product', ({ instanceId }) => sellAgain(instanceId)],
  [
    'one in place of a key that leaked',
    async ({ instanceId, keyId }) => {
      await revokeKey(bySystem(fixture.organizationId), { keyId, reason: 'leaked' })
      return sellAgain(instanceId)
    },
  ],
]
const soldHere = () => sold(database, fixture)
const sellAgain = async (instanceId: string) =>
  (
    await startSubscription(bySystem(fixture.organizationId), {
      productId: await productId(database, 'forms'),
      instanceId,
    })
  ).keyId

test.each(followed)('a key that its GLPI has left for another one holds no place: %s', async (how, next) => {
  const before = await soldHere()
  const [one, two] = [installation(), installation()]
  const first = await activate(before.key, one)
  expect(first.status).toBe(201)
  const key = await keyOf(database, await next(before))
  moveTo(Date.now() + day)
  const freesAt = await left(key, one)
  expect(freesAt).toBeGreaterThan(Date.now() + 7 * day)
  moveTo(freesAt - 2 * second)
  expect(await activate(key, two)).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
  moveTo(freesAt)
  expect((await activate(key, two)).status).toBe(201)
  expect(await takenOver(before.instanceId)).toEqual([
    { action: 'activation.activate', before: one, after: two },
  ])
  // The key before is not in use any more either, so that it is the new one's, as far as it is good.
  const refused = how.includes('leaked') ? 403 : null
  expect((await activate(before.key, two)).status).toBe(refused ?? 201)
  expect((await refresh(before.key, one, first.body.activation.id)).status).toBe(refused ?? 409)
})

test('a trial that was left for a subscription holds no place', async () => {
  const { instanceId } = await soldHere()
  const product = await productId(database, 'branding')
  const trial = await startTrial(bySystem(fixture.organizationId), { productId: product, instanceId })
  const one = installation()
  expect((await activate(await keyOf(database, trial.keyId), one, { product: 'branding' })).status).toBe(201)
  const { keyId } = await startSubscription(bySystem(fixture.organizationId), {
    productId: product,
    instanceId,
  })
  const key = await keyOf(database, keyId)
  const { body } = await activate(key, one, { product: 'branding' })
  const given = await service.ask('DELETE', `/api/v1/activations/${body.activation.id}`, {
    key,
    installation_id: one,
    secret: body.activation.secret,
  })
  moveTo(Date.parse(given.body.frees_at))
  expect((await activate(key, installation(), { product: 'branding' })).status).toBe(201)
})

test('a key that has ended holds no place, in whatever plugin it was', async () => {
  const umbrella = await makeOrganization('umbrella')
  const { key, instanceId } = await sold(database, umbrella)
  const trial = await startTrial(bySystem(umbrella.organizationId), {
    productId: await productId(database, 'branding'),
    instanceId,
  })
  const [one, two] = [installation(), installation()]
  const freesAt = await left(key, one)
  // Begun after the other was given back, and never heard of again.
  await activate(await keyOf(database, trial.keyId), one, { product: 'branding' })
  moveTo(freesAt)
  expect((await activate(key, two)).status).toBe(409)
  const [{ ends } = { ends: new Date(0) }] = await rowsOf<{ ends: Date }>(
    database,
    'select expires_at as ends from keys where id = $1',
    [trial.keyId],
  )
  moveTo(ends.getTime() - 2 * second)
  expect((await activate(key, two)).status).toBe(409)
  moveTo(ends.getTime())
  expect((await activate(key, two)).status).toBe(201)
})

test('a plugin that was removed without a word holds no place once its GLPI goes on without it', async () => {
  const { key, instanceId } = await soldHere()
  const { keyId } = await startSubscription(bySystem(fixture.organizationId), {
    productId: await productId(database, 'branding'),
    instanceId,
  })
  const other = await keyOf(database, keyId)
  const one = installation()
  await activate(other, one, { product: 'branding' })
  moveTo(Date.now() + 30 * day)
  const freesAt = await left(key, one)
  moveTo(freesAt)
  expect((await activate(key, installation())).status).toBe(201)
})

test('where nothing was given back, no place is free, however long its GLPI has been silent', async () => {
  const { key, subscriptionId } = await soldHere()
  await activate(key, installation())
  const { keyId } = await renewSubscription(bySystem(fixture.organizationId), { subscriptionId })
  moveTo(Date.now() + 500 * day)
  expect(await activate(await keyOf(database, keyId), installation())).toMatchObject({ status: 409 })
})

/** A further instance of the organization, as a test copy where it is said of which. */
async function addedHere(testOfId?: string) {
  const url = parseInstanceUrl(`https://copy-${randomUUID().slice(0, 8)}.acme.example`)
  if (!url.ok) throw new Error('no address')
  const by = { ...byMember(fixture, 'technical'), idempotencyKey: randomUUID() }
  const kind = testOfId
    ? ({ environment: 'test', testOfId } as const)
    : ({ environment: 'production' } as const)
  const { instanceId } = await addInstance(by, { label: url.url, url: url.url, glpiVersion: '', ...kind })
  return { instanceId, url: url.url }
}

test('a test copy that is retired leaves the key’s test place when its lease has run out, and not before', async () => {
  const { key, instanceId: of } = await soldHere()
  const technical = byMember(fixture, 'technical')
  const first = await addedHere(of)
  const [one, two] = [installation(), installation()]
  await activate(key, installation())
  const { body } = await activate(key, one, { url: first.url })
  expect(body.activation.environment).toBe('test')
  const until = (decodeJwt(body.lease).exp ?? 0) * second
  await retireInstance(technical, { instanceId: first.instanceId })
  expect(await refresh(key, one, body.activation.id)).toMatchObject({ status: 409 })
  const next = await addedHere(of)
  const taking = () => activate(key, two, { url: next.url })
  expect(await taking()).toMatchObject({ status: 409, body: { code: 'bound_elsewhere' } })
  moveTo(until - 2 * second)
  expect((await taking()).status).toBe(409)
  moveTo(until)
  expect(await taking()).toMatchObject({ status: 201, body: { activation: { environment: 'test' } } })
  // Taken back, the first one has to ask again, and there is no place for it.
  await reinstateInstance(technical, { instanceId: first.instanceId })
  expect(await activate(key, one, { url: first.url })).toMatchObject({ status: 409 })
})

test('an instance that was a test copy and is one no more leaves the place as well', async () => {
  const { key, instanceId: of } = await soldHere()
  const first = await addedHere(of)
  const { body } = await activate(key, installation(), { url: first.url })
  const edited = { instanceId: first.instanceId, label: 'No copy', glpiVersion: '' }
  await editInstance(byMember(fixture, 'technical'), { ...edited, environment: 'production' })
  moveTo((decodeJwt(body.lease).exp ?? 0) * second)
  const next = await addedHere(of)
  expect((await activate(key, installation(), { url: next.url })).status).toBe(201)
})

test('a key of the whole organization is given back where its instance is retired, and activated anew elsewhere', async () => {
  const { key, url, instanceId } = await sold(database, fixture, { reference: 'cloud', everywhere: true })
  const one = installation()
  const at = { product: 'cloud', url }
  const { body } = await activate(key, one, at)
  await retireInstance(byMember(fixture, 'technical'), { instanceId })
  expect(await activate(key, one, at)).toMatchObject({ status: 409 })
  const next = await addedHere()
  const anew = await activate(key, one, { ...at, url: next.url })
  expect(anew.status).toBe(201)
  expect(anew.body.activation.id).not.toBe(body.activation.id)
})

test('of many that come on that day one has the place', async () => {
  const { key, instanceId } = await sold(database, fixture)
  moveTo(await left(key, installation()))
  const answers = await Promise.all(Array.from({ length: 20 }, () => activate(key, installation())))
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)])
  expect(await takenOver(instanceId)).toHaveLength(1)
})

test('the place of an offline installation that is gone is another’s when its file can work no more', async () => {
  const { key, keyId, instanceId } = await sold(database, fixture)
  const one = installation()
  const technical = byMember(fixture, 'technical')
  await issueOfflineFile(technical, { keyId, installationId: one })
  // Ends before its key does.
  await rowsOf(database, `update offline_files set works_until = works_until - interval '90 days'`)
  await rowsOf(
    database,
    `update activations set lease_ends_at = (select max(works_until) from offline_files f
    where f.activation_id = activations.id) where key_id = $1`,
    [keyId],
  )
  const [file] = await rowsOf<{ id: string }>(database, 'select id from offline_files where key_id = $1', [
    keyId,
  ])
  const { freesAt } = await declareGone(technical, { fileId: file?.id ?? '' })
  moveTo(freesAt.getTime() - 2 * second)
  expect(await activate(key, installation())).toMatchObject({ status: 409 })
  moveTo(freesAt.getTime())
  const two = installation()
  expect((await activate(key, two)).status).toBe(201)
  expect(await takenOver(instanceId)).toEqual([{ action: 'activation.activate', before: one, after: two }])
})

/** What the signed answer, the instance's page and the trail say of a place that was given back. */
async function saidOf(
  given: { body: { frees_at: string; signed: string } },
  keyId: string,
  instanceId: string,
) {
  const seen = () =>
    asOrganization(fixture.organizationId, (tx) => lastSeen(tx, fixture.organizationId, instanceId))
  const onPage = async () => (await seen()).get(keyId)?.freesAt?.getTime()
  await expect.poll(onPage, { timeout: 5_000 }).toBeTruthy()
  const [entry] = await rowsOf<{ until: string }>(
    database,
    `select details ->> 'until' as until from audit_entries where action = 'activation.give_back' and key_id = $1`,
    [keyId],
  )
  return {
    answer: Date.parse(given.body.frees_at),
    signed: Number(decodeJwt(given.body.signed).frees_at) * second,
    page: await onPage(),
    trail: Date.parse(entry?.until ?? ''),
  }
}

test.each([
  ['that was said to be gone', true],
  ['of a key that was left for the next one', false],
])(
  'answer, page and trail name the day of giving back on which an offline file %s could last have worked',
  async (_which, gone) => {
    const before = await soldHere()
    const { instanceId } = before
    const one = installation()
    const technical = byMember(fixture, 'technical')
    await issueOfflineFile(technical, { keyId: before.keyId, installationId: one })
    const [file] = await rowsOf<{ id: string; until: Date }>(
      database,
      'select id, works_until as until from offline_files where key_id = $1',
      [before.keyId],
    )
    if (gone) await declareGone(technical, { fileId: file?.id ?? '' })
    const keyId = gone ? before.keyId : await sellAgain(instanceId)
    const key = await keyOf(database, keyId)
    const { body } = await activate(key, one)
    const back = { key, installation_id: one, secret: body.activation.secret }
    const given = await service.ask('DELETE', `/api/v1/activations/${body.activation.id}`, back)
    const until = file?.until.getTime() ?? 0
    expect(until).toBeGreaterThan((decodeJwt(body.lease).exp ?? 0) * second)
    const said = { answer: until, signed: until, page: until, trail: until }
    expect(await saidOf(given, keyId, instanceId)).toEqual(said)
    moveTo(until - 2 * second)
    expect(await activate(key, installation())).toMatchObject({ status: 409 })
    // Its own key has ended with the file, so that nobody can take it on that day.
    const places = `select place_free_from(organization_id, id, $2) as at from instances where id = $1`
    expect(await rowsOf(database, places, [instanceId, one])).toEqual([{ at: new Date(until) }])
  },
)

test('GLPI’s own registration takes the place as well, and says so', async () => {
  const { key, instanceId } = await sold(database, fixture)
  const [one, two] = [installation(), installation()]
  moveTo(await left(key, one))
  const headers = { 'X-Registration-Key': key, 'X-Glpi-Network-Uid': two, 'User-Agent': 'GLPI/11.0.2' }
  const info = await service.ask('GET', '/api/registration/info', undefined, headers)
  expect(info.body).toMatchObject({ is_valid: true })
  expect(await takenOver(instanceId)).toEqual([{ action: 'installation.bind', before: one, after: two }])
})

test('[A3] whatever is activated, given back, fetched and said to be gone as time passes, no two installations have a lease at once, and each that follows another is recorded', async () => {
  const sequences = process.env.STRESS === '1' ? 10_000 : 30
  const technical = byMember(fixture, 'technical')
  let [leases, moves] = [0, 0]
  for (let sequence = 0; sequence < sequences; sequence++) {
    const { key, keyId, instanceId } = await sold(database, fixture)
    const installations = [installation(), installation(), installation()]
    const [ids, secrets] = [new Map<string, string>(), new Map<string, string>()]
    let at = Date.now()
    let held = { by: '', until: 0 }
    let expected = 0
    const leaseOf = (by: string, jws: string) => {
      leases++
      if (held.by && held.by !== by) {
        expect(held.until).toBeLessThanOrEqual(at)
        expected++
      }
      const until = (decodeJwt(jws).exp ?? 0) * second
      held = { by, until: held.by === by ? Math.max(held.until, until) : until }
    }
    for (const step of randomBytes(16)) {
      const who = installations[step % 3] ?? ''
      const what = Math.floor(step / 3) % 4
      const id = ids.get(held.by)
      if (what === 0 && id) {
        const body = { key, installation_id: held.by, secret: secrets.get(id) }
        await service.ask('DELETE', `/api/v1/activations/${id}`, body)
        ids.delete(held.by)
      } else if (what === 1) {
        // By days, or to the very second at which what was promised last is over.
        at = step & 128 ? Math.max(at, held.until) : at + (step % 5) * 86_400_000
        moveTo(at)
      } else if (what === 2 && step & 64) {
        const made = await issueOfflineFile(technical, { keyId, installationId: who }).catch(() => null)
        if (made) leaseOf(who, JSON.parse(made.text).lease)
      } else if (what === 2) {
        const fileOf = 'select id from offline_files where key_id = $1 and installation_id = $2 limit 1'
        const [file] = await rowsOf<{ id: string }>(database, fileOf, [keyId, who])
        if (file) await declareGone(technical, { fileId: file.id })
      } else {
        const answer = await activate(key, who)
        if (answer.status < 300) {
          const { id, secret } = answer.body.activation
          ids.set(who, id)
          if (secret) secrets.set(id, secret)
          leaseOf(who, answer.body.lease)
        }
      }
    }
    expect(await takenOver(instanceId)).toHaveLength(expected)
    moves += expected
    rmSync(clock, { force: true })
  }
  expect(leases).toBeGreaterThan(sequences)
  expect(moves).toBeGreaterThan(0)
  console.log(`[A3] ${sequences} sequences with time, ${leases} leases, ${moves} moves`)
}, 3_600_000)
