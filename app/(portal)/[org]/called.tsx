import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { Dot } from '@/components/ui/state'
import type { QuietInstance } from '@/lib/activations/contacts'
import type { offlineSummary } from '@/lib/activations/offline-files'
import type { KeyQuestions } from '@/lib/activations/questions'
import { lastDay, moment } from '@/lib/messages/dates'
import { QuestionGroups } from './questions/groups'

/** The first of what is asked about GLPIs that called, a line for each key; nothing where nothing is. */
export function Asked({ visit, groups, open }: { visit: Visit; groups: KeyQuestions[]; open: number }) {
  const { t, organization } = visit
  if (groups.length === 0) return null
  return (
    <section aria-label={t('overview.questions')} className="mt-4 mb-4">
      <QuestionGroups visit={visit} groups={groups} />
      {open > groups.flat().length && (
        <p className="after">
          <a className="link" href={`/${organization.slug}/questions`}>
            {t('overview.all_questions', { count: open })}
          </a>
        </p>
      )}
    </section>
  )
}

const mostSilent = 3

/** Which GLPIs have called and do no more, while their plugins still go on; nothing where all do. */
export function Silent({ visit, silent }: { visit: Visit; silent: QuietInstance[] }) {
  const { t } = visit
  if (silent.length === 0) return null
  const named = silent.slice(0, mostSilent)
  return (
    <div className="mt-4">
      <Panel>
        <ul className="todo">
          <li>
            <Dot tone="soon" icon="clock" />
            <div>
              <b>{t('overview.silent', { count: silent.length })}</b>
              {named.map((one) => (
                <p key={one.id}>
                  <Since visit={visit} one={one} />
                </p>
              ))}
              {silent.length > named.length && (
                <p>{t('overview.silent_more', { count: silent.length - named.length })}</p>
              )}
            </div>
          </li>
        </ul>
      </Panel>
    </div>
  )
}

/** How often keys were refused within a week; nothing where none was. */
export function Refused({ visit: { t, organization }, calls }: { visit: Visit; calls: number }) {
  if (calls === 0) return null
  const link = linkTo(`/${organization.slug}/questions`)
  return <p className="after text-muted">{t.rich('overview.refused', { calls, link })}</p>
}

/** How many offline files work, and where the next is to be fetched anew; nothing where there are none. */
export function OfflineFiles({
  visit: { t, organization, language },
  summary,
}: {
  visit: Visit
  summary: Awaited<ReturnType<typeof offlineSummary>>
}) {
  if (!summary) return null
  const date = lastDay(summary.endsAt, language, organization.timeZone)
  const link = linkTo(`/${organization.slug}/instances/${summary.instanceId}/offline`)
  return (
    <p className="after text-muted">{t.rich('overview.offline', { count: summary.files, date, link })}</p>
  )
}

const linkTo = (href: string) => (chunks: ReactNode) => (
  <a className="link" href={href}>
    {chunks}
  </a>
)

function Since({
  visit: { t, organization, language, session },
  one: { id, label, lastAt },
}: {
  visit: Visit
  one: { id: string; label: string; lastAt: Date }
}) {
  const link = (chunks: ReactNode) => (
    <a className="link" href={`/${organization.slug}/instances/${id}`}>
      <LongNames names={[label]}>{chunks}</LongNames>
    </a>
  )
  return t.rich('overview.silent_since', {
    instance: label,
    at: moment(lastAt, language, session.timeZone),
    link,
  })
}
