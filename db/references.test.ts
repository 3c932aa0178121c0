import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type Fixture,
  makeFilled,
  onConnection,
  productDatabase,
  refusalOf,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()

interface Reference {
  name: string
  from: string
  to: string
  columns: string[]
  target: string[]
  /** Columns that Postgres writes itself. */
  generated: string[]
}

// Each foreign key between two tables that both have an organization_id.
const references = await rowsOf<Reference>(
  database,
  `select k.conname as name, k.conrelid::regclass::text as from, k.confrelid::regclass::text as to,
     (select array_agg(a.attname::text order by p.at) from unnest(k.conkey) with ordinality p(num, at)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.num) as columns,
     (select array_agg(a.attname::text order by p.at) from unnest(k.confkey) with ordinality p(num, at)
        join pg_attribute a on a.attrelid = k.confrelid and a.attnum = p.num) as target,
     (select coalesce(array_agg(a.attname::text), '{}') from pg_attribute a
        where a.attrelid = k.conrelid and a.attnum = any(k.conkey) and a.attgenerated <> '') as generated
   from pg_constraint k
   where k.contype = 'f' and not exists (
     select from unnest(array[k.conrelid, k.confrelid]) side(id)
     where not exists (select from pg_attribute a where a.attrelid = side.id and a.attname = 'organization_id'))
   order by 1`,
)

let own: Fixture
let other: Fixture

beforeAll(async () => {
  own = await makeFilled(database)
  other = await makeFilled(database, 'globex')
})

test(`[Z9] each of ${references.length} references between an organization's rows includes organization_id on both sides`, () => {
  expect(references.length).toBeGreaterThanOrEqual(10)
  for (const { name, columns, target } of references) {
    expect(target[columns.indexOf('organization_id')], name).toBe('organization_id')
  }
})

test('a column that looks like a reference to a row is one', async () => {
  const loose = await rowsOf(
    database,
    `select c.relname as table, a.attname as column from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attname like '%\\_id' and a.atttypid = 'uuid'::regtype
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
       and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any(k.conkey))`,
  )
  expect(loose).toEqual([])
})

describe.each(references)('$name', ({ name, from, to, columns, target, generated }) => {
  const pairs = columns.map((column, index) => ({ column, target: target[index] ?? '' }))
  const loose = pairs.filter(({ column }) => column !== 'organization_id' && !generated.includes(column))

  test("[Z9] another organization's row and no row at all are refused alike, and nothing is written (3 trials)", async () => {
    const snapshot = () =>
      rowsOf(database, `select to_jsonb(t) as row from ${from} t order by to_jsonb(t)::text`)
    const before = await snapshot()
    const set = loose.map(({ column }, index) => `${column} = $${index + 1}`).join(', ')
    const isSet = loose.map(({ column }) => `${column} is not null`).join(' and ')
    // One row, so that a unique index is not what refuses.
    const one = `ctid = (select ctid from ${from} where ${isSet} limit 1)`
    // One that is referred to already and one that is not: a unique index must not answer in the place of the reference.
    const refers = `exists (select from ${from} f where ${pairs.map((pair) => `f.${pair.column} = t.${pair.target}`).join(' and ')})`
    const [free] = await rowsOf<Record<string, unknown>>(
      database,
      `select t.* from ${to} t where t.organization_id = $1 order by ${refers} limit 1`,
      [other.organizationId],
    )
    const [taken] = await rowsOf<Record<string, unknown>>(
      database,
      `select t.* from ${to} t where t.organization_id = $1 order by not ${refers} limit 1`,
      [other.organizationId],
    )
    const valuesOf = (row?: Record<string, unknown>) => loose.map((pair) => row?.[pair.target])
    expect([...valuesOf(free), ...valuesOf(taken)].every(Boolean), `the fixture has no row of ${to}`).toBe(
      true,
    )
    const none = loose.map((pair) => (pair.target === 'id' ? randomUUID() : free?.[pair.target]))
    await onConnection(database.ownerUrl, async (client) => {
      await client.query(`begin; set local latchkey.organization_id = '${own.organizationId}'`)
      expect(
        (await client.query(`select from ${from} where ${one}`)).rowCount,
        `no row of ${from} refers`,
      ).toBe(1)
      const refusals = []
      for (const values of [none, valuesOf(free), valuesOf(taken)]) {
        refusals.push(await refusalOf(client, `update ${from} set ${set} where ${one}`, values))
      }
      expect(refusals[0]).toMatchObject({ code: '23503', constraint: name, rows: 0 })
      expect(refusals[1]).toEqual(refusals[0])
      expect(refusals[2]).toEqual(refusals[0])
      await client.query('commit')
    })
    expect(await snapshot()).toEqual(before)
  })
})
