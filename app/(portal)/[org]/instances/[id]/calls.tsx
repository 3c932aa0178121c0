import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { Icon } from '@/components/ui/icon'
import { asCode } from '@/components/ui/long-name'
import { LongNames } from '@/components/ui/long-names'
import { Section } from '@/components/ui/panel'
import { ShortIds } from '@/components/ui/short-ids'
import type { AnsweredCall, countedDays } from '@/lib/activations/calls'
import { placeText } from '@/lib/activations/list-place'
import { keptDays } from '@/lib/activations/rules'
import { displayUrl } from '@/lib/instances/url'
import { dayText, moment } from '@/lib/messages/dates'

export const callsSize = 15
export const mostDays = 60

type Days = Awaited<ReturnType<typeof countedDays>>

/** What was asked and answered, so that "it worked yesterday" can be looked up; what is older, counted by day. */
export function Calls({
  visit,
  rows,
  days,
  own,
  path,
}: {
  visit: Visit
  rows: AnsweredCall[]
  days: Days
  /** Those of the instance alone are shown. */
  own: boolean
  path: string
}) {
  const { t } = visit
  const shown = rows.slice(0, callsSize)
  const last = rows.length > callsSize ? shown.at(-1) : undefined
  return (
    <Section title={t('calls.title')} note={t('calls.note', { days: keptDays })}>
      <div className="panel">
        <table className="table">
          <tbody>
            {shown.map((row) => (
              <Line key={row.id} visit={visit} row={row} />
            ))}
            {shown.length === 0 && (
              <tr>
                <td>{t('calls.empty')}</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      {(last || own) && <Further t={t} last={last} own={own} path={path} />}
      {days.length > 0 && <Days visit={visit} days={days} />}
      <p className="mt-3">
        <a className="link" href="/help/what-glpi-sends">
          {t('calls.what')}
        </a>
      </p>
    </Section>
  )
}

function Further({
  t,
  last,
  own,
  path,
}: {
  t: Visit['t']
  last: AnsweredCall | undefined
  own: boolean
  path: string
}) {
  return (
    <p className="row mt-3">
      {last && (
        <LinkButton small href={`${path}?${own ? 'from=here&' : ''}calls=${placeText(last.at, last.id)}`}>
          {t('calls.earlier')}
        </LinkButton>
      )}
      <LinkButton small variant="quiet" href={own ? path : `${path}?from=here`}>
        {t(own ? 'calls.all' : 'calls.own')}
      </LinkButton>
    </p>
  )
}

function Line({ visit: { t, language, session }, row }: { visit: Visit; row: AnsweredCall }) {
  const { installationId, url } = row
  const { asked, code, shortId, product, calls, handover } = row
  const by = {
    glpi: row.glpiVersion ?? 'none',
    plugin: row.productVersion ?? 'none',
    installation: installationId ? asCode(installationId) : 'none',
    url: url ? displayUrl(url) : 'none',
  }
  return (
    <tr>
      <td className="when">
        <time dateTime={row.at.toISOString()}>{moment(row.at, language, session.timeZone)}</time>
      </td>
      <td>
        <ShortIds text={t('calls.line', { asked, code, shortId, product, calls })} />
        {handover && <p>{t('calls.handover', { note: handover })}</p>}
        <p className="hint">
          <LongNames names={[installationId, by.url]}>{t('calls.by', by)}</LongNames>
        </p>
      </td>
    </tr>
  )
}

function Days({ visit: { t, language }, days }: { visit: Visit; days: Days }) {
  return (
    <details className="past mt-6">
      <summary>
        <Icon name="chevron-right" />
        {t('calls.days')}
      </summary>
      <div className="panel">
        <table className="table">
          <tbody>
            {days.map(({ day, calls, refused }) => (
              <tr key={day}>
                <td className="when">
                  <time dateTime={day}>{dayText(day, language)}</time>
                </td>
                <td>{t('calls.day', { calls, refused })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
