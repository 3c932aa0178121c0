import { paymentDifferences } from '@/db/schema/payments'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import { newId } from '@/lib/ids'

/**
 * What Stripe says that a restricted key needs, such as `rak_dispute_read`; `unknown` where it names nothing. The rest of what
 * it says names the key and the account, and is neither kept nor logged.
 * @param message of Stripe's error: https://docs.stripe.com/keys/restricted-api-keys
 */
export const permissionsNamed = (message: string): string =>
  [...new Set(message.match(/\brak_[a-z0-9_]{1,100}/g))].sort().join(' ') || 'unknown'

/** Lists for staff what the key may not, until the next comparison; met again, it is listed again. Nothing waits for it. */
export async function listMissingPermission(permission: string): Promise<void> {
  const at = now()
  const row = { id: newId(at), kind: 'permission_missing', subject: permission, foundAt: at } as const
  await asSystem('list what our key may not do at Stripe', (tx) =>
    tx.insert(paymentDifferences).values(row).onConflictDoNothing(),
  )
    // Where the database is away too, the log has it.
    .catch(() => {})
}
