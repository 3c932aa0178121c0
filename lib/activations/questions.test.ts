import { randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { closePool, openPoolAt } from '@/db/client'
import { asOrganization } from '@/db/scope'
import { Conflict, Refused } from '@/lib/errors'
import { othersKeys } from '@/lib/instances/others-keys'
import { retireInstance } from '@/lib/instances/retire'
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
import { at as moved } from '@/sandbox/time'
import { answerQuestion, editionOf } from './answer'
import { findNamed } from './find'
import { forgetUnlisted } from './forget-unlisted'
import { type Answered, history } from './history'
import { countQuestions, openQuestions, questionNamed } from './questions'
import { codeDays } from './refusal-code'
import { answersTo, mayAnswer, type QuestionAnswer, type QuestionKind } from './rules'

const database = await productDatabase()
let own: Fixture
let instanceId: string
let keyId: string
let turn = 0

beforeAll(makeCatalog)

beforeEach(async () => {
  turn++
  own = await makeOrganization(`acme-${turn}`)
  instanceId = await makeInstance(own)
  const forms = await productId(database, 'forms')
  keyId = (await startSubscription(bySystem(own.organizationId), { productId: forms, instanceId })).keyId
})

const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 7, minute))

/** A call as the key service notes it. */
async function called(kind: QuestionKind | null, more: Partial<Answered> & { code?: Answered['code'] } = {}) {
  history.note({ ...noted(kind), ...more })
  await history.flush()
}

function noted(kind: QuestionKind | null): Answered {
  return {
    at: at(0),
    organizationId: own.organizationId,
    keyId,
    asked: 'validate',
    code: kind === 'installation' ? 'bound_elsewhere' : 'ok',
    notes: [],
    instanceId: kind === 'installation' ? null : instanceId,
    installationId: 'b6sf-other',
    url: 'https://other.example/glpi',
    glpiVersion: '11.0.2',
    productVersion: null,
    ...(kind ? { question: { kind, refusalCode: '7QF3XM' } } : {}),
  }
}

const within = <T>(work: (tx: Parameters<Parameters<typeof asOrganization<T>>[1]>[0]) => Promise<T>) =>
  asOrganization(own.organizationId, work)
const open = () => within((tx) => openQuestions(tx, own.organizationId, { size: 50 }))
const count = () => within((tx) => countQuestions(tx, own.organizationId))

async function only() {
  const [question, ...others] = await open()
  if (!question || others.length > 0) throw new Error('one question is open')
  return question
}

async function answer(given: QuestionAnswer, more: { label?: string; url?: string; edition?: string } = {}) {
  const question = await only()
  const input = { questionId: question.id, answer: given, edition: editionOf(question), ...more }
  return answerQuestion(byMember(own, 'technical'), input)
}

const addressesOf = (id: string) =>
  rowsOf<{ url: string; ordinal: number }>(
    database,
    'select url, ordinal from instance_addresses where instance_id = $1 and retired_at is null order by ordinal',
    [id],
  )

test('who asks for a key that another has is told with the GLPI that has it', async () => {
  await rowsOf(database, `update instances set installation_id = 'a-known' where id = $1`, [instanceId])
  await called(null, { installationId: 'a-known', at: at(5), glpiVersion: '11.0.4' })
  await called('installation')
  await called('installation', { at: at(9) })
  expect(await only()).toMatchObject({
    ...{ kind: 'installation', installationId: 'b6sf-other', url: 'https://other.example/glpi', calls: 2 },
    ...{ product: 'Forms Pro', instance: 'desk', holderLastAt: at(5), holderVersion: '11.0.4' },
    ...{ firstAt: at(0), lastAt: at(9), answer: null, unlisted: 0 },
  })
  expect(await count()).toEqual({ open: 1, unlisted: 0 })
})

