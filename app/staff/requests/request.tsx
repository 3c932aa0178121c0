import type { StaffVisit } from '@/app/_request/staff'
import { AnswerForm } from '@/app/(portal)/[org]/members/joining'
import { ActionForm, TextAreaField, TextField } from '@/components/form'
import { LongWords } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { Panel, Section } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { SubmitButton } from '@/components/ui/submit-button'
import { ago, lastDay, moment } from '@/lib/messages/dates'
import type { RequestRow } from '@/lib/organizations/requests'
import { mayAnswerJoin } from '@/lib/organizations/rules'
import { decide } from './actions'
import { requestLooks, whatIsAsked, whoAsked } from './words'

interface Props {
  visit: StaffVisit
  request: RequestRow
  now: Date
  /** Whether one decides for its organization. */
  acts: boolean
  deciders: { role: 'manager' | 'admin'; names: string[] }
}

const mostNamed = 3

/** What somebody asks for, of whom, where and why, what was said of it, and the form that decides it. */
export function Request(props: Props) {
  const { visit, request, now } = props
  const { t, language, session } = visit
  const { state, slug, organization, reason, askedAt } = request
  const when = `${ago(askedAt, now, language)}, ${moment(askedAt, language, session.timeZone)}`
  return (
    <Section
      title={`${whatIsAsked(request, t)} · ${organization}`}
      note={<State {...requestLooks[state]}>{t(`requests.state.${state}`)}</State>}
    >
      <Panel padded>
        <div className="form">
          <div>
            <p>
              <a className="link break-words" href={`/${slug}`}>
                <LongWords>{organization}</LongWords>
              </a>
              <Place {...props} />
            </p>
            <p>
              <small className="wrap-anywhere">{t('requests.asked', { who: whoAsked(request), when })}</small>
            </p>
          </div>
          <p className="whitespace-pre-line wrap-anywhere">{reason ?? why(request, t)}</p>
          <Said {...props} />
          <Decide {...props} />
        </div>
      </Panel>
    </Section>
  )
}

/** Where nobody had to say one. */
function why({ kind, doubt, shortId }: RequestRow, t: StaffVisit['t']): string {
  if (kind === 'join') return shortId ? t('members.asked.by_key', { shortId }) : t('members.asked.by_domain')
  return doubt ? t(`requests.doubt.${doubt}`) : t('requests.no_reason')
}

/** Of joining there is none. */
function Place({ visit: { t, language }, request, now }: Props) {
  const { kind, slug, instanceId, instance, keyId, shortId, endsAt, timeZone } = request
  if (kind === 'join') return null
  return (
    <>
      {' · '}
      {instanceId ? (
        <a className="link break-words" href={`/${slug}/instances/${instanceId}`}>
          <LongWords>{instance}</LongWords>
        </a>
      ) : (
        t('requests.everywhere')
      )}
      {keyId && shortId && (
        <>
          {' · '}
          <a className="link id" href={`/${slug}/keys/${keyId}`}>
            <code>{shortId}</code>
          </a>
        </>
      )}
      {endsAt && (
        <>
          {' · '}
          {t('requests.ends', {
            over: endsAt <= now ? 'yes' : 'no',
            until: lastDay(endsAt, language, timeZone),
          })}
        </>
      )}
    </>
  )
}

/** What was asked back and replied, the first first. */
function Said({ visit, request: { answers } }: Props) {
  const { t, language, session } = visit
  if (answers.length === 0) return null
  return (
    <ul className="bullets">
      {answers.map(({ id, answer, by, note, givenAt }) => (
        <li key={id}>
          <span className="wrap-anywhere">{t(`requests.said.${answer}`, { who: by })}</span>{' '}
          <small>{moment(givenAt, language, session.timeZone)}</small>
          {note && <p className="whitespace-pre-line wrap-anywhere">{note}</p>}
        </li>
      ))}
    </ul>
  )
}

function Decide({ visit, request, acts, deciders, now }: Props) {
  const { t, language } = visit
  const { id, kind, slug, organization, ownersUntil, timeZone } = request
  if (ownersUntil && !mayAnswerJoin(true, ownersUntil, now).ok)
    return <p>{t('requests.owners_until', { until: lastDay(ownersUntil, language, timeZone) })}</p>
  if (!acts) {
    const roles = t(`errors.role.${deciders.role}`)
    const names = deciders.names.slice(0, mostNamed).join(', ')
    const who = names ? t('errors.who_named', { roles, names }) : roles
    return (
      <Notice tone="calm" silent>
        <span className="wrap-anywhere">{t('requests.may_not', { organization, who })}</span>
      </Notice>
    )
  }
  if (kind === 'join')
    return <AnswerForm t={t} request={request} hidden={{ organization: slug, from: 'queue' }} />
  return (
    <ActionForm action={decide} hidden={{ organization: slug, requestId: id }}>
      {kind === 'trial_time' && (
        <TextField
          name="days"
          label={t('requests.days')}
          hint={t('requests.days_hint')}
          initial={String(Math.min(request.moreTrialDays ?? 0, request.trialDays ?? 0) || 15)}
          inputMode="numeric"
          maxLength={3}
          autoComplete="off"
        />
      )}
      <TextAreaField
        name="note"
        label={t('requests.note')}
        hint={t('requests.note_hint', { who: request.asker })}
        rows={2}
        maxLength={1_000}
      />
      <Buttons visit={visit} request={request} />
    </ActionForm>
  )
}

function Buttons({ visit: { t }, request }: Pick<Props, 'visit' | 'request'>) {
  const named = { what: whatIsAsked(request, t), organization: request.organization }
  return (
    <div className="row">
      <SubmitButton
        variant="primary"
        icon="check"
        name="answer"
        value="approved"
        label={t('requests.approve_label', named)}
        pendingText={t('shell.busy')}
      >
        {t('requests.approve')}
      </SubmitButton>
      <SubmitButton
        name="answer"
        value="asked_back"
        label={t('requests.ask_back_label', named)}
        pendingText={t('shell.busy')}
      >
        {t('requests.ask_back')}
      </SubmitButton>
      <SubmitButton
        name="answer"
        value="declined"
        label={t('requests.decline_label', named)}
        pendingText={t('shell.busy')}
      >
        {t('requests.decline')}
      </SubmitButton>
    </div>
  )
}
