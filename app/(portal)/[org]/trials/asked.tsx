import type { Visit } from '@/app/_request/session'
import { requestLooks, whatIsAsked } from '@/app/staff/requests/words'
import { ActionForm, TextAreaField } from '@/components/form'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { SubmitButton } from '@/components/ui/submit-button'
import { ago } from '@/lib/messages/dates'
import type { RequestRow } from '@/lib/organizations/requests'
import { reply, withdraw } from './actions'

interface Props {
  visit: Visit
  requests: RequestRow[]
  now: Date
}

/** What members have asked the account manager for, and how that stands. */
export function Asked({ requests, ...around }: Props) {
  const { t } = around.visit
  if (requests.length === 0) return null
  return (
    <Section title={t('trials.asked.title')}>
      <Panel>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('requests.head.what')}</th>
              <th scope="col">{t('requests.head.answer')}</th>
            </tr>
          </thead>
          <tbody>
            {requests.map((request) => (
              <Row key={request.id} {...around} request={request} />
            ))}
          </tbody>
        </table>
      </Panel>
    </Section>
  )
}

type RowProps = Omit<Props, 'requests'> & { request: RequestRow }

function Row({ visit, request, now }: RowProps) {
  const { t, language } = visit
  const { instance, reason, asker, askedAt, state, answers } = request
  return (
    <tr>
      <td>
        <b>{whatIsAsked(request, t)}</b>
        <small>
          <LongWords>{instance ?? t('trials.everywhere')}</LongWords>
        </small>
        <small className="wrap-anywhere">
          {t('trials.asked.since', { when: ago(askedAt, now, language), who: asker })}
        </small>
        {reason && <small className="wrap-anywhere">{t('trials.asked.reason', { reason })}</small>}
      </td>
      <td data-head={t('requests.head.answer')}>
        <State {...requestLooks[state]}>{t(`requests.state.${state}`)}</State>
        {state === 'open' && <small>{t('trials.asked.waits')}</small>}
        {answers.map(
          ({ id, by, note }) =>
            note && (
              <small key={id} className="wrap-anywhere">
                {t('trials.asked.note', { who: by, note })}
              </small>
            ),
        )}
        <Own visit={visit} request={request} />
      </td>
    </tr>
  )
}

/** What one does about one's own request, as long as it is open. */
function Own({ visit, request }: Omit<RowProps, 'now'>) {
  const { t, organization, session } = visit
  const { id, state, askedById, asker } = request
  if (state !== 'open' && state !== 'asked_back') return null
  if (askedById !== session.personId)
    return <small className="wrap-anywhere">{t('trials.asked.theirs', { who: asker })}</small>
  const hidden = { organization: organization.slug, requestId: id }
  const what = whatIsAsked(request, t)
  return (
    <>
      {state === 'asked_back' && (
        <ActionForm action={reply} hidden={hidden}>
          <TextAreaField name="note" label={t('trials.asked.reply')} rows={2} maxLength={1_000} required />
          <div className="row">
            <SubmitButton small label={t('trials.asked.reply_label', { what })} pendingText={t('shell.busy')}>
              {t('trials.asked.reply_submit')}
            </SubmitButton>
          </div>
        </ActionForm>
      )}
      <ActionForm action={withdraw} hidden={hidden}>
        <div className="row">
          <SubmitButton
            small
            variant="quiet"
            icon="undo-2"
            label={t('trials.asked.withdraw_label', { what })}
            pendingText={t('shell.busy')}
          >
            {t('trials.asked.withdraw')}
          </SubmitButton>
        </div>
      </ActionForm>
    </>
  )
}
