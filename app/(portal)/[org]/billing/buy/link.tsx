import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { may } from '@/lib/access'
import { sells } from '@/lib/payments/stripe'

interface Props {
  visit: Visit
  /** The one instance that it is for. */
  instanceId?: string
  /** The next thing to do where it stands. */
  primary?: boolean
}

/** To what is sold, for who may pay; nothing for others, and where nothing is sold. */
export function BuyLink({ visit: { t, organization }, instanceId, primary }: Props) {
  if (!mayBuyHere(organization.role)) return null
  const page = `/${organization.slug}/billing/buy`
  return (
    <LinkButton
      variant={primary ? 'primary' : 'default'}
      icon="credit-card"
      href={instanceId ? `${page}?i=${instanceId}` : page}
      label={instanceId && t('billing.buy.link_for')}
    >
      {t('billing.buy.link')}
    </LinkButton>
  )
}

/** Whether there is a way to buy on a page of somebody with this role. */
export const mayBuyHere = (role: Visit['organization']['role']) => sells() && may(role, 'checkout.begin')
