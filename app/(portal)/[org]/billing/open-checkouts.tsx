import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { Dot } from '@/components/ui/state'
import { moment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import type { CheckoutRow } from '@/lib/payments/queries'

/** Payments that somebody began and that are not over, each with the page on which it goes on. */
export function OpenCheckouts({ visit, checkouts }: { visit: Visit; checkouts: CheckoutRow[] }) {
  const { t, language, session, organization } = visit
  return (
    <Panel>
      <ul className="todo">
        {checkouts.map(({ id, state, begunAt, by, amount, currency, lines, charge }) => (
          <li key={id}>
            <Dot tone="soon" icon={state === 'open' ? 'credit-card' : 'clock'} />
            <div>
              <b>
                {t('billing.under_way', {
                  total: money(amount, currency, language),
                  state: charge?.failedAt ? 'failing' : state,
                })}
              </b>
              <p>
                <LongNames names={[charge ? null : by, ...lines.map(({ instance }) => instance)]}>
                  {t(charge ? 'billing.by_itself' : 'billing.begun', {
                    by: by ?? t('billing.checkout.by_somebody'),
                    date: moment(begunAt, language, session.timeZone),
                    products: lines
                      .map(({ product, instance }) => `${product} (${instance ?? t('billing.everywhere')})`)
                      .join(', '),
                  })}
                </LongNames>
              </p>
            </div>
            <LinkButton small href={`/${organization.slug}/billing/checkouts/${id}`}>
              {t('billing.see')}
            </LinkButton>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
