import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { ShortIds } from '@/components/ui/short-ids'
import { Dot } from '@/components/ui/state'
import { may } from '@/lib/access'
import type { QuestionRow } from '@/lib/activations/questions'
import { questionWords } from './words'

/** What called with the key beyond those that are listed. */
export function Unlisted({ visit: { t }, row: { unlisted, shortId } }: { visit: Visit; row: QuestionRow }) {
  if (unlisted === 0) return null
  return (
    <p>
      <ShortIds text={t('questions.unlisted', { calls: unlisted, shortId })} />
    </p>
  )
}

interface LineProps {
  visit: Visit
  row: QuestionRow
  /** What is to be done next: its button is filled. */
  next: boolean
  children: ReactNode
}

export function Line({ visit, row, next, children }: LineProps) {
  const { t, session, language } = visit
  const { subject, detail, beside, names } = questionWords(row, { t, language, timeZone: session.timeZone })
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
      <AnswerLink visit={visit} row={row} subject={subject} next={next} />
    </li>
  )
}

interface LinkProps {
  visit: Visit
  row: QuestionRow
  /** What tells it from the others to who does not see it. */
  subject: string
  next?: boolean
}

/** Leads to its answers, or for who may not answer to what is known. */
export function AnswerLink({ visit: { t, organization }, row, subject, next }: LinkProps) {
  const button = may(organization.role, 'question.answer') ? 'answer' : 'see'
  return (
    <LinkButton
      small
      variant={next && button === 'answer' ? 'primary' : 'default'}
      href={`/${organization.slug}/questions/${row.id}`}
      label={t(`questions.${button}_label`, { subject })}
    >
      {t(`questions.${button}`)}
    </LinkButton>
  )
}
