import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Dot } from '@/components/ui/state'
import { moment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import type { FailedPayment } from '@/lib/payments/failed-payments'

interface Props {
  visit: Visit
  failed: FailedPayment
  next: boolean
}

/** A delayed payment that did not come, until what it was for is paid otherwise. */
export function PaymentFailed({ visit, failed, next }: Props) {
  const { t, language, session, organization } = visit
  const { checkoutId, by, begunAt, currency, amount, lines } = failed
  const products = lines
    .map(({ product, instance }) => `${product} (${instance ?? t('billing.everywhere')})`)
    .join(', ')
  const words = {
    products,
    amount: money(amount, currency, language),
    by: by ?? t('billing.checkout.by_somebody'),
    date: moment(begunAt, language, session.timeZone),
  }
  const b = (chunks: ReactNode) => <b>{chunks}</b>
  return (
    <li>
      <Dot tone="bad" icon="credit-card" />
      <div>
        <LongNames names={lines.map(({ instance }) => instance)}>
          {t.rich('overview.payment_failed', { ...words, b })}
        </LongNames>
        <p>
          <LongNames names={[by]}>{t('overview.payment_failed_detail', words)}</LongNames>
        </p>
      </div>
      <LinkButton
        small
        variant={next ? 'primary' : 'default'}
        href={`/${organization.slug}/billing/checkouts/${checkoutId}`}
        label={t('overview.pay_again_label', { products })}
      >
        {t('overview.pay_again')}
      </LinkButton>
    </li>
  )
}
