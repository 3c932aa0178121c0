import type { Visit } from '@/app/_request/session'
import { longName } from '@/components/ui/long-name'
import { Panel } from '@/components/ui/panel'
import { ShortIds } from '@/components/ui/short-ids'
import type { ActivityRow } from '@/lib/audit/activity'
import { auditName } from '@/lib/audit/sentence'
import { env } from '@/lib/env'
import { moment } from '@/lib/messages/dates'
import { entryLine, namesOf } from './entry'

/** What happened, in the person's own time. */
export function ActivityTable({ visit, rows }: { visit: Visit; rows: ActivityRow[] }) {
  const { session, organization, language, t } = visit
  const vendor = env().VENDOR_NAME
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('activity.when')}</th>
            <th scope="col">{t('activity.what')}</th>
            <th scope="col">{t('activity.where')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.sequence}>
              <td className="when">
                <time dateTime={row.at.toISOString()}>{moment(row.at, language, session.timeZone)}</time>
              </td>
              <td>
                <ShortIds text={entryLine(row, language, organization.timeZone)} names={namesOf(row)} />
                <small>{row.personEmail ?? auditName(row, { t, vendor })}</small>
              </td>
              <td>
                <About row={row} slug={organization.slug} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

/** The instance and the key, each a way to where it stands today. */
function About({ row, slug }: { row: ActivityRow; slug: string }) {
  const { instanceId, instance, key, keyInstanceId } = row
  const keyHref = keyInstanceId
    ? `/${slug}/instances/${keyInstanceId}#${key}`
    : `/${slug}/keys?q=${encodeURIComponent(key ?? '')}`
  return (
    <>
      {instance && (
        <a href={`/${slug}/instances/${instanceId}`} {...longName(instance)}>
          {instance}
        </a>
      )}
      {key && (
        <small>
          <a className="id" href={keyHref}>
            <code>{key}</code>
          </a>
        </small>
      )}
    </>
  )
}
