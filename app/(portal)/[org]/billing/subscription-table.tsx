import type { Visit } from '@/app/_request/session'
import { LongWords } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import type { Payable } from '@/lib/payments/payable'
import { sells } from '@/lib/payments/stripe'
import { AutomaticLine } from './automatic-line'
import { GapNote } from './gap-note'
import { notPayable } from './verdict-words'

interface Props {
  visit: Visit
  payable: Payable[]
  currency: string
  isDue: (one: Payable) => boolean
}

/** The subscriptions, by the end of what is paid; ticked is what is due. */
export function SubscriptionTable({ visit, payable, currency, isDue }: Props) {
  const { t } = visit
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('billing.product')}</th>
            <th scope="col">{t('billing.instance')}</th>
            <th scope="col">{t('billing.paid_until')}</th>
            <th scope="col">{t('billing.price')}</th>
          </tr>
        </thead>
        <tbody>
          {payable.map((one) => (
            <Row key={one.subscriptionId} visit={visit} one={one} currency={currency} isDue={isDue(one)} />
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

interface RowProps extends Omit<Props, 'payable' | 'isDue'> {
  one: Payable
  isDue: boolean
}

function Row({ visit, one, currency, isDue }: RowProps) {
  const { t, language, organization } = visit
  const mayPay = sells() && may(organization.role, 'checkout.begin')
  const instance = one.instance ?? t('billing.everywhere')
  return (
    <tr>
      <td>
        {mayPay && one.verdict.ok ? (
          <label className="tick">
            <input
              type="checkbox"
              name="s"
              value={one.subscriptionId}
              defaultChecked={isDue}
              aria-label={t('billing.tick', { product: one.product, instance })}
            />
            <b>{one.product}</b>
          </label>
        ) : (
          <b>{one.product}</b>
        )}
        <small>
          <a className="id" href={`/${organization.slug}/keys/${one.keyId}`}>
            {one.shortId}
          </a>
        </small>
      </td>
      <td data-head={t('billing.instance')}>
        <LongWords>{instance}</LongWords>
      </td>
      <td data-head={t('billing.paid_until')} className="whitespace-nowrap">
        {lastDay(one.termEndsAt, language, organization.timeZone)}
        <GapNote visit={visit} one={one} />
      </td>
      <td data-head={t('billing.price')}>
        <Price visit={visit} one={one} currency={currency} />
        <AutomaticLine visit={visit} one={one} />
      </td>
    </tr>
  )
}

function Price({ visit, one, currency }: { visit: Visit; one: Payable; currency: string }) {
  const { t, language, organization } = visit
  const { price, verdict, automatic } = one
  const failing = !verdict.ok && verdict.because === 'being_paid' && automatic?.failedAt
  const because = verdict.ok ? null : failing ? t('billing.being_paid.failing') : notPayable(visit, verdict)
  return (
    <>
      {price && (
        <>
          {money(price.amount, currency, language)} <small>{t(`billing.tax.${price.taxBehavior}`)}</small>
        </>
      )}
      {because && (
        <small>
          {!verdict.ok && verdict.because === 'being_paid' ? (
            <a className="link" href={`/${organization.slug}/billing/checkouts/${verdict.checkoutId}`}>
              {because}
            </a>
          ) : (
            because
          )}
        </small>
      )}
    </>
  )
}
