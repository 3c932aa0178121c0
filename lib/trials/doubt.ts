import { sql } from 'drizzle-orm'
import type { OrganizationTx } from '@/db/scope'
import type { Scope } from '@/lib/command'
import { enqueue } from '@/lib/jobs/enqueue'
import { at } from '@/lib/keys/issue'
import { openRequest } from '@/lib/organizations/request'
import type { TrialDoubt } from './rules'

/** Whether the GLPI of an instance, by an address or its installation ID, is one that has called for another organization. */
export async function isKnownElsewhere(tx: OrganizationTx, instanceId: string | null): Promise<boolean> {
  if (!instanceId) return false
  const { rows } = await tx.execute<{ known: boolean }>(sql`select known_elsewhere(${instanceId}) as known`)
  return rows[0]?.known === true
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
