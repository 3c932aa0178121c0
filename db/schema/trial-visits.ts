import { sql } from 'drizzle-orm'
import { check, date, integer, pgTable, unique, uuid } from 'drizzle-orm/pg-core'
import { products } from './catalog'

/** How often the pages of the trials were opened, by nobody in particular: a day and a number. */
export const trialVisits = pgTable(
  'trial_visits',
  {
    /** In UTC. */
    day: date({ mode: 'string' }).notNull(),
    /** Null: the page of them all. */
    productId: uuid().references(() => products.id),
    count: integer().notNull(),
  },
  (t) => [
    unique('trial_visits_day').on(t.day, t.productId).nullsNotDistinct(),
    check('trial_visits_count', sql`${t.count} >= 1`),
  ],
)
