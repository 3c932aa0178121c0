import type { Visit } from '@/app/_request/session'
import { ActionForm, SelectField, TextAreaField } from '@/components/form'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { isStaffRole, may } from '@/lib/access'
import { ago, lastDay, moment } from '@/lib/messages/dates'
import type { Translate } from '@/lib/messages/translator'
import type { RequestRow } from '@/lib/organizations/requests'
import { mayAnswerJoin } from '@/lib/organizations/rules'
import { answerAsked } from './actions'
import { roleOptions } from './roles'

interface Props {
  visit: Visit
  requests: RequestRow[]
  at: Date
}

/** Who asks to be let in; nothing where nobody does. */
export function Joining({ visit, requests, at }: Props) {
  const { t } = visit
  if (requests.length === 0) return null
  return (
    <Section id="asked" title={t('members.asked.title')} note={t('members.asked.note')}>
      {requests.map((request) => (
        <Panel key={request.id} padded>
          <div className="form">
            <Asker visit={visit} request={request} at={at} />
            <Answer visit={visit} request={request} at={at} />
          </div>
        </Panel>
      ))}
    </Section>
  )
}

interface OneProps {
  visit: Visit
  request: RequestRow
  at: Date
}

/** By the address, which is confirmed; a name anybody may choose. */
function Asker({ visit, request, at }: OneProps) {
  const { t, language, session } = visit
  const { email, asker, askedAt, shortId } = request
  const when = `${ago(askedAt, at, language)}, ${moment(askedAt, language, session.timeZone)}`
  return (
    <div>
      <p>
        <b className="break-words">
          <LongWords>{email}</LongWords>
        </b>
      </p>
      <p className="wrap-anywhere">
        {t('members.asked.how', { named: asker === email ? 'no' : 'yes', name: asker, when })}{' '}
        {shortId ? t('members.asked.by_key', { shortId }) : t('members.asked.by_domain')}
      </p>
    </div>
  )
}

function Answer({ visit, request, at }: OneProps) {
  const { t, language, organization } = visit
  const { role, slug, timeZone } = organization
  const { ownersUntil } = request
  if (!ownersUntil || !may(role, 'member.answer_join')) return <p>{t('members.asked.owners')}</p>
  if (!mayAnswerJoin(isStaffRole(role), ownersUntil, at).ok)
    return <p>{t('members.asked.owners_until', { until: lastDay(ownersUntil, language, timeZone) })}</p>
  return <AnswerForm t={t} request={request} hidden={{ organization: slug }} />
}

interface FormProps {
  t: Translate
  request: RequestRow
  hidden: Record<string, string>
}

/** Lets in or declines, on the members' page and in the queue of requests. */
export function AnswerForm({ t, request, hidden }: FormProps) {
  const { id, email } = request
  return (
    <ActionForm action={answerAsked} hidden={{ ...hidden, requestId: id }}>
      <SelectField
        name="role"
        label={t('members.asked.role')}
        hint={t('members.asked.role_hint')}
        initial="viewer"
        options={roleOptions(t)}
      />
      <TextAreaField
        name="note"
        label={t('requests.note')}
        hint={t('members.asked.note_hint', { email })}
        rows={2}
        maxLength={1_000}
      />
      <div className="row">
        <SubmitButton
          variant="primary"
          icon="check"
          name="answer"
          value="approved"
          label={t('members.asked.approve_label', { email })}
          pendingText={t('shell.busy')}
        >
          {t('members.asked.approve')}
        </SubmitButton>
        <SubmitButton
          name="answer"
          value="declined"
          label={t('members.asked.decline_label', { email })}
          pendingText={t('shell.busy')}
        >
          {t('requests.decline')}
        </SubmitButton>
      </div>
    </ActionForm>
  )
}
