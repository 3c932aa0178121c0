import type { Visit } from '@/app/_request/session'
import { may } from '@/lib/access'
import { firstDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { sumWords } from '@/lib/messages/sum-words'
import type { Payable } from '@/lib/payments/payable'
import { sells } from '@/lib/payments/stripe'
import { notByItself } from './verdict-words'

/** Whether a subscription renews by itself, in a sentence, with the way to change that; where it cannot, why, and once what it can. */
export function AutomaticLine({ visit, one }: { visit: Visit; one: Payable }) {
  const { t, organization } = visit
  const { automatic, automaticVerdict, subscriptionId, product } = one
  if (!sells()) return null
  if (!automatic && !automaticVerdict.ok) {
    // That it cannot be paid at all stands beside it, for the same reason.
    if (automaticVerdict.because === 'revoked') return null
    return <small>{notByItself(visit, automaticVerdict)}</small>
  }
  const facts = { product, instance: one.instance ?? t('billing.everywhere') }
  const which = automatic ? 'change' : 'switch_on'
  return (
    <small>
      {automaticSentence(visit, one)}{' '}
      {may(organization.role, 'automatic.begin') && (
        <a
          className="link"
          href={`/${organization.slug}/billing/automatic/${subscriptionId}`}
          aria-label={t(`billing.automatic.${which}_of`, facts)}
        >
          {t(`billing.automatic.${which}`)}
        </a>
      )}
    </small>
  )
}

export function automaticSentence({ t, language, organization }: Visit, one: Payable): string {
  const { automatic, price, termEndsAt } = one
  if (!automatic) return t('billing.automatic.off')
  if (!automatic.startedAt) return t('billing.automatic.waits')
  const taxBehavior = price?.taxBehavior ?? 'exclusive'
  if (automatic.failedAt)
    return t('billing.automatic.failed', { sum: sumWords({ ...automatic, taxBehavior }, { t, language }) })
  const amount = money(automatic.amount, automatic.currency, language)
  const date = firstDay(termEndsAt, language, organization.timeZone)
  return t('billing.automatic.on', {
    date,
    amount,
    tax: t(`billing.tax.${taxBehavior}`),
  })
}
