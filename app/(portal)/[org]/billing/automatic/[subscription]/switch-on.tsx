import type { Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { firstDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import type { Payable } from '@/lib/payments/payable'
import { switchOn } from '../../actions'

interface Props {
  visit: Visit
  one: Payable
  currency: string
  mayChange: boolean
}

/** What will be charged, when, and how it is ended: before anything is switched on. */
export function SwitchOn({ visit: { t, language, organization }, one, currency, mayChange }: Props) {
  const { price, termEndsAt, subscriptionId, overlapDays } = one
  if (!price) return null
  const amount = money(price.amount, currency, language)
  const date = firstDay(termEndsAt, language, organization.timeZone)
  const tax = t(`billing.tax.${price.taxBehavior}`)
  return (
    <Section title={t('billing.automatic.charged_title')}>
      <Panel padded>
        <p>
          <b>{t('billing.automatic.charged', { amount, tax, date, months: price.months })}</b>{' '}
          {t('billing.automatic.price_stays')}
        </p>
        <p>{t('billing.automatic.moves')}</p>
        <p>{t('billing.automatic.key', { days: overlapDays })}</p>
        <p>{t('billing.automatic.end_any')}</p>
        <p>{t('billing.automatic.means')}</p>
        <p>{t('billing.automatic.vat_number')}</p>
        {mayChange && (
          <ActionForm
            action={switchOn}
            hidden={{
              organization: organization.slug,
              subscriptionId,
              shown: String(price.amount),
              currency,
            }}
          >
            <div className="row mt-3">
              <SubmitButton variant="primary" pendingText={t('shell.busy')}>
                {t('billing.automatic.confirm', { amount, tax, date })}
              </SubmitButton>
            </div>
          </ActionForm>
        )}
      </Panel>
    </Section>
  )
}
