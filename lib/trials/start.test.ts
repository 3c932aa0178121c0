import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { addInstance } from '@/lib/instances/add'
import { reinstateInstance, retireInstance } from '@/lib/instances/retire'
import { listKeys } from '@/lib/keys/queries'
import { startOfDay } from '@/lib/organizations/calendar'
import { startSubscription } from '@/lib/subscriptions/start'
import { findTrial } from '@/lib/trials/queries'
import { startTrial, startTrialOrAsk } from '@/lib/trials/start'
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
import { patiently } from '@/sandbox/test/patiently'

const database = await productDatabase()
let own: Fixture
let instanceId: string
const zone = 'America/Santiago'

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme', zone)
  instanceId = await makeInstance(own)
})

test.each([
  ['forms', 15],
  ['branding', 30],
] as const)(
  "a trial of %s works %i whole days and ends at midnight in the organization's time zone",
  async (reference, days) => {
    const { keyId } = await startTrial(bySystem(own.organizationId), {
      productId: await productId(database, reference),
      instanceId,
    })
    const [key] = await rowsOf<{ kind: string; starts_at: Date; expires_at: Date; term_id: null }>(
      database,
      'select * from keys where id = $1',
      [keyId],
    )
    expect(key).toMatchObject({ kind: 'trial', term_id: null })
    if (!key) throw new Error('it was issued')
    expect(startOfDay(key.expires_at, zone)).toEqual(key.expires_at)
    const hours = (key.expires_at.getTime() - key.starts_at.getTime()) / 3_600_000
    // An hour to either side where the clock is changed meanwhile.
    expect(hours).toBeGreaterThan(days * 24 - 1.01)
    expect(hours).toBeLessThan((days + 1) * 24 + 1.01)
  },
)

test('a product that cannot be tried says so, as does an open-source one', async () => {
  for (const [reference, code] of [
    ['legacy', 'no_trial'],
    ['tags', 'open_source'],
  ] as const) {
    const call = startTrial(bySystem(own.organizationId), {
      productId: await productId(database, reference),
      instanceId,
    })
    await expect(call).rejects.toMatchObject({ code })
  }
})

test('a product is tried once: of ten trials at once one begins, on whatever instance, and the others are told', async () => {
  const globex = await makeOrganization('globex')
  const places = [await makeInstance(globex), await makeInstance(globex, 'other')]
  const forms = await productId(database, 'forms')
  const trials = Array.from({ length: 10 }, (_, index) =>
    startTrial(bySystem(globex.organizationId), {
      productId: forms,
      instanceId: places[index % 2] ?? '',
    }).then(
      () => 'begun',
      ({ code, facts }) => [code.replace('tried_here', 'tried_before'), facts.product],
    ),
  )
  const answers = await Promise.all(trials)
  expect(answers.filter((answer) => answer === 'begun')).toHaveLength(1)
  expect(answers.filter((answer) => answer !== 'begun')).toEqual(Array(9).fill(['tried_before', 'Forms Pro']))
})

const rounds = process.env.STRESS ? 200 : 10
test(`[C2] of 50 members’ calls at once, on two instances, one trial begins (${rounds} rounds)`, async () => {
  const forms = await productId(database, 'forms')
  for (let round = 0; round < rounds; round++) {
    const one = await makeOrganization(`round-${round}`)
    const places = [await makeInstance(one), await makeInstance(one, 'other')]
    const calls = Array.from({ length: 50 }, (_, index) =>
      patiently(() =>
        startTrial(byMember(one, index % 2 ? 'owner' : 'technical'), {
          productId: forms,
          instanceId: places[index % 3 ? 0 : 1] ?? '',
        }),
      ).then(
        ({ keyId }) => keyId,
        ({ code }) => code,
      ),
    )
    const answers = await Promise.all(calls)
    expect(answers.filter((answer) => answer === 'tried_here' || answer === 'tried_before')).toHaveLength(49)
    expect(await trialsOf(one)).toEqual([{ id: answers.find((answer) => !/^tried/.test(answer)) }])
  }
  console.log(`[C2] ${rounds} rounds`)
}, 600_000)

