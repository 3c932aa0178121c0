import { randomUUID } from 'node:crypto'
import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { ActionForm, SelectField, TextField } from '@/components/form'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import type { KeyRow } from '@/lib/keys/queries'
import { mayRevoke } from '@/lib/keys/rules'
import { lastDayBefore } from '@/lib/organizations/calendar'
import { extend, restore, revoke } from './actions'

const reasons = ['requested', 'non_payment', 'refunded', 'disputed', 'terms_violated', 'leaked'] as const

interface Props {
  visit: Visit
  row: KeyRow
  now: Date
}

/** What can be done with the key as it is. */
export function KeyForms({ visit, row, now }: Props) {
  const revoked = row.revokedReason !== null
  return (
    <>
      {revoked && <Restore visit={visit} row={row} />}
      {!revoked && row.expiresAt && <Extend visit={visit} row={row} expiresAt={row.expiresAt} />}
      {mayRevoke({ ...row, revoked }, now).ok && <Revoke visit={visit} row={row} />}
    </>
  )
}

function Form({
  visit: { t, organization },
  row,
  action,
  title,
  text,
  children,
}: Omit<Props, 'now'> & {
  action: Parameters<typeof ActionForm<null>>[0]['action']
  title: string
  text: string
  children: ReactNode
}) {
  return (
    <Section title={title}>
      <Panel padded>
        <ActionForm
          action={action}
          hidden={{ organization: organization.slug, keyId: row.id, idempotencyKey: randomUUID() }}
        >
          <p>{text}</p>
          {children}
          <p className="text-muted">{t('staff.key.note_hint')}</p>
        </ActionForm>
      </Panel>
    </Section>
  )
}

function Revoke({ visit, row }: Omit<Props, 'now'>) {
  const { t } = visit
  return (
    <Form
      visit={visit}
      row={row}
      action={revoke}
      title={t('staff.key.revoke_title')}
      text={t('staff.key.revoke_text')}
    >
      <SelectField
        name="reason"
        label={t('staff.key.reason')}
        initial=""
        options={[
          { value: '', text: t('staff.issue.choose') },
          ...reasons.map((value) => ({ value, text: t(`staff.key.reasons.${value}`) })),
        ]}
        required
      />
      <TextField name="note" label={t('staff.key.note')} maxLength={1_000} autoComplete="off" />
      <SubmitButton variant="danger" pendingText={t('shell.busy')}>
        {t('staff.key.revoke', { shortId: row.shortId })}
      </SubmitButton>
    </Form>
  )
}

function Restore({ visit, row }: Omit<Props, 'now'>) {
  const { t } = visit
  return (
    <Form
      visit={visit}
      row={row}
      action={restore}
      title={t('staff.key.restore_title')}
      text={t('staff.key.restore_text')}
    >
      <TextField name="note" label={t('staff.key.why')} maxLength={1_000} autoComplete="off" required />
      <SubmitButton variant="primary" pendingText={t('shell.busy')}>
        {t('staff.key.restore', { shortId: row.shortId })}
      </SubmitButton>
    </Form>
  )
}

function Extend({ visit, row, expiresAt }: Omit<Props, 'now'> & { expiresAt: Date }) {
  const { t, organization } = visit
  return (
    <Form
      visit={visit}
      row={row}
      action={extend}
      title={t('staff.key.extend_title')}
      text={t('staff.key.extend_text')}
    >
      <TextField
        name="until"
        type="date"
        label={t('staff.key.until')}
        hint={t('staff.key.until_hint')}
        initial={lastDayBefore(expiresAt, organization.timeZone)}
        required
      />
      <TextField name="why" label={t('staff.key.why')} maxLength={1_000} autoComplete="off" required />
      <SubmitButton pendingText={t('shell.busy')}>
        {t('staff.key.extend', { shortId: row.shortId })}
      </SubmitButton>
    </Form>
  )
}
