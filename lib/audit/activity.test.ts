import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import {
  type ActivityFilter,
  auditKinds,
  auditOutcomes,
  listActivity,
  peopleOfActivity,
} from '@/lib/audit/activity'
import { appendAudit } from '@/lib/audit/append'
import {
  type Fixture,
  makeFilled,
  makeOrganization,
  onConnection,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
const bulk = process.env.STRESS ? 1_000_000 : 100_000
let own: Fixture
let large: Fixture

beforeAll(async () => {
  own = await makeFilled(database)
  large = await makeOrganization('large')
}, 600_000)

type Filter = Omit<ActivityFilter, 'organizationId'>
const page = (
  fixture: Fixture,
  filter: Filter,
  cursor?: Parameters<typeof listActivity>[2]['cursor'],
  size = 7,
) =>
  asOrganization(fixture.organizationId, (tx) =>
    listActivity(tx, { organizationId: fixture.organizationId, ...filter }, { cursor, size }),
  )

/** Follows the list to its end and back to its beginning. */
async function walked(filter: Filter) {
  const forwards = []
  let at = await page(own, filter)
  for (;;) {
    forwards.push(...at.rows)
    if (!at.next) break
    at = await page(own, filter, at.next)
  }
  const backwards = [...at.rows]
  while (at.previous) {
    at = await page(own, filter, at.previous)
    backwards.unshift(...at.rows)
  }
  return { forwards, backwards }
}

// After what the commands above did: entries are found by their day in the order in which they were written.
const start = Date.now() + 86_400_000
const day = 86_400_000

test('a filter shows what it says and nothing else, page by page and back again', async () => {
  const actions = [
    'key.reveal',
    'instance.edit',
    'address.add',
    'trial.start',
    'member.remove',
    'organization.read',
  ]
  const people = Object.values(own.people)
  await asOrganization(own.organizationId, async (tx) => {
    for (let index = 0; index < 200; index++) {
      const personId = index % 5 === 0 ? null : (people[index % people.length] ?? null)
      const actor = personId ? (index % 7 === 0 ? 'staff' : 'member') : 'system'
      // A quarter of an hour each, and every third command began half an hour before the one that it ended after.
      const at = new Date(start + index * 900_000 - (index % 3 === 0 ? 1_800_000 : 0))
      await appendAudit(tx, { organizationId: own.organizationId, actor, personId, at }, [
        { action: actions[index % actions.length] ?? '', outcome: index % 11 === 0 ? 'refused' : 'done' },
      ])
    }
  })
  const all = await rowsOf<{
    sequence: number
    at: Date
    actor: string
    person: string
    kind: string
    outcome: string
  }>(
    database,
    `select sequence::int, at, actor, person_id as person, kind, outcome from audit_entries
     where organization_id = $1 order by sequence desc`,
    [own.organizationId],
  )
  expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(auditKinds))
  const moment = fc.integer({ min: -2, max: 60 }).map((n) => new Date(start + (n * day) / 20))
  const filters = fc.record({
    who: fc.constantFrom(undefined, 'vendor', ...people),
    kind: fc.constantFrom(undefined, ...auditKinds),
    outcome: fc.constantFrom(undefined, ...auditOutcomes),
    from: fc.option(moment, { nil: undefined }),
    to: fc.option(moment, { nil: undefined }),
  })
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const { who, kind, outcome, from, to } = filter
      const meant = all.filter(
        (entry) =>
          (!who || (who === 'vendor' ? ['staff', 'system'].includes(entry.actor) : entry.person === who)) &&
          (!kind || entry.kind === kind) &&
          (!outcome || entry.outcome === outcome) &&
          (!from || entry.at >= from) &&
          (!to || entry.at < to),
      )
      const { forwards, backwards } = await walked(filter)
      expect(forwards.map(({ sequence }) => sequence)).toEqual(meant.map(({ sequence }) => sequence))
      expect(backwards).toEqual(forwards)
    }),
    { numRuns: process.env.STRESS ? 1_000 : 60 },
  )
})

test('what GLPIs do with keys is found under keys, as what members say of them is', async () => {
  const { organizationId } = await makeOrganization('called')
  const actions = [
    'activation.activate',
    'installation.bind',
    'question.answer',
    'question.answer_all',
    'offline_file.issue',
  ]
  await asOrganization(organizationId, (tx) =>
    appendAudit(
      tx,
      { organizationId, actor: 'glpi', personId: null, at: new Date(start) },
      actions.map((action) => ({ action, outcome: 'done' as const })),
    ),
  )
  const { rows } = await asOrganization(organizationId, (tx) =>
    listActivity(tx, { organizationId, kind: 'key' }, { size: 50 }),
  )
  expect(rows.map(({ action }) => action).sort()).toEqual(actions.sort())
})