const parallel = process.env.STRESS ? 500 : 100
test(`[C2] ${parallel} requests at once for the same trial by the same form are answered with one key`, async () => {
  const one = await makeOrganization('parallel')
  const input = { productId: await productId(database, 'forms'), instanceId: await makeInstance(one) }
  const by = byMember(one, 'technical')
  const answers = await Promise.all(
    Array.from({ length: parallel }, () => patiently(() => startTrial(by, input))),
  )
  expect(new Set(answers.map(({ keyId }) => keyId)).size).toBe(1)
  expect(await trialsOf(one)).toEqual([{ id: answers[0]?.keyId }])
  console.log(`[C2] ${parallel} requests`)
}, 120_000)

const trialsOf = ({ organizationId }: Fixture) =>
  rowsOf<{ id: string }>(database, `select id from keys where organization_id = $1 and kind = 'trial'`, [
    organizationId,
  ])

test('a GLPI is the same by its installation ID or an address that it had, whatever instance it is now', async () => {
  const one = await makeOrganization('moved')
  const by = () => bySystem(one.organizationId)
  const [forms, branding] = [await productId(database, 'forms'), await productId(database, 'branding')]
  const first = await makeInstance(one)
  await startTrial(by(), { productId: forms, instanceId: first })
  await startTrial(by(), { productId: branding, instanceId: first })
  await retireInstance(by(), { instanceId: first })
  // The same address, taken up by another instance; and, elsewhere, the same installation ID.
  const again = await makeInstance(one)
  await expect(startTrial(by(), { productId: forms, instanceId: again })).rejects.toMatchObject({
    code: 'tried_here',
  })
  const cloned = await makeInstance(one, 'cloned')
  await expect(startTrial(by(), { productId: branding, instanceId: cloned })).rejects.toMatchObject({
    code: 'tried_before',
  })
  await rowsOf(database, `update instances set installation_id = 'the-same' where id = any($1)`, [
    [first, cloned],
  ])
  await expect(startTrial(by(), { productId: branding, instanceId: cloned })).rejects.toMatchObject({
    code: 'tried_here',
  })
})

test('what a place owns is not tried there; a suite’s products neither, and a test copy uses its original’s key', async () => {
  const one = await makeOrganization('owns')
  const by = () => bySystem(one.organizationId)
  const [forms, suite] = [await productId(database, 'forms'), await productId(database, 'suite')]
  const [bought, suited, trying] = [
    await makeInstance(one, 'bought'),
    await makeInstance(one, 'suited'),
    await makeInstance(one, 'trying'),
  ]
  await startSubscription(by(), { productId: forms, instanceId: bought })
  await startSubscription(by(), { productId: suite, instanceId: suited })
  const { instanceId: copy } = await addInstance(by(), {
    label: 'copy',
    url: 'https://copy.owns.example',
    environment: 'test',
    testOfId: trying,
  })
  const answer = (instanceId: string) =>
    startTrial(by(), { productId: forms, instanceId }).then(
      () => 'begun',
      ({ code }) => code,
    )
  expect(await answer(bought)).toBe('owned')
  expect(await answer(suited)).toBe('in_a_suite')
  expect(await answer(copy)).toBe('test_copy')
  // Of an original that is gone, the copy is a GLPI like any other.
  await retireInstance(by(), { instanceId: copy })
  await retireInstance(by(), { instanceId: trying })
  await reinstateInstance(by(), { instanceId: copy })
  expect(await answer(copy)).toBe('begun')
})

test.each([
  ['its trials are turned off', 'no_trial', `update products set trial_days = null where id = $1`],
  ['it is withdrawn', 'withdrawn', `update products set withdrawn_at = now() where id = $1`],
])('where %s while one runs, that one goes on and no other begins', async (_, code, change) => {
  const [one, later] = [
    await makeOrganization(`runs-${code.slice(0, 2)}`),
    await makeOrganization(`late-${code.slice(0, 2)}`),
  ]
  const productIdOf = await productId(database, 'branding')
  const instanceId = await makeInstance(one)
  const { keyId } = await startTrial(bySystem(one.organizationId), { productId: productIdOf, instanceId })
  await rowsOf(database, change, [productIdOf])
  try {
    const call = startTrial(bySystem(later.organizationId), {
      productId: productIdOf,
      instanceId: await makeInstance(later),
    })
    await expect(call).rejects.toMatchObject({ code })
    expect(await standingOf(one, keyId)).toEqual({ standing: 'runs', state: 'active' })
  } finally {
    await rowsOf(database, 'update products set trial_days = 30, withdrawn_at = null where id = $1', [
      productIdOf,
    ])
  }
})

