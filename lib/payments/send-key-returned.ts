import { and, eq } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { keyReturnedMail } from '@/lib/mail/key-returned'
import { sendOnce } from '@/lib/mail/send-once'
import { endedWithKey } from './automatic/queries'
import { renewalsOf } from './renewals'
import { toldBy } from './told'

/**
 * The job `mail.key_returned`: to each who pays, that a key's payment went back, or stands again; not of a revocation that was
 * undone before it was told.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendKeyReturned(given: Jobs['mail.key_returned']) {
  const { organizationId, revocationId, restored } = given
  const found = await asOrganization(organizationId, (tx) => factsOf(tx, given))
  if (!found) return
  const { told, ...facts } = found
  const about = `key-${restored ? 'restored' : 'revoked'}.${revocationId}`
  for (const one of told)
    await sendOnce({ organizationId, about, ...one, make: () => keyReturnedMail({ ...one, ...facts }) })
}

async function factsOf(
  tx: OrganizationTx,
  { organizationId, revocationId, restored }: Jobs['mail.key_returned'],
) {
  const [found] = await tx
    .select({
      keyId: keys.id,
      shortId: keys.shortId,
      keyExpiresAt: keys.expiresAt,
      product: products.name,
      instance: instances.label,
      reason: revocations.reason,
      revokedAt: revocations.revokedAt,
      restoredAt: revocations.restoredAt,
    })
    .from(revocations)
    .innerJoin(keys, and(eq(keys.organizationId, revocations.organizationId), eq(keys.id, revocations.keyId)))
    .innerJoin(products, eq(products.id, keys.productId))
    .leftJoin(
      instances,
      and(eq(instances.organizationId, keys.organizationId), eq(instances.id, keys.instanceId)),
    )
    .where(and(eq(revocations.organizationId, organizationId), eq(revocations.id, revocationId)))
  if (!found?.keyExpiresAt || Boolean(found.restoredAt) !== restored) return undefined
  const { keyExpiresAt, revokedAt, restoredAt, ...key } = found
  const { organization, told } = await toldBy(tx, organizationId, 'automatic.begin')
  return {
    ...organization,
    ...key,
    keyExpiresAt,
    told,
    restored,
    happenedAt: restoredAt ?? revokedAt,
    counts: await countsNow(tx, organizationId, key.keyId),
    automaticOff: restored && (await endedWithKey(tx, organizationId, key.keyId)),
  }
}

/** The key that works in its place, with its end. */
async function countsNow(tx: OrganizationTx, organizationId: string, keyId: string) {
  const ways = await renewalsOf(tx, organizationId, keyId, now())
  const counts = ways.find(({ newKey }) => newKey.id === keyId)?.returned?.counts
  if (!counts) return null
  const [found] = await tx
    .select({ shortId: keys.shortId, expiresAt: keys.expiresAt })
    .from(keys)
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, counts.id)))
  return found ?? null
}
