import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { addInstance } from '@/lib/instances/add'
import { revokeKey } from '@/lib/keys/revoke'
import { renewalsOf } from '@/lib/payments/renewals'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem, rowsOf } from '@/sandbox/test/fixture'
import { day, keysIn, realPortal } from '@/sandbox/test/real-portal'
import { keyOf, sold } from '@/sandbox/test/sold'
import type { Machine } from './test-clients'

const { database, fixture, clients, begin } = await realPortal()
const by = () => bySystem(fixture.organizationId)

/** Renews, and says the new key. */
async function renewed(subscriptionId: string) {
  const { keyId } = await renewSubscription(by(), { subscriptionId, months: 12 })
  return { keyId, key: await keyOf(database, keyId) }
}

const factsOf = async (keyId: string) => {
  const facts =
    'select first_seen_at is not null as seen, replaced_at is not null as replaced from keys where id = $1'
  return (await rowsOf(database, facts, [keyId]))[0]
}

const waysOf = (keyId: string) =>
  asOrganization(fixture.organizationId, (tx) => renewalsOf(tx, fixture.organizationId, keyId, now()))

/** What the history says of the refreshes with a key, beside their answers. */
const noted = async (keyId: string) => {
  const notes = `select distinct unnest(notes) as note from checks where key_id = $1 and asked = 'refresh' order by 1`
  return (await rowsOf<{ note: string }>(database, notes, [keyId])).map(({ note }) => note)
}

/** Changes what a client has stored, as if it had stopped there. */
function store(machine: Machine, change: Record<string, unknown>) {
  const state = JSON.stringify({ ...JSON.parse(JSON.parse(machine.stored ?? '').state), ...change })
  machine.stored = JSON.stringify({ sum: createHash('sha256').update(state).digest('hex'), state })
}

