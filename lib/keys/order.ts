import { type KeyState, works } from './rules'

interface Ordered {
  productId: string
  product: string
  state: KeyState
  notYetInGlpi: boolean
  issuedAt: Date
  expiresAt: Date | null
}

/**
 * The keys of an instance that are in use, what needs doing first: what is overdue, what ends soon, what waits for GLPI,
 * then the rest by name. A new key stands before its old one, which goes on beside it.
 */
export function dueFirst<Key extends Ordered>(keys: readonly Key[]): Key[] {
  const ofProduct = Map.groupBy(keys, ({ productId }) => productId)
  return [...ofProduct.values()]
    .map((group) => group.toSorted((a, b) => b.issuedAt.getTime() - a.issuedAt.getTime()))
    .map((group) => ({ group, first: group.toSorted(byNeed)[0] as Key })) // no group is empty
    .sort((a, b) => byNeed(a.first, b.first))
    .flatMap(({ group }) => group)
}

function byNeed(a: Ordered, b: Ordered): number {
  const order = need(a) - need(b)
  if (order) return order
  const ends = need(a) < 2 ? (a.expiresAt?.getTime() ?? 0) - (b.expiresAt?.getTime() ?? 0) : 0
  return ends || a.product.localeCompare(b.product)
}

function need({ state, notYetInGlpi }: Ordered): number {
  if (notYetInGlpi) return 2
  return state === 'overdue' ? 0 : state === 'expiring' ? 1 : 3
}

/** Whether it still belongs among the keys in use: it works, and nothing newer was seen in its place. */
export const inUse = ({ state }: { state: KeyState }): boolean => works(state) && state !== 'replaced'
