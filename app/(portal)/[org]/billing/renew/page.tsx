import { randomUUID } from 'node:crypto'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import type { OrganizationTx } from '@/db/scope'
import { productsWithReleases } from '@/lib/catalog/queries'
import { isId } from '@/lib/ids'
import { money } from '@/lib/messages/money'
import { mostLines } from '@/lib/payments/begin-checkout'
import { basketItem, type Purchase } from '@/lib/payments/buying/basket'
import { type Buyable, listBuyable } from '@/lib/payments/buying/buyable'
import { listPayable, type Payable } from '@/lib/payments/payable'
import { findCheckout } from '@/lib/payments/queries'
import { sells } from '@/lib/payments/stripe'
import { Portal } from '../../../portal'
import { pay } from '../actions'
import { basketIn, basketQuery } from '../basket'
import { NotBought, PurchaseLine } from '../buy/lines'
import { BuyLink } from '../buy/link'
import { taxOf } from '../tax-of'
import { Currencies, Lines, NotNow } from './lines'

interface Props {
  params: Promise<{ org: string }>
  /** Of what is to be renewed: subscriptions, or keys of them; and what is bought. */
  searchParams: Promise<{
    s?: string | string[]
    k?: string | string[]
    b?: string | string[]
    currency?: unknown
  }>
}

export const generateMetadata = organizationTitle(async ({ params, searchParams }: Props) => {
  const { t } = await requireMember((await params).org, 'checkout.begin')
  const wanted = await searchParams
  if (isNothing(wanted)) return t('billing.renew.unchosen')
  return t(wanted.b ? 'billing.buy.summary' : 'billing.renew.title')
})

export default organizationPage(RenewPage)

/** What is about to be paid: what, for which instance, until when, for how much. */
async function RenewPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'checkout.begin')
  const asked = await searchParams
  if (isNothing(asked)) return <NothingChosen visit={visit} />
  const { basket, ...wanted } = wantedIn(asked)
  const { t, organization, language } = visit
  const { data, needs, at } = await read(visit, (tx, moment) =>
    readSummary(tx, organization.organizationId, moment, wanted, basket),
  )
  const { currency, choices, now, not, buys, buysNot, payer, products, amount, tax } = data
  const count = now.length + buys.length
  const total = money(amount, currency, language)
  const isOrder = basket.length > 0
  const back = backFrom(visit, basket, now)
  const facts = { count, total, tax }
  return (
    <Portal visit={visit} current="billing" needs={needs}>
      <PageHead
        title={t(isOrder ? 'billing.buy.summary' : 'billing.renew.title')}
        sentence={
          count > 0
            ? t(isOrder ? 'billing.buy.sentence_pay' : 'billing.renew.sentence', facts)
            : t(isOrder ? 'billing.buy.nothing' : 'billing.renew.nothing')
        }
      />
      {count > mostLines && <TooMany t={t} />}
      {count > 0 && (
        <Lines {...{ visit, now, currency, products, total, tax, at }}>
          {buys.map((one) => (
            <PurchaseLine key={basketItem(one)} {...{ visit, one, currency, products }} />
          ))}
        </Lines>
      )}
      {count > 0 && choices.length > 1 && <Currencies {...{ visit, now, buys, currency, choices }} />}
      {payer && <p>{t('billing.renew.payer', { payer })}</p>}
      {not.length + buysNot.length > 0 && (
        <NotNow visit={visit} not={not}>
          <NotBought visit={visit} not={buysNot} />
        </NotNow>
      )}
      {count > 0 && count <= mostLines ? (
        <Pay {...{ visit, now, buys, amount, currency, total, tax, back }} />
      ) : (
        <Back back={back} />
      )}
    </Portal>
  )
}

/** Whoever ticked nothing comes here with nothing. */
const isNothing = ({ s, k, b }: Awaited<Props['searchParams']>) => !s && !k && !b

async function NothingChosen({ visit }: { visit: Visit }) {
  const { t, organization } = visit
  const { needs } = await read(visit, async () => null)
  return (
    <Portal visit={visit} current="billing" needs={needs}>
      <PageHead title={t('billing.renew.unchosen')} sentence={t('billing.renew.unchosen_text')} />
      <p className="row">
        <LinkButton href={`/${organization.slug}/billing`}>{t('billing.renew.cancel')}</LinkButton>
        <BuyLink visit={visit} />
      </p>
    </Portal>
  )
}

