import type { OrganizationTx } from '@/db/scope'
import { timeZoneOf } from '@/lib/organizations/queries'
import { currencyFor } from '@/lib/payments/currency'
import { nextTerm } from '@/lib/subscriptions/rules'
import { basketItem, type Purchase } from './basket'
import { type BuyVerdict, mayBuy } from './rules'
import { type Good, type Holding, type PlaceInstance, readShop, type Shop } from './shop'

export interface Buyable extends Purchase {
  product: string
  instance: PlaceInstance | null
  price: Good['price']
  /** The term that a payment now would bring. */
  next: { startsAt: Date; endsAt: Date } | null
  /** What of a suite the place has already, each with the day until which it is paid. */
  has: { product: string; termEndsAt: Date }[]
  /** The trial of it that runs there, and goes on until then. */
  trial: { shortId: string; endsAt: Date } | null
  verdict: BuyVerdict
}

/**
 * What somebody has chosen to buy, each with its verdict, in the order of the choice and once each. What the organization
 * cannot mean is left out: a stranger's instance, an unknown product, a plan for one instance.
 */
export async function listBuyable(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  chosen: readonly Purchase[],
  currency: string,
): Promise<Buyable[]> {
  if (chosen.length === 0) return []
  const [timeZone, shop] = await Promise.all([
    timeZoneOf(tx, organizationId),
    readShop(
      tx,
      organizationId,
      currency,
      {
        productIds: chosen.map(({ productId }) => productId),
        instanceIds: chosen.flatMap(({ instanceId }) => instanceId ?? []),
      },
      now,
    ),
  ])
  const once = [...new Map(chosen.map((one) => [basketItem(one), one])).values()]
  return once.flatMap((one) => judge(one, shop, timeZone, now, once) ?? [])
}

/** Everything that is sold, for each of these instances or the whole organization, with what needs no key. */
export async function wholeOffer(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  instanceIds: readonly string[],
) {
  const { currency } = await currencyFor(tx, organizationId, undefined, null)
  const [timeZone, shop] = await Promise.all([
    timeZoneOf(tx, organizationId),
    readShop(tx, organizationId, currency, { productIds: null, instanceIds }, now),
  ])
  const instances = [...shop.instances.values()]
  const offers = [...shop.goods.values()].map((good) => {
    const places = good.everywhere ? [null] : instances.map(({ id }) => id)
    return {
      good,
      contains: shop.contents.filter(({ suiteId }) => suiteId === good.id).map(({ name }) => name),
      places: places.flatMap(
        (instanceId) => judge({ productId: good.id, instanceId }, shop, timeZone, now, []) ?? [],
      ),
    }
  })
  return { currency, offers }
}

function judge(
  one: Purchase,
  shop: Shop,
  timeZone: string,
  now: Date,
  chosen: readonly Purchase[],
): Buyable | undefined {
  const good = shop.goods.get(one.productId)
  const instance = one.instanceId ? shop.instances.get(one.instanceId) : null
  if (!good || instance === undefined || good.everywhere !== (instance === null)) return undefined
  const { price, overlapDays, openSource, withdrawn, permanent } = good
  const isHere = (at: { instanceId: string | null }) =>
    at.instanceId === null || at.instanceId === one.instanceId
  const suites = shop.contents.filter(({ productId }) => productId === good.id).map(({ suiteId }) => suiteId)
  const isSuiteHere = (other: Purchase) => suites.includes(other.productId) && isHere(other)
  const isSame = (other: Purchase) => other.productId === good.id && other.instanceId === one.instanceId
  const suite = latest(shop.holdings.filter((held) => isSuiteHere(held) && !held.revoked))
  const chosenSuite = chosen.find(isSuiteHere)
  const verdict = mayBuy(
    {
      ...{ openSource, withdrawn, permanent },
      retired: instance?.retiredAt != null,
      amount: price?.amount ?? null,
      openCheckoutId: shop.open.find((line) => isSame(line) || isSuiteHere(line))?.checkoutId ?? null,
      held: latest(shop.holdings.filter(isSame)) ?? null,
      suite: suite ? { name: suite.product, termEndsAt: suite.termEndsAt } : null,
      chosenSuite: (chosenSuite && shop.goods.get(chosenSuite.productId)?.name) ?? null,
    },
    now,
  )
  const inside = shop.contents.filter(({ suiteId }) => suiteId === good.id).map(({ productId }) => productId)
  const has = shop.holdings.filter(
    (held) => inside.includes(held.productId) && isHere(held) && held.termEndsAt > now && !held.revoked,
  )
  const trial = shop.trials.find(isSame)
  return {
    ...one,
    product: good.name,
    instance,
    price,
    next: price ? nextTerm(null, price.months, overlapDays, timeZone, now) : null,
    has: has.map(({ product, termEndsAt }) => ({ product, termEndsAt })),
    trial: trial ? { shortId: trial.shortId, endsAt: trial.endsAt } : null,
    verdict,
  }
}

/** By the end of what is paid. */
function latest(held: Holding[]): Holding | undefined {
  return held.toSorted((a, b) => b.termEndsAt.getTime() - a.termEndsAt.getTime())[0]
}
