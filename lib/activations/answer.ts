import { and, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { questionCounts, questions, sightings } from '@/db/schema/activations'
import { command, type Scope } from '@/lib/command'
import { Conflict, NotFound, Refused } from '@/lib/errors'
import { createInstance } from '@/lib/instances/add'
import { addFurther, changeMain } from '@/lib/instances/address'
import { addressesOf, lockInstance } from '@/lib/instances/edit'
import { Address, Label } from '@/lib/instances/input'
import { parseInstanceUrl } from '@/lib/instances/url'
import { aboutKey, lockKey } from '@/lib/keys/lock'
import { testCopyOf } from './questions'
import { mayAnswer, type QuestionAnswer, questionAnswers } from './rules'

const AnswerQuestion = z.object({
  questionId: z.uuid('not_found'),
  answer: z.enum(questionAnswers),
  /** What the form showed (`editionOf`): who answers must not answer something else, or for the second time. */
  edition: z.string(),
  /** Of the instance that is added, where one is. */
  label: Label.optional(),
  url: Address.optional(),
})
type AnswerQuestion = z.output<typeof AnswerQuestion>
type Question = typeof questions.$inferSelect
type Key = Awaited<ReturnType<typeof lockKey>>

/** Names what is asked, as it is now. */
export const editionOf = ({ url, answer }: Pick<Question, 'url' | 'answer'>) => `${answer ?? ''} ${url ?? ''}`

/**
 * Says what a GLPI is that called with a key from another place. What follows from it is done with it.
 * @returns the instance that it is about, and what was asked
 * @throws Conflict `question_answered` when somebody was faster, `question_changed` when it asks something else by now,
 * `address_taken`; Refused `not_an_answer`, `test_place_taken`, `addresses_full`; NotFound
 */
export const answerQuestion = command(
  'question.answer',
  AnswerQuestion,
  async (scope, input) => {
    const { tx, organizationId } = scope
    const [asked] = await tx.select().from(questions).where(one(organizationId, input.questionId))
    if (!asked) throw new NotFound('question')
    const key = await lockKey(tx, organizationId, asked.keyId)
    const question = await close(scope, key, input)
    const about = await effects[input.answer](scope, key, question, input)
    scope.audit({
      keyId: key.id,
      ...(about ? { instanceId: about.id } : {}),
      details: {
        shortId: key.shortId,
        product: key.product.name,
        kind: question.kind,
        answer: input.answer,
        installation: question.installationId,
        label: about?.label ?? null,
        url: about?.url ?? question.url,
      },
    })
    return { instanceId: about?.id ?? null, kind: question.kind }
  },
  { once: true, about: ({ questionId }) => aboutQuestion(questionId) },
)

const one = (organizationId: string, questionId: string) =>
  and(eq(questions.organizationId, organizationId), eq(questions.id, questionId))

/** Locks how many are open of a key, as whoever opens one does: before any of them. */
export async function lockCount({ tx, organizationId }: Pick<Scope, 'tx' | 'organizationId'>, keyId: string) {
  const count = and(eq(questionCounts.organizationId, organizationId), eq(questionCounts.keyId, keyId))
  await tx.select({ open: questionCounts.open }).from(questionCounts).where(count).for('update')
  return count
}

async function close(scope: Scope, key: Key, input: AnswerQuestion) {
  const { tx, organizationId, now, personId } = scope
  const count = await lockCount(scope, key.id)
  const [question] = await tx
    .select()
    .from(questions)
    .where(one(organizationId, input.questionId))
    .for('update')
  if (!question) throw new NotFound('question')
  if (editionOf(question) !== input.edition)
    throw new Conflict(question.answer ? 'question_answered' : 'question_changed')
  const verdict = mayAnswer({ ...question, binding: key.binding, testCopy: null }, input.answer)
  if (!verdict.ok) throw new Refused(verdict.because)
  await tx
    .update(questions)
    .set({ answer: input.answer, answeredAt: now, answeredById: personId })
    .where(one(organizationId, question.id))
  // One that was closed and is answered otherwise is open no more already; of one beyond the twenty the calls were counted.
  const { open, unlisted } = questionCounts
  const counted = question.listed
    ? { open: sql`${open} - 1` }
    : { unlisted: sql`greatest(${unlisted} - ${question.calls}, 0)` }
  if (!question.answer) await tx.update(questionCounts).set(counted).where(count)
  return question
}

type About = { id: string; label: string; url: string | null } | null
type Effect = (scope: Scope, key: Key, question: Question, input: AnswerQuestion) => Promise<About>

/** What each answer does beside closing the question. */
const effects: Record<QuestionAnswer, Effect> = {
  not_ours: async () => null,
  ours: (scope, key, question, input) => add(scope, key, question, input, 'production'),
  // Two with one ID are told apart by nothing until the copy has an ID of its own, with which it then calls.
  test_copy: async (scope, key, question, input) =>
    question.kind === 'copy' ? null : add(scope, key, question, input, 'test'),
  further_address: (scope, key, question) => move(scope, key, question, 'further'),
  moved: (scope, key, question) => move(scope, key, question, 'main'),
}

async function add(
  scope: Scope,
  key: Key,
  question: Question,
  input: AnswerQuestion,
  environment: 'production' | 'test',
): Promise<About> {
  const testOfId = environment === 'test' ? key.instanceId : null
  if (testOfId) await refuseSecondCopy(scope, key, testOfId)
  const url = input.url ?? claimed(question)
  const { instanceId, label } = await createInstance(scope, {
    label: input.label ?? url.url,
    url,
    environment,
    glpiVersion: question.glpiVersion,
    installationId: question.installationId,
    ...(testOfId ? { testOfId } : {}),
  })
  return { id: instanceId, label, url: url.url }
}

/**
 * One test copy may use a key (DESIGN §2, rule 3): a second one would be added, and refused by the next call. Who adds one
 * otherwise locks its original as well.
 */
async function refuseSecondCopy({ tx, organizationId, now }: Scope, key: Key, originalId: string) {
  const original = await lockInstance(tx, organizationId, originalId)
  if (original.environment !== 'production') throw new Refused('key_of_a_test')
  const { rows } = await tx.execute<{ taken: { label: string } | null }>(
    sql`select ${testCopyOf(organizationId, key.id, originalId, now)} as taken`,
  )
  const taken = rows[0]?.taken
  if (taken) throw new Refused('test_place_taken', { label: taken.label })
}

async function move(scope: Scope, key: Key, question: Question, how: 'further' | 'main'): Promise<About> {
  const { tx, organizationId } = scope
  const [seen] = await tx
    .select({ instanceId: sightings.instanceId })
    .from(sightings)
    .where(
      and(
        eq(sightings.organizationId, organizationId),
        eq(sightings.keyId, key.id),
        eq(sightings.installationId, question.installationId),
      ),
    )
  const instanceId = seen?.instanceId ?? key.instanceId
  if (!instanceId) throw new NotFound('instance')
  const { label } = await lockInstance(tx, organizationId, instanceId)
  const address = claimed(question)
  const own = await addressesOf(tx, organizationId, instanceId)
  if (how === 'main') await changeMain(scope, instanceId, address)
  else if (!own.some(({ urlIdentity }) => urlIdentity === address.identity))
    await addFurther(scope, instanceId, address)
  return { id: instanceId, label, url: address.url }
}

/** The address that the caller said. @throws Refused `no_address` where it said none that is one */
function claimed({ url }: Question) {
  const parsed = parseInstanceUrl(url ?? '')
  if (!parsed.ok) throw new Refused('no_address')
  return parsed
}

/** What a refusal is about: the question's key, where it is the organization's. */
const aboutQuestion =
  (questionId: string): ReturnType<typeof aboutKey> =>
  async (tx, organizationId) => {
    const [asked] = await tx
      .select({ keyId: questions.keyId })
      .from(questions)
      .where(one(organizationId, questionId))
    return asked ? aboutKey(asked.keyId)(tx, organizationId) : {}
  }
