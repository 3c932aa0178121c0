import type { Visit } from '@/app/_request/session'
import { LongWords } from '@/components/ui/long-names'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { basketItem } from '@/lib/payments/buying/basket'
import type { Buyable } from '@/lib/payments/buying/buyable'
import { notesOn } from './offers'
import { Verdict } from './verdict'

interface LineProps {
  visit: Visit
  one: Buyable
  currency: string
  products: readonly CatalogProduct[]
}

/** What is about to be bought: what, for which instance, from when until when, for how much. */
export function PurchaseLine({ visit, one, currency, products }: LineProps) {
  const { t, language, organization } = visit
  const { product, instance, price, next } = one
  const last = next ? lastDay(next.endsAt, language, organization.timeZone) : ''
  return (
    <tr>
      <td>
        <b>{product}</b>
        <small>
          <LongWords>{instance?.label ?? t('billing.everywhere')}</LongWords>
        </small>
        {notesOn(one, products, visit).map((note) => (
          <small key={note}>{note}</small>
        ))}
      </td>
      <td data-head={t('billing.next')}>{t('billing.buy.today', { last })}</td>
      <td data-head={t('billing.price')} className="whitespace-nowrap">
        {price && money(price.amount, currency, language)}{' '}
        <small>{price && t(`billing.tax.${price.taxBehavior}`)}</small>
      </td>
    </tr>
  )
}

/** What of the basket cannot be bought, each with why, and where that leads. */
export function NotBought({ visit, not }: { visit: Visit; not: Buyable[] }) {
  return not.map((one) => (
    <li key={basketItem(one)}>
      {one.product} · <LongWords>{one.instance?.label ?? visit.t('billing.everywhere')}</LongWords>{' '}
      <small>
        <Verdict visit={visit} one={one} />
      </small>
    </li>
  ))
}
