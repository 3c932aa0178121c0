/** What a purchase is decided from: of a product, for an instance or the whole organization. */
export interface BuyableFacts {
  openSource: boolean
  withdrawn: boolean
  /** Its keys belong to no terms. */
  permanent: boolean
  /** The instance is no longer in use. */
  retired: boolean
  /** What a term costs in the organization's currency; null where it has no price in it. */
  amount: number | null
  /** The Checkout in which somebody is paying it now, or a suite with it, for the same place. */
  openCheckoutId: string | null
  /** The subscription to it that the same place has, or had. */
  held: { subscriptionId: string; termEndsAt: Date; keyExpiresAt: Date } | null
  /** A suite with it whose key works in the same place. */
  suite: { name: string; termEndsAt: Date } | null
  /** A suite with it that is chosen for the same place together with it. */
  chosenSuite: string | null
}

export type BuyVerdict =
  | { ok: true; amount: number }
  | { ok: false; because: 'open_source' | 'withdrawn' | 'not_sold_by_term' | 'retired' | 'no_price' }
  | { ok: false; because: 'being_paid'; checkoutId: string }
  | { ok: false; because: 'has_it' | 'lapsed'; subscriptionId: string; until: Date }
  | { ok: false; because: 'in_a_suite'; suite: string; until: Date }
  | { ok: false; because: 'in_a_chosen_suite'; suite: string }

/**
 * Whether a product can be bought now: the button, the page and the command ask this. What a place has already is renewed,
 * also where it has lapsed. A suite stands in the way as long as it is paid: after that nobody has to wait for its key to
 * end.
 */
export function mayBuy(facts: BuyableFacts, now: Date): BuyVerdict {
  const { held, suite, openCheckoutId: checkoutId, chosenSuite } = facts
  if (facts.openSource) return { ok: false, because: 'open_source' }
  if (facts.permanent) return { ok: false, because: 'not_sold_by_term' }
  if (checkoutId) return { ok: false, because: 'being_paid', checkoutId }
  if (held) {
    const because = held.keyExpiresAt > now ? 'has_it' : 'lapsed'
    return { ok: false, because, subscriptionId: held.subscriptionId, until: held.termEndsAt }
  }
  if (facts.withdrawn) return { ok: false, because: 'withdrawn' }
  if (facts.retired) return { ok: false, because: 'retired' }
  if (suite && suite.termEndsAt > now)
    return { ok: false, because: 'in_a_suite', suite: suite.name, until: suite.termEndsAt }
  if (chosenSuite) return { ok: false, because: 'in_a_chosen_suite', suite: chosenSuite }
  if (facts.amount === null) return { ok: false, because: 'no_price' }
  return { ok: true, amount: facts.amount }
}
