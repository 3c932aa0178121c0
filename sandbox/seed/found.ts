import { eq, exists } from 'drizzle-orm'
import { instances } from '@/db/schema/instances'
import { memberships, organizations } from '@/db/schema/organizations'
import { asSystem, type SystemTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { later, startOfDay } from '@/lib/organizations/calendar'
import { morlanges, morlangesSince } from './morlanges'
import { seedTimeZone } from './past'

export interface Found {
  /** Midnight of the day that the seed's past leads up to: today, or the day on which a seed that was cut short began. */
  today: Date
  began: boolean
  /** There are organizations, and none of them is a seed's. */
  foreign: boolean
  organizations: Map<string, { organizationId: string; hasMembers: boolean; hasInstances: boolean }>
}

/** What an earlier seed left. */
export async function lookAround(): Promise<Found> {
  const rows = await asSystem('see what an earlier seed left', findOrganizations)
  const first = rows.find(({ slug }) => slug === morlanges)
  return {
    today: first
      ? later(startOfDay(first.createdAt, seedTimeZone), seedTimeZone, { days: morlangesSince })
      : startOfDay(now(), seedTimeZone),
    began: first !== undefined,
    foreign: rows.length > 0 && !first,
    organizations: new Map(rows.map(({ slug, createdAt, ...rest }) => [slug, rest])),
  }
}

function findOrganizations(tx: SystemTx) {
  const itsMembers = tx
    .select({ id: memberships.personId })
    .from(memberships)
    .where(eq(memberships.organizationId, organizations.id))
  const itsInstances = tx
    .select({ id: instances.id })
    .from(instances)
    .where(eq(instances.organizationId, organizations.id))
  return tx
    .select({
      slug: organizations.slug,
      createdAt: organizations.createdAt,
      organizationId: organizations.id,
      hasMembers: exists(itsMembers).mapWith(Boolean),
      hasInstances: exists(itsInstances).mapWith(Boolean),
    })
    .from(organizations)
}