test('[A11] twenty strangers hide no copied database, and it is asked about again a week after an answer', async () => {
  for (let stranger = 0; stranger < 22; stranger++)
    await called('installation', { installationId: `stranger-${stranger}` })
  await called('copy', { installationId: 'cloned', at: at(1) })
  const copies = async () => (await open()).filter(({ kind }) => kind === 'copy')
  const [copy] = await copies()
  expect([copy?.installationId, await count()]).toEqual(['cloned', { open: 21, unlisted: 2 }])
  const input = {
    questionId: copy?.id ?? '',
    answer: 'test_copy',
    edition: copy ? editionOf(copy) : '',
  } as const
  await answerQuestion(byMember(own, 'technical'), input)
  expect([await copies(), await count()]).toEqual([[], { open: 20, unlisted: 2 }])
  const days = (count: number) => new Date(Date.now() + count * 86_400_000)
  await called('copy', { installationId: 'cloned', at: days(6) })
  expect(await copies()).toEqual([])
  await called('copy', { installationId: 'cloned', at: days(8) })
  expect(await copies()).toMatchObject([{ installationId: 'cloned', calls: 1, answer: null }])
  console.log('[A11] 22 strangers, 1 copy')
})

test('what is asked about a GLPI is over once another one has its place, and asked anew when it is back', async () => {
  const bound = (installationId: string) =>
    rowsOf(database, 'update instances set installation_id = $1 where id = $2', [installationId, instanceId])
  const asked = async () => {
    const rows = await rowsOf<{ said: string }>(
      database,
      `select kind || ' ' || coalesce(answer::text, 'open') as said from questions where key_id = $1 order by kind`,
      [keyId],
    )
    return [...rows.map(({ said }) => said), (await count()).open]
  }
  await bound('gone')
  await called('copy', { installationId: 'gone', at: at(1) })
  await called('address', { installationId: 'gone', at: at(1) })
  const [one] = await open()
  // Its own call, and a stranger's, end nothing.
  await called(null, { installationId: 'gone', at: at(2) })
  await called('installation', { installationId: 'next', at: at(3) })
  expect(await asked()).toEqual(['installation open', 'address open', 'copy open', 3])
  await bound('next')
  await called(null, { installationId: 'next', at: at(4) })
  expect(await asked()).toEqual(['installation let_in', 'address let_in', 'copy let_in', 0])
  if (!one) throw new Error('there are two')
  const over = await within((tx) => questionNamed(tx, own.organizationId, one.id))
  expect(answersTo(over.kind, over.binding).filter((answer) => mayAnswer(over, answer).ok)).toEqual([])
  await bound('gone')
  await called('copy', { installationId: 'gone', at: at(5) })
  await called('address', { installationId: 'gone', at: at(5) })
  expect(await asked()).toEqual(['installation let_in', 'address open', 'copy open', 2])
})

test('the GLPI that has a key called when it did with whichever of its keys', async () => {
  await rowsOf(database, `update instances set installation_id = 'a-known' where id = $1`, [instanceId])
  const branding = await productId(database, 'branding')
  const beside = await startSubscription(bySystem(own.organizationId), { productId: branding, instanceId })
  const other = { keyId: beside.keyId, installationId: 'a-known', glpiVersion: '11.0.4' }
  await called('installation')
  expect(await only()).toMatchObject({ holderLastAt: null, holderVersion: null })
  await called(null, { ...other, at: at(7) })
  expect(await only()).toMatchObject({ holderLastAt: at(7), holderVersion: '11.0.4' })
  await called(null, { installationId: 'a-known', at: at(3), glpiVersion: '11.0.3' })
  // Another one that was at home there before is not the one that has it.
  await called(null, { ...other, installationId: 'before', at: at(9) })
  expect(await only()).toMatchObject({ holderLastAt: at(7), holderVersion: '11.0.4' })
})

test('a test copy is added with the installation that called, at the address that it said', async () => {
  await called('installation')
  const { instanceId: added } = await answer('test_copy', { label: 'Staging' })
  expect(
    await rowsOf(
      database,
      `select label, environment, test_of_id as of, installation_id as installation, glpi_version as version
       from instances where id = $1`,
      [added],
    ),
  ).toEqual([
    { label: 'Staging', environment: 'test', of: instanceId, installation: 'b6sf-other', version: '11.0.2' },
  ])
  expect(await addressesOf(added ?? '')).toEqual([{ url: 'https://other.example/glpi', ordinal: 0 }])
  expect(await open()).toEqual([])
  expect(await count()).toEqual({ open: 0, unlisted: 0 })
})

test('where the caller said no address, one is asked for', async () => {
  await called('installation', { url: null })
  await expect(answer('test_copy', { label: 'Staging' })).rejects.toThrow(new Refused('no_address'))
  const { instanceId: added } = await answer('test_copy', {
    label: 'Staging',
    url: 'https://staging.example/',
  })
  expect(await addressesOf(added ?? '')).toEqual([{ url: 'https://staging.example', ordinal: 0 }])
})

