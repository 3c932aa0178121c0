import { and, count, eq } from 'drizzle-orm'
import { isTaken } from '@/db/failures'
import { keys } from '@/db/schema/keys'
import type { Scope } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { enqueue } from '@/lib/jobs/enqueue'
import { moveEnd } from '@/lib/keys/extend'
import { productToIssue, writeKey } from '@/lib/keys/issue'
import { lockKey } from '@/lib/keys/lock'
import { mayExtend, mayExtendTo } from '@/lib/keys/rules'
import { timeZoneOf } from '@/lib/organizations/queries'
import { trialVerdict } from './offers'
import { extendedEnd, type TryAgainVerdict } from './rules'

interface Place {
  productId: string
  instanceId: string | null
}

/**
 * Begins a trial in the caller's transaction. Of two at the same moment the database lets one.
 * @param again a further one, of what was tried before
 * @throws NotFound for a product or an instance that is not there; Refused with the verdict of `mayTry` or `mayTryAgain`.
 */
export async function issueTrial(
  { tx, organizationId, now }: Pick<Scope, 'tx' | 'organizationId' | 'now'>,
  place: Place,
  again = false,
) {
  const found = await trialVerdict(tx, organizationId, now, place)
  if (!found) throw new NotFound('product')
  const { product } = found
  const verdict = again ? found.again : found.verdict
  if (!verdict.ok) throw new Refused(verdict.because, refusedFacts(found, verdict))
  const { productId, instanceId } = place
  const ofProduct = and(
    eq(keys.organizationId, organizationId),
    eq(keys.productId, productId),
    eq(keys.kind, 'trial'),
  )
  const [before] = await tx.select({ trials: count() }).from(keys).where(ofProduct)
  const key = await writeKey(tx, {
    organizationId,
    product: await productToIssue(tx, productId),
    kind: 'trial',
    instanceId,
    startsAt: now,
    expiresAt: verdict.endsAt,
    trialOrdinal: again ? (before?.trials ?? 0) + 1 : 1,
    now,
  }).catch((error: unknown) => {
    // Which trial of the product it is, the database keeps unique.
    throw isTaken(error) ? new Refused('tried_before', { product: product.name }) : error
  })
  await enqueue(tx, 'mail.trial_begun', { organizationId, keyId: key.id })
  return { keyId: key.id, shortId: key.shortId, product: product.name, endsAt: verdict.endsAt }
}

/** The name of a product that may be tried there. @throws as `issueTrial` does */
export async function mayBegin(
  { tx, organizationId, now }: Pick<Scope, 'tx' | 'organizationId' | 'now'>,
  place: Place,
): Promise<string> {
  const found = await trialVerdict(tx, organizationId, now, place)
  if (!found) throw new NotFound('product')
  const { verdict, product } = found
  if (!verdict.ok) throw new Refused(verdict.because, refusedFacts(found, verdict))
  return product.name
}

type Judged = NonNullable<Awaited<ReturnType<typeof trialVerdict>>>

/** What the sentence of a refusal names. */
export function refusedFacts({ product, instance }: Judged, verdict: Exclude<TryAgainVerdict, { ok: true }>) {
  const facts = { product: product.name, instance: instance?.label ?? 'none' }
  if ('trial' in verdict) return { ...facts, shortId: verdict.trial.shortId }
  if ('has' in verdict) return { ...facts, shortId: verdict.has.shortId, suite: verdict.has.product }
  return 'of' in verdict ? { ...facts, of: verdict.of.label } : facts
}

interface Granted {
  keyId: string
  /** From its end or, once that is past, from today. */
  days: number
  /** As it was asked for. */
  reason: string
}

/**
 * Gives a trial more days, in the caller's transaction.
 * @throws NotFound; Refused `trial_bought`, or with the verdict of `mayExtend` or, to an account manager, of `mayExtendTo`.
 */
export async function grantTrialTime(scope: Scope, { keyId, days, reason }: Granted) {
  const { tx, organizationId, personId, role, now } = scope
  const key = await lockKey(tx, organizationId, keyId)
  const { shortId, product, instanceId, expiresAt: from } = key
  if (!from) throw new Error('a trial ends')
  if (key.renewedAt) throw new Refused('trial_bought', { shortId, product: product.name })
  const timeZone = await timeZoneOf(tx, organizationId)
  const until = extendedEnd(from, days, now, timeZone)
  const verdict = mayExtend(key, until)
  if (!verdict.ok) throw new Refused(verdict.because, { shortId })
  const alone = mayExtendTo(role, key, until, now, timeZone)
  if (!alone.ok) throw new Refused(alone.because, { shortId, days: alone.days })
  await moveEnd(tx, { organizationId, keyId, from, until, reason, personId, now })
  return { keyId, shortId, product: product.name, instanceId, endsAt: until }
}
