import { and, eq, inArray, isNull, or, sql } from 'drizzle-orm'
import { automaticCharges } from '@/db/schema/automatic-renewals'
import { keys } from '@/db/schema/keys'
import { checkoutLines, checkouts } from '@/db/schema/payments'
import { terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import { isLastTerm } from './payable'
import { checkoutState } from './rules'

/** A Checkout that is not over: nobody has paid it yet, or its money is awaited. */
export interface UnderWay {
  checkoutId: string
  /** `failing`: it renews by itself, and could not be charged so far. */
  state: 'open' | 'on_its_way' | 'failing'
}

/**
 * The Checkouts in which these keys are being paid, by the key's ID: that of a subscription's last term by its renewal; a
 * trial by the purchase of its product, or of a suite with it, for the same place.
 */
export async function underWay(
  tx: OrganizationTx,
  organizationId: string,
  keyIds: readonly string[],
): Promise<Map<string, UnderWay>> {
  if (keyIds.length === 0) return new Map()
  const found = await openLines(tx, organizationId, keyIds)
  return new Map(
    found.map(({ keyId, checkoutId, failedAt, ...facts }) => {
      const begun = checkoutState(facts) === 'on_its_way' ? 'on_its_way' : 'open'
      const state = failedAt ? 'failing' : begun
      return [keyId, { checkoutId, state }]
    }),
  )
}

function openLines(tx: OrganizationTx, organizationId: string, keyIds: readonly string[]) {
  return tx
    .select({
      keyId: keys.id,
      checkoutId: checkouts.id,
      completedAt: checkouts.completedAt,
      ended: checkouts.ended,
      failedAt: automaticCharges.failedAt,
    })
    .from(keys)
    .leftJoin(
      terms,
      and(eq(terms.organizationId, keys.organizationId), eq(terms.id, keys.termId), isLastTerm),
    )
    .innerJoin(
      checkoutLines,
      and(
        eq(checkoutLines.organizationId, keys.organizationId),
        isNull(checkoutLines.endedAt),
        or(eq(checkoutLines.subscriptionId, terms.subscriptionId), takesOver),
      ),
    )
    .innerJoin(
      checkouts,
      and(
        eq(checkouts.organizationId, checkoutLines.organizationId),
        eq(checkouts.id, checkoutLines.checkoutId),
      ),
    )
    .leftJoin(
      automaticCharges,
      and(
        eq(automaticCharges.organizationId, checkouts.organizationId),
        eq(automaticCharges.checkoutId, checkouts.id),
      ),
    )
    .where(
      and(eq(keys.organizationId, organizationId), inArray(keys.id, [...keyIds]), isNull(keys.supersededAt)),
    )
}

/** What is bought takes a trial's place: where `mayBuy` says `being_paid` of it. */
const takesOver = and(
  eq(keys.kind, 'trial'),
  isNull(keys.renewedAt),
  isNull(checkoutLines.subscriptionId),
  sql`(${checkoutLines.productId} = ${keys.productId} and ${checkoutLines.instanceId} is not distinct from ${keys.instanceId}
    or (${checkoutLines.instanceId} is null or ${checkoutLines.instanceId} = ${keys.instanceId}) and exists (
      select from suite_products s where s.suite_id = ${checkoutLines.productId} and s.product_id = ${keys.productId}))`,
)
