import { sql } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { keys, revocations } from '@/db/schema/keys'
import { asSystem } from '@/db/scope'
import { setClock } from '@/lib/clock'
import { keyStates, stateOf } from '@/lib/keys/rules'
import { daysBetween } from '@/lib/organizations/calendar'
import { onConnection, productDatabase } from '@/sandbox/test/fixture'
import { lookAround } from './found'
import { seed } from './seed'
import { seedSmall } from './small'

// A day in winter, the days on which clocks change, a leap day, the turn of a year.
const days = [
  '2026-11-21T10:00:00Z',
  '2027-03-28T00:30:00Z',
  '2026-10-25T23:30:00Z',
  '2028-02-29T12:00:00Z',
  '2027-01-01T00:10:00Z',
]

const database = await productDatabase()

const emptyDatabase = () =>
  onConnection(database.ownerUrl, (owner) =>
    owner.query('truncate organizations, people, products, signing_keys, key_sets cascade'),
  )

afterEach(() => setClock(undefined))

const read = <Row extends Record<string, unknown>>(query: string) =>
  asSystem('a test', async (tx) => (await tx.execute<Row>(sql.raw(query))).rows)

const counts = () =>
  read<{ name: string; count: string }>(
    `select 'keys' as name, count(*) from keys union all select 'instances', count(*) from instances
     union all select 'audit ' || action, count(*) from audit_entries group by 1 order by 1`,
  )

async function statesAt(now: Date) {
  const revoked = new Set(
    (await asSystem('a test', (tx) => tx.select().from(revocations)))
      .filter(({ restoredAt }) => !restoredAt)
      .map(({ keyId }) => keyId),
  )
  const all = await asSystem('a test', (tx) => tx.select().from(keys))
  return all.map((key) => ({ ...key, state: stateOf({ ...key, revoked: revoked.has(key.id) }, now) }))
}

describe.each(days)('on %s', (day) => {
  const now = new Date(day)

  beforeAll(async () => {
    await emptyDatabase()
    setClock(() => now)
    expect(await seed('small')).toBe(true)
  })

  test('there are keys in every state, and the trial has nine days left', async () => {
    const seeded = await statesAt(now)
    // Works only later: that takes a refund, and nobody has paid.
    expect(keyStates.filter((state) => !seeded.some((key) => key.state === state))).toEqual(['not_started'])
    expect(new Set(seeded.map(({ kind }) => kind)).size).toBe(3)
    const trials = seeded.filter(({ kind, state }) => kind === 'trial' && state === 'expiring')
    const daysLeft = trials.map(({ expiresAt }) => {
      const lastDay = new Date((expiresAt?.getTime() ?? 0) - 1)
      return daysBetween(now, lastDay, 'Europe/Paris')
    })
    expect(daysLeft).toContain(9)
  })

  test('three organizations have members of every role', async () => {
    const roles = await read<{ slug: string }>(
      `select slug from organizations o join memberships m on m.organization_id = o.id
       group by slug having count(distinct role) = cardinality(enum_range(null::member_role))`,
    )
    expect(roles).toHaveLength(3)
  })

  test('nothing was refused, nothing lies in the future, and every trail goes forward in time', async () => {
    const entries = await read<{ refused: string; future: string; back: string }>(
      `select count(*) filter (where outcome = 'refused') as refused,
              count(*) filter (where at >= '${day}') as future,
              count(*) filter (where at < before) as back
       from (select *, lag(at) over (partition by organization_id order by sequence) as before
             from audit_entries) as trail`,
    )
    expect(entries).toEqual([{ refused: '0', future: '0', back: '0' }])
  })

  test('one signing key is published, since before the first customer came', async () => {
    const signing = await read(
      `select signs_from < (select min(created_at) from organizations) as early from signing_keys`,
    )
    expect(signing).toEqual([{ early: true }])
  })
})

test('a second seed finds the first and does nothing', async () => {
  await emptyDatabase()
  await seed('small')
  const before = await counts()
  expect(await seed('small')).toBe(false)
  expect(await counts()).toEqual(before)
})

test('what a version without leases has filled gets a signing key', async () => {
  await emptyDatabase()
  await seed('small')
  await onConnection(database.ownerUrl, (owner) => owner.query('truncate signing_keys, key_sets'))
  expect(await seed('small')).toBe(true)
  expect(await read('select version from key_sets')).toEqual([{ version: 1 }])
  expect(await seed('small')).toBe(false)
})

test('a seed that was cut short goes on, also on a later day, and makes nothing twice', async () => {
  await emptyDatabase()
  setClock(() => new Date(days[0] ?? ''))
  await seed('small')
  const whole = await counts()
  await emptyDatabase()
  const cuts = [-1_000, -300, -97, -9, -3]
  for (const [index, ago] of cuts.entries()) {
    setClock(() => new Date(Date.parse(days[0] ?? '') + index * 3_600_000 * 20))
    const found = await lookAround()
    const cut = seedSmall(found, (past) =>
      past.on(past.day(ago), 'power cut', () => Promise.reject(new Error('cut'))),
    )
    await expect(cut).rejects.toThrow('cut')
  }
  setClock(() => new Date(Date.parse(days[0] ?? '') + 5 * 86_400_000))
  expect(await seed('small')).toBe(true)
  expect(await counts()).toEqual(whole)
})
