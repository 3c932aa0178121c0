import { signOut } from '@/app/_request/account-actions'
import { ActionForm } from '@/components/form'
import { Panel, Section } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { SubmitButton } from '@/components/ui/submit-button'
import { moment } from '@/lib/messages/dates'
import type { Translate } from '@/lib/messages/translator'
import { deviceWords } from '@/lib/people/device'
import { idleHours, sessionDays } from '@/lib/people/rules'
import type { Session } from '@/lib/people/session'
import type { ListedSession } from '@/lib/people/sessions'
import { endOne, endOthers } from './actions'

interface Around {
  session: Session
  t: Translate
}

/** Where one is signed in, each to be ended. */
export function Sessions({ sessions, ...around }: Around & { sessions: ListedSession[] }) {
  const { t } = around
  return (
    <Section
      title={t('account.sessions.title')}
      note={t('account.sessions.note', { hours: idleHours, days: sessionDays })}
    >
      <Panel>
        <table className="table">
          <thead>
            <tr>
              <th>{t('account.sessions.device')}</th>
              <th>{t('account.sessions.used')}</th>
              <th>{t('account.sessions.since')}</th>
              <th>
                <span className="sr-only">{t('account.sessions.to_do')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((one) => (
              <Line key={one.id} one={one} {...around} />
            ))}
          </tbody>
        </table>
      </Panel>
      {sessions.some(({ current }) => !current) && (
        <div className="mt-3">
          <ActionForm action={endOthers} hidden={{}}>
            <SubmitButton icon="lock" pendingText={t('shell.busy')}>
              {t('account.sessions.end_others')}
            </SubmitButton>
          </ActionForm>
        </div>
      )}
    </Section>
  )
}

function Line({ one, session, t }: Around & { one: ListedSession }) {
  const { language, timeZone } = session
  const device = deviceWords(one.device, t)
  const used = moment(one.lastUsedAt, language, timeZone)
  return (
    <tr>
      <td>
        <b>{device}</b>{' '}
        {one.current && (
          <State tone="ok" icon="check">
            {t('account.sessions.this')}
          </State>
        )}
      </td>
      <td className="when" data-head={t('account.sessions.used')}>
        <time dateTime={one.lastUsedAt.toISOString()}>{used}</time>
      </td>
      <td className="when" data-head={t('account.sessions.since')}>
        <time dateTime={one.createdAt.toISOString()}>{moment(one.createdAt, language, timeZone)}</time>
      </td>
      <td className="act">
        {one.current ? (
          <form action={signOut}>
            <SubmitButton small pendingText={t('shell.busy')}>
              {t('shell.sign_out')}
            </SubmitButton>
          </form>
        ) : (
          <ActionForm action={endOne} hidden={{ sessionId: one.id }}>
            <SubmitButton
              small
              label={t('account.sessions.end_label', { device, used })}
              pendingText={t('shell.busy')}
            >
              {t('account.sessions.end')}
            </SubmitButton>
          </ActionForm>
        )}
      </td>
    </tr>
  )
}