test('a second test copy is refused while one uses the key, with its name', async () => {
  await called('installation')
  const { instanceId: added } = await answer('test_copy', { label: 'Staging' })
  await rowsOf(
    database,
    `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
       lease, lease_ends_at, created_at, refreshed_at)
     values (gen_random_uuid(), $1, $2, $3, 'b6sf-other', 'test', true, sha256('x'), gen_random_uuid(), now(), now(), now())`,
    [own.organizationId, keyId, added],
  )
  await called('installation', { installationId: 'yet-another', url: 'https://third.example' })
  await expect(answer('test_copy', { label: 'Third' })).rejects.toMatchObject({
    code: 'test_place_taken',
    facts: { label: 'Staging' },
  })
  expect(await count()).toEqual({ open: 1, unlisted: 0 })
})

test('a second test copy is refused at once also where the first has not called yet, or was added by hand', async () => {
  await called('installation')
  await answer('test_copy', { label: 'Staging' })
  await called('installation', { installationId: 'yet-another', url: 'https://third.example' })
  const taken = { code: 'test_place_taken', facts: { label: 'Staging' } }
  expect(await only()).toMatchObject({ testCopy: { label: 'Staging' } })
  await expect(answer('test_copy', { label: 'Third' })).rejects.toMatchObject(taken)
  await rowsOf(
    database,
    `update instances set installation_id = null where label = 'Staging' and organization_id = $1`,
    [own.organizationId],
  )
  await expect(answer('test_copy', { label: 'Third' })).rejects.toMatchObject(taken)
})

test('a copy that is retired is named with the moment until which it may go on, and then no more', async () => {
  await called('installation')
  const { instanceId: added } = await answer('test_copy', { label: 'Staging' })
  const until = new Date(Date.now() + 7 * 86_400_000)
  await rowsOf(
    database,
    `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
       lease, lease_ends_at, created_at, refreshed_at)
     values (gen_random_uuid(), $1, $2, $3, 'b6sf-other', 'test', true, sha256('x'), gen_random_uuid(), $4, now(), now())`,
    [own.organizationId, keyId, added, until],
  )
  const others = () => within((tx) => othersKeys(tx, own.organizationId, added ?? '', new Date()))
  expect(await others()).toMatchObject([{ leaseEndsAt: until, givenBack: false }])
  await retireInstance(byMember(own, 'technical'), { instanceId: added ?? '' })
  expect(await others()).toMatchObject([{ leaseEndsAt: until, givenBack: true }])
  await called('installation', { installationId: 'yet-another', url: 'https://third.example' })
  expect(await only()).toMatchObject({ testCopy: { id: added, label: 'Staging', until: until.getTime() } })
  await expect(answer('test_copy', { label: 'Third' })).rejects.toMatchObject({ code: 'test_place_taken' })
  await moved(until, async () => {
    expect(await only()).toMatchObject({ testCopy: null })
    expect((await answer('test_copy', { label: 'Third' })).instanceId).not.toBeNull()
  })
})

test('of two that are said to be the test copy at once one is, and the other is told its name', async () => {
  await called('installation')
  await called('installation', { installationId: 'yet-another', url: 'https://third.example' })
  const answers = (await open()).map((question, index) =>
    answerQuestion(byMember(own, 'owner'), {
      questionId: question.id,
      answer: 'test_copy',
      edition: editionOf(question),
      label: `copy-${index}`,
    }),
  )
  const [done, refused] = (await Promise.allSettled(answers)).sort((a, b) => (a.status < b.status ? -1 : 1))
  expect(done?.status).toBe('fulfilled')
  expect(refused).toMatchObject({ reason: { code: 'test_place_taken' } })
})

test('who is refused after the answer as well is asked about anew, and answered as is possible by then', async () => {
  await called('installation')
  const { id: questionId } = await only()
  const { instanceId: added } = await answer('test_copy', { label: 'Staging' })
  const named = () => within((tx) => questionNamed(tx, own.organizationId, questionId))
  const possible = async () => {
    const row = await named()
    return answersTo(row.kind, row.binding).filter((one) => mayAnswer(row, one).ok)
  }
  expect(await possible()).toEqual([])
  await retireInstance(byMember(own, 'technical'), { instanceId: added ?? '' })
  expect(await possible()).toEqual([])
  await called('installation', { at: new Date(Date.now() + 60_000) })
  expect(await only()).toMatchObject({ id: questionId, answer: null, calls: 1 })
  expect(await count()).toEqual({ open: 1, unlisted: 0 })
  expect(await possible()).toEqual(['test_copy', 'not_ours'])
  const input = { questionId, answer: 'test_copy', edition: editionOf(await named()), label: 'Anew' } as const
  expect((await answerQuestion(byMember(own, 'technical'), input)).instanceId).not.toBe(added)
  await called('installation', { at: new Date(Date.now() + 120_000) })
  expect(await possible()).toEqual(['not_ours'])
  expect(await count()).toEqual({ open: 1, unlisted: 0 })
})

