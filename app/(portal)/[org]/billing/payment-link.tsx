import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { may } from '@/lib/access'
import type { UnderWay } from '@/lib/payments/under-way'

interface Props {
  visit: Visit
  underWay: UnderWay | undefined
  small?: boolean
  /** What stands there where nothing is being paid. */
  children?: ReactNode
}

/** Of what is being paid, how far that is instead of a way to pay it again. */
export function PaymentLink({ visit: { t, organization }, underWay, small = false, children }: Props) {
  if (!underWay) return children
  const { state } = underWay
  const text = t(`billing.being_paid.${state}`)
  if (!may(organization.role, 'billing.see_checkout')) return <small>{text}</small>
  const failing = state === 'failing'
  return (
    <LinkButton
      small={small}
      icon={failing ? 'credit-card' : 'clock'}
      href={`/${organization.slug}/billing/checkouts/${underWay.checkoutId}`}
    >
      {failing ? t('billing.pay_failed') : text}
    </LinkButton>
  )
}
