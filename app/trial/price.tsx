import type { OfferedProduct } from '@/lib/catalog/offered'
import { money } from '@/lib/messages/money'
import type { Language, Translate } from '@/lib/messages/translator'

/** What a product costs, in each currency and term that it is sold for. */
export function Price({
  product,
  language,
  t,
}: {
  product: Pick<OfferedProduct, 'prices'>
  language: Language
  t: Translate
}) {
  const { prices } = product
  if (prices.length === 0) return t('stranger.price_asked')
  return prices.map(({ id, amount, currency, taxBehavior, months }) => (
    <span key={id} className="block whitespace-nowrap">
      {money(amount, currency, language)}{' '}
      <small>
        {t(`billing.tax.${taxBehavior}`)} {t('billing.buy.per', { months })}
      </small>
    </span>
  ))
}
