import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Portal } from '@/app/(portal)/portal'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { type QuestionRow, questionNamed } from '@/lib/activations/questions'
import { answersTo, mayAnswer } from '@/lib/activations/rules'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { moment } from '@/lib/messages/dates'
import { Ask } from '../ask'
import { questionWords } from '../words'
import { Answers } from './answers'

interface Props {
  params: Promise<{ org: string; id: string }>
}

async function found(tx: OrganizationTx, organizationId: string, id: string) {
  if (!isId(id)) throw new NotFound('question')
  return questionNamed(tx, organizationId, id)
}

const wordsFor = ({ t, language, session }: Visit, row: QuestionRow) =>
  questionWords(row, { t, language, timeZone: session.timeZone })

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { organizationId } = visit.organization
  const row = await asOrganization(organizationId, (tx) => found(tx, organizationId, id))
  return wordsFor(visit, row).subject
})

export default organizationPage(QuestionPage)

/** One case: a GLPI that called, what is known of it, and what may be said of it. */
async function QuestionPage({ params }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { t, organization } = visit
  const { organizationId, slug, role } = organization
  const { data: row, needs } = await read(visit, (tx) => found(tx, organizationId, id))
  const { subject, detail, beside, names } = wordsFor(visit, row)
  const answers = answersTo(row.kind, row.binding).filter((one) => {
    const verdict = mayAnswer(row, one)
    return verdict.ok || verdict.because === 'test_place_taken'
  })
  return (
    <Portal visit={visit} current="questions" needs={needs}>
      <PageHead
        title={<LongNames names={names}>{subject}</LongNames>}
        sentence={
          <>
            <LongNames names={names}>{`${detail}. ${beside}`}</LongNames>{' '}
            <code className="id">{row.shortId}</code>
          </>
        }
        actions={
          <LinkButton variant="quiet" icon="arrow-left" href={`/${slug}/questions`}>
            {t('questions.back')}
          </LinkButton>
        }
      />
      <Standing visit={visit} row={row} again={answers.length > 0 && may(role, 'question.answer')} />
      {answers.length > 0 && may(role, 'question.answer') && (
        <Answers visit={visit} row={row} answers={answers} />
      )}
      {!row.answer && !may(role, 'question.answer') && <Ask visit={visit} />}
    </Portal>
  )
}

/** How it stands: what was said of it, or what goes on until somebody says it. */
function Standing({ visit, row, again }: { visit: Visit; row: QuestionRow; again: boolean }) {
  const { t, language, session } = visit
  if (!row.answer || !row.answeredAt)
    return (
      <Notice tone="info" silent>
        {t('questions.goes_on', { kind: row.kind })}
      </Notice>
    )
  const who = row.answeredBy ?? ''
  const at = moment(row.answeredAt, language, session.timeZone)
  if (row.answer === 'let_in')
    return (
      <Notice tone="calm" silent>
        {t('questions.let_in', { at, kind: row.kind })}
      </Notice>
    )
  return (
    <Notice tone="calm" silent>
      <LongNames names={[who]}>
        {t('questions.answered', { answer: row.answer, kind: row.kind, who, at })}
      </LongNames>{' '}
      {again && t('questions.otherwise')}
    </Notice>
  )
}
