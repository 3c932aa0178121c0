import { isId } from '@/lib/ids'
import { basketItem, type Purchase } from '@/lib/payments/buying/basket'

/** More than anybody can pay together, so that what is too much is still said. */
const mostRead = 200

/** What an address names as chosen: the purchases of its `b`, once each. */
export function basketIn(given: string | string[] | undefined): Purchase[] {
  const items = new Set([given ?? []].flat())
  return [...items].slice(0, mostRead).flatMap((item): Purchase[] => {
    const [productId, instanceId, ...more] = item.split('.')
    if (!isId(productId) || more.length > 0) return []
    if (!instanceId) return [{ productId, instanceId: null }]
    return isId(instanceId) ? [{ productId, instanceId }] : []
  })
}

interface Chosen {
  purchases?: readonly Purchase[]
  subscriptionIds?: readonly string[]
}

/** The part of an address that names what is chosen. */
export function basketQuery({ purchases = [], subscriptionIds = [] }: Chosen): string {
  return [
    ...subscriptionIds.map((id) => `s=${id}`),
    ...purchases.map((purchase) => `b=${basketItem(purchase)}`),
  ].join('&')
}

/** The part of an address below `/billing` on which these stand ticked: the shop where something is bought. */
export function chooseAt({ purchases = [], subscriptionIds = [] }: Chosen): string {
  const query = basketQuery({ purchases, subscriptionIds })
  return purchases.length > 0 ? `/buy?${query}` : `?${query}`
}
