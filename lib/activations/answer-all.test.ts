import { randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  byMember,
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { answerQuestion, editionOf } from './answer'
import { answerAll } from './answer-all'
import { history } from './history'
import { countQuestions, countUnlisted, openQuestions, questionsByKey } from './questions'
import type { QuestionKind } from './rules'

const database = await productDatabase()
let own: Fixture
let instanceId: string
let keyId: string
let turn = 0

beforeAll(makeCatalog)

beforeEach(async () => {
  own = await makeOrganization(`all-${++turn}`)
  instanceId = await makeInstance(own)
  keyId = await newKey(instanceId)
})

async function newKey(instance: string) {
  const forms = await productId(database, 'forms')
  return (await startSubscription(bySystem(own.organizationId), { productId: forms, instanceId: instance }))
    .keyId
}

const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 7, minute))

/** A call as the key service notes it. */
async function called(
  installationId: string,
  { kind = 'installation', url = 'https://other.example', minute = 0, key = keyId } = {} as {
    kind?: QuestionKind
    url?: string
    minute?: number
    key?: string
  },
) {
  const isStranger = kind === 'installation'
  history.note({
    at: at(minute),
    organizationId: own.organizationId,
    keyId: key,
    asked: 'validate',
    code: isStranger ? 'bound_elsewhere' : 'ok',
    notes: [],
    instanceId: isStranger ? null : instanceId,
    installationId,
    url,
    glpiVersion: '11.0.2',
    productVersion: null,
    question: { kind, refusalCode: '7QF3XM' },
  })
  await history.flush()
}

const within = <T>(work: (tx: OrganizationTx) => Promise<T>) => asOrganization(own.organizationId, work)
const open = () => within((tx) => openQuestions(tx, own.organizationId, { size: 50 }))
const openNames = async () => (await open()).map(({ installationId }) => installationId).sort()
const count = () => within((tx) => countQuestions(tx, own.organizationId))
const by = () => ({ ...byMember(own, 'technical'), idempotencyKey: randomUUID() })

/** As the page that is made now writes its form. */
async function form() {
  const rows = await within((tx) =>
    openQuestions(tx, own.organizationId, { size: 50, keyId, kind: 'installation' }),
  )
  const editions = Object.fromEntries(rows.map((row) => [row.id, editionOf(row)]))
  return { keyId, editions, madeAt: at(1).toISOString() }
}

const entries = () =>
  rowsOf<{ outcome: string; key_id: string; count: number }>(
    database,
    `select outcome, key_id, (details ->> 'count')::int as count from audit_entries
     where action = 'question.answer_all' and organization_id = $1`,
    [own.organizationId],
  )

test('twenty strangers are answered at once, and neither another key’s, nor what is about their own GLPIs', async () => {
  const another = await newKey(await makeInstance(own, 'second'))
  for (let index = 0; index < 22; index++) await called(`thief-${index}`)
  await called('cloned', { kind: 'copy' })
  await called('elsewhere', { key: another })
  await called('moved', { kind: 'address' })
  expect(await count()).toEqual({ open: 23, unlisted: 2 })
  const shown = await form()
  expect(await within((tx) => countUnlisted(tx, own.organizationId, keyId))).toBe(2)
  // Beyond the twenty too, and nothing that is about their own GLPIs.
  expect(await answerAll(by(), shown)).toEqual({ count: 22 })
  expect(await openNames()).toEqual(['cloned', 'elsewhere', 'moved'])
  expect(await count()).toEqual({ open: 3, unlisted: 0 })
  expect(await entries()).toEqual([{ outcome: 'done', key_id: keyId, count: 22 }])
  for (const thief of ['thief-3', 'thief-21']) await called(thief, { minute: 5 })
  expect(await openNames()).toEqual(['cloned', 'elsewhere', 'moved'])
  expect(await count()).toEqual({ open: 3, unlisted: 0 })
})

