import { type SQL, sql } from 'drizzle-orm'
import type { OrganizationTx, SystemTx } from '@/db/scope'
import { enqueue } from './enqueue'

/**
 * What renews by itself of an instance that is taken out of use is looked at after the commit, and ends then; so whoever does
 * that need not know of payments.
 */
export const alignRenewalsOf = (tx: OrganizationTx, organizationId: string, instanceId: string) =>
  alignWhere(
    tx,
    sql`r.organization_id = ${organizationId} and exists (select from terms t
      join keys k on k.organization_id = t.organization_id and k.term_id = t.id
      where t.organization_id = ${organizationId} and t.subscription_id = r.subscription_id
        and k.instance_id = ${instanceId} and k.superseded_at is null)`,
  )

/** Likewise of products that are sold no longer, in all organizations. */
export const alignRenewalsOfProducts = (tx: SystemTx, references: readonly string[]) =>
  alignWhere(
    tx,
    sql`exists (select from subscriptions s join products p on p.id = s.product_id
      where s.organization_id = r.organization_id and s.id = r.subscription_id
        and p.reference in (select json_array_elements_text(${JSON.stringify(references)}::json)))`,
  )

/**
 * A key was revoked: what renews it by itself is looked at after the commit, and ends then; what somebody was about to pay
 * for its next term is closed, here and at Stripe.
 */
export async function stopPayments(tx: OrganizationTx, organizationId: string, keyId: string) {
  await alignWhere(
    tx,
    sql`r.organization_id = ${organizationId} and r.subscription_id in (select t.subscription_id from keys k
      join terms t on t.organization_id = k.organization_id and t.id = k.term_id
      where k.organization_id = ${organizationId} and k.id = ${keyId})`,
  )
  await enqueue(tx, 'close_checkouts', { organizationId, keyId })
}

/** In one statement, however many there are; each under the identity that `alignAfter` uses. One that starts looks by itself. */
const alignWhere = (tx: OrganizationTx | SystemTx, concerned: SQL) =>
  tx.execute(sql`select enqueue_job('align_automatic',
      json_build_object('organizationId', r.organization_id, 'subscriptionId', r.subscription_id),
      'align:' || r.subscription_id, null)
    from automatic_renewals r where r.started_at is not null and r.ended_at is null and ${concerned}`)
