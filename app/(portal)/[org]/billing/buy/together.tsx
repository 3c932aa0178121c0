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
  const { t } = visit
  const now = renewed.filter(({ verdict }) => verdict.ok)
  const not = renewed.filter(({ verdict }) => !verdict.ok)
  return (
    <>
      {now.length > 0 && (
        <Section title={t('billing.buy.renewed')} note={t('billing.buy.renewed_note')}>
          <Panel>
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{t('billing.product')}</th>
                  <th scope="col">{t('billing.paid_until')}</th>
                </tr>
              </thead>
              <tbody>
                {now.map((one) => (
                  <Renewed key={one.subscriptionId} visit={visit} one={one} />
                ))}
              </tbody>
            </table>
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

function Renewed({ visit, one }: { visit: Visit; one: Payable }) {
  const { t, language, organization } = visit
  const { subscriptionId, product, shortId, termEndsAt } = one
  const instance = one.instance ?? t('billing.everywhere')
  return (
    <tr>
      <td>
        <label className="tick">
          <input
            type="checkbox"
            name="s"
            value={subscriptionId}
            defaultChecked
            aria-label={t('billing.tick', { product, instance })}
          />
          <b>{product}</b>
        </label>
        <small>
          <LongWords>{instance}</LongWords> <span className="id">{shortId}</span>
        </small>
      </td>
      <td data-head={t('billing.paid_until')}>{lastDay(termEndsAt, language, organization.timeZone)}</td>
    </tr>
  )
}
