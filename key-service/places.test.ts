import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, expect, test } from 'vitest'
import { declareGone, issueOfflineFile } from '@/lib/activations/offline'
import { startSubscription } from '@/lib/subscriptions/start'
import { byMember, bySystem, onConnection, productDatabase, productId, rowsOf } from '@/sandbox/test/fixture'
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
  const given = await service.ask('DELETE', path, { key, installation_id })
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
  const given = await service.ask('DELETE', back, { key: other, installation_id: one })
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
  await service.ask('DELETE', path, { key: other, installation_id: one })
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
    const ids = new Map<string, string>()
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
        await service.ask('DELETE', `/api/v1/activations/${id}`, { key, installation_id: held.by })
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
          ids.set(who, answer.body.activation.id)
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
