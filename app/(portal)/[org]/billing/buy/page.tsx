import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { Done } from '@/components/done'
import { Button, LinkButton, mailTo } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { PageHead, Panel } from '@/components/ui/panel'
import type { OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { openSourceProducts, productsWithReleases } from '@/lib/catalog/queries'
import { env } from '@/lib/env'
import { isId } from '@/lib/ids'
import { listInstances } from '@/lib/instances/queries'
import { mostLines } from '@/lib/payments/begin-checkout'
import { basketItem, type Purchase } from '@/lib/payments/buying/basket'
import { listBuyable, wholeOffer } from '@/lib/payments/buying/buyable'
import { listPayable } from '@/lib/payments/payable'
import { sells } from '@/lib/payments/stripe'
import { listTrialOffers } from '@/lib/trials/offers'
import { Portal } from '../../../portal'
import { OpenSource } from '../../instances/[id]/planner'
import { basketIn, basketQuery } from '../basket'
import { Offers } from './offers'
import { Together } from './together'

/** What can be ticked on one page; of more, each instance's own page leads here. */
const mostInstances = 50

interface Props {
  params: Promise<{ org: string }>
  /** `b`: what is in the basket; `s`: what is renewed with it; `i`: the one instance that it is for. */
  searchParams: Promise<Record<'b' | 's', string | string[] | undefined> & { i?: unknown; done?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'checkout.begin')
  return t('billing.buy.title')
})

export default organizationPage(BuyPage)

/** What the vendor sells, to be ticked for the instances it is for. */
async function BuyPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'checkout.begin')
  const { t, organization } = visit
  const { b, s, i, done } = await searchParams
  const basket = basketIn(b)
  const only = isId(i) ? i : null
  const subscriptionIds = [s ?? []].flat().filter(isId).slice(0, mostLines)
  const { data, needs } = await read(visit, (tx, now) =>
    readOffers(tx, organization.organizationId, now, { basket, subscriptionIds, only }),
  )
  const { offers, trials, currency, products, openSource, instances, more, renewed, notForSale } = data
  const forSale = sells() && offers.length > 0
  return (
    <Portal visit={visit} current="billing" needs={needs}>
      <PageHead title={t('billing.buy.title')} sentence={forSale && t('billing.buy.sentence')} />
      {done === 'added' && <Done>{t('billing.buy.added')}</Done>}
      {!forSale && <NothingForSale visit={visit} />}
      {forSale && instances === 0 && <AddInstance visit={visit} />}
      {forSale && (
        <form action={`/${organization.slug}/billing/renew`} method="get">
          <Together visit={visit} renewed={renewed} notForSale={notForSale} />
          <Offers
            visit={visit}
            offers={offers}
            trials={trials}
            products={products}
            currency={currency}
            chosen={new Set(basket.map(basketItem))}
          />
          {more && (
            <More visit={visit} query={only && basketQuery({ purchases: basket })} shown={instances} />
          )}
          {instances > 0 && <AnotherInstance visit={visit} />}
          <p className="after row">
            <Button variant="primary" icon="credit-card">
              {t('billing.buy.next')}
            </Button>
            <LinkButton variant="quiet" href={`/${organization.slug}/billing`}>
              {t('billing.renew.cancel')}
            </LinkButton>
          </p>
        </form>
      )}
      <OpenSource products={openSource} t={t} />
    </Portal>
  )
}

async function readOffers(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  { basket, subscriptionIds, only }: { basket: Purchase[]; subscriptionIds: string[]; only: string | null },
) {
  const first = [...(only ? [only] : []), ...basket.flatMap(({ instanceId }) => instanceId ?? [])]
  const { rows, next } = await listInstances(tx, organizationId, {
    first: [...new Set(first)],
    limit: mostInstances,
  })
  // Of an instance that is not there, all are shown.
  const narrowed = rows.some(({ id }) => id === only) ? rows.filter(({ id }) => first.includes(id)) : rows
  const ids = narrowed.map(({ id }) => id)
  const { currency, offers } = await wholeOffer(tx, organizationId, now, ids)
  const { payable } = await listPayable(tx, organizationId, now, { subscriptionIds })
  const offered = new Set(offers.map(({ good }) => good.id))
  const notOffered = basket.filter(({ productId }) => !offered.has(productId))
  return {
    ...{ currency, offers },
    trials: await listTrialOffers(tx, organizationId, now, { productIds: [...offered], instanceIds: ids }),
    renewed: payable,
    notForSale: await listBuyable(tx, organizationId, now, notOffered, currency),
    instances: ids.length,
    more: next !== undefined || narrowed.length < rows.length,
    products: await productsWithReleases(
      tx,
      offers.map(({ good }) => good.id),
    ),
    openSource: await openSourceProducts(tx),
  }
}

function NothingForSale({ visit: { t } }: { visit: Visit }) {
  const support = env().SUPPORT_EMAIL
  return (
    <Panel>
      <Empty icon="credit-card" title={t('billing.buy.none_title')}>
        {t.rich('billing.buy.none_text', { support, mail: mailTo(support) })}
      </Empty>
    </Panel>
  )
}

/** What is bought for an instance needs one; who may not add one is told whom to ask. */
async function AddInstance({ visit }: { visit: Visit }) {
  const { t, organization } = visit
  const mayAdd = may(organization.role, 'instance.add')
  const { who, names } = await whomToAsk(visit, 'instance.add')
  return (
    <Panel>
      <Empty
        icon="server"
        title={t('billing.buy.add_title')}
        actions={
          mayAdd && (
            <LinkButton icon="plus" href={`/${organization.slug}/instances/new?from=buy`}>
              {t('instances.add')}
            </LinkButton>
          )
        }
      >
        <LongNames names={names}>
          {mayAdd ? t('billing.buy.add_text') : t('overview.none_ask', { who })}
        </LongNames>
      </Empty>
    </Panel>
  )
}

/** For who may add one. */
function AnotherInstance({ visit: { t, organization } }: { visit: Visit }) {
  if (!may(organization.role, 'instance.add')) return null
  return (
    <p className="after">
      <a className="link" href={`/${organization.slug}/instances/new?from=buy`}>
        {t('billing.buy.another')}
      </a>
    </p>
  )
}

/** @param query what is chosen already, where only some instances were asked for */
function More({
  visit: { t, organization },
  query,
  shown,
}: {
  visit: Visit
  query: string | null
  shown: number
}) {
  return (
    <p className="after">
      {query === null ? (
        <a className="link" href={`/${organization.slug}/instances`}>
          {t('billing.buy.more', { shown })}
        </a>
      ) : (
        <a className="link" href={`/${organization.slug}/billing/buy?${query}`}>
          {t('billing.buy.other_instances')}
        </a>
      )}
    </p>
  )
}
