import type { Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { Notice } from '@/components/ui/notice'
import { Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { termState } from '@/lib/mail/term-text'
import { firstDay, lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { sumWords } from '@/lib/messages/sum-words'
import type { Automatic, Payable } from '@/lib/payments/payable'
import { endRenewal, switchOn } from '../../actions'
import { Portal as AtStripe } from '../../at-stripe'

interface Props {
  visit: Visit
  one: Payable
  automatic: Automatic
  /** Stripe's page of the invoice that could not be charged. */
  payUrl: string | null
  mayChange: boolean
  now: Date
}

/** How it stands, and the one button that ends it. */
export function IsOn({ visit, one, automatic, payUrl, mayChange, now }: Props) {
  const { t, language, organization } = visit
  const { subscriptionId, price, termEndsAt } = one
  const { startedAt, failedAt, currency } = automatic
  const amount = money(automatic.amount, currency, language)
  const date = firstDay(termEndsAt, language, organization.timeZone)
  const taxBehavior = price?.taxBehavior ?? 'exclusive'
  const tax = t(`billing.tax.${taxBehavior}`)
  const hidden = { organization: organization.slug, subscriptionId }
  return (
    <>
      {!startedAt && <Notice tone="soon">{t('billing.automatic.is_waiting')}</Notice>}
      {startedAt && !failedAt && (
        <Notice tone="ok">{t('billing.automatic.is_on', { date, amount, tax })}</Notice>
      )}
      {failedAt && (
        <Failing visit={visit} sum={sumWords({ ...automatic, taxBehavior }, visit)} payUrl={payUrl} />
      )}
      {mayChange && (
        <Panel padded>
          {!startedAt && (
            <ActionForm action={switchOn} hidden={{ ...hidden, shown: String(automatic.amount), currency }}>
              <SubmitButton variant="primary" icon="credit-card" pendingText={t('shell.busy')}>
                {t('billing.automatic.go_on')}
              </SubmitButton>
            </ActionForm>
          )}
          <EndedNote visit={visit} one={one} now={now} />
          <ActionForm action={endRenewal} hidden={{ ...hidden, renewalId: automatic.id }}>
            <div className="row mt-3">
              <SubmitButton variant="default" pendingText={t('shell.busy')}>
                {t('billing.automatic.end')}
              </SubmitButton>
            </div>
          </ActionForm>
        </Panel>
      )}
    </>
  )
}

/** What could not be charged, where that is paid, and where the card of later charges is changed: paying by another changes none. */
function Failing({ visit, sum, payUrl }: Pick<Props, 'visit' | 'payUrl'> & { sum: string }) {
  const { t } = visit
  return (
    <>
      <Notice tone="bad">
        {t('billing.automatic.is_failing', { sum })}{' '}
        {payUrl && (
          <a className="link" href={payUrl}>
            {t('billing.automatic.pay_invoice')}
          </a>
        )}
      </Notice>
      <p className="after">{t('billing.automatic.later')}</p>
      <div className="mb-3">
        <AtStripe visit={visit} known />
      </div>
    </>
  )
}

/** What ending it means for the key, whose days may be over: a charge that fails is tried for weeks. */
function EndedNote({ visit, one, now }: Pick<Props, 'visit' | 'one' | 'now'>) {
  const { t, language, organization } = visit
  const { termEndsAt, keyExpiresAt } = one
  const facts = {
    state: termState(one, now),
    until: lastDay(termEndsAt, language, organization.timeZone),
    works: lastDay(keyExpiresAt, language, organization.timeZone),
    since: firstDay(keyExpiresAt, language, organization.timeZone),
  }
  return (
    <p className={one.automatic?.startedAt ? undefined : 'mt-3'}>
      {t('billing.automatic.ended_note', facts)}
    </p>
  )
}
