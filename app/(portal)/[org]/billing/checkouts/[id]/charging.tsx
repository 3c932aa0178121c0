import type { Visit } from '@/app/_request/session'
import { KeepFresh } from '@/components/keep-fresh'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { money } from '@/lib/messages/money'
import type { CheckoutRow } from '@/lib/payments/queries'

interface Props {
  visit: Visit
  checkout: CheckoutRow
  charge: NonNullable<CheckoutRow['charge']>
}

/** What renews by itself is being charged; where that has failed, what to do. */
export function Charging({ visit: { t, language, organization }, checkout, charge }: Props) {
  const amount = money(checkout.amount, checkout.currency, language)
  const [line] = checkout.lines
  if (!charge.failedAt)
    return (
      <>
        <KeepFresh seconds={10} />
        <Notice tone="soon">
          <b>{t('billing.checkout.charging')}</b> {t('billing.checkout.charging_text', { amount })}
        </Notice>
      </>
    )
  return (
    <>
      <KeepFresh seconds={10} />
      <Notice tone="bad">
        <b>{t('billing.automatic.is_failing', { amount })}</b> {t('billing.checkout.failing_text')}
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
    </>
  )
}
