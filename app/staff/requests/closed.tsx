import type { StaffVisit } from '@/app/_request/staff'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { moment } from '@/lib/messages/dates'
import type { RequestRow } from '@/lib/organizations/requests'
import { mostClosed } from '@/lib/staff/requests'
import { requestLooks, whatIsAsked, whoAsked } from './words'

interface Props {
  visit: StaffVisit
  requests: RequestRow[]
}

/** What was decided or taken back of late, with the answer. */
export function Closed({ visit, requests }: Props) {
  const { t } = visit
  if (requests.length === 0) return null
  return (
    <Section
      title={t('requests.closed')}
      note={requests.length === mostClosed && t('requests.closed_note', { count: mostClosed })}
    >
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
              <Row key={request.id} visit={visit} request={request} />
            ))}
          </tbody>
        </table>
      </Panel>
    </Section>
  )
}

function Row({ visit, request }: { visit: StaffVisit; request: RequestRow }) {
  const { t, language, session } = visit
  const { slug, organization, state, answers, reason } = request
  const last = answers.at(-1)
  return (
    <tr>
      <td>
        <b>{whatIsAsked(request, t)}</b>
        <small>
          <a className="link break-words" href={`/${slug}`}>
            <LongWords>{organization}</LongWords>
          </a>
        </small>
        <small className="wrap-anywhere">{whoAsked(request)}</small>
        {reason && <small className="wrap-anywhere">{reason}</small>}
      </td>
      <td data-head={t('requests.head.answer')}>
        <State {...requestLooks[state]}>{t(`requests.state.${state}`)}</State>
        {last?.note && <p className="whitespace-pre-line wrap-anywhere">{last.note}</p>}
        {last && (
          <small className="wrap-anywhere">
            {`${last.by}, ${moment(last.givenAt, language, session.timeZone)}`}
          </small>
        )}
      </td>
    </tr>
  )
}
