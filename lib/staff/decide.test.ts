import PostalMime from 'postal-mime'
import { beforeEach, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { retireInstance } from '@/lib/instances/retire'
import { replyToRequest, withdrawRequest } from '@/lib/organizations/reply'
import { sendRequestAnswered, sendRequestAsked } from '@/lib/organizations/send-request'
import { startSubscription } from '@/lib/subscriptions/start'
import { askForTrial } from '@/lib/trials/ask'
import { extendTrial } from '@/lib/trials/extend'
import { startTrial } from '@/lib/trials/start'
import {
  byMember,
  byStaff,
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  makeStaff,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { patiently } from '@/sandbox/test/patiently'
import { at } from '@/sandbox/time'
import { decideRequest } from './decide'

const sink = await startMailSink()
const database = await productDatabase({ SMTP_URL: sink.url, DATABASE_POOL_SIZE: '50' })

let town: Fixture
let staff: Awaited<ReturnType<typeof makeStaff>>
let towns = 0
beforeEach(async () => {
  if (towns === 0) await makeCatalog()
  town = await makeOrganization(`town-${++towns}`)
  staff = await makeStaff(town)
  sink.received.splice(0)
})

/** A trial of 15 days, and its place. */
async function tried() {
  const instanceId = await makeInstance(town)
  const forms = await productId(database, 'forms')
  const { keyId } = await startTrial(bySystem(town.organizationId), { productId: forms, instanceId })
  return { keyId, instanceId, productId: forms }
}

/** One that was made longer, and for which more time is asked. */
async function asked() {
  const trial = await tried()
  await extendTrial(byMember(town, 'technical'), { keyId: trial.keyId })
  const of = { kind: 'trial_time', keyId: trial.keyId, reason: 'The council meets in May.' } as const
  const { requestId } = await askForTrial(byMember(town, 'technical'), of)
  return { ...trial, requestId }
}

/** A trial, and a month after its end a further one that is asked for; `later` is then. */
async function askedAgain() {
  const trial = await tried()
  const { productId: forms, instanceId } = trial
  const of = { kind: 'second_trial', productId: forms, instanceId, reason: 'Others decide now.' } as const
  const asking = () => askForTrial(byMember(town, 'technical'), of)
  return { ...trial, ...(await at(afterMonths(), asking)) }
}

const afterMonths = () => new Date(now().getTime() + 60 * 86_400_000)

const keysOf = () =>
  rowsOf<{ id: string; expires_at: Date; trial_ordinal: number }>(
    database,
    `select id, expires_at, trial_ordinal from keys where organization_id = $1 order by trial_ordinal`,
    [town.organizationId],
  )
const extensionsOf = (keyId: string) =>
  rowsOf<{ reason: string; extended_by_id: string }>(
    database,
    'select reason, extended_by_id from extensions where key_id = $1 order by extended_at',
    [keyId],
  )
const byManager = () => byStaff(staff.manager, town)

async function mails() {
  const parsed = await Promise.all(sink.received.splice(0).map(({ data }) => PostalMime.parse(data)))
  return parsed.map(({ to, subject, text = '' }) => ({
    to: to?.[0]?.address ?? '',
    subject,
    text: text.replace(/\s+/g, ' '),
  }))
}

test('fifty who make a trial longer at once make it longer once', async () => {
  const { keyId } = await tried()
  const [before] = await keysOf()
  const calls = Array.from({ length: 50 }, (_, index) =>
    patiently(() => extendTrial(byMember(town, index % 2 ? 'owner' : 'technical'), { keyId })).then(
      () => 'longer',
      ({ code }) => code,
    ),
  )
  const answers = await Promise.all(calls)
  expect(answers.filter((answer) => answer === 'longer')).toHaveLength(1)
  expect(answers.filter((answer) => answer === 'extended_before')).toHaveLength(49)
  expect(await extensionsOf(keyId)).toHaveLength(1)
  const [after] = await keysOf()
  const days = ((after?.expires_at.getTime() ?? 0) - (before?.expires_at.getTime() ?? 0)) / 86_400_000
  expect(Math.round(days)).toBe(15)
})

test('more time that is granted moves the key’s end, with the reason and the note in rows, trail and mail', async () => {
  const { keyId, requestId } = await asked()
  const [before] = await keysOf()
  await sendRequestAsked({ organizationId: town.organizationId, requestId })
  await sendRequestAsked({ organizationId: town.organizationId, requestId })
  const [told, ...others] = await mails()
  expect(others).toEqual([])
  expect(told?.subject).toBe(
    `To decide: The people of ${town.slug} asks for more time for the trial of Forms Pro`,
  )
  expect(told?.text).toContain('The council meets in May.')
  expect(told?.text).toContain('/staff/requests')
  await decideRequest(byManager(), { requestId, answer: 'approved', note: 'Gladly.', days: 20 })
  const [after] = await keysOf()
  const days = ((after?.expires_at.getTime() ?? 0) - (before?.expires_at.getTime() ?? 0)) / 86_400_000
  expect(Math.round(days)).toBe(20)
  expect((await extensionsOf(keyId)).at(-1)).toEqual({
    reason: 'The council meets in May.',
    extended_by_id: staff.manager,
  })
  const trail = `select details from audit_entries where key_id = $1 and action = 'request.decide'`
  expect(await rowsOf(database, trail, [keyId])).toMatchObject([
    { details: { kind: 'trial_time', answer: 'approved', note: 'Gladly.', product: 'Forms Pro' } },
  ])
  await rowsOf(database, `update people set language = 'fr' where id = $1`, [town.people.technical])
  await sendRequestAnswered({ organizationId: town.organizationId, requestId })
  await sendRequestAnswered({ organizationId: town.organizationId, requestId })
  const [answered, ...more] = await mails()
  expect(more).toEqual([])
  expect(answered?.to).toContain('technical@')
  expect(answered?.subject).toContain('Accepté')
  expect(answered?.text).toContain('Gladly.')
})

test('an account manager grants at most 90 days, and none of what was bought; an admin more', async () => {
  const { keyId, requestId, instanceId, productId: forms } = await asked()
  const approve = (by = byManager()) => decideRequest(by, { requestId, answer: 'approved', days: 91 })
  await expect(approve()).rejects.toMatchObject({ code: 'needs_admin_extension' })
  await expect(decideRequest(byManager(), { requestId, answer: 'approved' })).rejects.toMatchObject({
    fields: { days: 'required' },
  })
  await approve(byStaff(staff.admin, town))
  expect(await extensionsOf(keyId)).toHaveLength(2)
  const of = { kind: 'trial_time', keyId, reason: 'Still more.' } as const
  const again = await askForTrial(byMember(town, 'technical'), of)
  await startSubscription(bySystem(town.organizationId), { productId: forms, instanceId })
  const late = decideRequest(byManager(), { requestId: again.requestId, answer: 'approved', days: 5 })
  await expect(late).rejects.toMatchObject({ code: 'trial_bought' })
})

test('a further trial that is granted begins, as the second of its product, and of twenty who approve at once one does', async () => {
  const { requestId } = await askedAgain()
  const approve = () =>
    patiently(() => decideRequest(byManager(), { requestId, answer: 'approved' })).then(
      () => 'granted',
      ({ code }) => code,
    )
  const answers = await at(afterMonths(), () => Promise.all(Array.from({ length: 20 }, approve)))
  expect(answers.filter((answer) => answer === 'granted')).toHaveLength(1)
  expect(answers.filter((answer) => answer === 'request_closed')).toHaveLength(19)
  const keys = await keysOf()
  expect(keys.map(({ trial_ordinal }) => trial_ordinal)).toEqual([1, 2])
})

test('what cannot be tried any more is not granted, says why, and stays to be decided', async () => {
  const { requestId, instanceId } = await askedAgain()
  await at(afterMonths(), async () => {
    await retireInstance(bySystem(town.organizationId), { instanceId })
    const call = decideRequest(byManager(), { requestId, answer: 'approved' })
    await expect(call).rejects.toMatchObject({ code: 'retired' })
    await decideRequest(byManager(), { requestId, answer: 'declined', note: 'It is no longer in use.' })
  })
  expect(await keysOf()).toHaveLength(1)
})

test('what is asked back is replied to by who asked alone, reaches the account manager, and can then be decided or withdrawn', async () => {
  const { requestId } = await asked()
  const { organizationId } = town
  await expect(
    decideRequest(byManager(), { requestId, answer: 'asked_back', note: ' ' }),
  ).rejects.toMatchObject({ fields: { note: 'required' } })
  const reply = (role: 'owner' | 'technical') =>
    replyToRequest(byMember(town, role), { requestId, note: 'In May.' })
  await expect(reply('technical')).rejects.toMatchObject({ code: 'request_not_asked_back' })
  await decideRequest(byManager(), { requestId, answer: 'asked_back', note: 'When?' })
  await sendRequestAnswered({ organizationId, requestId })
  expect(await mails()).toMatchObject([{ subject: 'A question: more time for your trial of Forms Pro' }])
  await expect(reply('owner')).rejects.toMatchObject({ code: 'not_found' })
  await reply('technical')
  await sendRequestAsked({ organizationId, requestId })
  const [told] = await mails()
  expect(told?.subject).toMatch(/^Replied: /)
  expect(told?.text).toContain('In May.')
  await expect(withdrawRequest(byMember(town, 'owner'), { requestId })).rejects.toMatchObject({
    code: 'not_found',
  })
  await withdrawRequest(byMember(town, 'technical'), { requestId })
  await expect(decideRequest(byManager(), { requestId, answer: 'approved', days: 5 })).rejects.toMatchObject({
    code: 'request_closed',
  })
  // Asked anew it is another request.
  const of = { kind: 'trial_time', keyId: (await keysOf())[0]?.id ?? '', reason: 'Again.' } as const
  await askForTrial(byMember(town, 'technical'), of)
  await expect(askForTrial(byMember(town, 'owner'), of)).rejects.toMatchObject({ code: 'already_asked' })
})

test('nothing is asked for that one can have without asking, and staff who are not assigned decide nothing', async () => {
  const { keyId, instanceId, productId: forms } = await tried()
  const ask = (input: Parameters<typeof askForTrial>[1]) =>
    askForTrial(byMember(town, 'owner'), input).then(
      () => 'asked',
      ({ code }) => code,
    )
  expect(await ask({ kind: 'trial_time', keyId, reason: 'More.' })).toBe('extend_first')
  const again = { kind: 'second_trial', productId: forms, instanceId, reason: 'More.' } as const
  expect(await ask(again)).toBe('trial_runs')
  expect(await ask({ ...again, productId: await productId(database, 'branding') })).toBe('not_tried')
  await at(afterMonths(), async () => {
    expect(await ask({ kind: 'trial_time', keyId, reason: 'More.' })).toBe('trial_over')
    expect(await ask(again)).toBe('asked')
  })
  const [request] = await rowsOf<{ id: string }>(
    database,
    'select id from requests where organization_id = $1',
    [town.organizationId],
  )
  await expect(
    decideRequest(byStaff(staff.unassigned, town), {
      requestId: request?.id ?? '',
      answer: 'declined',
      note: 'No.',
    }),
  ).rejects.toMatchObject({ code: 'forbidden' })
})
