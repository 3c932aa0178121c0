import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { Icon } from '@/components/ui/icon'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { Dot } from '@/components/ui/state'
import { may } from '@/lib/access'
import type { KeyQuestions, QuestionRow } from '@/lib/activations/questions'
import { AnswerLink, Line, Unlisted } from './lines'
import { groupWords, questionWords } from './words'

/** What is open, a line for each key; who called with it is opened beneath. Of the first its button is filled. */
export function QuestionGroups({ visit, groups }: { visit: Visit; groups: KeyQuestions[] }) {
  return (
    <Panel>
      <ul className="todo">
        {groups.map((rows, index) =>
          rows.length === 1 ? (
            <Line key={rows[0].id} visit={visit} row={rows[0]} next={index === 0}>
              <Unlisted visit={visit} row={rows[0]} />
            </Line>
          ) : (
            <Group key={rows[0].keyId} visit={visit} rows={rows} />
          ),
        )}
      </ul>
    </Panel>
  )
}

function Group({ visit, rows }: { visit: Visit; rows: KeyQuestions }) {
  const { t, organization, session, language } = visit
  const { subject, text, names } = groupWords(rows, { t, language, timeZone: session.timeZone })
  const strangers = rows.filter(({ kind }) => kind === 'installation')
  // What is about their own GLPIs is not to be looked for among twenty strangers.
  const inOrder = [...rows.filter(({ kind }) => kind !== 'installation'), ...strangers]
  return (
    <li>
      <Dot tone="soon" icon="triangle-exclamation-point" />
      <div>
        <b>
          <LongNames names={names}>{subject}</LongNames>
        </b>
        <p>
          <LongNames names={names}>{text}</LongNames> <code className="id">{rows[0].shortId}</code>
        </p>
        <Unlisted visit={visit} row={rows[0]} />
      </div>
      {strangers.length > 1 && may(organization.role, 'question.answer_all') && (
        <LinkButton
          small
          href={`/${organization.slug}/questions/not-ours/${rows[0].keyId}`}
          label={t('questions.none_ours.link_label', { shortId: rows[0].shortId })}
        >
          {t('questions.none_ours.link')}
        </LinkButton>
      )}
      <details className="past">
        <summary>
          <Icon name="chevron-right" />
          {t('questions.group.each', { count: rows.length })}
        </summary>
        <ul className="callers">
          {inOrder.map((row) => (
            <Caller key={row.id} visit={visit} row={row} />
          ))}
        </ul>
      </details>
    </li>
  )
}

function Caller({ visit, row }: { visit: Visit; row: QuestionRow }) {
  const { t, session, language } = visit
  const { subject, detail, beside, names } = questionWords(row, { t, language, timeZone: session.timeZone })
  // That it is another GLPI, and who has the key, the line above says once for all of them.
  const isStranger = row.kind === 'installation'
  return (
    <li>
      <div>
        {!isStranger && (
          <b>
            <LongNames names={names}>{subject}</LongNames>
          </b>
        )}
        <p>
          <LongNames names={names}>{isStranger ? `${detail}.` : `${detail}. ${beside}`}</LongNames>
        </p>
      </div>
      <AnswerLink
        visit={visit}
        row={row}
        subject={isStranger ? t('questions.group.caller', { installation: row.installationId }) : subject}
      />
    </li>
  )
}