function wantedIn({ s = [], k = [], b, currency }: Awaited<Props['searchParams']>) {
  const idsOf = (given: string | string[]) => [given].flat().filter(isId).slice(0, mostLines)
  return {
    subscriptionIds: idsOf(s),
    keyIds: idsOf(k),
    currency: typeof currency === 'string' ? currency : undefined,
    basket: basketIn(b),
  }
}

const TooMany = ({ t }: Pick<Visit, 't'>) => (
  <Notice tone="soon" silent>
    {t('errors.too_many_lines')}
  </Notice>
)

/** Where what is chosen is changed: the shop with the basket, or the list of subscriptions. */
function backFrom({ t, organization }: Visit, basket: Purchase[], now: Payable[]) {
  const billing = `/${organization.slug}/billing`
  if (basket.length === 0) return { href: billing, text: t('billing.renew.cancel') }
  const subscriptionIds = now.map(({ subscriptionId }) => subscriptionId)
  const query = basketQuery({ purchases: basket, subscriptionIds })
  return { href: `${billing}/buy?${query}`, text: t('billing.buy.change') }
}

const Back = ({ back }: { back: ReturnType<typeof backFrom> }) => (
  <p className="after">
    <LinkButton href={back.href}>{back.text}</LinkButton>
  </p>
)

/** What of that which was chosen can be paid now, and what not. */
async function readSummary(
  tx: OrganizationTx,
  organizationId: string,
  at: Date,
  wanted: { subscriptionIds: string[]; keyIds: string[]; currency: string | undefined },
  basket: Purchase[],
) {
  const { currency, choices, payable } = await listPayable(tx, organizationId, at, {
    ...wanted,
    purchases: basket,
  })
  const buyable = await listBuyable(tx, organizationId, at, basket, currency)
  const now = payable.filter(({ verdict }) => sells() && verdict.ok)
  const buys = buyable.filter(({ verdict }) => sells() && verdict.ok)
  const prices = [...now, ...buys].map(({ price }) => price)
  const paying = [...payable, ...buyable].flatMap(({ verdict }) =>
    !verdict.ok && verdict.because === 'being_paid' ? verdict.checkoutId : [],
  )
  return {
    ...{ currency, choices, now, buys },
    not: payable.filter(({ verdict }) => !verdict.ok),
    buysNot: buyable.filter(({ verdict }) => !verdict.ok),
    payer: paying[0] && (await findCheckout(tx, organizationId, paying[0]))?.by,
    products: await productsWithReleases(tx, [
      ...new Set([...now, ...buys].map(({ productId }) => productId)),
    ]),
    amount: prices.reduce((sum, price) => sum + (price?.amount ?? 0), 0),
    tax: taxOf(prices),
  } as const
}

interface PayProps {
  visit: Visit
  now: Payable[]
  buys: Buyable[]
  back: ReturnType<typeof backFrom>
  amount: number
  currency: string
  total: string
  tax: 'inclusive' | 'exclusive'
}

function Pay({ visit: { t, organization }, now, buys, amount, currency, total, tax, back }: PayProps) {
  const subscriptionIds = now.map(({ subscriptionId }) => subscriptionId).join(' ')
  return (
    <Section title={t('billing.renew.then')}>
      <Panel padded>
        <ActionForm
          action={pay}
          hidden={{
            organization: organization.slug,
            idempotencyKey: randomUUID(),
            subscriptionIds,
            purchases: buys.map(basketItem).join(' '),
            shown: String(amount),
            currency,
          }}
        >
          <Notice tone="calm" silent>
            {t('billing.renew.vat_note')}
          </Notice>
          {now.length > 0 && <p>{t('billing.renew.old_key')}</p>}
          {buys.length > 0 && <p>{t('billing.buy.new_key')}</p>}
          <div className="row">
            <SubmitButton variant="primary" icon="credit-card" pendingText={t('shell.busy')}>
              {t('billing.renew.pay', { total, tax: t(`billing.tax.${tax}`) })}
            </SubmitButton>
            <LinkButton variant="quiet" href={back.href}>
              {back.text}
            </LinkButton>
          </div>
        </ActionForm>
      </Panel>
    </Section>
  )
}
