import type { Pool } from 'pg'
import journal from './migrations/meta/_journal.json'

/** How many of this version's migrations the database has not seen. A newer database has none missing. */
export async function missingMigrations(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ applied: string[] }>(
    `select coalesce(array_agg(created_at::text), '{}') as applied from migrations.__drizzle_migrations`,
  )
  const applied = new Set(rows[0]?.applied)
  return journal.entries.filter(({ when }) => !applied.has(String(when))).length
}
