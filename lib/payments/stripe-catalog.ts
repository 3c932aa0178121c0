/** A product as the catalog has it, with each price that it has or had. */
export interface OurProduct {
  reference: string
  name: string
  /** In English: Stripe keeps one. */
  description: string
  sold: boolean
  prices: OurPrice[]
}

export interface OurPrice {
  id: string
  currency: string
  /** In the currency's smallest unit. */
  amount: number
  taxBehavior: 'inclusive' | 'exclusive'
  months: number
  withdrawn: boolean
  stripePriceId: string | null
}

/** The same at Stripe, as far as it matters here. */
export interface TheirProduct {
  id: string
  name: string
  description: string | null
  active: boolean
  reference: string | null
  /** When it was last changed, in seconds. */
  updated: number
  prices: TheirPrice[]
}

export interface TheirPrice {
  id: string
  lookupKey: string | null
  active: boolean
  currency: string
  amount: number | null
  taxBehavior: string | null
  /** Null where it is not charged again and again. */
  months: number | null
}

export type ProductFields = Pick<TheirProduct, 'name' | 'description' | 'active' | 'reference'>

/** Something to do at Stripe, or to note here of it. */
export type Step =
  | { do: 'add_product'; reference: string; fields: ProductFields }
  | { do: 'change_product'; reference: string; updated: number; from: ProductFields; fields: ProductFields }
  | {
      do: 'add_price'
      reference: string
      price: OurPrice
      /** One that has its name and is another price. */
      insteadOf: string | null
    }
  | { do: 'set_active'; reference: string; price: OurPrice; stripePriceId: string; active: boolean }
  | { do: 'note_price'; reference: string; price: OurPrice; stripePriceId: string }

export const productName = (reference: string) => `latchkey_${reference}`
export const priceName = (id: string) => `latchkey_${id}`

/** What has to be done so that Stripe sells what the catalog says; nothing, where it does. In the order in which it is done. */
export function stepsFor(ours: readonly OurProduct[], theirs: readonly TheirProduct[]): Step[] {
  const known = new Map(theirs.map((product) => [product.id, product]))
  return ours.flatMap((product) => stepsOf(product, known.get(productName(product.reference))))
}

function stepsOf(ours: OurProduct, theirs: TheirProduct | undefined): Step[] {
  const { reference, name, description, sold: active } = ours
  const fields = { name: name.trim(), description: description.trim(), active, reference }
  const prices = ours.prices.flatMap((price) => stepsOfPrice(reference, price, theirs?.prices ?? []))
  if (!theirs) return [{ do: 'add_product', reference, fields }, ...prices]
  const from = fieldsOf(theirs)
  const same = changedFields(from, fields).length === 0
  return same
    ? prices
    : [{ do: 'change_product', reference, updated: theirs.updated, from, fields }, ...prices]
}

const fieldsOf = ({ name, description, active, reference }: ProductFields): ProductFields => ({
  name,
  description,
  active,
  reference,
})

/** The names of the fields that differ. */
export function changedFields(from: ProductFields, to: ProductFields): (keyof ProductFields)[] {
  const names = ['name', 'description', 'active', 'reference'] as const
  return names.filter((name) => from[name] !== to[name])
}

function stepsOfPrice(reference: string, price: OurPrice, theirs: readonly TheirPrice[]): Step[] {
  const named = theirs.find(({ lookupKey }) => lookupKey === priceName(price.id))
  // One that was made before, and whose name somebody has given to another meanwhile.
  const found = named && isSame(price, named) ? named : theirs.find((one) => isKnown(price, one))
  if (!found) {
    if (price.withdrawn) return []
    return [{ do: 'add_price', reference, price, insteadOf: named?.id ?? null }]
  }
  const stripePriceId = found.id
  const steps: Step[] = []
  if (found.active === price.withdrawn)
    steps.push({ do: 'set_active', reference, price, stripePriceId, active: !price.withdrawn })
  if (price.stripePriceId !== stripePriceId) steps.push({ do: 'note_price', reference, price, stripePriceId })
  return steps
}

const isKnown = (price: OurPrice, one: TheirPrice) => one.id === price.stripePriceId && isSame(price, one)

const isSame = (price: OurPrice, one: TheirPrice) =>
  one.currency === price.currency &&
  one.amount === price.amount &&
  one.taxBehavior === price.taxBehavior &&
  one.months === price.months
