import type { revocationReason } from '@/db/schema/keys'
import { newId } from '@/lib/ids'
import { parseInstanceUrl } from '@/lib/instances/url'
import { generateKey, type Kind, lastFour } from '@/lib/keys/format'
import { at, type Product } from '@/lib/keys/issue'
import { fingerprint, seal } from '@/lib/keys/vault'
import { later, startOfDay } from '@/lib/organizations/calendar'
import { nextTerm } from '@/lib/subscriptions/rules'
import { type Ledger, note } from './ledger'

/*
 * Each step writes into a ledger what the command of the same name would have written at `now`, called as the system.
 * large.test.ts runs both and compares every row.
 */

type Row<Name extends keyof Ledger['rows']> = Ledger['rows'][Name][number]

interface SoldKey {
  product: Product
  key: Row<'keys'>
}
export interface SoldTerm extends SoldKey {
  term: Row<'terms'>
  keyExpiresAt: Date
}

interface Step {
  now: Date
  idempotencyKey: string
}
interface Place {
  product: Product
  instanceId: string | null
}

export function bulkAddInstance(
  ledger: Ledger,
  { now, idempotencyKey }: Step,
  given: { label: string; url: string; glpiVersion: string },
): string {
  const { organizationId } = ledger
  const address = parseInstanceUrl(given.url)
  if (!address.ok) throw new Error(`${given.url} is no address: ${address.because}`)
  const { label, glpiVersion } = given
  const url = { url: address.url, identity: address.identity }
  const instanceId = newId(now)
  const shortId = ledger.takeShortId('I')
  ledger.rows.instances.push({
    id: instanceId,
    organizationId,
    shortId,
    label,
    environment: 'production',
    testOfId: null,
    installationId: null,
    glpiVersion,
    asksPortal: false,
    createdAt: now,
    retiredAt: null,
  })
  ledger.rows.addresses.push({
    id: newId(now),
    organizationId,
    instanceId,
    ordinal: 0,
    url: url.url,
    urlIdentity: url.identity,
    createdAt: now,
    retiredAt: null,
  })
  const input = { label, url, environment: 'production', glpiVersion }
  const entry = { instanceId, details: { shortId, label, url: url.url } }
  note(ledger, 'instance.add', now, entry, { idempotencyKey, input, result: { instanceId, shortId } })
  return instanceId
}

export function bulkStartSubscription(
  ledger: Ledger,
  { now, idempotencyKey }: Step,
  { product, instanceId }: Place,
): SoldTerm {
  const { organizationId } = ledger
  const span = spanOf(ledger, null, product, now)
  const subscription = { id: newId(now), organizationId, productId: product.id, createdAt: now }
  ledger.rows.subscriptions.push(subscription)
  const term = addTerm(ledger, subscription.id, 1, span, now)
  const expiresAt = span.keyExpiresAt
  const key = addKey(ledger, { product, kind: 'subscription', instanceId, term, now, expiresAt })
  const { id: keyId, shortId } = key
  const details = { shortId, product: product.name, until: span.endsAt.toISOString() }
  note(
    ledger,
    'subscription.start',
    now,
    { keyId, ...at(instanceId), details },
    {
      idempotencyKey,
      input: { productId: product.id, instanceId, months: 12 },
      result: { subscriptionId: subscription.id, keyId, shortId },
    },
  )
  return { product, key, term, keyExpiresAt: span.keyExpiresAt }
}

export function bulkRenewSubscription(
  ledger: Ledger,
  { now, idempotencyKey }: Step,
  last: SoldTerm,
): SoldTerm {
  const { product } = last
  const { subscriptionId } = last.term
  const instanceId = last.key.instanceId ?? null
  const span = spanOf(ledger, last, product, now)
  const term = addTerm(ledger, subscriptionId, last.term.ordinal + 1, span, now)
  const key = addKey(ledger, {
    product,
    kind: 'subscription',
    instanceId,
    term,
    now,
    expiresAt: span.keyExpiresAt,
    followsId: last.key.id,
  })
  last.key.renewedAt = now
  const { id: keyId, shortId } = key
  const until = span.endsAt.toISOString()
  const details = { shortId, follows: last.key.shortId, product: product.name, until }
  note(
    ledger,
    'subscription.renew',
    now,
    { keyId, ...at(instanceId), details },
    { idempotencyKey, input: { subscriptionId, months: 12 }, result: { keyId, shortId } },
  )
  return { product, key, term, keyExpiresAt: span.keyExpiresAt }
}

