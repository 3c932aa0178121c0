import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { Section } from '@/components/ui/panel'
import type { AuditRow } from '@/lib/audit/queries'
import { auditSentence } from '@/lib/audit/sentence'
import { env } from '@/lib/env'
import { displayUrl } from '@/lib/instances/url'
import { moment } from '@/lib/messages/dates'

export const timelineSize = 30

/** What happened to the instance, in the person's own time. */
export function Timeline({ visit, rows, path }: { visit: Visit; rows: AuditRow[]; path: string }) {
  const { session, organization, language, t } = visit
  const shown = rows.slice(0, timelineSize)
  const last = shown.at(-1)
  const speaking = { t, language, timeZone: organization.timeZone, vendor: env().VENDOR_NAME }
  return (
    <Section title={t('instance.timeline')} note={t('instance.timeline_note')}>
      <div className="panel">
        <table className="table">
          <tbody>
            {shown.map((row) => (
              <tr key={row.sequence}>
                <td className="when">
                  <time dateTime={row.at.toISOString()}>{moment(row.at, language, session.timeZone)}</time>
                </td>
                <td>{auditSentence({ ...row, details: asRead(row.details) }, speaking)}</td>
              </tr>
            ))}
            {shown.length === 0 && (
              <tr>
                <td>{t('instance.timeline_empty')}</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      {rows.length > timelineSize && last && (
        <p className="row">
          <LinkButton small href={`${path}?before=${last.sequence}`}>
            {t('instance.timeline_more')}
          </LinkButton>
        </p>
      )}
    </Section>
  )
}

/** What was recorded, with an address as people read it. */
const asRead = (details: AuditRow['details']) =>
  typeof details.url === 'string' ? { ...details, url: displayUrl(details.url) } : details
