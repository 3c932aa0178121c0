import { and, eq, inArray, isNull } from 'drizzle-orm'
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

/** The Checkouts in which these keys, each that of its subscription's last term, are being renewed: by the key's ID. */
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
    .from(checkoutLines)
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
    .innerJoin(
      terms,
      and(
        eq(terms.organizationId, checkoutLines.organizationId),
        eq(terms.subscriptionId, checkoutLines.subscriptionId),
      ),
    )
    .innerJoin(keys, and(eq(keys.organizationId, terms.organizationId), eq(keys.termId, terms.id)))
    .where(
      and(
        eq(checkoutLines.organizationId, organizationId),
        isNull(checkoutLines.endedAt),
        inArray(keys.id, [...keyIds]),
        isNull(keys.supersededAt),
        isLastTerm,
      ),
    )
}