export function bulkStartTrial(ledger: Ledger, step: Step, { product, instanceId }: Place): SoldKey {
  if (!product.trialDays) throw new Error(`${product.name} cannot be tried`)
  const { now } = step
  const { timeZone } = ledger
  const expiresAt = later(startOfDay(now, timeZone), timeZone, { days: product.trialDays + 1 })
  const key = addKey(ledger, { product, kind: 'trial', instanceId, expiresAt, now })
  const details = { shortId: key.shortId, product: product.name, until: expiresAt.toISOString() }
  return noteSingleKey(ledger, 'trial.start', step, { product, key }, details)
}

export function bulkIssuePermanentKey(ledger: Ledger, step: Step, { product, instanceId }: Place): SoldKey {
  const key = addKey(ledger, { product, kind: 'permanent', instanceId, expiresAt: null, now: step.now })
  const details = { shortId: key.shortId, product: product.name }
  return noteSingleKey(ledger, 'key.issue', step, { product, key }, details)
}

function noteSingleKey(
  ledger: Ledger,
  action: 'trial.start' | 'key.issue',
  { now, idempotencyKey }: Step,
  sold: SoldKey,
  details: Record<string, string>,
): SoldKey {
  const { id: keyId, shortId, instanceId = null, productId } = sold.key
  note(
    ledger,
    action,
    now,
    { keyId, ...at(instanceId), details },
    { idempotencyKey, input: { productId, instanceId }, result: { keyId, shortId } },
  )
  return sold
}

/** @param before the key that it takes over from, where there is one. */
export function bulkNoteKeySeen(ledger: Ledger, now: Date, { key, product }: SoldKey, before?: SoldKey) {
  key.firstSeenAt ??= now
  if (before) before.key.replacedAt ??= now
  const details = { shortId: key.shortId, product: product.name }
  note(ledger, 'key.note_seen', now, { keyId: key.id, ...at(key.instanceId ?? null), details })
}

export function bulkRevokeKey(
  ledger: Ledger,
  now: Date,
  { key, product }: SoldKey,
  reason: (typeof revocationReason.enumValues)[number],
) {
  const { organizationId } = ledger
  ledger.rows.revocations.push({
    id: newId(now),
    organizationId,
    keyId: key.id,
    reason,
    note: null,
    revokedAt: now,
    revokedById: null,
    restoredAt: null,
  })
  const details = { shortId: key.shortId, product: product.name, reason, note: null }
  note(ledger, 'key.revoke', now, { keyId: key.id, ...at(key.instanceId ?? null), details })
}

function addTerm(
  ledger: Ledger,
  subscriptionId: string,
  ordinal: number,
  { startsAt, endsAt }: { startsAt: Date; endsAt: Date },
  now: Date,
): Row<'terms'> {
  const { organizationId } = ledger
  const term = { id: newId(now), organizationId, subscriptionId, ordinal, startsAt, endsAt, createdAt: now }
  ledger.rows.terms.push(term)
  return term
}

interface NewKey extends Place {
  kind: Kind
  term?: Row<'terms'>
  followsId?: string
  expiresAt: Date | null
  now: Date
}

function addKey(ledger: Ledger, made: NewKey): Row<'keys'> {
  const { product, kind, instanceId, term, now } = made
  const id = newId(now)
  const secret = generateKey(kind)
  const key = {
    id,
    organizationId: ledger.organizationId,
    shortId: ledger.takeShortId('K'),
    productId: product.id,
    kind,
    binding: product.binding,
    instanceId,
    trialOrdinal: 1,
    termId: term?.id ?? null,
    termEndsAt: term?.endsAt ?? null,
    issuedAt: now,
    startsAt: now,
    expiresAt: made.expiresAt,
    followsId: made.followsId ?? null,
    renewedAt: null,
    supersededAt: null,
    firstSeenAt: null,
    replacedAt: null,
    ...seal(secret, id),
    fingerprint: fingerprint(secret),
    lastFour: lastFour(secret),
  }
  ledger.rows.keys.push(key)
  return key
}

const spans = new Map<string, ReturnType<typeof nextTerm>>()

/** The rule itself, asked once per quarter of an hour of a time zone: calendars are slow, and 200,000 terms begin on few days. */
function spanOf({ timeZone }: Ledger, last: SoldTerm | null, product: Product, now: Date) {
  const before = last && { termEndsAt: last.term.endsAt, keyExpiresAt: last.keyExpiresAt }
  const begins =
    before && before.keyExpiresAt > now ? before.termEndsAt.getTime() : Math.floor(now.getTime() / 900_000)
  const name = `${timeZone} ${begins} ${product.overlapDays}`
  const span = spans.get(name) ?? nextTerm(before, 12, product.overlapDays, timeZone, now)
  spans.set(name, span)
  return span
}