test('who called first since the page was made stays open, also beyond the twenty', async () => {
  for (let index = 0; index < 21; index++) await called(`thief-${index}`)
  const shown = await form()
  await called('rightful', { minute: 2 })
  expect(await answerAll(by(), shown)).toEqual({ count: 21 })
  expect(await count()).toEqual({ open: 0, unlisted: 1 })
  await called('rightful', { minute: 3 })
  expect(await openNames()).toEqual(['rightful'])
})

test('who called since the page was made, or says another address by now, stays open', async () => {
  await called('thief-1')
  await called('thief-2')
  const shown = await form()
  await called('rightful')
  await called('thief-2', { url: 'https://rightful.example' })
  expect(await answerAll(by(), shown)).toEqual({ count: 1 })
  expect(await openNames()).toEqual(['rightful', 'thief-2'])
  expect(await count()).toEqual({ open: 2, unlisted: 0 })
})

test('one who stood beyond the twenty when the page was made, and has a place by then, stays open', async () => {
  for (let index = 0; index < 20; index++) await called(`thief-${index}`)
  await called('rightful')
  const shown = await form()
  const [first] = await open()
  if (!first) throw new Error('twenty are open')
  const answer = { questionId: first.id, answer: 'not_ours', edition: editionOf(first) } as const
  await answerQuestion(by(), answer)
  await called('rightful', { minute: 1 })
  expect(await answerAll(by(), shown)).toEqual({ count: 19 })
  expect(await openNames()).toEqual(['rightful'])
})

test('the same form twice is one answer; another page’s form is told that somebody was faster', async () => {
  await called('thief')
  const [shown, who] = [await form(), by()]
  const [first, second] = await Promise.all([answerAll(who, shown), answerAll(who, shown)])
  expect(second).toEqual(first)
  await expect(answerAll(by(), shown)).rejects.toMatchObject({ code: 'question_answered' })
  expect(await count()).toEqual({ open: 0, unlisted: 0 })
  expect((await entries()).map(({ outcome }) => outcome).sort()).toEqual(['done', 'refused'])
})

test('of one who answers a stranger while all are answered, one does, and none is counted twice', async () => {
  for (let index = 0; index < 3; index++) await called(`thief-${index}`)
  const [shown, [one]] = [await form(), await open()]
  if (!one) throw new Error('three are open')
  const single = { questionId: one.id, answer: 'not_ours', edition: editionOf(one) } as const
  const [all, alone] = await Promise.allSettled([answerAll(by(), shown), answerQuestion(by(), single)])
  if (all.status === 'rejected') throw all.reason
  expect(all.value.count).toBe(alone.status === 'fulfilled' ? 2 : 3)
  expect(await count()).toEqual({ open: 0, unlisted: 0 })
})

test('what is open is read by key, each with all of it, and a page of keys begins after the last of the one before', async () => {
  const [second, third] = [
    await newKey(await makeInstance(own, 'second')),
    await newKey(await makeInstance(own, 'third')),
  ]
  for (let index = 0; index < 4; index++) await called(`thief-${index}`, { minute: 10 * index })
  await called('between', { key: second, minute: 15 })
  // At the same moment as the one before, which the order of their IDs tells apart.
  await called('beside', { key: third, minute: 15 })
  const page = (size: number, after?: { at: Date; id: string }) =>
    within((tx) => questionsByKey(tx, own.organizationId, { size, after }))
  const named = (groups: Awaited<ReturnType<typeof page>>) =>
    groups.map((rows) => rows.map(({ installationId }) => installationId))
  const all = await page(10)
  expect(named(all).map((rows) => rows.length)).toEqual([4, 1, 1])
  expect(named(all)[0]).toEqual(['thief-3', 'thief-2', 'thief-1', 'thief-0'])
  const seen: string[][] = []
  for (let after: { at: Date; id: string } | undefined, left = 9; left > 0; left--) {
    const [group] = await page(1, after)
    if (!group) break
    seen.push(...named([group]))
    after = { at: group[0].lastAt, id: group[0].keyId }
  }
  expect(seen).toEqual(named(all))
})
