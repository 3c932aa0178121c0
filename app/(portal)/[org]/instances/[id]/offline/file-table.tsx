import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { may } from '@/lib/access'
import type { OfflineFileRow } from '@/lib/activations/offline-files'
import { lastDay, moment } from '@/lib/messages/dates'

/** The files of an instance, each with who fetched it and how it stands. */
export function FileTable({ visit, files, now }: { visit: Visit; files: OfflineFileRow[]; now: Date }) {
  const { t } = visit
  // It is the installation that is gone, so one button for all of its files.
  const newest = new Map(
    files
      .filter(({ goneAt }) => !goneAt)
      .toReversed()
      .map(({ installationId, id }) => [installationId, id]),
  )
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th>{t('offline.installation')}</th>
            <th>{t('offline.key')}</th>
            <th>{t('offline.fetched')}</th>
            <th>{t('offline.until')}</th>
            <th>
              <span className="sr-only">{t('offline.to_do')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <FileLine
              key={file.id}
              visit={visit}
              file={file}
              newest={newest.get(file.installationId) === file.id}
              now={now}
            />
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

interface LineProps {
  visit: Visit
  file: OfflineFileRow
  now: Date
}

function FileLine({ visit, file, newest, now }: LineProps & { newest: boolean }) {
  const { t, session, organization, language } = visit
  const { id, installationId, product, shortId, person, token, issuedAt } = file
  const by = person ?? token ?? ''
  const facts = { by, date: moment(issuedAt, language, session.timeZone) }
  return (
    <tr>
      <td>
        <span className="wrap-anywhere">
          <code>{installationId}</code>
        </span>
      </td>
      <td data-head={t('offline.key')}>
        {product} <code>{shortId}</code>
      </td>
      <td className="wrap-anywhere" data-head={t('offline.fetched')}>
        <LongNames names={[by]}>{t(person ? 'offline.by' : 'offline.by_token', facts)}</LongNames>
      </td>
      <td data-head={t('offline.until')}>
        <Until visit={visit} file={file} now={now} />
      </td>
      <td className="act">
        {newest && may(organization.role, 'offline_file.declare_gone') && (
          <LinkButton
            small
            href={`/${organization.slug}/offline-files/${id}`}
            label={t('offline.gone_label', { installation: installationId })}
          >
            {t('offline.gone_link')}
          </LinkButton>
        )}
      </td>
    </tr>
  )
}

/** Until when it works; of an installation that is gone, since when, and until when its file could still be used. */
function Until({
  visit: { t, session, organization, language },
  file: { worksUntil, goneAt },
  now,
}: LineProps) {
  const end = lastDay(worksUntil, language, organization.timeZone)
  const over = worksUntil <= now
  if (goneAt)
    return (
      <>
        <State tone="calm" icon="ban">
          {t('offline.gone', { date: moment(goneAt, language, session.timeZone) })}
        </State>
        <small>{t(over ? 'offline.ended' : 'offline.gone_until', { date: end })}</small>
      </>
    )
  if (over)
    return (
      <State tone="calm" icon="clock">
        {t('offline.ended', { date: end })}
      </State>
    )
  return (
    <time className="whitespace-nowrap" dateTime={worksUntil.toISOString()}>
      {end}
    </time>
  )
}
