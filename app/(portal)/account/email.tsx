import { randomUUID } from 'node:crypto'
import { ActionForm, TextField } from '@/components/form'
import { Notice } from '@/components/ui/notice'
import { Panel, Section } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { SubmitButton } from '@/components/ui/submit-button'
import { moment } from '@/lib/messages/dates'
import type { Translate } from '@/lib/messages/translator'
import type { EmailChange } from '@/lib/people/email-change'
import { emailChangeMinutes } from '@/lib/people/rules'
import type { Session } from '@/lib/people/session'
import { askForEmail, takeEmailBack } from './actions'

interface Around {
  session: Session
  t: Translate
}

/** The address, and how to have another. */
export function EmailSection({ change, ...around }: Around & { change: EmailChange | null }) {
  const { t, session } = around
  return (
    <Section title={t('account.email.title')}>
      <Panel padded>
        {change ? (
          <Pending change={change} {...around} />
        ) : (
          <ActionForm action={askForEmail} hidden={{ idempotencyKey: randomUUID() }}>
            <p className="break-words">{t('account.email.now', { email: session.email })}</p>
            <TextField
              name="email"
              type="email"
              label={t('account.email.new')}
              hint={t('account.email.new_hint', { minutes: emailChangeMinutes })}
              autoComplete="email"
              maxLength={254}
              required
            />
            <p className="text-muted">{t('account.email.then')}</p>
            <div className="row">
              <SubmitButton icon="mail" pendingText={t('shell.busy')}>
                {t('account.email.submit')}
              </SubmitButton>
            </div>
          </ActionForm>
        )}
      </Panel>
    </Section>
  )
}

function Pending({ change, session, t }: Around & { change: EmailChange }) {
  const { oldEmail, newEmail, oldConfirmedAt, newConfirmedAt, expiresAt } = change
  const until = moment(expiresAt, session.language, session.timeZone)
  return (
    <div className="form">
      <Notice tone="info" icon="mail" silent>
        <p>{t('account.email.pending', { newEmail, until })}</p>
      </Notice>
      <ul className="form">
        {(
          [
            [oldEmail, oldConfirmedAt],
            [newEmail, newConfirmedAt],
          ] as const
        ).map(([email, confirmedAt]) => (
          <li key={email} className="row">
            <b className="break-words min-w-0">{email}</b>
            <State tone={confirmedAt ? 'ok' : 'soon'} icon={confirmedAt ? 'check' : 'clock'}>
              {t(confirmedAt ? 'account.email.confirmed' : 'account.email.waiting')}
            </State>
          </li>
        ))}
      </ul>
      <p className="text-muted">{t('account.email.no_mail')}</p>
      <ActionForm action={takeEmailBack} hidden={{}}>
        <div className="row">
          <SubmitButton icon="x" pendingText={t('shell.busy')}>
            {t('account.email.take_back')}
          </SubmitButton>
        </div>
      </ActionForm>
    </div>
  )
}
