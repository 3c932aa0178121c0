import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { env } from '@/lib/env'
import { lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import type { Buyable } from '@/lib/payments/buying/buyable'
import type { Payable } from '@/lib/payments/payable'
import { basketQuery } from '../basket'
import { misfits } from '../fit'
import { GapNote } from '../gap-note'
import { notPayable } from '../verdict-words'

interface LinesProps {
  visit: Visit
  now: Payable[]
  currency: string
  products: readonly CatalogProduct[]
  total: string
  tax: 'inclusive' | 'exclusive'
  at: Date
  /** The lines of what is bought. */
  children: ReactNode
}

/** What is about to be paid, with its sum. */
export function Lines({ visit, now, currency, products, total, tax, at, children }: LinesProps) {
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
            <Line key={one.subscriptionId} {...{ visit, one, currency, products }} now={at} />
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
  products: readonly CatalogProduct[]
  now: Date
}

function Line({ visit: { t, language, organization }, one, currency, products, now }: LineProps) {
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
        {misfits(one.productId, one.glpiVersion, products, t).map((note) => (
          <small key={note}>{note}</small>
        ))}
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

/** What of that which was chosen cannot be paid now, and why. */
export function NotNow({ visit, not, children }: NotNowProps) {
  const { t, organization } = visit
  return (
    <Section title={t('billing.renew.not_now')}>
      <ul>
        {not.map((one) => {
          const { subscriptionId, product, shortId, verdict } = one
          return (
            <li key={subscriptionId}>
              {product} <code>{shortId}</code> {!verdict.ok && <small>{notPayable(visit, verdict)}</small>}{' '}
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
              <GapNote visit={visit} one={one} />
            </li>
          )
        })}
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
export function Currencies({ visit: { t, organization }, now, buys, currency, choices }: CurrenciesProps) {
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
