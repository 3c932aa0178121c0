import { z } from 'zod'
import { command } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { Note, noteOf } from '@/lib/keys/free-text'
import { ProductId, productToIssue } from '@/lib/keys/issue'
import { mostIssued } from '@/lib/keys/rules'
import { refuseSecondKey } from '@/lib/keys/second'
import { beginSubscription } from './add-term'
import { longestTerm, mayIssueTerm } from './rules'

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
    const { subscriptionId, keyId, shortId, entry } = await beginSubscription(tx, {
      organizationId,
      product,
      instanceId,
      months,
      now,
    })
    const told = written && { note: written }
    audit({ ...entry, details: { ...entry.details, ...told } })
    return { subscriptionId, keyId, shortId }
  },
  {
    once: true,
    limits: (_input, personId, role) =>
      role === 'manager'
        ? [{ name: 'issue', key: `${personId}`, points: mostIssued, perSeconds: 3_600 }]
        : [],
  },
)
