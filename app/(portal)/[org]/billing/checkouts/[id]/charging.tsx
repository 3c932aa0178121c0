import type { Visit } from '@/app/_request/session'
import { KeepFresh } from '@/components/keep-fresh'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { sumWords } from '@/lib/messages/sum-words'
import type { CheckoutRow } from '@/lib/payments/queries'
import { Portal as AtStripe } from '../../at-stripe'
import { taxOf } from '../../tax-of'

interface Props {
  visit: Visit
  checkout: CheckoutRow
  charge: NonNullable<CheckoutRow['charge']>
}

/** What renews by itself is being charged; where that has failed, what to do. */
export function Charging({ visit, checkout, charge }: Props) {
  const { t, organization } = visit
  const { lines, amount, currency } = checkout
  const { invoiced } = charge
  const sum = sumWords({ amount, currency, taxBehavior: taxOf(lines), invoiced }, visit)
  const [line] = lines
  if (!charge.failedAt)
    return (
      <>
        <KeepFresh seconds={10} />
        <Notice tone="soon">
          <b>{t('billing.checkout.charging')}</b> {t('billing.checkout.charging_text', { sum })}
        </Notice>
      </>
    )
  return (
    <>
      <KeepFresh seconds={10} />
      <Notice tone="bad">
        <b>{t('billing.automatic.is_failing', { sum })}</b> {t('billing.checkout.failing_text')}
      </Notice>
      <p className="after row">
        {charge.payUrl && (
          <LinkButton variant="primary" href={charge.payUrl}>
            {t('billing.automatic.pay_invoice')}
          </LinkButton>
        )}
        <LinkButton href={`/${organization.slug}/billing/automatic/${line?.subscriptionId}`}>
          {t('billing.automatic.title')}
        </LinkButton>
      </p>
      <p className="after">{t('billing.automatic.later')}</p>
      <AtStripe visit={visit} known />
    </>
  )
}
