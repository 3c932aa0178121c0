import type { Visit } from '@/app/_request/session'
import { LinkButton, mailTo } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import { env } from '@/lib/env'
import { daysLeft, lastDay } from '@/lib/messages/dates'
import { daysBetween } from '@/lib/organizations/calendar'
import type { RequestRow } from '@/lib/organizations/requests'
import type { UnderWay } from '@/lib/payments/under-way'
import type { TrialOffer } from '@/lib/trials/offers'
import type { TrialRow } from '@/lib/trials/queries'
import { basketQuery } from '../billing/basket'
import { mayBuyHere } from '../billing/buy/link'
import { PaymentLink } from '../billing/payment-link'
import { MoreTime } from './more'
import { endWords } from './words'

interface Props {
  visit: Visit
  trials: TrialRow[]
  /** What is being paid, by the key. */
  paying: ReadonlyMap<string, UnderWay>
  /** What is offered today: a trial may run of what is offered no longer. */
  offers: TrialOffer[]
  /** What was asked for. */
  requests: RequestRow[]
  now: Date
}

/** The trials that run, the one that ends first on top. */
export function Running({ trials, ...around }: Props) {
  const { t, organization } = around.visit
  if (trials.length === 0) return null
  const mayBuy = trials.some((trial) => isBuyable(trial, around)) && mayBuyHere(organization.role)
  return (
    <Section title={t('trials.running')}>
      <Panel>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('trials.head.product')}</th>
              <th scope="col">{t('trials.head.left')}</th>
              <th scope="col">{t('trials.head.next')}</th>
            </tr>
          </thead>
          <tbody>
            {trials.toReversed().map((trial) => (
              <Row key={trial.id} {...around} trial={trial} />
            ))}
          </tbody>
        </table>
      </Panel>
      {mayBuy && <p className="after">{t('trials.keep_note')}</p>}
    </Section>
  )
}

type RowProps = Omit<Props, 'trials'> & { trial: TrialRow }

const isBuyable = ({ id, retired }: TrialRow, { paying }: Pick<Props, 'paying'>) =>
  !retired && !paying.has(id)

function Row({ visit, trial, paying, offers, requests, now }: RowProps) {
  const { t, organization } = visit
  const { id, shortId, product, instanceId, instance } = trial
  const home = `/${organization.slug}`
  return (
    <tr>
      <td>
        <b>{product}</b>
        <small>
          {instanceId ? (
            <a href={`${home}/instances/${instanceId}`}>
              <LongWords>{instance}</LongWords>
            </a>
          ) : (
            t('trials.everywhere')
          )}{' '}
          <a className="link id" href={`${home}/keys/${id}`}>
            <code>{shortId}</code>
          </a>
        </small>
      </td>
      <td data-head={t('trials.head.left')}>
        <Left visit={visit} trial={trial} now={now} />
      </td>
      <td data-head={t('trials.head.next')}>
        <div className="row">
          <PaymentLink visit={visit} underWay={paying.get(id)} small>
            <Keep visit={visit} trial={trial} />
          </PaymentLink>
          <MoreTime visit={visit} trial={trial} now={now} requests={requests} />
        </div>
        <Notes visit={visit} trial={trial} offers={offers} />
      </td>
    </tr>
  )
}

/** The days that are left, in words and as a bar of all its days. */
function Left({ visit, trial, now }: Pick<RowProps, 'visit' | 'trial' | 'now'>) {
  const { t, language, organization } = visit
  const { timeZone } = organization
  const { product, startsAt, endsAt } = trial
  const days = daysLeft(endsAt, now, timeZone)
  const total = daysBetween(startsAt, endsAt, timeZone) - 1
  return (
    <>
      <progress
        className="days"
        max={total}
        value={Math.min(days, total)}
        aria-label={t('trials.left_label', { product, days, total })}
      />{' '}
      <span className="whitespace-nowrap">{t('trials.left', { days })}</span>
      <small>{t('trials.until', { until: lastDay(endsAt, language, timeZone) })}</small>
    </>
  )
}

function Keep({ visit, trial }: Pick<RowProps, 'visit' | 'trial'>) {
  const { t, organization } = visit
  const { product, productId, instanceId, instance, retired } = trial
  if (retired || !mayBuyHere(organization.role)) return null
  const where = instance ? t('overview.on_instance', { instance }) : t('overview.everywhere')
  return (
    <LinkButton
      small
      icon="credit-card"
      href={`/${organization.slug}/billing/buy?${basketQuery({ purchases: [{ productId, instanceId }] })}`}
      label={t('trials.keep_label', { product, where })}
    >
      {t('trials.keep')}
    </LinkButton>
  )
}

/** What holds at its end, and of one whose instance or offer is gone. */
function Notes({ visit: { t }, trial, offers }: Pick<RowProps, 'visit' | 'trial' | 'offers'>) {
  const support = env().SUPPORT_EMAIL
  const offered = offers.some(({ product }) => product.id === trial.productId && product.trialDays !== null)
  return (
    <>
      <small>{endWords(trial, 'end', t)}</small>
      {trial.retired && <small>{t.rich('trials.retired', { support, mail: mailTo(support) })}</small>}
      {!offered && <small>{t('trials.turned_off')}</small>}
    </>
  )
}
