import { randomUUID } from 'node:crypto'
import type { ReactNode } from 'react'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import type { OrganizationTx } from '@/db/scope'
import { productsWithReleases } from '@/lib/catalog/queries'
import { env } from '@/lib/env'
import { isId } from '@/lib/ids'
import { lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { basketItem, type Purchase } from '@/lib/payments/basket'
import { mostLines } from '@/lib/payments/begin-checkout'
import { type Buyable, listBuyable } from '@/lib/payments/buyable'
import { listPayable, type Payable } from '@/lib/payments/payable'
import { sells } from '@/lib/payments/stripe'
import { Portal } from '../../../portal'
import { pay } from '../actions'
import { basketIn, basketQuery } from '../basket'
import { NotBought, PurchaseLine } from '../buy/lines'

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
  return t((await searchParams).b ? 'billing.buy.summary' : 'billing.renew.title')
})

export default organizationPage(RenewPage)

/** What is about to be paid: what, for which instance, until when, for how much. */
async function RenewPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'checkout.begin')
  const { s = [], k = [], b, currency: chosen } = await searchParams
  const basket = basketIn(b)
  const idsOf = (given: string | string[]) => [given].flat().filter(isId).slice(0, mostLines)
  const wanted = {
    subscriptionIds: idsOf(s),
    keyIds: idsOf(k),
    currency: typeof chosen === 'string' ? chosen : undefined,
  }
  const { t, organization, language } = visit
  const { data, needs, at } = await read(visit, (tx, moment) =>
    readSummary(tx, organization.organizationId, moment, wanted, basket),
  )
  const { currency, choices, now, not, buys, buysNot, products, amount, tax } = data
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
        <Lines {...{ visit, now, currency, total, tax, at }}>
          {buys.map((one) => (
            <PurchaseLine key={basketItem(one)} {...{ visit, one, currency, products }} />
          ))}
        </Lines>
      )}
      {count > 0 && choices.length > 1 && <Currencies {...{ visit, now, buys, currency, choices }} />}
      {not.length + buysNot.length > 0 && (
        <NotNow visit={visit} not={not}>
          <NotBought visit={visit} not={buysNot} />
        </NotNow>
      )}
      {count > 0 && count <= mostLines ? (
        <Pay {...{ visit, now, buys, amount, currency, total, back }} />
      ) : (
        <Back back={back} />
      )}
    </Portal>
  )
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
  return {
    ...{ currency, choices, now, buys },
    not: payable.filter(({ verdict }) => !verdict.ok),
    buysNot: buyable.filter(({ verdict }) => !verdict.ok),
    products: await productsWithReleases(tx, [...new Set(buys.map(({ productId }) => productId))]),
    amount: prices.reduce((sum, price) => sum + (price?.amount ?? 0), 0),
    tax: prices.every((price) => price?.taxBehavior === 'inclusive') ? 'inclusive' : 'exclusive',
  } as const
}

interface LinesProps {
  visit: Visit
  now: Payable[]
  currency: string
  total: string
  tax: 'inclusive' | 'exclusive'
  at: Date
  /** The lines of what is bought. */
  children: ReactNode
}

function Lines({ visit, now, currency, total, tax, at, children }: LinesProps) {
  const { t } = visit
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('billing.product')}</th>
            <th scope="col">{t('billing.next')}</th>
            <th scope="col">{t('billing.price')}</th>
          </tr>
        </thead>
        <tbody>
          {now.map((one) => (
            <Line key={one.subscriptionId} visit={visit} one={one} currency={currency} now={at} />
          ))}
          {children}
        </tbody>
        <tfoot>
          <tr>
            <td colSpan={2}>
              <b>{t('billing.renew.total')}</b>
            </td>
            <td>
              <b>{total}</b> <small>{t(`billing.tax.${tax}`)}</small>
            </td>
          </tr>
        </tfoot>
      </table>
    </Panel>
  )
}

interface LineProps {
  visit: Visit
  one: Payable
  currency: string
  now: Date
}

function Line({ visit: { t, language, organization }, one, currency, now }: LineProps) {
  const { product, instance, shortId, price, next, termEndsAt, keyExpiresAt } = one
  const day = (end: Date) => lastDay(end, language, organization.timeZone)
  const last = next ? day(next.endsAt) : ''
  return (
    <tr>
      <td>
        <b>{product}</b>
        <small>
          <LongWords>{instance ?? t('billing.everywhere')}</LongWords> <code>{shortId}</code>
        </small>
      </td>
      <td data-head={t('billing.next')}>
        {keyExpiresAt > now ? (
          <>
            {t('billing.renew.no_day_lost', { until: day(termEndsAt), last })}
            <small>{t('billing.renew.works_until', { date: day(keyExpiresAt) })}</small>
          </>
        ) : (
          t('billing.renew.begins_today', { last })
        )}
      </td>
      <td data-head={t('billing.price')} className="whitespace-nowrap">
        {price && money(price.amount, currency, language)}{' '}
        <small>{price && t(`billing.tax.${price.taxBehavior}`)}</small>
      </td>
    </tr>
  )
}

interface NotNowProps {
  visit: Visit
  not: Payable[]
  /** The items of what cannot be bought. */
  children: ReactNode
}

function NotNow({ visit: { t, organization }, not, children }: NotNowProps) {
  return (
    <Section title={t('billing.renew.not_now')}>
      <ul>
        {not.map(({ subscriptionId, product, shortId, verdict }) => (
          <li key={subscriptionId}>
            {product} <code>{shortId}</code>{' '}
            {!verdict.ok && <small>{t(`billing.verdict.${verdict.because}`)}</small>}{' '}
            {!verdict.ok && verdict.because === 'no_price' && (
              <a className="link" href={`mailto:${env().SUPPORT_EMAIL}`}>
                {env().SUPPORT_EMAIL}
              </a>
            )}
            {!verdict.ok && verdict.because === 'being_paid' && (
              <a className="link" href={`/${organization.slug}/billing/checkouts/${verdict.checkoutId}`}>
                {t('billing.see')}
              </a>
            )}
          </li>
        ))}
        {children}
      </ul>
    </Section>
  )
}

interface CurrenciesProps {
  visit: Visit
  now: Payable[]
  buys: Buyable[]
  currency: string
  choices: string[]
}

/** What else the organization could pay in, since it has not paid yet. */
function Currencies({ visit: { t, organization }, now, buys, currency, choices }: CurrenciesProps) {
  const subscriptionIds = now.map(({ subscriptionId }) => subscriptionId)
  const query = basketQuery({ subscriptionIds, purchases: buys })
  const address = (other: string) => `/${organization.slug}/billing/renew?${query}&currency=${other}`
  return (
    <p className="after">
      {t('billing.renew.currency', { currency: currency.toUpperCase() })}{' '}
      {choices
        .filter((other) => other !== currency)
        .map((other) => (
          <a key={other} className="link mr-2" href={address(other)}>
            {other.toUpperCase()}
          </a>
        ))}
    </p>
  )
}

interface PayProps {
  visit: Visit
  now: Payable[]
  buys: Buyable[]
  back: ReturnType<typeof backFrom>
  amount: number
  currency: string
  total: string
}

function Pay({ visit: { t, organization }, now, buys, amount, currency, total, back }: PayProps) {
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
              {t('billing.renew.pay', { total })}
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
