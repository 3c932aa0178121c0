import PostalMime from 'postal-mime'
import { beforeEach, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { retireInstance } from '@/lib/instances/retire'
import { extendKey } from '@/lib/keys/extend'
import { revokeKey } from '@/lib/keys/revoke'
import { later, startOfDay } from '@/lib/organizations/calendar'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { at } from '@/sandbox/time'
import { remindTrials } from './remind'
import { sendTrialBegun, sendTrialEnds } from './send-trial'
import { startTrial } from './start'

const sink = await startMailSink()
const database = await productDatabase({
  SMTP_URL: sink.url,
  STRIPE_SECRET_KEY: 'sk_test_latchkey',
  STRIPE_WEBHOOK_SECRET: 'whsec_tests',
  SANDBOX_STRIPE_URL: 'http://127.0.0.1:9/',
})

let town: Fixture
let towns = 0
beforeEach(async () => {
  if (towns === 0) await makeCatalog()
  town = await makeOrganization(`town-${++towns}`)
  sink.received.splice(0)
})

const byTown = () => bySystem(town.organizationId)
/** Noon of a day, counted from today, in the organization's time zone. */
const noon = (days: number) =>
  new Date(later(startOfDay(now(), 'Europe/Paris'), 'Europe/Paris', { days }).getTime() + 43_200_000)

/** A trial of 15 days, which ends at the midnight after the fifteenth day from today. */
async function tried() {
  const instanceId = await makeInstance(town)
  const productIdOf = await productId(database, 'forms')
  const trial = await startTrial(byTown(), { productId: productIdOf, instanceId })
  const { organizationId } = town
  return { ...trial, instanceId, productId: productIdOf, payload: { organizationId, keyId: trial.keyId } }
}

async function mails() {
  const parsed = await Promise.all(sink.received.map(({ data }) => PostalMime.parse(data)))
  return parsed
    .map(({ to, subject, text = '' }) => ({
      to: to?.[0]?.address?.split('@')[0] ?? '',
      subject,
      text: text.replace(/\s+/g, ' '),
    }))
    .sort((a, b) => a.to.localeCompare(b.to))
}

const jobs = async (task: string, keyId: string) =>
  rowsOf<{ payload: { keyId: string } }>(
    database,
    `select j.payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
     where t.identifier = $1 and j.payload ->> 'keyId' = $2`,
    [task, keyId],
  )

test('that a trial has begun is told to owners and technical members, each in their language, with the key’s place and not the key', async () => {
  await rowsOf(database, `update people set language = 'fr' where id = $1`, [town.people.technical])
  const { keyId, shortId, payload } = await tried()
  expect(await jobs('mail.trial_begun', keyId)).toHaveLength(1)
  await sendTrialBegun(payload)
  await sendTrialBegun(payload)
  const [owner, technical, ...others] = await mails()
  expect(others).toEqual([])
  expect([owner?.to, technical?.to]).toEqual(['owner', 'technical'])
  expect(owner?.subject).toBe('Your trial of Forms Pro has begun')
  expect(technical?.subject).toBe('Votre essai du produit «\u00a0Forms Pro\u00a0» a commencé')
  expect(owner?.text).toContain(shortId)
  expect(owner?.text).toContain(`/${town.slug}/trials?begun=${keyId}`)
  expect(owner?.text).toContain('After that Forms Pro can only be looked at')
  for (const { data } of sink.received) expect(data.toString()).not.toMatch(/gkt1/i)
})

test('day by day it is told 7 days and 1 day before the end and after it, once each, also to who pays', async () => {
  const { payload } = await tried()
  const told: Record<number, string | undefined> = {}
  for (let day = 0; day < 30; day++) {
    sink.received.splice(0)
    await at(noon(day), async () => {
      await sendTrialEnds(payload)
      await sendTrialEnds(payload)
    })
    const received = await mails()
    if (received.length === 0) continue
    expect(received.map(({ to }) => to)).toEqual(['billing', 'owner', 'technical'])
    told[day] = received[0]?.subject
  }
  expect(told).toEqual({
    8: 'The trial of Forms Pro ends in 7 days',
    14: 'The trial of Forms Pro ends tomorrow',
    16: 'The trial of Forms Pro has ended',
  })
})

test.each([
  ['read_only', [], 'Forms Pro can only be looked at now'],
  ['trial_mode', ['Export', 'Search'], 'Only the free functions of Forms Pro go on now: Export, Search.'],
  ['trial_mode', [], 'Only the free functions of Forms Pro go on now.'],
  ['disabled', [], 'Forms Pro does nothing any more'],
])('the end says what its product does then: %s %j', async (onExpiry, freeFeatures, words) => {
  const change = `update products set on_expiry = $1, free_features = $2 where reference = 'forms'`
  await rowsOf(database, change, [onExpiry, JSON.stringify(freeFeatures)])
  try {
    const { payload } = await tried()
    await at(noon(17), () => sendTrialEnds(payload))
    const [mail] = await mails()
    expect(mail?.text).toContain(words)
    expect(mail?.text).toContain('GLPI itself goes on.')
    expect(mail?.text).toContain('To go on where it stopped, buy it in the portal')
  } finally {
    await rowsOf(database, change, ['read_only', '[]'])
  }
})

test('what is bought, revoked or of a retired instance is told to nobody', async () => {
  const ends: (() => Promise<unknown>)[] = []
  for (const end of ['bought', 'revoked', 'retired'] as const) {
    town = await makeOrganization(`${end}-${++towns}`)
    const { keyId, instanceId, productId: product, payload } = await tried()
    if (end === 'bought') await startSubscription(byTown(), { productId: product, instanceId })
    if (end === 'revoked') await revokeKey(byTown(), { keyId, reason: 'requested' })
    if (end === 'retired') await retireInstance(byTown(), { instanceId })
    ends.push(() => sendTrialEnds(payload))
  }
  for (const day of [10, 15, 17]) await at(noon(day), () => Promise.all(ends.map((send) => send())))
  expect(sink.received).toHaveLength(0)
})

test('a trial that is given more time is told of its new end', async () => {
  const { keyId, payload } = await tried()
  await at(noon(15), () => sendTrialEnds(payload))
  expect(sink.received).toHaveLength(3)
  const until = later(startOfDay(now(), 'Europe/Paris'), 'Europe/Paris', { days: 20 })
  await extendKey(byTown(), { keyId, until, reason: 'They asked.' })
  await at(noon(16), () => sendTrialEnds(payload))
  expect(sink.received).toHaveLength(6)
  await at(noon(19), () => sendTrialEnds(payload))
  expect(sink.received).toHaveLength(9)
})

test('each night those are found that end within the first mark or have just ended, and no others', async () => {
  const { keyId, payload } = await tried()
  const found = async (day: number) => {
    await rowsOf(database, 'delete from graphile_worker._private_jobs')
    await at(noon(day), remindTrials)
    return (await jobs('mail.trial_ends', keyId)).map((job) => job.payload)
  }
  expect(await found(0)).toEqual([])
  expect(await found(8)).toEqual([payload])
  expect(await found(15)).toEqual([payload])
  expect(await found(20)).toEqual([payload])
  expect(await found(26)).toEqual([])
})
