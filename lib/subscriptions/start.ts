import { z } from 'zod'
import { subscriptions, terms } from '@/db/schema/subscriptions'
import { command } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { Note, noteOf } from '@/lib/keys/free-text'
import { at, ProductId, productToIssue, writeKey } from '@/lib/keys/issue'
import { mostIssued } from '@/lib/keys/rules'
import { refuseSecondKey } from '@/lib/keys/second'
import { timeZoneOf } from '@/lib/organizations/queries'
import { longestTerm, mayIssueTerm, nextTerm } from './rules'

const StartSubscription = z.object({
  productId: ProductId,
  instanceId: z.uuid('not_found').nullable(),
  months: z.number('required').int('invalid').min(1, 'invalid').max(longestTerm, 'invalid').default(12),
  note: Note.optional(),
})

/**
 * Begins a subscription: its first term, and the key of that term. Staff say why.
 * @throws Refused `not_sold_by_term` for a product with permanent keys, or with the verdict of `mayIssueTerm`; to an account
 * manager also with that of `mayWorkBeside`, or `too_many`: thirty an hour, whoever's they are.
 */
export const startSubscription = command(
  'subscription.start',
  StartSubscription,
  async (scope, { productId, instanceId, months, note }) => {
    const { tx, organizationId, role, now, audit } = scope
    const verdict = mayIssueTerm(role, months)
    if (!verdict.ok) throw new Refused(verdict.because, { months: verdict.months })
    const written = await noteOf(scope, note)
    const product = await productToIssue(tx, productId)
    if (product.keyKind !== 'subscription') throw new Refused('not_sold_by_term', { product: product.name })
    if (role === 'manager') await refuseSecondKey(tx, { organizationId, instanceId }, product, now)
    const span = nextTerm(null, months, product.overlapDays, await timeZoneOf(tx, organizationId), now)
    const subscriptionId = newId(now)
    await tx.insert(subscriptions).values({ id: subscriptionId, organizationId, productId, createdAt: now })
    const term = { id: newId(now), organizationId, subscriptionId, ordinal: 1, createdAt: now }
    await tx.insert(terms).values({ ...term, startsAt: span.startsAt, endsAt: span.endsAt })
    const key = await writeKey(tx, {
      organizationId,
      product,
      kind: 'subscription',
      instanceId,
      term: { id: term.id, endsAt: span.endsAt },
      startsAt: now,
      expiresAt: span.keyExpiresAt,
      now,
    })
    const until = span.endsAt.toISOString()
    const told = written && { note: written }
    const details = { shortId: key.shortId, product: product.name, until, ...told }
    audit({ keyId: key.id, ...at(instanceId), details })
    return { subscriptionId, keyId: key.id, shortId: key.shortId }
  },
  {
    once: true,
    limits: (_input, personId, role) =>
      role === 'manager'
        ? [{ name: 'issue', key: `${personId}`, points: mostIssued, perSeconds: 3_600 }]
        : [],
  },
)
