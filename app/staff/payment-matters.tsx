import type { StaffVisit } from '@/app/_request/staff'
import { ActionForm } from '@/components/form'
import { LongWords } from '@/components/ui/long-names'
import { SubmitButton } from '@/components/ui/submit-button'
import { moment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import type { PaymentMatter } from '@/lib/payments/staff-matters'
import { closePaymentQuestion } from './actions'

/** A refund that names no line, a dispute, or what else of payments no rule decides; with what to do. */
export function Matter({ visit, matter, acts }: { visit: StaffVisit; matter: PaymentMatter; acts: boolean }) {
  const { t, language, session } = visit
  const { id, what, slug, organization, number, amount, currency, at, dueAt } = matter
  return (
    <tr>
      <td>
        <a className="break-words" href={`/${slug}/billing/invoices`}>
          <LongWords>{organization}</LongWords>
        </a>
        <small className="wrap-anywhere">{number}</small>
      </td>
      <td>
        <b>{t(`staff.matters.${what}`, { amount: money(amount, currency, language) })}</b>
        <small>{t(`staff.matters.to_do.${what}`)}</small>
        <small>
          {moment(at, language, session.timeZone)}
          {dueAt && t('staff.matters.due', { date: moment(dueAt, language, session.timeZone) })}
        </small>
        {what !== 'dispute' && acts && (
          <ActionForm action={closePaymentQuestion} hidden={{ organization: slug, questionId: id }}>
            <SubmitButton
              small
              label={t('staff.matters.close_label', { number, organization })}
              pendingText={t('shell.busy')}
            >
              {t('staff.matters.close')}
            </SubmitButton>
          </ActionForm>
        )}
      </td>
    </tr>
  )
}
