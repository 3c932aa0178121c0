import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { Dot } from '@/components/ui/state'
import { moment } from '@/lib/messages/dates'
import { sumWords } from '@/lib/messages/sum-words'
import type { CheckoutRow } from '@/lib/payments/queries'
import { taxOf } from './tax-of'

/** Payments that somebody began and that are not over, each with the page on which it goes on. */
export function OpenCheckouts({ visit, checkouts }: { visit: Visit; checkouts: CheckoutRow[] }) {
  const { t, language, session } = visit
  return (
    <Panel>
      <ul className="todo">
        {checkouts.map(({ id, state, begunAt, by, amount, currency, lines, charge }) => (
          <li key={id}>
            {charge?.failedAt ? (
              <Dot tone="bad" icon="triangle-exclamation-point" />
            ) : (
              <Dot tone="soon" icon={state === 'open' ? 'credit-card' : 'clock'} />
            )}
            <div>
              <b>
                {t('billing.under_way', {
                  total: sumWords(
                    { amount, currency, taxBehavior: taxOf(lines), invoiced: charge?.invoiced ?? null },
                    { t, language },
                  ),
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
              {charge?.failedAt && charge.payUrl && <p>{t('billing.automatic.later')}</p>}
            </div>
            <PayOrSee visit={visit} id={id} charge={charge} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** What could not be charged is paid on Stripe's page of its invoice; where that is not known yet, its own page says how. */
function PayOrSee({
  visit: { t, organization },
  id,
  charge,
}: Pick<CheckoutRow, 'id' | 'charge'> & { visit: Visit }) {
  if (charge?.failedAt && charge.payUrl)
    return (
      <LinkButton small variant="primary" href={charge.payUrl}>
        {t('billing.automatic.pay_invoice')}
      </LinkButton>
    )
  return (
    <LinkButton small href={`/${organization.slug}/billing/checkouts/${id}`}>
      {t('billing.see')}
    </LinkButton>
  )
}
