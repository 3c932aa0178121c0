import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { may } from '@/lib/access'
import { lastDay } from '@/lib/messages/dates'
import type { RequestRow } from '@/lib/organizations/requests'
import type { TrialOffer } from '@/lib/trials/offers'
import type { TrialRow } from '@/lib/trials/queries'
import { mayAskForTime, mayExtendTrial } from '@/lib/trials/rules'
import { MoreTime, placesAgain } from './more'
import { endWords } from './words'

interface Props {
  visit: Visit
  trials: TrialRow[]
  offers: TrialOffer[]
  requests: RequestRow[]
  now: Date
}

const looks = {
  runs: { tone: 'trial', icon: 'flask-conical' },
  converted: { tone: 'ok', icon: 'check' },
  ran: { tone: 'calm', icon: 'clock' },
  revoked: { tone: 'bad', icon: 'ban' },
} as const

/** The trials that ended or were bought, and with what. */
export function Past({ trials, ...around }: Props) {
  const { t } = around.visit
  if (trials.length === 0) return null
  return (
    <Section title={t('trials.past')}>
      <Panel>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('trials.head.product')}</th>
              <th scope="col">{t('trials.head.how')}</th>
              <th scope="col">{t('trials.head.end')}</th>
            </tr>
          </thead>
          <tbody>
            {trials.map((trial, index) => (
              <Row
                key={trial.id}
                {...around}
                trial={trial}
                isLast={trials.findIndex(({ productId }) => productId === trial.productId) === index}
              />
            ))}
          </tbody>
        </table>
      </Panel>
    </Section>
  )
}

type RowProps = Omit<Props, 'trials'> & {
  trial: TrialRow
  /** Of its product, the one that ended last. */
  isLast: boolean
}

function Row({ visit, trial, offers, requests, now, isLast }: RowProps) {
  const { t, language, organization } = visit
  const { id, shortId, product, instance, standing, endsAt } = trial
  const keys = `/${organization.slug}/keys`
  const until = lastDay(endsAt, language, organization.timeZone)
  return (
    <tr>
      <td>
        <b>{product}</b>
        <small>
          <LongWords>{instance ?? t('trials.everywhere')}</LongWords>{' '}
          <a className="link id" href={`${keys}/${id}`}>
            <code>{shortId}</code>
          </a>
        </small>
      </td>
      <td data-head={t('trials.head.how')}>
        <State {...looks[standing]}>{t(`trials.standing.${standing === 'runs' ? 'ran' : standing}`)}</State>
        <How visit={visit} trial={trial} />
        <div className="row">
          <MoreTime visit={visit} trial={trial} now={now} requests={requests} />
          {isLast && <Again visit={visit} trial={trial} offers={offers} requests={requests} now={now} />}
        </div>
      </td>
      <td data-head={t('trials.head.end')}>
        {until}
        {standing === 'converted' && endsAt > now && <small>{t('trials.converted_waits', { until })}</small>}
      </td>
    </tr>
  )
}

/** What has taken its place, or what its plugin does since. */
function How({ visit, trial }: Pick<Props, 'visit'> & { trial: TrialRow }) {
  const { t, organization } = visit
  const { standing, successor, successorId } = trial
  if (standing === 'ran') return <small>{endWords(trial, 'ended', t)}</small>
  if (!successor) return null
  return (
    <small>
      {t.rich('trials.converted', {
        key: () => (
          <a className="link id" href={`/${organization.slug}/keys/${successorId}`}>
            <code>{successor}</code>
          </a>
        ),
      })}
    </small>
  )
}

/** A further trial is asked for of what is over for good. */
function Again({ visit, trial, offers, requests, now }: Omit<RowProps, 'isLast'>) {
  const { t, organization } = visit
  const { product, productId } = trial
  const offer = offers.find((one) => one.product.id === productId)
  const takenUp =
    mayExtendTrial(trial, now, organization.timeZone).ok ||
    mayAskForTime(trial, now, organization.timeZone).ok
  if (takenUp || !may(organization.role, 'trial.ask') || !offer || placesAgain(offer, requests).length === 0)
    return null
  return (
    <LinkButton
      small
      icon="flask-conical"
      href={`/${organization.slug}/trials?again=${productId}`}
      label={t('trials.ask.again_label', { product })}
    >
      {t('trials.ask.again')}
    </LinkButton>
  )
}
