import type { AttentionLine } from '@/lib/keys/attention'
import type { UnderWay } from '@/lib/payments/under-way'

export const isRenewable = (what: AttentionLine['what']) =>
  what === 'due' || what === 'overdue' || what === 'lapsed'

const isPayable = (what: AttentionLine['what']) => what === 'trial_ends' || isRenewable(what)

/** Where all of the line is being paid: what is left of it can still be renewed, or bought. */
export function checkoutOf(
  { what, keys }: { what: AttentionLine['what']; keys: [{ id: string }, ...{ id: string }[]] },
  paying: ReadonlyMap<string, UnderWay>,
): UnderWay | undefined {
  return isPayable(what) && keys.every(({ id }) => paying.has(id)) ? paying.get(keys[0].id) : undefined
}
