import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { readInstant } from '@/db/read-instant'
import { activations } from '@/db/schema/activations'
import { keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { endActivations } from './end-activations'

type OtherKey = Awaited<ReturnType<typeof othersKeys>>[number]

export type { OtherKey }

/**
 * The keys that are not an instance's own and that a GLPI there may still go by: those of the instance that it is a test
 * copy of, and of the whole organization; until when it can without contact, and when it was given back.
 */
export async function othersKeys(tx: OrganizationTx, organizationId: string, instanceId: string, now: Date) {
  const { rows } = await tx.execute<{
    shortId: string
    product: string
    leaseEndsAt: string
    givenBack: boolean
  }>(sql`
    select k.short_id as "shortId", p.name as product, max(a.lease_ends_at) as "leaseEndsAt",
      bool_and(a.given_back_at is not null) as "givenBack"
    from activations a
      join keys k on k.organization_id = ${organizationId} and k.id = a.key_id
      join products p on p.id = k.product_id
    where a.organization_id = ${organizationId} and a.instance_id = ${instanceId}
      and k.instance_id is distinct from a.instance_id
      and (a.given_back_at is null or a.lease_ends_at > ${now.toISOString()}::timestamptz)
    group by k.id, k.short_id, p.name order by p.name, k.short_id`)
  return rows.map(({ leaseEndsAt, ...row }) => ({ ...row, leaseEndsAt: readInstant(leaseEndsAt) }))
}

/**
 * Gives back what a GLPI has there of other instances' keys and of the organization's: it is refused from now on. Its place is
 * free once its last lease has run out (DESIGN §2, rule 4).
 * @param which narrows it down
 */
export async function giveBackOthersKeys(
  tx: OrganizationTx,
  { organizationId, instanceId, now }: { organizationId: string; instanceId: string; now: Date },
  which?: SQL,
) {
  const others = tx
    .select({ id: keys.id })
    .from(keys)
    .where(
      and(eq(keys.organizationId, organizationId), sql`${keys.instanceId} is distinct from ${instanceId}`),
    )
  const here = eq(activations.instanceId, instanceId)
  await endActivations(tx, organizationId, now, here, inArray(activations.keyId, others), which)
}
