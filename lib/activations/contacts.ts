import { sql } from 'drizzle-orm'
import { readInstant, readInstantOrNull } from '@/db/read-instant'
import type { OrganizationTx } from '@/db/scope'
import { type Contact, contactOf, contactOfInstance, silentSince } from './rules'

/** An instance whose GLPI has called and does no more, with what of it that is about. */
export interface QuietInstance {
  id: string
  label: string
  contact: Extract<Contact, 'stopped' | 'silent'>
  /** Of those that stopped or are silent the names, as they are sold. */
  products: string[]
  lastAt: Date
  /** Until when they went on, or go on, without contact; null where no answer said so. */
  until: Date | null
}

export interface QuietInstances {
  stopped: QuietInstance[]
  silent: QuietInstance[]
  /** There are more keys than were looked at; those that stopped first are among them. */
  more: boolean
}

interface Seen {
  id: string
  label: string
  product: string
  lastAt: Date
  leaseEndsAt: Date | null
  givenBackAt: Date | null
}

const most = 500

/**
 * The instances in use with a key that works and has not been heard of for a day: those that stopped, the one that did
 * last first, and those that are silent, likewise. Each page asks it, for the number beside the overview.
 */
export async function quietInstances(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
): Promise<QuietInstances> {
  const seen = await seenOfQuiet(tx, organizationId, now)
  const quiet = [...Map.groupBy(seen, ({ id }) => id).values()]
    .flatMap((ofInstance) => quietOf(ofInstance, now) ?? [])
    .sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime() || (a.id < b.id ? -1 : 1))
  const those = (contact: Contact) => quiet.filter((one) => one.contact === contact)
  return { stopped: those('stopped'), silent: those('silent'), more: seen.length === most }
}

function quietOf(seen: Seen[], now: Date): QuietInstance | null {
  const contact = contactOfInstance(seen, now)
  const about = seen.filter((one) => contactOf(one, now) === contact)
  const [first] = about
  if (!first || (contact !== 'stopped' && contact !== 'silent')) return null
  const ends = about.flatMap(({ leaseEndsAt }) => leaseEndsAt?.getTime() ?? [])
  return {
    id: first.id,
    label: first.label,
    contact,
    products: [...new Set(about.map(({ product }) => product))].sort(),
    lastAt: new Date(Math.max(...about.map(({ lastAt }) => lastAt.getTime()))),
    until: ends.length > 0 ? new Date(Math.max(...ends)) : null,
  }
}

/**
 * All that is known of these instances' working keys: the last call with each, by whichever installation that was. A key
 * that was replaced, or has moved on, is not expected to be called with. It begins with the calls that are a day old, which
 * are few, and not with the instances, of which there may be thousands.
 */
async function seenOfQuiet(tx: OrganizationTx, organizationId: string, now: Date): Promise<Seen[]> {
  const at = (moment: Date) => sql`${moment.toISOString()}::timestamptz`
  const { rows } = await tx.execute<Written>(sql`
    select q.id, q.label, p.name as product, q.last_at as "lastAt", a.lease_ends_at as "leaseEndsAt",
      a.given_back_at as "givenBackAt"
    from (
      select i.id, i.label, k.product_id, s.key_id, s.installation_id, s.last_at,
        min(s.last_at) over (partition by i.id) as since
      from (
        select distinct s.instance_id from sightings s
        where s.organization_id = ${organizationId} and not s.followed and s.last_at < ${at(silentSince(now))}
      ) c join instances i on i.organization_id = ${organizationId} and i.id = c.instance_id cross join lateral (
        select distinct on (s.key_id) s.key_id, s.installation_id, s.last_at from sightings s
        where s.organization_id = ${organizationId} and s.instance_id = i.id
        order by s.key_id, s.last_at desc
      ) s join keys k on k.organization_id = ${organizationId} and k.id = s.key_id
      where i.retired_at is null and i.installation_id is not null
        and k.ends_at > ${at(now)} and k.replaced_at is null
        and (k.instance_id is null or k.instance_id in (i.id, i.test_of_id))
        and not exists (select from revocations r
          where r.organization_id = ${organizationId} and r.key_id = k.id and r.restored_at is null)
    ) q left join lateral (
      select a.lease_ends_at, a.given_back_at from activations a
      where a.organization_id = ${organizationId} and a.key_id = q.key_id and a.installation_id = q.installation_id
      order by a.created_at desc limit 1
    ) a on true join products p on p.id = q.product_id
    where q.since < ${at(silentSince(now))}
    order by a.lease_ends_at, q.last_at, q.key_id limit ${most}`)
  return rows.map(({ lastAt, leaseEndsAt, givenBackAt, ...row }) => ({
    ...row,
    lastAt: readInstant(lastAt),
    leaseEndsAt: readInstantOrNull(leaseEndsAt),
    givenBackAt: readInstantOrNull(givenBackAt),
  }))
}

type Written = Pick<Seen, 'id' | 'label' | 'product'> & {
  lastAt: string
  leaseEndsAt: string | null
  givenBackAt: string | null
}
