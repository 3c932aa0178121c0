import { eq } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import type { revocationReason } from '@/db/schema/keys'
import { asOrganization } from '@/db/scope'
import { extendKey } from '@/lib/keys/extend'
import { issuePermanentKey } from '@/lib/keys/issue'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import { asTechnician, asVendor, type Customer, type SeedInstance, unlessDone } from './customer'

export interface SeedKey {
  /** Unlike every other of the seed. */
  name: string
  /** There once the step that issues it was played. */
  keyId: string
}

interface Bought {
  /** Days from today to the end of the last term; negative when it is over. */
  endsIn: number
  /** Years that were paid, one after the other. */
  terms?: number
  /** Days before today on which the last of several terms was paid; else a fortnight before it began. */
  renewedAgo?: number
  /** False: the last key is not in GLPI yet. */
  seen?: false
}

/**
 * A subscription from its first term on.
 * @param instance null for a product that is bound to the whole organization.
 * @returns the keys of its terms, the oldest first.
 */
export function subscription(
  customer: Customer,
  reference: string,
  instance: SeedInstance | null,
  { endsIn, terms = 1, renewedAgo, seen }: Bought,
): SeedKey[] {
  const { past } = customer
  let subscriptionId = ''
  return Array.from({ length: terms }, (_, index) => {
    const isLast = index === terms - 1
    const key = newKey(customer, `${reference} until ${endsIn}, term ${index + 1}`, instance)
    const begins = past.day(endsIn, -12 * (terms - index))
    const paidEarly = isLast && renewedAgo ? past.day(-renewedAgo) : daysAfter(begins, -14)
    const paid = index === 0 ? begins : paidEarly
    past.on(paid, key.name, async () => {
      const by = asVendor(customer, key.name)
      if (index === 0) {
        const started = await startSubscription(by, await what(customer, reference, instance))
        subscriptionId = started.subscriptionId
        key.keyId = started.keyId
      } else {
        key.keyId = (await renewSubscription(by, { subscriptionId })).keyId
      }
    })
    if (!isLast || seen !== false) noteSeen(customer, key, daysAfter(paid, 1))
    return key
  })
}

/** @param ago days before today on which it began. */
export function trial(customer: Customer, reference: string, instance: SeedInstance, ago: number): SeedKey {
  const key = newKey(customer, `trial of ${reference}`, instance)
  customer.past.on(customer.past.day(-ago), key.name, async () => {
    const input = await what(customer, reference, instance)
    key.keyId = (await startTrial(asVendor(customer, key.name), input)).keyId
  })
  noteSeen(customer, key, customer.past.day(1 - ago))
  return key
}

export function permanent(customer: Customer, reference: string, instance: SeedInstance, ago: number) {
  const key = newKey(customer, `${reference} for good`, instance)
  customer.past.on(customer.past.day(-ago), key.name, async () => {
    const input = await what(customer, reference, instance)
    key.keyId = (await issuePermanentKey(asVendor(customer, key.name), input)).keyId
  })
  noteSeen(customer, key, customer.past.day(1 - ago))
}

export function revoked(
  customer: Customer,
  key: SeedKey,
  revocation: { reason: (typeof revocationReason.enumValues)[number]; note: string; ago: number },
) {
  const { reason, note, ago } = revocation
  customer.past.on(customer.past.day(-ago), `${key.name}: revoked`, () =>
    unlessDone(customer, 'key.revoke', key, () =>
      revokeKey(asVendor(customer, ''), { keyId: key.keyId, reason, note }),
    ),
  )
}

export function restored(customer: Customer, key: SeedKey, note: string, ago: number) {
  customer.past.on(customer.past.day(-ago), `${key.name}: restored`, () =>
    unlessDone(customer, 'key.restore', key, () =>
      restoreKey(asVendor(customer, ''), { keyId: key.keyId, note }),
    ),
  )
}

/** @param extension.endsIn days from today to the key's new end. */
export function extended(
  customer: Customer,
  key: SeedKey,
  extension: { endsIn: number; reason: string; ago: number },
) {
  const { endsIn, reason, ago } = extension
  const step = `${key.name}: extended`
  customer.past.on(customer.past.day(-ago), step, () =>
    extendKey(asVendor(customer, step), { keyId: key.keyId, until: customer.past.day(endsIn), reason }),
  )
}

function newKey(customer: Customer, name: string, instance: SeedInstance | null): SeedKey {
  return { name: `${customer.slug}: ${name} on ${instance?.label ?? 'all'}`, keyId: '' }
}

function noteSeen(customer: Customer, key: SeedKey, day: Date) {
  customer.past.on(day, `${key.name}: seen`, () =>
    unlessDone(customer, 'key.note_seen', key, () =>
      noteKeySeen(asTechnician(customer, ''), { keyId: key.keyId }),
    ),
  )
}

async function what({ organizationId }: Customer, reference: string, instance: SeedInstance | null) {
  const [product] = await asOrganization(organizationId, (tx) =>
    tx.select({ id: products.id }).from(products).where(eq(products.reference, reference)),
  )
  if (!product) throw new Error(`the catalog has no ${reference}`)
  return { productId: product.id, instanceId: instance?.instanceId ?? null }
}

const daysAfter = (day: Date, days: number) => new Date(day.getTime() + days * 86_400_000)
