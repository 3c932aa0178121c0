import type { Visit } from '@/app/_request/session'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import { lastDay } from '@/lib/messages/dates'
import type { Buyable } from '@/lib/payments/buying/buyable'
import type { Payable } from '@/lib/payments/payable'
import { NotNow } from '../renew/lines'
import { NotBought } from './lines'

interface Props {
  visit: Visit
  /** What is to be renewed in the same payment. */
  renewed: Payable[]
  /** What was chosen and is not among what is sold. */
  notForSale: Buyable[]
}

/** What was chosen beside what is sold: renewals, which stay ticked until somebody unticks them, and what cannot be paid. */
export function Together({ visit, renewed, notForSale }: Props) {
  const { t, language, organization } = visit
  const now = renewed.filter(({ verdict }) => verdict.ok)
  const not = renewed.filter(({ verdict }) => !verdict.ok)
  return (
    <>
      {now.length > 0 && (
        <Section title={t('billing.buy.renewed')} note={t('billing.buy.renewed_note')}>
          <Panel padded>
            <ul>
              {now.map(({ subscriptionId, product, instance, shortId, termEndsAt }) => (
                <li key={subscriptionId}>
                  <label className="tick">
                    <input
                      type="checkbox"
                      name="s"
                      value={subscriptionId}
                      defaultChecked
                      aria-label={t('billing.tick', {
                        product,
                        instance: instance ?? t('billing.everywhere'),
                      })}
                    />
                    <LongWords>{`${product} · ${instance ?? t('billing.everywhere')}`}</LongWords>
                  </label>{' '}
                  <small>
                    <span className="id">{shortId}</span> ·{' '}
                    {t('keys.paid_until', { date: lastDay(termEndsAt, language, organization.timeZone) })}
                  </small>
                </li>
              ))}
            </ul>
          </Panel>
        </Section>
      )}
      {not.length + notForSale.length > 0 && (
        <NotNow visit={visit} not={not}>
          <NotBought visit={visit} not={notForSale} />
        </NotNow>
      )}
    </>
  )
}
