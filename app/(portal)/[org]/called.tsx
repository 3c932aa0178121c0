import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { Dot } from '@/components/ui/state'
import type { contactSummary } from '@/lib/activations/calls'
import type { QuestionRow } from '@/lib/activations/questions'
import { moment } from '@/lib/messages/dates'
import { QuestionLines } from './questions/lines'

/** The first of what is asked about GLPIs that called; nothing where nothing is. */
export function Asked({ visit, rows, open }: { visit: Visit; rows: QuestionRow[]; open: number }) {
  const { t, organization } = visit
  if (rows.length === 0) return null
  return (
    <section aria-label={t('overview.questions')} className="mb-4">
      <QuestionLines visit={visit} rows={rows} next />
      {open > rows.length && (
        <p className="after">
          <a className="link" href={`/${organization.slug}/questions`}>
            {t('overview.all_questions', { count: open })}
          </a>
        </p>
      )}
    </section>
  )
}

/** Which GLPIs have called and do no more, and how often keys were refused; nothing where all is fine. */
export function Silent({
  visit,
  contact: { silent, instances, refused },
}: {
  visit: Visit
  contact: Awaited<ReturnType<typeof contactSummary>>
}) {
  const { t, organization } = visit
  const home = `/${organization.slug}`
  const link = (chunks: ReactNode) => (
    <a className="link" href={`${home}/questions`}>
      {chunks}
    </a>
  )
  return (
    <>
      {silent > 0 && (
        <div className="mt-4">
          <Panel>
            <ul className="todo">
              <li>
                <Dot tone="soon" icon="clock" />
                <div>
                  <b>{t('overview.silent', { count: silent })}</b>
                  {instances.map((one) => (
                    <p key={one.id}>
                      <Since visit={visit} one={one} />
                    </p>
                  ))}
                  {silent > instances.length && (
                    <p>{t('overview.silent_more', { count: silent - instances.length })}</p>
                  )}
                </div>
              </li>
            </ul>
          </Panel>
        </div>
      )}
      {refused > 0 && (
        <p className="after text-muted">{t.rich('overview.refused', { calls: refused, link })}</p>
      )}
    </>
  )
}

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
