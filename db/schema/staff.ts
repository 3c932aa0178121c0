import { sql } from 'drizzle-orm'
import { check, index, pgEnum, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationPolicy } from './columns'
import { organizations } from './organizations'
import { people } from './people'

export const staffRole = pgEnum('staff_role', ['account_manager', 'admin'])

/** The vendor's people. A row stays when somebody goes: what they did still names them. */
export const staff = pgTable(
  'staff',
  {
    personId: uuid()
      .primaryKey()
      .references(() => people.id),
    role: staffRole().notNull(),
    addedAt: instant().notNull(),
    endedAt: instant(),
  },
  (t) => [check('staff_span', sql`${t.addedAt} <= ${t.endedAt}`)],
)

/** Which account managers act for an organization. Who was one before stands in its audit trail. */
export const assignments = pgTable(
  'assignments',
  {
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    personId: uuid()
      .notNull()
      .references(() => staff.personId),
    assignedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.personId] }),
    index('assignments_person').on(t.personId),
    ...organizationPolicy(t.organizationId),
  ],
)
