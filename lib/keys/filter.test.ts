import { and, eq, isNull, sql } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import { asOrganization } from '@/db/scope'
import {
  bySystem,
  type Fixture,
  makeFilled,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
} from '@/sandbox/test/fixture'
import { isRevocationOfKey, stateIs } from './filter'
import { issuePermanentKey } from './issue'
import { countKeys, listKeys } from './queries'
import { restoreKey, revokeKey } from './revoke'
import { keyStates, stateOf } from './rules'

const database = await productDatabase()
let own: Fixture

beforeAll(async () => {
  own = await makeFilled(database, 'own')
})

const trials = process.env.STRESS ? 2_000 : 200
const day = 86_400_000
const noon = Date.parse('2026-11-21T12:00:00Z')

/** Instants around which the rules turn: now, 30 days on, and a millisecond beside them. */
const instant = fc
  .tuple(fc.constantFrom(-60, -14, -1, 0, 14, 29, 30, 31, 60), fc.constantFrom(-1, 0, 1))
  .map(([days, milliseconds]) => new Date(noon + days * day + milliseconds))

const facts = fc.record({
  term: fc.option(instant, { nil: null }),
  lives: fc.constantFrom(0, 1, 14, 40),
  end: fc.option(instant, { nil: null }),
  renewed: fc.boolean(),
  replaced: fc.boolean(),
  revoked: fc.boolean(),
  starts: instant,
})

test(`the list filters by the very state that the rule computes (${trials} keys)`, async () => {
  const now = new Date(noon)
  await asOrganization(own.organizationId, async (tx) => {
    const [key] = await tx.select().from(keys).where(sql`${keys.kind} = 'subscription'`).limit(1)
    if (!key) throw new Error('the fixture has a subscription key')
    await fc.assert(
      fc.asyncProperty(facts, async ({ term, lives, end, renewed, replaced, revoked, starts }) => {
        const expiresAt = term ? new Date(term.getTime() + lives * day) : end
        const fact = {
          startsAt: starts,
          expiresAt,
          termEndsAt: term,
          renewedAt: renewed || replaced ? now : null,
          replacedAt: replaced ? now : null,
        }
        const row = sql`(select ${key.id}::uuid as id, ${key.organizationId}::uuid as organization_id,
          ${expiresAt?.toISOString() ?? null}::timestamptz as expires_at, ${term?.toISOString() ?? null}::timestamptz as term_ends_at,
          ${starts.toISOString()}::timestamptz as starts_at,
          coalesce(${term?.toISOString() ?? null}::timestamptz, ${expiresAt?.toISOString() ?? null}::timestamptz) as due_at,
          coalesce(${expiresAt?.toISOString() ?? null}::timestamptz, 'infinity') as ends_at,
          ${fact.renewedAt?.toISOString() ?? null}::timestamptz as renewed_at,
          ${fact.replacedAt?.toISOString() ?? null}::timestamptz as replaced_at) keys`
        // A name of the statement's own comes before a table's.
        const revocations = sql`revocations as (select ${key.organizationId}::uuid as organization_id, ${key.id}::uuid as key_id,
          null::timestamptz as restored_at where ${revoked})`
        const said: string[] = []
        for (const state of keyStates) {
          const { rows } = await tx.execute(
            sql`with ${revocations} select from ${row} where ${stateIs(state, now)}`,
          )
          if (rows.length > 0) said.push(state)
        }
        expect(said).toEqual([stateOf({ ...fact, revoked }, now)])
      }),
      { numRuns: trials },
    )
  })
  console.info(`${trials} trials`)
})

test('what is neither expired nor revoked is current', async () => {
  const now = new Date(noon)
  await asOrganization(own.organizationId, async (tx) => {
    const all = await tx
      .select({ key: keys, revoked: revocations.id })
      .from(keys)
      .leftJoin(revocations, isRevocationOfKey)
      .where(eq(keys.organizationId, own.organizationId))
    const current = await tx
      .select({ id: keys.id })
      .from(keys)
      .leftJoin(revocations, isRevocationOfKey)
      .where(and(eq(keys.organizationId, own.organizationId), stateIs('current', now)))
    const ended = ['expired', 'revoked']
    const expected = all.filter(
      ({ key, revoked }) => !ended.includes(stateOf({ ...key, revoked: revoked !== null }, now)),
    )
    expect(current.map(({ id }) => id).sort()).toEqual(expected.map(({ key }) => key.id).sort())
  })
})

test('keys and instances are counted, and beyond a limit no further', async () => {
  const at = new Date()
  await asOrganization(own.organizationId, async (tx) => {
    const all = await tx.select({ id: keys.id }).from(keys)
    const working = await tx.select({ id: keys.id }).from(keys).where(stateIs('current', at))
    const inUse = await tx.select({ id: instances.id }).from(instances).where(isNull(instances.retiredAt))
    const exact = { keys: all.length, working: working.length, instances: inUse.length }
    expect(exact.working).toBeLessThan(exact.keys)
    expect(await countKeys(tx, own.organizationId, at)).toEqual(exact)
    const most = Math.min(...Object.values(exact))
    expect(await countKeys(tx, own.organizationId, at, most - 1)).toEqual({
      keys: most,
      working: most,
      instances: most,
    })
  })
})

test('a key whose revocation was undone is listed as it was before', async () => {
  const town = await makeOrganization('town')
  const { organizationId } = town
  const by = () => bySystem(organizationId)
  const instanceId = await makeInstance(town)
  const { keyId } = await issuePermanentKey(by(), {
    productId: await productId(database, 'legacy'),
    instanceId,
  })
  const listed = (state: 'revoked' | 'active') =>
    asOrganization(organizationId, async (tx) => {
      const { rows } = await listKeys(tx, { organizationId, state }, { sort: 'until', size: 10 }, new Date())
      return rows.map((row) => row.state)
    })
  await revokeKey(by(), { keyId, reason: 'requested' })
  expect([await listed('revoked'), await listed('active')]).toEqual([['revoked'], []])
  await restoreKey(by(), { keyId })
  expect([await listed('revoked'), await listed('active')]).toEqual([[], ['active']])
})