test('who is asked about anew and finds twenty others is found by the code, and beyond them', async () => {
  await called('installation', { question: { kind: 'installation', refusalCode: '9ABCDE' } })
  await answer('test_copy', { label: 'Staging' })
  const later = new Date(Date.now() + 60_000)
  for (let stranger = 0; stranger < 20; stranger++)
    await called('installation', { installationId: `stranger-${stranger}`, at: later })
  await called('installation', { at: later })
  expect(await count()).toEqual({ open: 20, unlisted: 1 })
  const seeker = { personId: own.people.technical, isStaff: false, organizationIds: [own.organizationId] }
  const path = await findNamed(seeker, '9ABCDE', later)
  const row = await within((tx) => questionNamed(tx, own.organizationId, path?.split('/').at(-1) ?? ''))
  expect(row).toMatchObject({ answer: null, calls: 1, lastAt: later })
})

test('what is not theirs is closed, counts its further calls, and may still be answered otherwise', async () => {
  await called('installation')
  const question = await only()
  await answer('not_ours')
  await called('installation', { at: at(7) })
  expect(await open()).toEqual([])
  const closed = await within((tx) => questionNamed(tx, own.organizationId, question.id))
  expect(closed).toMatchObject({ answer: 'not_ours', calls: 2, answeredBy: `technical@${own.slug}.example` })
  await answerQuestion(byMember(own, 'owner'), {
    questionId: question.id,
    answer: 'test_copy',
    edition: editionOf(closed),
    label: 'After all',
  })
  expect(await count()).toEqual({ open: 0, unlisted: 0 })
})

test('of two who answer at once one does, and the other is told', async () => {
  await called('installation')
  const question = await only()
  const input = { questionId: question.id, edition: editionOf(question) }
  const answers = await Promise.allSettled([
    answerQuestion(byMember(own, 'owner'), { ...input, answer: 'not_ours' }),
    answerQuestion(byMember(own, 'technical'), { ...input, answer: 'test_copy', label: 'Staging' }),
  ])
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const refused = answers.find((one) => one.status === 'rejected')
  expect(refused?.reason).toMatchObject({ code: 'question_answered' })
  expect(await count()).toEqual({ open: 0, unlisted: 0 })
})

test('the same form twice is one answer', async () => {
  await called('installation')
  const question = await only()
  const by = { ...byMember(own, 'owner'), idempotencyKey: randomUUID() }
  const input = {
    questionId: question.id,
    answer: 'test_copy',
    edition: editionOf(question),
    label: 'x',
  } as const
  const [first, second] = [await answerQuestion(by, input), await answerQuestion(by, input)]
  expect(second).toEqual(first)
})

test('a new address becomes a further one', async () => {
  await called('address')
  await answer('further_address')
  expect(await addressesOf(instanceId)).toEqual([
    { url: `https://desk.${own.slug}.example/glpi`, ordinal: 0 },
    { url: 'https://other.example/glpi', ordinal: 1 },
  ])
})

test('a GLPI that has moved has the new address as its main one, and keeps the old', async () => {
  await called('address')
  await answer('moved')
  const moved = [
    { url: 'https://other.example/glpi', ordinal: 0 },
    { url: `https://desk.${own.slug}.example/glpi`, ordinal: 1 },
  ]
  expect(await addressesOf(instanceId)).toEqual(moved)
  // And back, to one that it has already.
  await called('address', { url: `https://desk.${own.slug}.example/glpi` })
  await answer('moved')
  expect(await addressesOf(instanceId)).toEqual([
    { url: `https://desk.${own.slug}.example/glpi`, ordinal: 0 },
    { url: 'https://other.example/glpi', ordinal: 1 },
  ])
})

