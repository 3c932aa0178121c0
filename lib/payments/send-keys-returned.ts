import { and, asc, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { keysReturnedMail } from '@/lib/mail/keys-returned'
import { sendOnce } from '@/lib/mail/send-once'
import { toldBy } from '@/lib/organizations/told'
import { endedWithKey } from './automatic/queries'
import { renewalsOf } from './renewals'

/**
 * The job `mail.keys_returned`: to each who pays or puts keys into GLPI, that the payment of keys went back, or stands again; not of a revocation
 * that was undone before it was told.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendKeysReturned(given: Jobs['mail.keys_returned']) {
  const { organizationId, revocationIds, restored } = given
  const found = await asOrganization(organizationId, (tx) => factsOf(tx, given))
  if (!found) return
  const { told, ...facts } = found
  const about = `keys-${restored ? 'restored' : 'returned'}.${revocationIds[0]}`
  for (const { personId, ...one } of told) {
    const make = () => keysReturnedMail({ ...one, ...facts })
    await sendOnce({ job: 'mail.keys_returned', organizationId, about, personId, to: one.to, make })
  }
}

/** @returns undefined where nothing is as it was when the job was made */
async function factsOf(
  tx: OrganizationTx,
  { organizationId, revocationIds, restored }: Jobs['mail.keys_returned'],
) {
  const found = await tx
    .select({
      keyId: keys.id,
      shortId: keys.shortId,
      expiresAt: keys.expiresAt,
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
    .where(
      and(
        eq(revocations.organizationId, organizationId),
        inArray(revocations.id, revocationIds),
        restored ? isNotNull(revocations.restoredAt) : isNull(revocations.restoredAt),
      ),
    )
    .orderBy(asc(keys.id))
  const [first] = found
  if (!first) return undefined
  const { organization, told } = await toldBy(tx, organizationId, ['checkout.begin', 'key.reveal'])
  const { name, slug, timeZone } = organization
  const lines = []
  let automaticOff = false
  for (const { keyId, expiresAt, ...key } of found) {
    automaticOff ||= restored && (await endedWithKey(tx, organizationId, keyId))
    const counts = restored ? null : await countsNow(tx, organizationId, keyId)
    lines.push({ ...key, expiresAt: restored ? expiresAt : null, counts })
  }
  const what: 'restored' | 'refunded' | 'disputed' = restored
    ? 'restored'
    : first.reason === 'disputed'
      ? 'disputed'
      : 'refunded'
  const happenedAt = first.restoredAt ?? first.revokedAt
  return { organization: name, slug, timeZone, told, what, happenedAt, keys: lines, automaticOff }
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
  return found?.expiresAt ? { shortId: found.shortId, expiresAt: found.expiresAt } : null
}
