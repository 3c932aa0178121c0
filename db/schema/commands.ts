import { bigint, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationPolicy } from './columns'
import { organizations } from './organizations'

/** A command that ran under an idempotency key, with its answer: a retry gets the answer instead of a second effect. */
export const commandRuns = pgTable(
  'command_runs',
  {
    organizationId: uuid().references(() => organizations.id),
    command: text().notNull(),
    /** Who asked: another person's identical key is another request. */
    actorId: text().notNull(),
    idempotencyKey: uuid().notNull(),
    inputHash: text().notNull(),
    result: jsonb(),
    ranAt: instant().notNull(),
  },
  (t) => [
    uniqueIndex('command_runs_once').on(t.command, t.actorId, t.idempotencyKey),
    ...organizationPolicy(t.organizationId),
  ],
)

/** Counters of rate-limiter-flexible (its own column names). */
export const rateLimits = pgTable('rate_limits', {
  key: text().primaryKey(),
  points: integer().notNull().default(0),
  expire: bigint({ mode: 'number' }),
})