test('an answered address asks anew when the installation says another one, and only then', async () => {
  await called('address')
  await answer('not_ours')
  await called('address', { at: at(1) })
  expect(await count()).toEqual({ open: 0, unlisted: 0 })
  await called('address', { at: at(2), url: 'https://third.example' })
  expect(await only()).toMatchObject({ url: 'https://third.example', answer: null, firstAt: at(2), calls: 1 })
  expect(await count()).toEqual({ open: 1, unlisted: 0 })
})

test('what is asked by now is answered, not what the page showed', async () => {
  await called('address')
  const before = await only()
  await called('address', { url: 'https://third.example' })
  await expect(answer('further_address', { edition: editionOf(before) })).rejects.toThrow(
    new Conflict('question_changed'),
  )
})

test('a copy of the database is closed, and adds nothing', async () => {
  await called('copy')
  expect(await answer('test_copy')).toEqual({ instanceId: null, kind: 'copy' })
  expect(await open()).toEqual([])
})

test('an answer to something else is none', async () => {
  await called('installation')
  await expect(answer('further_address')).rejects.toThrow(new Refused('not_an_answer'))
})

test('a key of the whole organization is let in where it is one of theirs', async () => {
  const cloud = await productId(database, 'cloud')
  keyId = (await startSubscription(bySystem(own.organizationId), { productId: cloud, instanceId: null }))
    .keyId
  await called('installation')
  const { instanceId: added } = await answer('ours', { label: 'Agency' })
  const [row] = await rowsOf(database, 'select environment, installation_id from instances where id = $1', [
    added,
  ])
  expect(row).toEqual({ environment: 'production', installation_id: 'b6sf-other' })
})

test('who was refused and has the key by now leaves nothing to be asked, and is asked about anew when refused again', async () => {
  await called('installation')
  const { id: questionId } = await only()
  const named = () => within((tx) => questionNamed(tx, own.organizationId, questionId))
  // It would be let in, and has not come in yet.
  await called(null, { at: at(1) })
  expect(await only()).toMatchObject({ id: questionId })
  await rowsOf(database, `update instances set installation_id = 'b6sf-other' where id = $1`, [instanceId])
  await called('installation', { at: at(3) })
  // What was noted earlier and written late.
  await called(null, { at: at(2) })
  expect(await only()).toMatchObject({ id: questionId, calls: 2 })
  await called(null, { at: at(4) })
  expect(await count()).toEqual({ open: 0, unlisted: 0 })
  const row = await named()
  expect(row).toMatchObject({ answer: 'let_in', answeredAt: at(4), answeredBy: null })
  expect(answersTo(row.kind, row.binding).filter((one) => mayAnswer(row, one).ok)).toEqual([])
  await called('installation', { at: at(5) })
  expect(await only()).toMatchObject({ id: questionId, answer: null, calls: 1 })
  expect(await count()).toEqual({ open: 1, unlisted: 0 })
})

test('refused and let in within the same second, and beyond the twenty, it is over as well', async () => {
  for (let stranger = 0; stranger < 21; stranger++)
    await called('installation', { installationId: `stranger-${stranger}` })
  expect(await count()).toEqual({ open: 20, unlisted: 1 })
  await rowsOf(database, `update instances set installation_id = 'stranger-20' where id = $1`, [instanceId])
  const note = { installationId: 'stranger-20', glpiVersion: '11.0.9' }
  history.note({ ...noted('installation'), ...note, at: at(1) })
  await called(null, { ...note, at: at(2) })
  expect(await count()).toEqual({ open: 20, unlisted: 0 })
})

test('[A11] twenty strangers hide no new address of the GLPI that has the key', async () => {
  for (let stranger = 0; stranger < 22; stranger++)
    await called('installation', { installationId: `stranger-${stranger}` })
  await called('address', { installationId: 'known', at: at(1) })
  const addresses = (await open()).filter(({ kind }) => kind === 'address')
  expect(addresses).toMatchObject([{ installationId: 'known', unlisted: 2 }])
  expect(await count()).toEqual({ open: 21, unlisted: 2 })
  console.log('[A11] 22 strangers, 1 address')
})

