import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import { expect, test } from 'vitest'
import type { TestDatabase } from '@/sandbox/test/database'
import {
  fillOrganization,
  makeCatalog,
  makeOrganization,
  onConnection,
  productDatabase,
  refusalOf,
} from '@/sandbox/test/fixture'

/** What must not come true, the constraint that refuses it, and the statement that tries. */
export type Wrong = [what: string, constraint: string, sql: () => string]

/** A database in which the organization `acme` has a row of every kind, and `globex` has its members. */
export async function filledDatabase() {
  const database = await productDatabase()
  await makeCatalog()
  const own = await makeOrganization('acme')
  await makeOrganization('globex')
  return { database, own, ids: await fillOrganization(database, own) }
}

/**
 * Tries each of `wrong`, as the owner of the tables: what the constraints refuse, they refuse also whom no grant holds back
 * (for those see db/rights.test.ts). And looks whether each constraint of the schema's tables was tried.
 * @param known constraints of which other tests speak.
 */
export function refuses(
  { ownerUrl }: TestDatabase,
  schema: Record<string, unknown>,
  wrong: Wrong[],
  known: string[] = [],
) {
  test.each(wrong)('the database refuses %s', async (_what, constraint, statement) => {
    await onConnection(ownerUrl, async (client) => {
      // What is only asked at the commit is asked at once.
      await client.query(`begin; set local latchkey.scope = 'system'; set constraints all immediate`)
      const refusal = await refusalOf(client, statement())
      // 23502 not null, 23503 reference, 23505 unique, 23514 check, 23P01 exclusion
      expect(refusal.code, refusal.message).toMatch(/^23(502|503|505|514|P01)$/)
      expect(refusal.constraint ?? '').toBe(constraint)
    })
  })

  test('each check, exclusion, trigger and partial unique index of these tables is tried above', async () => {
    const { rows } = await onConnection(ownerUrl, (client) =>
      client.query<{ name: string }>(
        `select conname as name from pg_constraint
         where conrelid = any($1::regclass[]) and contype in ('c', 'x', 't')
         union select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
         where i.indrelid = any($1::regclass[]) and i.indisunique and i.indpred is not null`,
        [tablesOf(schema).map(getTableName)],
      ),
    )
    const tried = [...wrong.map(([, constraint]) => constraint), ...known]
    expect(rows.map(({ name }) => name).filter((name) => !tried.includes(name))).toEqual([])
    expect(rows.length).toBeGreaterThan(0)
  })
}

const tablesOf = (schema: Record<string, unknown>) =>
  Object.values(schema).filter((one): one is PgTable => is(one, PgTable))

/** The columns that are given, unlike those that Postgres computes. */
export const givenColumns = (table: PgTable) =>
  Object.values(getTableColumns(table))
    .filter(({ generated }) => !generated)
    .map(({ name }) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))

/** A copy of a row with some values changed, as a second row. */
export const again = (table: string, where: string, changes: Record<string, unknown>, columns?: string[]) =>
  `insert into ${table} ${columns ? `(${columns})` : ''}
   select ${columns ? columns.map((column) => `r.${column}`) : 'r.*'} from ${table} t,
     jsonb_populate_record(null::${table}, to_jsonb(t) || '${JSON.stringify(changes)}') r where t.${where} limit 1`
