import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { ShortIds } from '@/components/ui/short-ids'
import { Dot } from '@/components/ui/state'
import { may } from '@/lib/access'
import type { QuestionRow } from '@/lib/activations/questions'
import { questionWords } from './words'

/** What is open, a line for each, with the button that leads to its answers; of the first it is filled, if `next`. */
export function QuestionLines({ visit, rows, next }: { visit: Visit; rows: QuestionRow[]; next?: boolean }) {
  const { t } = visit
  // Said once for each key, after its last line.
  const last = new Map(rows.map((row) => [row.keyId, row.id]))
  return (
    <Panel>
      <ul className="todo">
        {rows.map((row, index) => (
          <Line key={row.id} visit={visit} row={row} next={next === true && index === 0}>
            {row.unlisted > 0 && last.get(row.keyId) === row.id && (
              <p>
                <ShortIds text={t('questions.unlisted', { calls: row.unlisted, shortId: row.shortId })} />
              </p>
            )}
          </Line>
        ))}
      </ul>
    </Panel>
  )
}

function Line({
  visit,
  row,
  next,
  children,
}: {
  visit: Visit
  row: QuestionRow
  next: boolean
  children: React.ReactNode
}) {
  const { t, organization, session, language } = visit
  const { subject, detail, beside, names } = questionWords(row, { t, language, timeZone: session.timeZone })
  const button = may(organization.role, 'question.answer') ? 'answer' : 'see'
  return (
    <li>
      <Dot tone="soon" icon="triangle-exclamation-point" />
      <div>
        <b>
          <LongNames names={names}>{subject}</LongNames>
        </b>
        <p>
          <LongNames names={names}>{`${detail}. ${beside}`}</LongNames>
        </p>
        {children}
      </div>
      <LinkButton
        small
        variant={next && button === 'answer' ? 'primary' : 'default'}
        href={`/${organization.slug}/questions/${row.id}`}
        label={t(`questions.${button}_label`, { subject })}
      >
        {t(`questions.${button}`)}
      </LinkButton>
    </li>
  )
}