test('twenty are open per key, and what calls beyond them is counted', async () => {
  for (let index = 0; index < 23; index++)
    await called('installation', { installationId: `installation-${index}`, at: at(index) })
  expect(await count()).toEqual({ open: 20, unlisted: 3 })
  const first = await within((tx) => openQuestions(tx, own.organizationId, { size: 12 }))
  const last = first.at(-1)
  if (!last) throw new Error('there are twelve')
  const after = { at: last.lastAt, id: last.id }
  const rest = await within((tx) => openQuestions(tx, own.organizationId, { size: 12, after }))
  expect(new Set([...first, ...rest].map(({ id }) => id)).size).toBe(20)
  expect(first[0]).toMatchObject({ installationId: 'installation-19', unlisted: 3 })
})

test('the code of whoever calls after twenty opens its case, which may be answered, and takes no place among them', async () => {
  for (let index = 0; index < 20; index++)
    await called('installation', { installationId: `thief-${index}`, at: at(index) })
  const mine = {
    installationId: 'rightful',
    question: { kind: 'installation', refusalCode: '9ABCDE' },
  } as const
  await called('installation', { ...mine, at: at(30) })
  await called('installation', { ...mine, at: at(31) })
  expect(await count()).toEqual({ open: 20, unlisted: 2 })
  const seeker = {
    personId: own.people.technical,
    isStaff: false,
    organizationIds: [own.organizationId],
  }
  const path = await findNamed(seeker, '9ABCDE', at(40))
  const questionId = path?.split('/').at(-1) ?? ''
  expect(await within((tx) => questionNamed(tx, own.organizationId, questionId))).toMatchObject({
    ...{ installationId: 'rightful', calls: 2, answer: null },
  })
  expect((await open()).map(({ installationId }) => installationId)).not.toContain('rightful')
  const edition = editionOf({ url: 'https://other.example/glpi', answer: null })
  const input = { questionId, answer: 'test_copy', edition, label: 'Staging' } as const
  await answerQuestion(byMember(own, 'technical'), input)
  expect(await count()).toEqual({ open: 20, unlisted: 0 })
})

test('who called after twenty stands among them once there is room and it calls again', async () => {
  for (let index = 0; index < 21; index++)
    await called('installation', { installationId: `installation-${index}`, at: at(index) })
  const [newest] = await open()
  if (!newest) throw new Error('twenty are open')
  const input = { questionId: newest.id, answer: 'not_ours', edition: editionOf(newest) } as const
  await answerQuestion(byMember(own, 'technical'), input)
  expect(await count()).toEqual({ open: 19, unlisted: 1 })
  await called('installation', { installationId: 'installation-20', at: at(30) })
  expect(await count()).toEqual({ open: 20, unlisted: 0 })
  expect((await open())[0]).toMatchObject({ installationId: 'installation-20', calls: 2 })
})

test('who called after twenty, and no more for as long as a code is good, is forgotten; nobody else is', async () => {
  await rowsOf(database, 'delete from questions')
  for (let index = 0; index < 22; index++)
    await called('installation', { installationId: `installation-${index}`, at: at(index) })
  const kept = () =>
    rowsOf<{ id: string }>(
      database,
      'select installation_id as id from questions where key_id = $1 order by last_at desc limit 3',
      [keyId],
    ).then((rows) => rows.map(({ id }) => id))
  const unlisted = () =>
    rowsOf(database, 'select unlisted::int as n from question_counts where key_id = $1', [keyId])
  const week = new Date(at(21).getTime() + codeDays * 86_400_000)
  // As the worker, which alone may remove them.
  await closePool()
  openPoolAt(database.workerUrl)
  expect(await forgetUnlisted(week)).toBe(1)
  expect(await unlisted()).toEqual([{ n: 1 }])
  expect(await kept()).toEqual(['installation-21', 'installation-19', 'installation-18'])
  expect(await forgetUnlisted(new Date(week.getTime() + 60_000))).toBe(1)
  expect(await unlisted()).toEqual([{ n: 0 }])
  expect(await kept()).toEqual(['installation-19', 'installation-18', 'installation-17'])
  await closePool()
  openPoolAt(database.appUrl)
})

test('the answer stands in the trail, with the key and what it was', async () => {
  await called('installation')
  const { instanceId: added } = await answer('test_copy', { label: 'Staging' })
  const entries = await rowsOf(
    database,
    `select key_id, instance_id, details ->> 'answer' as answer, details ->> 'label' as label from audit_entries
     where action = 'question.answer' and organization_id = $1`,
    [own.organizationId],
  )
  expect(entries).toEqual([{ key_id: keyId, instance_id: added, answer: 'test_copy', label: 'Staging' }])
})
