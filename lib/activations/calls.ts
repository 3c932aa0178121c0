import { and, eq, gt, sql } from 'drizzle-orm'
import { readInstant, readInstantOrNull } from '@/db/read-instant'
import { questionCounts } from '@/db/schema/activations'
import { keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import type { ListPlace } from './list-place'
import { type HandoverNote, keptSince } from './rules'

/** When the GLPI of an instance last called with a key, as what, and until when it goes by the answer that it had. */
export interface Seen {
  lastAt: Date
  glpiVersion: string | null
  /** Of a suite's key with the name of each plugin that called. */
  productVersion: string | null
  leaseEndsAt: Date | null
  givenBackAt: Date | null
  /** Where it was given back, from when on another GLPI may have the place, as the plugin was told. */
  freesAt: Date | null
}

/** What is written out comes as Postgres writes it. */
type Written<Row> = {
  [Name in keyof Row]: Row[Name] extends Date
    ? string
    : Row[Name] extends Date | null
      ? string | null
      : Row[Name]
}

const refusedWithinDays = 7

const pluginsOf = sql`(
  select string_agg(p.name || ' ' || v.value, ', ' order by p.name)
  from jsonb_each_text(s.product_versions) v join products p on p.reference = v.key having bool_or(p.id <> k.product_id))`

/** The last call on an instance with each of the keys that it uses, by the key. */
export async function lastSeen(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const { rows } = await tx.execute<Written<Seen> & { keyId: string }>(sql`
    select distinct on (s.key_id) s.key_id as "keyId", s.last_at as "lastAt", s.glpi_version as "glpiVersion",
      coalesce(${pluginsOf}, s.product_version) as "productVersion", a.lease_ends_at as "leaseEndsAt", a.given_back_at as "givenBackAt",
      case when a.given_back_at is not null
        then place_left_until(${organizationId}, a.instance_id, a.installation_id) end as "freesAt"
    from sightings s left join lateral (
      select a.lease_ends_at, a.given_back_at, a.instance_id, a.installation_id from activations a
      where a.organization_id = ${organizationId} and a.key_id = s.key_id and a.installation_id = s.installation_id
      order by a.created_at desc limit 1
    ) a on true join keys k on k.organization_id = ${organizationId} and k.id = s.key_id
    where s.organization_id = ${organizationId} and s.instance_id = ${instanceId}
    order by s.key_id, s.last_at desc`)
  return new Map<string, Seen>(
    rows.map(({ keyId, ...row }) => [
      keyId,
      {
        ...row,
        lastAt: readInstant(row.lastAt),
        leaseEndsAt: readInstantOrNull(row.leaseEndsAt),
        givenBackAt: readInstantOrNull(row.givenBackAt),
        freesAt: readInstantOrNull(row.freesAt),
      },
    ]),
  )
}

/** How often each key of an instance was refused to somebody since `keptSince`, by the key. */
export async function refusedCalls(
  tx: OrganizationTx,
  organizationId: string,
  instanceId: string,
  now: Date,
) {
  const { rows } = await tx.execute<{ keyId: string; calls: number }>(sql`
    select k.id as "keyId", r.calls from keys k cross join lateral (
      select sum(c.calls)::float8 as calls from checks c
      where c.organization_id = ${organizationId} and c.key_id = k.id and c.code <> 'ok'
        and c.at >= ${keptSince(now).toISOString()}::timestamptz
    ) r
    where k.organization_id = ${organizationId} and k.instance_id = ${instanceId} and r.calls > 0`)
  return new Map(rows.map(({ keyId, calls }) => [keyId, calls]))
}

/** How many questions are open about each key of an instance, by the key; none where there are none. */
export async function askedOf(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const rows = await tx
    .select({ keyId: questionCounts.keyId, open: questionCounts.open })
    .from(questionCounts)
    .innerJoin(keys, and(eq(keys.organizationId, organizationId), eq(keys.id, questionCounts.keyId)))
    .where(
      and(
        eq(questionCounts.organizationId, organizationId),
        eq(keys.instanceId, instanceId),
        gt(questionCounts.open, 0),
      ),
    )
  return new Map(rows.map(({ keyId, open }) => [keyId, open]))
}

/** Each that the instance has ever accepted: what such a one is refused, with whichever key, is no stranger's call. */
const installationsOf = (organizationId: string, instanceId: string) => sql`
  select installation_id from instances
    where organization_id = ${organizationId} and id = ${instanceId} and installation_id is not null
  union select installation_id from activations where organization_id = ${organizationId} and instance_id = ${instanceId}
  union select installation_id from sightings where organization_id = ${organizationId} and instance_id = ${instanceId}`

/** One answer, or several alike within a second. */
export interface AnsweredCall {
  id: number
  at: Date
  asked: string
  code: string
  glpiVersion: string | null
  productVersion: string | null
  installationId: string | null
  url: string | null
  calls: number
  /** With a refresh, that another key was handed over, or waited and was not. */
  handover: HandoverNote | null
  shortId: string
  product: string
}

/**
 * What was asked and answered on an instance, whatever its installations were answered, and with its keys from nowhere that is
 * known; the newest first. Of each key and installation no more is read than is shown.
 * @param page with `own`, of the instance and its installations alone: strangers with a stolen key would bury its own calls
 *   under theirs
 */
export async function callsOf(
  tx: OrganizationTx,
  organizationId: string,
  instanceId: string,
  { size, before, own = false }: { size: number; before?: ListPlace | undefined; own?: boolean },
): Promise<AnsweredCall[]> {
  const from = before
    ? sql`and (c.at, c.id) < (${before.at.toISOString()}::timestamptz, ${before.id}::bigint)`
    : sql``
  const first = sql`order by c.at desc, c.id desc limit ${size}`
  const columns = sql`c.id, c.key_id, c.at, c.asked, c.code, c.glpi_version, c.product_version, c.installation_id, c.url, c.calls, c.notes`
  const strangers = sql`union select c.* from keys k cross join lateral (select ${columns} from checks c
          where c.organization_id = ${organizationId} and c.key_id = k.id and c.instance_id is null ${from} ${first}) c
        where k.organization_id = ${organizationId} and k.instance_id = ${instanceId}`
  const { rows } = await tx.execute<Written<AnsweredCall>>(sql`
    select c.id::float8 as id, c.at, c.asked, c.code, c.glpi_version as "glpiVersion", c.product_version as "productVersion",
      c.installation_id as "installationId", c.url, c.calls, (select note from unnest(c.notes) note where note in ('handed_over', 'handover_unproved') limit 1) as handover,
      k.short_id as "shortId", p.name as product
    from (
      (select ${columns} from checks c
        where c.organization_id = ${organizationId} and c.instance_id = ${instanceId} ${from} ${first})
      union select c.* from (${installationsOf(organizationId, instanceId)}) own cross join lateral (select ${columns} from checks c
          where c.organization_id = ${organizationId} and c.installation_id = own.installation_id and c.instance_id is null ${from} ${first}) c
      ${own ? sql`` : strangers}
    ) c join keys k on k.organization_id = ${organizationId} and k.id = c.key_id join products p on p.id = k.product_id
    ${first}`)
  return rows.map((row) => ({ ...row, at: readInstant(row.at) }))
}

/**
 * How often was asked on an instance, and with its keys from nowhere that is known, on the days that are only counted; the
 * last `most` of them.
 */
export async function countedDays(
  tx: OrganizationTx,
  organizationId: string,
  instanceId: string,
  most: number,
) {
  const { rows } = await tx.execute<{ day: string; calls: number; refused: number }>(sql`
    select d.day::text as day, sum(d.calls)::float8 as calls,
      coalesce(sum(d.calls) filter (where d.code <> 'ok'), 0)::float8 as refused
    from (
      select d.day, d.code, d.calls from check_days d
        where d.organization_id = ${organizationId} and d.instance_id = ${instanceId}
      union all select d.day, d.code, d.calls from keys k
        join check_days d on d.organization_id = k.organization_id and d.key_id = k.id and d.instance_id is null
        where k.organization_id = ${organizationId} and k.instance_id = ${instanceId}
    ) d group by d.day order by d.day desc limit ${most}`)
  return rows
}

/** How often keys were refused to somebody within a week. */
export async function refusedWithinWeek(tx: OrganizationTx, organizationId: string, now: Date) {
  const week = sql`${new Date(now.getTime() - refusedWithinDays * 86_400_000).toISOString()}::timestamptz`
  const { rows } = await tx.execute<{ calls: number }>(sql`
    select coalesce(sum(c.calls), 0)::float8 as calls from checks c
    where c.organization_id = ${organizationId} and c.code <> 'ok' and c.at > ${week}`)
  return rows[0]?.calls ?? 0
}
