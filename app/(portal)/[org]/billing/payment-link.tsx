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
  const text = t(`billing.being_paid.${underWay.state}`)
  if (!may(organization.role, 'billing.see_checkout')) return <small>{text}</small>
  return (
    <LinkButton
      small={small}
      icon="clock"
      href={`/${organization.slug}/billing/checkouts/${underWay.checkoutId}`}
    >
      {text}
    </LinkButton>
  )
}
