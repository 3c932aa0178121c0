import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { memberRoles } from '@/lib/access'
import { parseKey } from '@/lib/keys/format'
import { revealKeys } from '@/lib/keys/reveal'
import { keysRevealedTo } from '@/lib/keys/revealed'
import { fingerprint } from '@/lib/keys/vault'
import {
  byMember,
  bySystem,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
let own: Fixture
let other: Fixture
let ids: Awaited<ReturnType<typeof fillOrganization>>
let theirs: Awaited<ReturnType<typeof fillOrganization>>

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  ids = await fillOrganization(database, own)
  theirs = await fillOrganization(database, other)
})

const revelations = () =>
  rowsOf<{ key_id: string; person_id: string; details: Record<string, unknown> }>(
    database,
    `select key_id, person_id, details from audit_entries where action = 'key.reveal' and outcome = 'done' order by sequence`,
  )

test.each(memberRoles)(
  '%s: who may gets the whole key, and each one is audited; who may not gets nothing',
  async (role) => {
    const before = await revelations()
    const keyIds = [ids.keyId, ids.renewedKeyId]
    const call = revealKeys(byMember(own, role), { keyIds, how: 'copied' })
    if (role === 'billing' || role === 'viewer') {
      await expect(call).rejects.toMatchObject({ code: 'forbidden', facts: { role } })
      return expect(await revelations()).toEqual(before)
    }
    const revealed = await call
    for (const { id, key, shortId } of revealed) {
      expect(parseKey(key)).toEqual({ ok: true, key, kind: 'subscription' })
      const [row] = await rowsOf<{
        short_id: string
        fingerprint: Buffer
        last_four: string
        cipher: Buffer
      }>(database, 'select * from keys where id = $1', [id])
      expect(row).toMatchObject({
        short_id: shortId,
        fingerprint: fingerprint(key),
        last_four: key.slice(-4),
      })
      expect(row?.cipher.includes(key.slice(4))).toBe(false)
    }
    const entries = (await revelations()).slice(before.length)
    expect(entries.map(({ key_id, person_id }) => ({ key_id, person_id }))).toEqual(
      expect.arrayContaining(keyIds.map((key_id) => ({ key_id, person_id: own.people[role] }))),
    )
    for (const { key } of revealed) expect(JSON.stringify(entries)).not.toContain(key)
    return undefined
  },
)

test("[Z7] a refused look is one entry, in the timeline of the keys' instance", async () => {
  const refusals = () =>
    rowsOf(
      database,
      `select instance_id, key_id, details from audit_entries
       where action = 'key.reveal' and outcome = 'refused' and organization_id = $1 order by sequence`,
      [own.organizationId],
    )
  const before = (await refusals()).length
  const as = byMember(own, 'viewer')
  const details = { because: 'forbidden', actorName: 'viewer@acme.example' }
  for (const [keyIds, expected] of [
    [[ids.keyId], { instance_id: ids.instanceId, key_id: ids.keyId, details }],
    [[ids.keyId, ids.renewedKeyId], { instance_id: ids.instanceId, key_id: null, details }],
    // Nothing of another organization is in one's own trail.
    [[theirs.keyId], { instance_id: null, key_id: null, details }],
    [[randomUUID()], { instance_id: null, key_id: null, details }],
  ] as const) {
    const known = (await refusals()).length
    await expect(revealKeys(as, { keyIds: [...keyIds], how: 'shown' })).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect((await refusals()).slice(known)).toEqual([expected])
  }
  const trials = (await refusals()).length - before
  expect(trials).toBe(4)
  console.log(`[Z7] ${trials} trials`)
})

test("[Z2] another organization's key, one among one's own, and one that does not exist are not found alike", async () => {
  const asked = [[theirs.keyId], [ids.keyId, theirs.keyId], [randomUUID()]]
  for (const keyIds of asked) {
    await expect(revealKeys(byMember(own, 'owner'), { keyIds, how: 'shown' })).rejects.toMatchObject({
      name: 'NotFound',
      facts: { what: 'key' },
    })
  }
  console.log(`[Z2] ${asked.length} trials`)
})

test('a person reveals a hundred times an hour, and the next time is told when to come back; others are not held up', async () => {
  const by = byMember(other, 'technical')
  let refused = 0
  // Ten at once, as many as the pool has connections.
  for (let round = 0; round < 11; round++) {
    const calls = Array.from({ length: 10 }, () => revealKeys(by, { keyIds: [theirs.keyId], how: 'shown' }))
    for (const outcome of await Promise.allSettled(calls)) {
      if (outcome.status === 'fulfilled') continue
      expect(outcome.reason).toMatchObject({ code: 'too_many' })
      refused++
    }
  }
  expect(refused).toBe(10)
  await expect(revealKeys(by, { keyIds: [theirs.keyId], how: 'shown' })).rejects.toMatchObject({
    code: 'too_many',
    facts: { limit: 'reveal', points: 100, retryAfterSeconds: expect.any(Number) },
  })
  await expect(
    revealKeys(byMember(other, 'owner'), { keyIds: [theirs.keyId], how: 'shown' }),
  ).resolves.toHaveLength(1)
})

test('the system, which nobody reads over the shoulder, does not reveal either', async () => {
  await expect(
    revealKeys(bySystem(own.organizationId), { keyIds: [ids.keyId], how: 'shown' }),
  ).rejects.toMatchObject({ code: 'forbidden' })
})

test('nothing, too much and what is no ID are refused before anything is read', async () => {
  for (const keyIds of [[], Array.from({ length: 201 }, () => randomUUID()), ['x']]) {
    await expect(revealKeys(byMember(own, 'owner'), { keyIds, how: 'shown' })).rejects.toMatchObject({
      code: 'invalid_input',
    })
  }
})

test('a file counts each of its keys: after fifty with two keys the hour is used up', async () => {
  await rowsOf(database, 'delete from rate_limits')
  const file = () =>
    revealKeys(byMember(own, 'technical'), { keyIds: [ids.keyId, ids.renewedKeyId], how: 'downloaded' })
  for (let time = 0; time < 50; time++) await expect(file()).resolves.toHaveLength(2)
  await expect(file()).rejects.toMatchObject({ code: 'too_many' })
})

test('the keys that somebody has seen are those that they were shown, not those that they were refused', async () => {
  await rowsOf(database, 'delete from rate_limits')
  const seenBy = (personId: string) =>
    asOrganization(own.organizationId, (tx) => keysRevealedTo(tx, own.organizationId, personId, 50))
  const { people } = own
  await revealKeys(byMember(own, 'technical'), { keyIds: [ids.trialKeyId], how: 'shown' })
  for (const role of ['viewer', 'billing'] as const)
    await expect(
      revealKeys(byMember(own, role), { keyIds: [ids.trialKeyId], how: 'shown' }),
    ).rejects.toMatchObject({ code: 'forbidden' })
  const refused = await rowsOf(
    database,
    `select from audit_entries where action = 'key.reveal' and outcome = 'refused' and key_id = $1 and person_id = $2`,
    [ids.trialKeyId, people.viewer],
  )
  expect(refused).toHaveLength(1)
  expect((await seenBy(people.technical)).map(({ id }) => id)).toContain(ids.trialKeyId)
  expect([await seenBy(people.viewer), await seenBy(people.billing)]).toEqual([[], []])
})
