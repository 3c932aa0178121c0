import type { Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import { sells } from '@/lib/payments/stripe'
import { manage } from './actions'

/** The way to what Stripe keeps of a customer. */
export function Portal({ visit: { t, organization }, known }: { visit: Visit; known: boolean }) {
  if (!sells() || !may(organization.role, 'billing.open_portal')) return null
  if (!known) return <p className="after">{t('billing.automatic.portal_none')}</p>
  return (
    <ActionForm action={manage} hidden={{ organization: organization.slug }}>
      <p className="after">
        <SubmitButton variant="default" pendingText={t('shell.busy')}>
          {t('billing.automatic.portal')}
        </SubmitButton>
      </p>
    </ActionForm>
  )
}
