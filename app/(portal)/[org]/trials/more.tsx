import { randomUUID } from 'node:crypto'
import type { Visit } from '@/app/_request/session'
import { ActionForm, TextAreaField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { isStaffRole, may } from '@/lib/access'
import { lastDay } from '@/lib/messages/dates'
import type { RequestRow } from '@/lib/organizations/requests'
import type { TrialOffer } from '@/lib/trials/offers'
import type { TrialRow } from '@/lib/trials/queries'
import { mayAskForTime, mayExtendTrial } from '@/lib/trials/rules'
import { askAgain, askForTime, extend } from './actions'
import { NoteField, Where } from './confirm'

interface Props {
  visit: Visit
  trial: TrialRow
  now: Date
  /** What was asked for already. */
  requests: RequestRow[]
}

const isOpen = ({ state }: RequestRow) => state === 'open' || state === 'asked_back'

/** What can be done for more time of a trial; null: nothing, or by nobody who looks at this. */
function wayToMore({ visit: { organization }, trial, now, requests }: Props) {
  const { role, timeZone } = organization
  const verdict = mayExtendTrial(trial, now, timeZone)
  if (verdict.ok) return may(role, 'trial.extend') ? { how: 'extend' as const, ...verdict } : null
  if (requests.some((one) => one.keyId === trial.id && isOpen(one))) return null
  const asks = may(role, 'trial.ask') && mayAskForTime(trial, now, timeZone).ok
  return asks ? { how: 'ask' as const } : null
}

/** What leads to more time of a trial, where there is a way. */
export function MoreTime(props: Props) {
  const { visit, trial } = props
  const { t, organization } = visit
  const { product } = trial
  const way = wayToMore(props)
  if (!way) return null
  const days = way.how === 'extend' ? way.days : 0
  return (
    <LinkButton
      small
      icon="calendar"
      href={`/${organization.slug}/trials?more=${trial.id}`}
      label={
        way.how === 'extend'
          ? t('trials.more.link_label', { days, product })
          : t('trials.ask.time_label', { product })
      }
    >
      {way.how === 'extend' ? t('trials.more.link', { days }) : t('trials.ask.time')}
    </LinkButton>
  )
}

/** The second of the two clicks: until when it then runs; or what is asked for. */
export function ConfirmMore(props: Props) {
  const { visit, trial } = props
  const { t, organization, language } = visit
  const { product } = trial
  const way = wayToMore(props)
  const title = t(way?.how === 'ask' ? 'trials.ask.time_title' : 'trials.more.title', { product })
  const hidden = { organization: organization.slug, idempotencyKey: randomUUID(), keyId: trial.id }
  if (!way)
    return (
      <Section title={title}>
        <Notice tone="calm" silent>
          {t('trials.more.gone')}
        </Notice>
      </Section>
    )
  if (way.how === 'ask')
    return (
      <Section title={title}>
        <Panel padded>
          <ActionForm action={askForTime} hidden={hidden}>
            <AskFields visit={visit} />
          </ActionForm>
        </Panel>
      </Section>
    )
  const { days, endsAt } = way
  const until = lastDay(endsAt, language, organization.timeZone)
  return (
    <Section title={title}>
      <Panel padded>
        <ActionForm action={extend} hidden={hidden}>
          <ul className="bullets">
            <li>{t('trials.more.until', { until, days })}</li>
            <li>{t('trials.more.once')}</li>
          </ul>
          {isStaffRole(organization.role) && <NoteField t={t} />}
          <Buttons visit={visit} text={t('trials.more.submit', { days })} />
        </ActionForm>
      </Panel>
    </Section>
  )
}

/** A product's places in which a further trial could be granted; none where it is asked for already. */
export const placesAgain = ({ product, places }: TrialOffer, requests: RequestRow[]) =>
  requests.some((one) => one.kind === 'second_trial' && one.productId === product.id && isOpen(one))
    ? []
    : places.filter(({ again }) => again.ok)

/** A further trial of a product, and where. */
export function ConfirmAgain({
  visit,
  offer,
  more,
  requests,
}: Omit<Props, 'trial' | 'now'> & { offer: TrialOffer; more: boolean }) {
  const { t, organization } = visit
  const { product } = offer
  const free = placesAgain(offer, requests)
  const [first] = free
  const title = t('trials.ask.again_title', { product: product.name })
  if (!first)
    return (
      <Section title={title}>
        <Notice tone="calm" silent>
          {t('trials.confirm.gone', { product: product.name })}
        </Notice>
      </Section>
    )
  const hidden = { organization: organization.slug, idempotencyKey: randomUUID(), productId: product.id }
  return (
    <Section title={title}>
      <Panel padded>
        <ActionForm action={askAgain} hidden={product.everywhere ? { ...hidden, instanceId: '' } : hidden}>
          {!product.everywhere && <Where t={t} free={free} more={more} />}
          <AskFields visit={visit} />
        </ActionForm>
      </Panel>
    </Section>
  )
}

function AskFields({ visit }: Pick<Props, 'visit'>) {
  const { t } = visit
  return (
    <>
      <p>{t('trials.ask.text')}</p>
      <TextAreaField
        name="reason"
        label={t('trials.ask.reason')}
        hint={t('trials.ask.reason_hint')}
        rows={3}
        maxLength={1_000}
        required
      />
      <Buttons visit={visit} text={t('trials.ask.submit')} />
    </>
  )
}

const Buttons = ({ visit: { t, organization }, text }: Pick<Props, 'visit'> & { text: string }) => (
  <div className="row">
    <SubmitButton variant="primary" pendingText={t('shell.busy')}>
      {text}
    </SubmitButton>
    <LinkButton variant="quiet" href={`/${organization.slug}/trials`}>
      {t('trials.more.cancel')}
    </LinkButton>
  </div>
)
