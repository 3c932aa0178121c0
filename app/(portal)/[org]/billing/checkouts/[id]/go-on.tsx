import type { Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import { moment } from '@/lib/messages/dates'
import { basketItem } from '@/lib/payments/buying/basket'
import type { CheckoutLineRow, CheckoutRow } from '@/lib/payments/queries'
import { giveUp, goOn } from '../../actions'

interface Props {
  visit: Visit
  checkout: CheckoutRow
}

/** What a payment is for, as it was chosen. */
export const chosenIn = (lines: CheckoutLineRow[]) => ({
  subscriptionIds: lines.flatMap(({ subscriptionId }) => subscriptionId ?? []),
  purchases: lines.filter(({ subscriptionId }) => !subscriptionId),
})

/** What can be done with a payment that was begun: by whoever of the organization may pay. */
export function GoOn({ visit, checkout }: Props) {
  const { t, language, session, organization } = visit
  const { id, by, begunAt, expiresAt } = checkout
  const date = (at: Date) => moment(at, language, session.timeZone)
  const who = by ?? t('billing.checkout.by_somebody')
  const facts = { by: who, date: date(begunAt), until: expiresAt ? date(expiresAt) : '' }
  const { subscriptionIds, purchases } = chosenIn(checkout.lines)
  const chosen = {
    subscriptionIds: subscriptionIds.join(' '),
    purchases: purchases.map(basketItem).join(' '),
  }
  const hidden = { organization: organization.slug, checkoutId: id }
  return (
    <Panel padded>
      <p>
        <b>{t('billing.checkout.open')}</b>{' '}
        <LongNames names={[by]}>
          {t(expiresAt ? 'billing.checkout.open_text' : 'billing.checkout.unreachable_text', facts)}
        </LongNames>
      </p>
      {may(organization.role, 'checkout.open') && (
        <div className="row mt-3">
          <ActionForm action={goOn} hidden={hidden}>
            <SubmitButton variant="primary" icon="credit-card" pendingText={t('shell.busy')}>
              {t('billing.checkout.continue')}
            </SubmitButton>
          </ActionForm>
          <ActionForm action={giveUp} hidden={{ ...hidden, ...chosen }}>
            <SubmitButton pendingText={t('shell.busy')}>{t('billing.checkout.choose_again')}</SubmitButton>
          </ActionForm>
          <ActionForm action={giveUp} hidden={hidden}>
            <SubmitButton variant="quiet" pendingText={t('shell.busy')}>
              {t('billing.checkout.give_up')}
            </SubmitButton>
          </ActionForm>
        </div>
      )}
    </Panel>
  )
}