test('of an instance that is retired while its trial runs, the key goes on to its end, and the trial is used up', async () => {
  const one = await makeOrganization('retires')
  const by = () => bySystem(one.organizationId)
  const forms = await productId(database, 'forms')
  const instanceId = await makeInstance(one)
  const { keyId } = await startTrial(by(), { productId: forms, instanceId })
  await retireInstance(by(), { instanceId })
  expect(await standingOf(one, keyId)).toEqual({ standing: 'runs', state: 'expiring' })
  await expect(startTrial(by(), { productId: forms, instanceId })).rejects.toMatchObject({
    code: 'tried_here',
  })
  const other = await makeInstance(one, 'other')
  await expect(startTrial(by(), { productId: forms, instanceId: other })).rejects.toMatchObject({
    code: 'tried_before',
  })
})

/** As the page of the trials and the list of keys have it. */
const standingOf = ({ organizationId }: Fixture, keyId: string) =>
  asOrganization(organizationId, async (tx) => {
    const trial = await findTrial(tx, organizationId, keyId, now())
    const { rows } = await listKeys(
      tx,
      { organizationId, state: 'current', keyId },
      { sort: 'until', size: 1 },
      now(),
    )
    return { standing: trial?.standing, state: rows[0]?.state }
  })

test('a member who tries on a GLPI that another organization has asks the account manager by it; staff and the seed begin it', async () => {
  const [one, other] = [await makeOrganization('doubted'), await makeOrganization('first')]
  const { manager } = await makeStaff(one)
  const forms = await productId(database, 'forms')
  const branding = await productId(database, 'branding')
  const mine = await makeInstance(one, 'mine')
  const theirs = await makeInstance(other, 'theirs')
  const by = byMember(one, 'technical')
  await rowsOf(database, `update instances set installation_id = 'cloned' where id = any($1)`, [
    [mine, theirs],
  ])
  const asked = await startTrialOrAsk(by, { productId: forms, instanceId: mine })
  expect(asked).toEqual({ requestId: expect.any(String) })
  expect(await startTrialOrAsk(by, { productId: forms, instanceId: mine })).toEqual(asked)
  const requests = 'select kind, doubt, product_id, instance_id from requests where organization_id = $1'
  expect(await rowsOf(database, requests, [one.organizationId])).toEqual([
    { kind: 'trial', doubt: 'known_elsewhere', product_id: forms, instance_id: mine },
  ])
  expect(await trialsOf(one)).toEqual([])
  const again = startTrialOrAsk(byMember(one, 'owner'), { productId: forms, instanceId: mine })
  await expect(again).rejects.toMatchObject({ code: 'already_asked' })
  // What cannot be tried at all is said at once, and nobody is asked.
  const never = startTrialOrAsk(byMember(one, 'owner'), {
    productId: await productId(database, 'legacy'),
    instanceId: mine,
  })
  await expect(never).rejects.toMatchObject({ code: 'no_trial' })
  const note = 'It is a copy, they say.'
  expect(
    await startTrial(byStaff(manager, one), { productId: branding, instanceId: mine, note }),
  ).toBeTruthy()
})

test('staff begin one where they are assigned, and say why', async () => {
  const one = await makeOrganization('helped')
  const { manager } = await makeStaff(one)
  const input = { productId: await productId(database, 'forms'), instanceId: await makeInstance(one) }
  await expect(startTrial(byStaff(manager, one), input)).rejects.toMatchObject({
    fields: { note: 'required' },
  })
  expect(
    await startTrial(byStaff(manager, one), { ...input, note: 'Asked for by telephone.' }),
  ).toMatchObject({
    shortId: expect.stringMatching(/^K-/),
  })
})

test('another organization’s instance, and an unknown product, are not found', async () => {
  const one = await makeOrganization('foreign')
  const forms = await productId(database, 'forms')
  for (const input of [
    { productId: forms, instanceId },
    { productId: randomUUID(), instanceId: await makeInstance(one) },
  ])
    await expect(startTrial(bySystem(one.organizationId), input)).rejects.toMatchObject({ code: 'not_found' })
})
