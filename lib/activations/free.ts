import { and, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { activations } from '@/db/schema/activations'
import { instances } from '@/db/schema/instances'
import { asSystem } from '@/db/scope'
import { command } from '@/lib/command'
import { lockAnyInstance } from '@/lib/instances/edit'
import { lockKey } from '@/lib/keys/lock'

const FreeInstance = z.object({ instanceId: z.uuid() })

/** Of an instance `i`: its GLPI has given back every key, its last lease has run out, and it has not called since. */
const isLeft = (now: Date) => {
  const of = sql`a.organization_id = i.organization_id and a.instance_id = i.id and a.installation_id = i.installation_id`
  return sql`i.installation_id is not null
    and exists (select from activations a where ${of})
    and not exists (select from activations a
      where ${of} and (a.given_back_at is null or a.lease_ends_at > ${now.toISOString()}::timestamptz))
    and not exists (select from sightings s
      where s.organization_id = i.organization_id and s.instance_id = i.id and s.installation_id = i.installation_id
        and s.last_at > (select max(a.given_back_at) from activations a where ${of}))`
}

/**
 * Lets another GLPI take the place of one that has given it back (DESIGN §2, rule 4). One that is not left is left alone,
 * without an entry.
 * @throws NotFound
 */
export const freeInstance = command(
  'instance.free',
  FreeInstance,
  async ({ tx, organizationId, now, audit, unchanged }, { instanceId }) => {
    const used = await tx
      .selectDistinct({ keyId: activations.keyId })
      .from(activations)
      .where(and(eq(activations.organizationId, organizationId), eq(activations.instanceId, instanceId)))
      .orderBy(activations.keyId)
    // Who activates one of them meanwhile has either finished or not begun.
    for (const { keyId } of used) await lockKey(tx, organizationId, keyId)
    const { installationId, shortId, label } = await lockAnyInstance(tx, organizationId, instanceId)
    const { rows } = await tx.execute(sql`select i.id from instances i
      where i.organization_id = ${organizationId} and i.id = ${instanceId} and ${isLeft(now)}`)
    if (rows.length === 0) return unchanged()
    await tx
      .update(instances)
      .set({ installationId: null })
      .where(and(eq(instances.organizationId, organizationId), eq(instances.id, instanceId)))
    audit({ instanceId, details: { shortId, label, installation: installationId } })
  },
)

/** More are freed on the next day. */
const mostAtOnce = 1_000

/** Frees each instance that is left. @returns how many there were */
export async function freeLeftInstances(now: Date): Promise<number> {
  const { rows } = await asSystem('find instances whose GLPI has left', (tx) =>
    tx.execute<{ id: string; organizationId: string }>(sql`
      select i.id, i.organization_id as "organizationId" from instances i where ${isLeft(now)} limit ${mostAtOnce}`),
  )
  for (const { id: instanceId, organizationId } of rows)
    await freeInstance({ actor: { kind: 'system' }, organizationId }, { instanceId })
  return rows.length
}
