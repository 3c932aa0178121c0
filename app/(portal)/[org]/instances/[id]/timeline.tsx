import type { Visit } from '@/app/_request/session'
import { entryLine, namesOf } from '@/app/(portal)/[org]/activity/entry'
import { LinkButton } from '@/components/ui/button'
import { Section } from '@/components/ui/panel'
import { ShortIds } from '@/components/ui/short-ids'
import type { AuditRow } from '@/lib/audit/queries'
import { moment } from '@/lib/messages/dates'

export const timelineSize = 30

/** What happened to the instance, in the person's own time. */
export function Timeline({
  visit,
  rows,
  path,
  title,
}: {
  visit: Visit
  rows: AuditRow[]
  path: string
  title?: string
}) {
  const { session, organization, language, t } = visit
  const shown = rows.slice(0, timelineSize)
  const last = shown.at(-1)
  return (
    <Section title={title ?? t('instance.timeline')} note={t('instance.timeline_note')}>
      <div className="panel">
        <table className="table">
          <tbody>
            {shown.map((row) => (
              <tr key={row.sequence}>
                <td className="when">
                  <time dateTime={row.at.toISOString()}>{moment(row.at, language, session.timeZone)}</time>
                </td>
                <td>
                  <ShortIds text={entryLine(row, language, organization.timeZone)} names={namesOf(row)} />
                </td>
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
