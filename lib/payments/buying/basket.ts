/** What can be bought: a product for an instance, or for the whole organization. */
export interface Purchase {
  productId: string
  instanceId: string | null
}

/** As a basket's address names it. */
export const basketItem = ({ productId, instanceId }: Purchase) => [productId, instanceId ?? ''].join('.')
