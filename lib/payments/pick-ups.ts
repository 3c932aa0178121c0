import { sql } from 'drizzle-orm'
import { readInstantOrNull } from '@/db/read-instant'
import type { OrganizationTx } from '@/db/scope'
import { type PickUp, pickUpOf } from '@/lib/subscriptions/rules'

/** Where a renewal's key has to come to: a plugin in a GLPI, or GLPI's own box, into which somebody pastes it. */
export interface PickUpPlace {
  where: 'plugin' | 'glpi'
  instance: string
  /** Of a key of a suite: which of its products. */
  product: string | null
  /** Several of these have one activation, of which one holds the secret. */
  shared: boolean
  /** It is a test copy. */
  test: boolean
  /** When the key service gave the plugin the new key. */
  fetchedAt: Date | null
  /** Since when the new key is used there. */
  usesAt: Date | null
  /** Of that moment no more is known than its day (UTC). */
  byDay: boolean
  pickUp: PickUp
}

/** What GLPI itself asks, and no plugin. */
const ofGlpi = sql`('registration', 'marketplace', 'download')`

/**
 * Where the old or the new key of a renewal is in use, and how far the new one has come there; production first. Of GLPI's own
 * box no more is known than which key it has called with: for 30 days to the second, and before that by day (UTC).
 */
export async function pickUpsOf(
  tx: OrganizationTx,
  organizationId: string,
  { oldId, newId }: { oldId: string; newId: string },
): Promise<PickUpPlace[]> {
  const ofKeys = sql`organization_id = ${organizationId} and key_id in (${oldId}, ${newId})`
  const { rows } = await tx.execute<Written>(sql`
    select p."where", p.instance_id as "instanceId", p.installation, p.product, i.label as instance, i.environment = 'test' as test, p.fetched_at as "fetchedAt", p.uses_at as "usesAt", p.by_day as "byDay", p.fetches
    from (
      select 'plugin' as "where", a.instance_id, a.installation_id as installation, inside.product,
        min((select h.handed_at from handovers h where h.organization_id = ${organizationId} and h.activation_id = a.id
          and h.key_id = ${newId})) as fetched_at,
        min(a.created_at) filter (where a.key_id = ${newId}) as uses_at, false as by_day,
        bool_or(a.proved_at is not null) and exists (select from sealed_keys s where s.organization_id = ${organizationId}
          and s.key_id = ${newId} and s.under_id = ${oldId}) as fetches
      from activations a left join lateral (
        -- A suite's key is in several plugins, which share its activation: whichever has asked.
        select p.name as product from keys k join suite_products s on s.suite_id = k.product_id
          join products p on p.id = s.product_id and a.leases ? p.reference
        where k.organization_id = ${organizationId} and k.id = ${newId}
      ) inside on true
      where ${ofKeys}
      group by a.instance_id, a.installation_id, inside.product having bool_or(a.given_back_at is null)
      union all
      select 'glpi', c.instance_id, null, null, null, min(c.at) filter (where c.key_id = ${newId}),
        (array_agg(c.by_day order by c.at) filter (where c.key_id = ${newId}))[1], false
      from (
        select instance_id, key_id, at, false as by_day from checks where ${ofKeys} and asked in ${ofGlpi} and code = 'ok'
        union all
        select instance_id, key_id, day::timestamp at time zone 'UTC', true from check_days
        where ${ofKeys} and asked in ${ofGlpi} and code = 'ok'
      ) c where c.instance_id is not null group by c.instance_id
    ) p join instances i on i.organization_id = ${organizationId} and i.id = p.instance_id and i.retired_at is null
    order by i.environment, i.label, p."where" desc, p.uses_at, p.product
    limit ${mostPlaces}`)
  const together = Map.groupBy(rows, placeOf)
  return rows.map((row) => {
    const { where, instance, product, test, byDay, fetches } = row
    const beside = together.get(placeOf(row)) ?? []
    const shared = where === 'plugin' && beside.length > 1
    const times = { fetchedAt: readInstantOrNull(row.fetchedAt), usesAt: readInstantOrNull(row.usesAt) }
    const taken = beside.some(({ usesAt }) => usesAt !== null)
    const pickUp = pickUpOf({ fetches, ...times, shared: shared ? { taken } : null })
    return { where, instance, product, test, shared, ...times, byDay: byDay ?? false, pickUp }
  })
}

const placeOf = ({ where, instanceId, installation }: Written) => [where, instanceId, installation].join(' ')

/** A key of a whole organization may be in as many as that has. */
const mostPlaces = 50

type Written = {
  where: 'plugin' | 'glpi'
  instanceId: string
  instance: string
  test: boolean
  byDay: boolean | null
  /** The new key waits to be handed to it. */
  fetches: boolean
} & Record<'fetchedAt' | 'usesAt' | 'product' | 'installation', string | null>