test('a command that took almost an hour is found by when it began, and hides nothing that ended before it', async () => {
  const { organizationId, people } = await makeOrganization('slow')
  const [before, long, during] = [0, 30_000, 3_600_000].map((ms) => new Date(start + ms))
  // As they ended: what began half a minute later ended last.
  for (const moment of [before, during, long])
    await asOrganization(organizationId, (tx) =>
      appendAudit(
        tx,
        { organizationId, actor: 'member', personId: people.owner, at: moment ?? new Date(0) },
        [{ action: 'key.reveal', outcome: 'done' }],
      ),
    )
  const shown = async (filter: Filter) => {
    const { rows } = await asOrganization(organizationId, (tx) =>
      listActivity(tx, { organizationId, ...filter }, { size: 7 }),
    )
    return rows.map((row) => row.at)
  }
  expect(await shown({ from: before, to: new Date(start + 31_000) })).toEqual([long, before])
  expect(await shown({ from: during })).toEqual([during])
})

test('the people of a trail are found by name, also who is no member any more', async () => {
  const [gone] = await rowsOf<{ id: string }>(
    database,
    `insert into people (id, email, name, created_at) values (gen_random_uuid(), 'gone@acme.example', 'Émile', now()) returning id`,
  )
  await asOrganization(own.organizationId, (tx) =>
    appendAudit(
      tx,
      { organizationId: own.organizationId, actor: 'member', personId: gone?.id ?? '', at: new Date() },
      [{ action: 'key.reveal', outcome: 'done' }],
    ),
  )
  const found = (most: number) =>
    asOrganization(own.organizationId, (tx) => peopleOfActivity(tx, own.organizationId, most))
  expect((await found(50)).map(({ name }) => name)).toEqual([
    'billing@acme.example',
    'Émile',
    'owner@acme.example',
    'technical@acme.example',
    'viewer@acme.example',
  ])
  expect(await found(2)).toHaveLength(2)
})

test(`of ${bulk} entries a page reads no more than it shows, whatever is filtered`, async () => {
  await fillInBulk()
  const [first = ''] = Object.values(large.people)
  const filters: Record<string, Filter> = {
    nothing: {},
    'a person': { who: large.people.owner },
    'a person who did one thing': { who: large.people.viewer },
    'what a person never did': { who: first, kind: 'member' },
    'the vendor': { who: 'vendor' },
    'what the vendor was refused': { who: 'vendor', outcome: 'refused' },
    'a frequent kind': { kind: 'key' },
    'a rare kind': { kind: 'other' },
    refused: { outcome: 'refused' },
    'a day long ago': { from: new Date(start + 3 * day), to: new Date(start + 4 * day) },
    'until long ago': { to: new Date(start + 4 * day) },
    'since long ago, rare': { from: new Date(start + 4 * day), kind: 'member', outcome: 'refused' },
    'a day before everything': { to: new Date(start - day) },
  }
  for (const [name, filter] of Object.entries(filters)) {
    const { read, ms } = await asOrganization(large.organizationId, async (tx) => {
      const before = await rowsRead(tx)
      const began = performance.now()
      await listActivity(tx, { organizationId: large.organizationId, ...filter }, { size: 50 })
      return { ms: performance.now() - began, read: (await rowsRead(tx)) - before }
    })
    console.log(`${name}: ${read} rows, ${ms.toFixed(1)} ms`)
    // At most ten groups of 51, each seen in its index and in the table, and the hour beside a day.
    expect({ name, few: read < 2_000 }).toEqual({ name, few: true })
  }
  const people = await asOrganization(large.organizationId, async (tx) => {
    const before = await rowsRead(tx)
    await peopleOfActivity(tx, large.organizationId, 200)
    return (await rowsRead(tx)) - before
  })
  expect(people).toBeLessThan(100)
}, 900_000)

/** Entries and index entries of the trail that this transaction has read so far. */
async function rowsRead(tx: OrganizationTx): Promise<number> {
  const { rows } = await tx.execute<{ n: number }>(sql`
    select sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))::int as n from pg_class
    where oid = 'audit_entries'::regclass
      or oid in (select indexrelid from pg_index where indrelid = 'audit_entries'::regclass)`)
  return rows[0]?.n ?? 0
}

/** Forty days of a busy organization: mostly keys, seldom refused, and one thing by its viewer. Its hashes are none. */
async function fillInBulk() {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`set latchkey.scope = 'system'`)
    await client.query('alter table audit_entries disable trigger user')
    await client.query(
      `insert into audit_entries (id, organization_id, sequence, at, actor, person_id, action, outcome, details, hash)
       select gen_random_uuid(), $1, n, $2::timestamptz + n * interval '40 days' / $3::int,
         case when n % 1000 = 0 then 'system' else 'member' end::audit_actor,
         case when n % 1000 = 0 then null when n = 100 + $3::int / 50 then $4::uuid when n % 2 = 0 then $5::uuid else $6::uuid end,
         case when n % 50000 = 7 then 'organization.read' when n % 10 = 0 then 'instance.edit' else 'key.reveal' end,
         case when n % 5000 = 3 then 'refused' else 'done' end::audit_outcome, '{}', ''
       from generate_series(100, 100 + $3::int) n`,
      [
        large.organizationId,
        new Date(start).toISOString(),
        bulk,
        large.people.viewer,
        large.people.owner,
        large.people.technical,
      ],
    )
    await client.query('analyze audit_entries')
  })
}
