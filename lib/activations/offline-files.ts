import { and, desc, eq, isNull, max, min, sql } from 'drizzle-orm'
import { readInstant } from '@/db/read-instant'
import { apiTokens } from '@/db/schema/api-tokens'
import { products } from '@/db/schema/catalog'
import { keys } from '@/db/schema/keys'
import { offlineFiles } from '@/db/schema/offline-files'
import { people } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'
import { expiringDays } from '@/lib/keys/rules'
import { placeLeftUntil } from './place-left'

export type OfflineFileRow = Awaited<ReturnType<typeof listOfflineFiles>>[number]

const plugin = sql`coalesce(${offlineFiles.productId}, ${keys.productId})`

/** The offline activation files that were fetched for an instance, the newest first, each with who fetched it. */
export function listOfflineFiles(
  tx: OrganizationTx,
  organizationId: string,
  instanceId: string,
  most: number,
) {
  return tx
    .select({
      id: offlineFiles.id,
      installationId: offlineFiles.installationId,
      keyId: keys.id,
      shortId: keys.shortId,
      product: products.name,
      issuedAt: offlineFiles.issuedAt,
      worksUntil: offlineFiles.worksUntil,
      goneAt: offlineFiles.goneAt,
      /** Null where a program did, with this token. */
      person: sql<string | null>`coalesce(nullif(${people.name}, ''), ${people.email})`,
      token: apiTokens.name,
    })
    .from(offlineFiles)
    .innerJoin(
      keys,
      and(eq(keys.organizationId, offlineFiles.organizationId), eq(keys.id, offlineFiles.keyId)),
    )
    .innerJoin(products, eq(products.id, plugin))
    .leftJoin(people, eq(people.id, offlineFiles.issuedById))
    .leftJoin(
      apiTokens,
      and(
        eq(apiTokens.organizationId, offlineFiles.organizationId),
        eq(apiTokens.id, offlineFiles.apiTokenId),
      ),
    )
    .where(filesOf(organizationId, instanceId))
    .orderBy(desc(offlineFiles.issuedAt), desc(offlineFiles.id))
    .limit(most)
}

/**
 * For whom a file was fetched, and per key, with the plugins that its files are for, until when one of that installation can
 * work: the day on which that key's place is free once the installation is said to be gone. `freesAt`: once that was said, from
 * when on another one may have its place.
 * @throws NotFound for one that the organization does not have.
 */
export async function offlineInstallation(tx: OrganizationTx, organizationId: string, fileId: string) {
  const [file] = await tx
    .select({
      id: offlineFiles.id,
      instanceId: offlineFiles.instanceId,
      installationId: offlineFiles.installationId,
      goneAt: offlineFiles.goneAt,
    })
    .from(offlineFiles)
    .where(and(eq(offlineFiles.organizationId, organizationId), eq(offlineFiles.id, fileId)))
  if (!file) throw new NotFound('offline_file')
  const until = max(offlineFiles.worksUntil)
  const places = await tx
    .select({
      shortId: keys.shortId,
      product: sql<string>`string_agg(distinct ${products.name}, ', ' order by ${products.name})`,
      worksUntil: until,
    })
    .from(offlineFiles)
    .innerJoin(
      keys,
      and(eq(keys.organizationId, offlineFiles.organizationId), eq(keys.id, offlineFiles.keyId)),
    )
    .innerJoin(products, eq(products.id, plugin))
    .where(
      and(filesOf(organizationId, file.instanceId), eq(offlineFiles.installationId, file.installationId)),
    )
    .groupBy(keys.id, keys.shortId)
    .orderBy(min(products.name), keys.shortId)
  const freesAt = file.goneAt ? await placeLeftUntil(tx, organizationId, file) : null
  return { ...file, freesAt, places: places.flatMap(dated) }
}

/**
 * What is to be fetched anew: of each installation that uses files, the products whose newest file ends within 30 days. A
 * file that was fetched with the key of a new term stands for the one before.
 */
export async function filesThatEnd(
  tx: OrganizationTx,
  organizationId: string,
  instanceId: string,
  now: Date,
) {
  const until = max(offlineFiles.worksUntil)
  const days = (count: number) =>
    sql`${new Date(now.getTime() + count * 86_400_000).toISOString()}::timestamptz`
  const found = await tx
    .select({ productId: products.id, product: products.name, worksUntil: until })
    .from(offlineFiles)
    .innerJoin(
      keys,
      and(eq(keys.organizationId, offlineFiles.organizationId), eq(keys.id, offlineFiles.keyId)),
    )
    .innerJoin(products, eq(products.id, plugin))
    .where(and(filesOf(organizationId, instanceId), isNull(offlineFiles.goneAt)))
    .groupBy(offlineFiles.installationId, products.id, products.name)
    .having(sql`${until} > ${days(0)} and ${until} <= ${days(expiringDays)}`)
    .orderBy(until, products.name)
  return found.flatMap(dated)
}

/**
 * How many offline files work in the instances in use, of each installation and product the newest, and which of them ends
 * first; null where none does.
 */
export async function offlineSummary(tx: OrganizationTx, organizationId: string, now: Date) {
  const { rows } = await tx.execute<{ instanceId: string; endsAt: string; files: number }>(sql`
    select i.id as "instanceId", f.ends_at as "endsAt", count(*) over ()::int as files
    from instances i cross join lateral (
      select max(f.works_until) as ends_at
      from offline_files f join keys k on k.organization_id = ${organizationId} and k.id = f.key_id
      where f.organization_id = ${organizationId} and f.instance_id = i.id and f.gone_at is null
        and f.works_until > ${now.toISOString()}::timestamptz
      group by f.installation_id, coalesce(f.product_id, k.product_id)
    ) f where i.organization_id = ${organizationId} and i.retired_at is null
    order by f.ends_at, i.id limit 1`)
  const [next] = rows
  return next ? { ...next, endsAt: readInstant(next.endsAt) } : null
}

const filesOf = (organizationId: string, instanceId: string) =>
  and(eq(offlineFiles.organizationId, organizationId), eq(offlineFiles.instanceId, instanceId))

/** The latest of a group, which has at least one. */
const dated = <Row extends { worksUntil: Date | null }>({ worksUntil, ...row }: Row) =>
  worksUntil ? [{ ...row, worksUntil }] : []
