import type { StaffVisit } from '@/app/_request/staff'
import { ActionForm } from '@/components/form'
import { LongWords } from '@/components/ui/long-names'
import { SubmitButton } from '@/components/ui/submit-button'
import { lastDay, moment } from '@/lib/messages/dates'
import type { FileAfterRefund } from '@/lib/staff/files-after-refund'
import { closeOfflineFile } from './actions'

/** An offline file whose money has gone back: for what, where, until when, and what to do. */
export function FileRow({ visit, file, acts }: { visit: StaffVisit; file: FileAfterRefund; acts: boolean }) {
  const { t, language, session } = visit
  const { id, slug, organization, instanceId, installationId, shortId, product, because, since } = file
  return (
    <tr>
      <td>
        <a className="break-words" href={`/${slug}/instances/${instanceId}`}>
          <LongWords>{organization}</LongWords>
        </a>
        <small>
          {product} <code>{shortId}</code>
        </small>
        <small className="wrap-anywhere">{t('staff.files.installation', { installationId })}</small>
      </td>
      <td>
        <b>{t('staff.files.until', { date: lastDay(file.worksUntil, language, session.timeZone) })}</b>
        <small>{t(`staff.files.because.${because}`)}</small>
        <small>{t('staff.files.since', { at: moment(since, language, session.timeZone) })}</small>
        {acts && (
          <ActionForm action={closeOfflineFile} hidden={{ organization: slug, fileId: id }}>
            <SubmitButton
              small
              label={t('staff.files.close_label', { shortId, organization })}
              pendingText={t('shell.busy')}
            >
              {t('staff.matters.close')}
            </SubmitButton>
          </ActionForm>
        )}
      </td>
    </tr>
  )
}
