import { randomUUID } from 'node:crypto'
import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { ActionForm, TextField } from '@/components/form'
import { mailTo } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { isStaffRole } from '@/lib/access'
import { editionOf } from '@/lib/activations/answer'
import { renewIdCommand } from '@/lib/activations/installation-id'
import type { QuestionRow } from '@/lib/activations/questions'
import { mayAnswer, type QuestionAnswer } from '@/lib/activations/rules'
import { env } from '@/lib/env'
import { displayUrl } from '@/lib/instances/url'
import { moment } from '@/lib/messages/dates'
import { answer } from '../actions'

interface Props {
  visit: Visit
  row: QuestionRow
}

/** Each answer with what follows from it. Filled is the button of the first. */
export function Answers({ visit, row, answers }: Props & { answers: readonly QuestionAnswer[] }) {
  const { t } = visit
  const isTaken = (one: QuestionAnswer) => !mayAnswer(row, one).ok
  const next = answers.find((one) => !isTaken(one))
  const parts = answers.map((one) =>
    isTaken(one) ? (
      <Taken key={one} visit={visit} row={row} />
    ) : (
      <Answer key={one} visit={visit} row={row} answer={one} first={one === next} />
    ),
  )
  if (row.kind !== 'installation') return parts
  const support = env().SUPPORT_EMAIL
  const words = { staff: askedOf(visit), support, shortId: row.shortId, mail: mailTo(support) }
  const moved = (
    <Section key="moved_installation" title={t('questions.moved_installation.title')}>
      <Panel padded>
        <p>{t.rich('questions.moved_installation.text', words)}</p>
      </Panel>
    </Section>
  )
  return parts.toSpliced(-1, 0, moved)
}

/** An account manager is not told to ask the account manager. */
const askedOf = ({ organization }: Visit) => (isStaffRole(organization.role) ? 'yes' : 'no')

/** Why it can be no test copy: there is one, and what frees its place. */
function Taken({ visit: { t, organization, language, session }, row: { testCopy } }: Props) {
  if (!testCopy) return null
  const link = (chunks: ReactNode) => (
    <a className="link" href={`/${organization.slug}/instances/${testCopy.id}`}>
      <LongNames names={[testCopy.label]}>{chunks}</LongNames>
    </a>
  )
  const { label, until } = testCopy
  return (
    <Section title={t('questions.test_copy.title')}>
      <Panel padded>
        <p>
          {until === null
            ? t.rich('questions.test_copy.taken', { label, link })
            : t.rich('questions.test_copy.held', {
                label,
                link,
                until: moment(new Date(until), language, session.timeZone),
              })}
        </p>
      </Panel>
    </Section>
  )
}

function Answer({ visit, row, answer: given, first }: Props & { answer: QuestionAnswer; first: boolean }) {
  const { t, organization } = visit
  const name = given === 'test_copy' && row.kind === 'copy' ? 'copy' : given
  const url = row.url ? displayUrl(row.url) : ''
  const facts = { instance: row.instance ?? 'none', url, kind: row.kind, staff: askedOf(visit) }
  const hidden = {
    organization: organization.slug,
    idempotencyKey: randomUUID(),
    questionId: row.id,
    edition: editionOf(row),
    answer: given,
  }
  return (
    <Section title={t(`questions.${name}.title`)}>
      <Panel padded>
        <ActionForm action={answer} hidden={hidden}>
          <p>
            <LongNames names={[row.instance, url]}>{t(`questions.${name}.text`, facts)}</LongNames>
          </p>
          <Fields name={name} row={row} t={t} />
          <div className="row">
            <SubmitButton {...(first ? { variant: 'primary' } : {})} pendingText={t('shell.busy')}>
              {t(`questions.${name}.submit`)}
            </SubmitButton>
          </div>
        </ActionForm>
      </Panel>
    </Section>
  )
}

/** What an answer needs beside itself. */
function Fields({
  name,
  row,
  t,
}: {
  name: QuestionAnswer | 'copy'
  row: QuestionRow
  t: Visit['t']
}): ReactNode {
  if (name === 'copy')
    return (
      <>
        <p>
          <code translate="no">{renewIdCommand}</code>
        </p>
        <p>{t('questions.copy.after')}</p>
      </>
    )
  if (name !== 'test_copy' && name !== 'ours') return null
  return (
    <>
      <TextField
        name="label"
        label={t(`questions.${name}.label`)}
        {...(name === 'test_copy' ? { hint: t('questions.test_copy.label_hint') } : {})}
        required
        maxLength={200}
      />
      <TextField name="url" label={t('questions.url')} initial={row.url ?? ''} type="url" mono required />
    </>
  )
}
