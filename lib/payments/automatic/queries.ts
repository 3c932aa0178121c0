import { and, desc, eq, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm'
import { automaticCharges, automaticRenewals } from '@/db/schema/automatic-renewals'
import { invoices } from '@/db/schema/invoices'
import { keys } from '@/db/schema/keys'
import { people } from '@/db/schema/people'
import { terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'
import { lockSubscription } from '@/lib/subscriptions/add-term'

export type AutomaticRow = typeof automaticRenewals.$inferSelect

const isRenewal = (organizationId: string, id: string) =>
  and(eq(automaticRenewals.organizationId, organizationId), eq(automaticRenewals.id, id))

/** @returns undefined where the organization has none such */
export async function findAutomatic(
  tx: OrganizationTx,
  organizationId: string,
  id: string,
): Promise<AutomaticRow | undefined> {
  const [found] = await tx.select().from(automaticRenewals).where(isRenewal(organizationId, id))
  return found
}

/** The one of a subscription that has not ended, whether or not it is on yet. */
export async function openAutomatic(
  tx: OrganizationTx,
  organizationId: string,
  subscriptionId: string,
): Promise<AutomaticRow | undefined> {
  const [found] = await tx
    .select()
    .from(automaticRenewals)
    .where(
      and(
        eq(automaticRenewals.organizationId, organizationId),
        eq(automaticRenewals.subscriptionId, subscriptionId),
        isNull(automaticRenewals.endedAt),
      ),
    )
  return found
}

/**
 * Locked until the commit, with its subscription before it, as whoever pays locks them.
 * @throws NotFound where the organization has none such
 */
export async function lockAutomatic(
  tx: OrganizationTx,
  organizationId: string,
  id: string,
): Promise<AutomaticRow> {
  const found = await findAutomatic(tx, organizationId, id)
  if (!found) throw new NotFound('automatic_renewal')
  await lockSubscription(tx, organizationId, found.subscriptionId)
  const [locked] = await tx
    .select()
    .from(automaticRenewals)
    .where(isRenewal(organizationId, id))
    .for('update')
  if (!locked) throw new NotFound('automatic_renewal')
  return locked
}

export async function changeAutomatic(
  tx: OrganizationTx,
  { organizationId, id }: Pick<AutomaticRow, 'organizationId' | 'id'>,
  changes: Partial<typeof automaticRenewals.$inferInsert>,
) {
  await tx.update(automaticRenewals).set(changes).where(isRenewal(organizationId, id))
}

/** Of what nobody had finished switching on nothing is said. */
const hasReceipt = or(
  isNotNull(automaticRenewals.startedAt),
  inArray(automaticRenewals.ended, ['over', 'by_member']),
)

/** The last one of a subscription of whose end members got a receipt, with who ended it. @returns undefined where there is none */
export async function lastEnded(
  tx: OrganizationTx,
  organizationId: string,
  subscriptionId: string,
): Promise<{ endedAt: Date | null; reason: AutomaticRow['ended']; who: string | null } | undefined> {
  const [last] = await tx
    .select({
      endedAt: automaticRenewals.endedAt,
      reason: automaticRenewals.ended,
      who: sql<string | null>`coalesce(nullif(${people.name}, ''), ${people.email})`,
    })
    .from(automaticRenewals)
    .leftJoin(people, eq(people.id, automaticRenewals.endedById))
    .where(
      and(
        eq(automaticRenewals.organizationId, organizationId),
        eq(automaticRenewals.subscriptionId, subscriptionId),
        isNotNull(automaticRenewals.endedAt),
        hasReceipt,
      ),
    )
    .orderBy(desc(automaticRenewals.endedAt))
    .limit(1)
  return last
}

/** Whether the subscription of a key renewed by itself until that key was revoked, and has not been made to since. */
export async function endedWithKey(
  tx: OrganizationTx,
  organizationId: string,
  keyId: string,
): Promise<boolean> {
  const [found] = await tx
    .select({ subscriptionId: terms.subscriptionId })
    .from(keys)
    .innerJoin(terms, and(eq(terms.organizationId, keys.organizationId), eq(terms.id, keys.termId)))
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
  if (!found || (await openAutomatic(tx, organizationId, found.subscriptionId))) return false
  const last = await lastEnded(tx, organizationId, found.subscriptionId)
  return last?.reason === 'revoked' || last?.reason === 'disputed'
}

/** The last invoice of an automatic renewal, and Stripe's page of it. @returns undefined where there is none */
export async function lastCharge(
  tx: OrganizationTx,
  organizationId: string,
  renewalId: string,
): Promise<{ status: string; url: string | null } | undefined> {
  const [last] = await tx
    .select({ status: invoices.status, url: invoices.hostedUrl })
    .from(automaticCharges)
    .innerJoin(
      invoices,
      and(
        eq(invoices.organizationId, automaticCharges.organizationId),
        eq(invoices.id, automaticCharges.invoiceId),
      ),
    )
    .where(
      and(eq(automaticCharges.organizationId, organizationId), eq(automaticCharges.renewalId, renewalId)),
    )
    .orderBy(desc(invoices.createdAt))
  return last
}
