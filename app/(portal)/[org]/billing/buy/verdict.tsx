import type { Visit } from '@/app/_request/session'
import { lastDay } from '@/lib/messages/dates'
import type { Buyable } from '@/lib/payments/buying/buyable'

/** Why it cannot be bought, with the page that leads on: to renew it, or to its payment. */
export function Verdict({ visit, one }: { visit: Visit; one: Buyable }) {
  const { t, language, organization } = visit
  const { verdict, product, instance } = one
  if (verdict.ok) return null
  const { because } = verdict
  const text = t(`billing.buy.verdict.${because}`, {
    suite: 'suite' in verdict ? verdict.suite : '',
    until: 'until' in verdict ? lastDay(verdict.until, language, organization.timeZone) : '',
  })
  const billing = `/${organization.slug}/billing`
  return (
    <>
      {text}{' '}
      {verdict.because === 'being_paid' && (
        <a className="link" href={`${billing}/checkouts/${verdict.checkoutId}`}>
          {t('billing.see')}
        </a>
      )}
      {(verdict.because === 'has_it' || verdict.because === 'lapsed') && (
        <a
          className="link"
          href={`${billing}/renew?s=${verdict.subscriptionId}`}
          aria-label={t('billing.tick', { product, instance: instance?.label ?? t('billing.everywhere') })}
        >
          {t('billing.buy.renew_it')}
        </a>
      )}
    </>
  )
}