describe.each(clients)('the %s client and the real key service', (_, client) => {
  test('after a renewal nobody pastes: the plugin goes on with the new key by itself', async () => {
    const { key, keyId, subscriptionId, url } = await sold(database, fixture)
    const { state, live, machine } = await begin(client, url)
    await state('activate', key)
    const next = await renewed(subscriptionId)
    expect(await live(2)).toMatchObject({ entitled: true, mode: 'full', key: { code: 'ok', notes: [] } })
    expect(keysIn(machine)).toMatchObject({ key: next.key, next: null })
    expect((await state()).tookOverAt).toBeGreaterThan(0)
    // The tick on the key's page.
    expect(await factsOf(next.keyId)).toMatchObject({ seen: true })
    expect(await factsOf(keyId)).toMatchObject({ replaced: true })
    await expect.poll(() => noted(keyId), { timeout: 5_000 }).toContain('handed_over')
    const [way] = await waysOf(keyId)
    expect(way?.places).toMatchObject([{ fetchedAt: expect.any(Date), usesAt: expect.any(Date) }])
  })

  test('who has missed two renewals goes from key to key', async () => {
    const { key, subscriptionId, url } = await sold(database, fixture)
    const { state, machine } = await begin(client, url)
    await state('activate', key)
    const second = await renewed(subscriptionId)
    const third = await renewed(subscriptionId)
    expect(await state('checkNow')).toMatchObject({ entitled: true })
    expect(keysIn(machine)).toMatchObject({ key: second.key })
    expect(await state('checkNow')).toMatchObject({ entitled: true, key: { code: 'ok', notes: [] } })
    expect(keysIn(machine)).toMatchObject({ key: third.key })
    expect(await factsOf(second.keyId)).toEqual({ seen: true, replaced: true })
  })

  test('a refund takes the new key back, and the earlier one, which still runs, is used again; then the next', async () => {
    const { key, subscriptionId, url } = await sold(database, fixture)
    const { state, machine } = await begin(client, url)
    await state('activate', key)
    const second = await renewed(subscriptionId)
    await state('checkNow')
    expect(keysIn(machine)).toMatchObject({ key: second.key })
    await revokeKey(by(), { keyId: second.keyId, reason: 'refunded' })
    expect(await state('checkNow')).toMatchObject({ entitled: true, key: { code: 'ok' } })
    expect(keysIn(machine)).toMatchObject({ key })
    // With the secret that it had before, which no answer tells twice.
    const third = await renewed(subscriptionId)
    await state('checkNow')
    expect(keysIn(machine)).toMatchObject({ key: third.key })
  })

  test.each(['leaked', 'requested', 'terms_violated', 'non_payment'] as const)(
    'a key that is revoked as %s hands nothing over',
    async (reason) => {
      const { key, keyId, subscriptionId, url } = await sold(database, fixture)
      const { state, machine } = await begin(client, url)
      await state('activate', key)
      await renewed(subscriptionId)
      await revokeKey(by(), { keyId, reason })
      expect(await state('checkNow')).toMatchObject({ entitled: false, key: { code: 'revoked' } })
      expect(keysIn(machine)).toMatchObject({ key, next: null })
    },
  )

  test('what was handed over survives a stop before and after the new key has answered', async () => {
    const { key, subscriptionId, url } = await sold(database, fixture)
    const { state, machine } = await begin(client, url)
    await state('activate', key)
    const before = machine.stored
    const second = await renewed(subscriptionId)
    const secret = 'a'.repeat(43)
    const next = { key: second.key, secret, tried: false }
    // It has stopped before it asked with the new key, which is not due: then the next call does.
    store(machine, { next })
    expect(await state('check')).toMatchObject({ entitled: true, key: { notes: [] } })
    expect(keysIn(machine)).toMatchObject({ key: second.key, secret })
    // It has stopped after that: the answer was lost, and the portal has the activation already.
    machine.stored = before
    store(machine, { next })
    await state('check')
    expect(keysIn(machine)).toMatchObject({ key: second.key, secret })
    // The secret that it kept is the one: it is given the next key.
    const third = await renewed(subscriptionId)
    await state('checkNow')
    expect(keysIn(machine)).toMatchObject({ key: third.key })
  })

  test.each([
    ['in the overlap is given the new key', 370, true],
    ['after its key has ended is given nothing: somebody pastes it', 400, false],
  ])('a GLPI that comes back %s', async (_name, days, isGiven) => {
    const { key, subscriptionId, url } = await sold(database, fixture)
    const { state, machine, pass } = await begin(client, url)
    await state('activate', key)
    const next = await renewed(subscriptionId)
    pass(days * day)
    expect(await state('check')).toMatchObject({
      key: { code: isGiven ? 'ok' : 'expired' },
      entitled: isGiven,
    })
    expect(keysIn(machine)).toMatchObject({ key: isGiven ? next.key : key, next: null })
  })

  test('without the secret of its activation, or with another, a plugin goes on as ever, and the history says so', async () => {
    const { key, keyId, subscriptionId, url } = await sold(database, fixture)
    const { state, machine } = await begin(client, url)
    await state('activate', key)
    await renewed(subscriptionId)
    for (const secret of [null, 'another']) {
      store(machine, { secret })
      expect(await state('checkNow')).toMatchObject({
        entitled: true,
        key: { code: 'ok', notes: ['renewed'] },
      })
      expect(keysIn(machine)).toMatchObject({ key, next: null })
    }
    await expect.poll(() => noted(keyId), { timeout: 5_000 }).toEqual(['handover_unproved', 'renewed'])
  })

  test('a test copy is given the new key for itself', async () => {
    const { key, keyId, subscriptionId, instanceId, url } = await sold(database, fixture)
    const copyUrl = `${url}-test`
    await addInstance(by(), { label: copyUrl, url: copyUrl, environment: 'test', testOfId: instanceId })
    const here = await begin(client, url)
    await here.state('activate', key)
    const copy = await begin(client, copyUrl)
    expect(await copy.state('activate', key)).toMatchObject({ entitled: true })
    const next = await renewed(subscriptionId)
    await copy.state('checkNow')
    expect(keysIn(copy.machine)).toMatchObject({ key: next.key })
    expect(keysIn(here.machine)).toMatchObject({ key })
    const places = async () =>
      (await waysOf(keyId))[0]?.places.map(({ test, usesAt }) => [test, usesAt !== null])
    expect(await places()).toEqual([
      [false, false],
      [true, true],
    ])
    expect(await here.state('checkNow')).toMatchObject({ entitled: true })
    expect(keysIn(here.machine)).toMatchObject({ key: next.key })
    expect(await places()).toEqual([
      [false, true],
      [true, true],
    ])
  })
})
