import { sql } from 'drizzle-orm'
import type { OrganizationTx } from '@/db/scope'

/**
 * Has the GLPIs of a tenth of an organization's instances use their keys: one call with each within the last 26 hours, so
 * that a few of them are silent. What commands would have written of it, without the entries in the audit trail, which are
 * a GLPI's own and cannot be written in bulk.
 */
export async function bulkCalls(tx: OrganizationTx, organizationId: string, now: Date) {
  const moment = sql`${now.toISOString()}::timestamptz`
  await tx.execute(sql`update instances set installation_id = replace(gen_random_uuid()::text, '-', '')
    where organization_id = ${organizationId} and label like '%1' and retired_at is null and installation_id is null`)
  await tx.execute(sql`
    with calls as materialized (
      select k.id as key_id, i.id as instance_id, i.installation_id, i.environment, i.glpi_version, k.expires_at,
        k.binding <> 'organization' as exclusive, k.first_seen_at as first_at,
        ${moment} - (get_byte(sha256(i.id::text::bytea), 0) * 256 + get_byte(sha256(i.id::text::bytea), 1)) % 1560
          * interval '1 minute' as last_at
      from instances i join keys k on k.organization_id = i.organization_id and k.instance_id = i.id
      where i.organization_id = ${organizationId} and i.installation_id is not null
        and k.first_seen_at is not null and k.replaced_at is null and (k.expires_at is null or k.expires_at > ${moment})
        and not exists (select from revocations r
          where r.organization_id = k.organization_id and r.key_id = k.id and r.restored_at is null)
    ), activated as (
      insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive,
          secret_hash, lease_ends_at, created_at, refreshed_at)
        select gen_random_uuid(), ${organizationId}, key_id, instance_id, installation_id, environment, exclusive,
          sha256(key_id::text::bytea), least(last_at + interval '7 days', expires_at), least(first_at, last_at), last_at
        from calls
    ), seen as (
      insert into sightings (organization_id, key_id, installation_id, instance_id, first_at, last_at, glpi_version)
        select ${organizationId}, key_id, installation_id, instance_id, least(first_at, last_at), last_at, glpi_version from calls
    )
    insert into checks (organization_id, key_id, instance_id, installation_id, at, asked, code, notes, glpi_version, calls)
      select ${organizationId}, key_id, instance_id, installation_id, last_at, 'refresh', 'ok', '{}', glpi_version, 1
      from calls`)
}
