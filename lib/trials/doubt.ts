import { and, eq, isNotNull, sql } from 'drizzle-orm'
import { requestAnswers, requests } from '@/db/schema/requests'
import { trialSignUps } from '@/db/schema/trials'
import type { OrganizationTx } from '@/db/scope'
import type { Scope } from '@/lib/command'
import { enqueue } from '@/lib/jobs/enqueue'
import { at } from '@/lib/keys/issue'
import { openRequest } from '@/lib/organizations/request'
import type { TrialDoubt } from './rules'

/**
 * Why a trial is to wait: its GLPI, by an address or its installation ID, is one that has called for another organization; or the
 * organization's own sign-up is in doubt, and no account manager has approved a trial of it yet. Null: it may begin.
 */
export async function doubtOf(
  tx: OrganizationTx,
  organizationId: string,
  instanceId: string | null,
): Promise<TrialDoubt | null> {
  if (instanceId) {
    const { rows } = await tx.execute<{ known: boolean }>(sql`select known_elsewhere(${instanceId}) as known`)
    if (rows[0]?.known) return 'known_elsewhere'
  }
  const approved = sql`exists (select from ${requests} r join ${requestAnswers} a
    on a.organization_id = r.organization_id and a.request_id = r.id
    where r.organization_id = ${organizationId} and r.kind = 'trial' and a.answer = 'approved')`
  const [signUp] = await tx
    .select({ doubt: trialSignUps.doubt })
    .from(trialSignUps)
    .where(
      and(
        eq(trialSignUps.organizationId, organizationId),
        isNotNull(trialSignUps.doubt),
        sql`not ${approved}`,
      ),
    )
    .limit(1)
  return signUp?.doubt ?? null
}

interface Doubted {
  productId: string
  instanceId: string | null
  /** Its name. */
  product: string
  doubt: TrialDoubt
}

/** Asks the account manager whether a trial may begin, and tells who wants it. @throws Conflict `already_asked` */
export async function askFirst(scope: Scope, { productId, instanceId, product, doubt }: Doubted) {
  const { tx, organizationId, personId, now, audit } = scope
  if (!personId) throw new TypeError('only people are asked about')
  const about = { kind: 'trial' as const, productId, instanceId, doubt }
  const requestId = await openRequest(tx, { organizationId, personId, reason: null, now, about })
  await enqueue(tx, 'mail.trial_waits', { organizationId, requestId })
  audit({ action: 'trial.begin', ...at(instanceId), details: { request: requestId, product } })
  return requestId
}
