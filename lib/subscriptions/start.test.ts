import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { InvalidInput } from '@/lib/errors'
import { addInstance } from '@/lib/instances/add'
import { addAddress, removeAddress } from '@/lib/instances/address'
import { retireInstance } from '@/lib/instances/retire'
import { extendKey } from '@/lib/keys/extend'
import { issuePermanentKey } from '@/lib/keys/issue'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { mostIssued } from '@/lib/keys/rules'
import { translator } from '@/lib/messages/translator'
import { assign } from '@/lib/staff/assign'
import { startTrial } from '@/lib/trials/start'
import {
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
import { at } from '@/sandbox/time'
import { renewSubscription } from './renew'
import { startSubscription } from './start'

const database = await productDatabase({ DATABASE_POOL_SIZE: '50' })
let own: Fixture
let instanceId: string
let people: Awaited<ReturnType<typeof makeStaff>>
let forms: string
let cloud: string

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  instanceId = await makeInstance(own)
  people = await makeStaff(own)
  forms = await productId(database, 'forms')
  cloud = await productId(database, 'cloud')
})

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    ({ code }: { code: string }) => code,
  )
const keys = () => rowsOf(database, 'select id from keys where organization_id = $1', [own.organizationId])

test('a form in which nothing was chosen is told which field is missing, and issues nothing', async () => {
  const input = { productId: '', instanceId: null, months: 12 }
  for (const issue of [startSubscription, issuePermanentKey]) {
    const error: unknown = await issue(bySystem(own.organizationId), input).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvalidInput)
    expect(error).toMatchObject({ fields: { productId: 'required' } })
  }
  expect(await keys()).toEqual([])
})

test.each([61, 0, 1.5])('a term of %j months is not said to be left out', async (months) => {
  const input = { productId: forms, instanceId, months }
  const said = { fields: { months: 'invalid' } }
  await expect(startSubscription(bySystem(own.organizationId), input)).rejects.toMatchObject(said)
})

test('the same form sent five times issues one key, and says the same each time', async () => {
  const by = bySystem(own.organizationId)
  const input = { productId: forms, instanceId, months: 12 }
  const answers = []
  for (let time = 0; time < 5; time++) answers.push(await startSubscription(by, input))
  expect(new Set(answers.map(({ keyId }) => keyId)).size).toBe(1)
  expect(await keys()).toHaveLength(1)
})

const freshInstance = (fixture = own) => makeInstance(fixture, `desk-${randomUUID().slice(-8)}`)
/** Issues by an account manager; the code, where it was refused, and which key it names. */
const byManager = (where: { productId: string; instanceId: string | null }, fixture = own) =>
  startSubscription(byStaff(people.manager, fixture), { ...where, note: 'Ordered.' }).then(
    () => 'done',
    ({ code, facts }) => (facts.shortId ? [code, facts.shortId] : code),
  )

test('a second working key of a product on an instance takes an admin; one that was revoked or is tried stands in no way', async () => {
  const at = { productId: forms, instanceId: await freshInstance() }
  const by = () => bySystem(own.organizationId)
  await startTrial(by(), at)
  expect(await byManager(at)).toBe('done')
  const [first] = await rowsOf<{ id: string; short_id: string }>(
    database,
    `select id, short_id from keys where instance_id = $1 and kind = 'subscription'`,
    [at.instanceId],
  )
  if (!first) throw new Error('it was issued')
  expect(await byManager(at)).toEqual(['needs_admin_second_key', first.short_id])
  expect(await byManager({ ...at, productId: await productId(database, 'branding') })).toBe('done')
  expect(await byManager({ ...at, instanceId: await freshInstance() })).toBe('done')
  await revokeKey(by(), { keyId: first.id, reason: 'leaked' })
  expect(await byManager(at)).toBe('done')
  await startSubscription(byStaff(people.admin, own), { ...at, note: 'Two servers share the address.' })
  await startSubscription(by(), at)
})

test('a place is its address too: a retired instance’s key that works there counts for whoever takes the address next', async () => {
  const url = `https://same-${randomUUID().slice(-8)}.example/glpi`
  const by = () => byStaff(people.manager, own)
  const addAt = async (address: string) =>
    (await addInstance(by(), { label: 'Again', url: address, environment: 'production' })).instanceId
  const first = await addAt(url)
  const key = await startSubscription(by(), { productId: forms, instanceId: first, note: 'Ordered.' })
  await retireInstance(by(), { instanceId: first })
  const again = {
    productId: forms,
    instanceId: await addAt(`${url.replace('https', 'http')}/front/central.php`),
  }
  expect(await byManager(again)).toEqual(['needs_admin_second_key', key.shortId])
  // What had the address before, and has another one since, does not work there.
  const moved = await freshInstance()
  expect(await byManager({ productId: forms, instanceId: moved })).toBe('done')
  const further = `https://further-${randomUUID().slice(-8)}.example`
  await addAddress(by(), { instanceId: moved, url: further })
  const [address] = await rowsOf<{ id: string }>(
    database,
    'select id from instance_addresses where instance_id = $1 and ordinal = 1',
    [moved],
  )
  await removeAddress(by(), { instanceId: moved, addressId: address?.id ?? '' })
  expect(await byManager({ productId: forms, instanceId: await addAt(further) })).toBe('done')
  await revokeKey(bySystem(own.organizationId), { keyId: key.keyId, reason: 'requested' })
  expect(await byManager(again)).toBe('done')
  expect(await codeOf(restoreKey(by(), { keyId: key.keyId, note: 'Back.' }))).toBe('needs_admin_second_key')
  await restoreKey(byStaff(people.admin, own), { keyId: key.keyId, note: 'Both are needed.' })
})

test('beside its working successor a key is restored, or taken up again once it has expired, by an admin alone', async () => {
  const where = { productId: forms, instanceId: await freshInstance() }
  const start = () => startSubscription(bySystem(own.organizationId), { ...where, months: 1 })
  const until = new Date(Date.now() + 20 * 86_400_000)
  const by = (who: 'manager' | 'admin') => byStaff(people[who], own)
  const restore = (keyId: string, who: 'manager' | 'admin' = 'manager') =>
    codeOf(restoreKey(by(who), { keyId, note: 'By mistake.' }))
  const extend = (keyId: string, who: 'manager' | 'admin' = 'manager') =>
    codeOf(extendKey(by(who), { keyId, until, reason: 'The invoice is late.' }))
  const longAgo = new Date(Date.now() - 90 * 86_400_000)
  const [expired, gone] = [await at(longAgo, start), await at(longAgo, start)]
  const revoked = await start()
  await revokeKey(by('admin'), { keyId: revoked.keyId, reason: 'requested' })
  const next = await start()
  expect(await restore(revoked.keyId)).toBe('needs_admin_second_key')
  expect(await extend(expired.keyId)).toBe('needs_admin_second_key')
  // One that works anyhow is no second one.
  const further = { keyId: next.keyId, until: new Date(Date.now() + 60 * 86_400_000), reason: 'Again.' }
  await extendKey(by('manager'), further)
  expect([await restore(revoked.keyId, 'admin'), await extend(expired.keyId, 'admin')]).toEqual([
    'done',
    'done',
  ])
  for (const { keyId } of [revoked, expired, next])
    await revokeKey(by('admin'), { keyId, reason: 'requested' })
  expect([await restore(revoked.keyId), await extend(gone.keyId)]).toEqual(['done', 'needs_admin_second_key'])
  await revokeKey(by('admin'), { keyId: revoked.keyId, reason: 'requested' })
  expect(await extend(gone.keyId)).toBe('done')
})

test('[A14] of a key that is restored and one that is issued at the same moment an account manager gets one', async () => {
  for (let round = 0; round < 6; round++) {
    const where = { productId: forms, instanceId: await freshInstance() }
    await rowsOf(database, `delete from rate_limits where key like 'issue:%'`)
    const { keyId } = await startSubscription(bySystem(own.organizationId), where)
    await revokeKey(bySystem(own.organizationId), { keyId, reason: 'requested' })
    const restored = () => codeOf(restoreKey(byStaff(people.manager, own), { keyId, note: 'Back.' }))
    const issued = async () => [await byManager(where)].flat()[0]
    const answers = await Promise.all(round % 2 ? [restored(), issued()] : [issued(), restored()])
    expect(answers.sort()).toEqual(['done', 'needs_admin_second_key'])
  }
  console.log('[A14] 6 rounds of two, 6 keys')
})

test('of a renewed key it is the newer one that works there, and of the whole organization’s the only one', async () => {
  const by = () => bySystem(own.organizationId)
  for (const where of [
    { productId: forms, instanceId: await freshInstance() },
    { productId: cloud, instanceId: null },
  ]) {
    const { subscriptionId } = await startSubscription(by(), where)
    const { keyId, shortId } = await renewSubscription(by(), { subscriptionId })
    expect(await byManager(where)).toEqual(['needs_admin_second_key', shortId])
    await revokeKey(by(), { keyId, reason: 'leaked' })
    expect(await byManager(where)).toBe('done')
  }
})

test('what is chosen wrongly is told as for anybody else, whatever works elsewhere', async () => {
  const globex = await makeOrganization('globex')
  const theirs = await freshInstance(globex)
  await startSubscription(bySystem(globex.organizationId), { productId: forms, instanceId: theirs })
  expect(await byManager({ productId: forms, instanceId: null })).toBe('needs_instance')
  expect(await byManager({ productId: cloud, instanceId })).toBe('needs_no_instance')
  expect(await byManager({ productId: forms, instanceId: theirs })).toBe('not_found')
})

test('[A14] of ten forms at once that ask for the same key, an account manager gets one', async () => {
  const initech = await makeOrganization('initech')
  await assign(bySystem(initech.organizationId), { staffId: people.manager })
  for (const where of [
    { productId: forms, instanceId: await freshInstance(initech) },
    { productId: cloud, instanceId: null },
  ]) {
    const asked = Array.from({ length: 10 }, () => byManager(where, initech))
    const answers = await Promise.all(asked)
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1)
    expect(answers.filter(([code]) => code === 'needs_admin_second_key')).toHaveLength(9)
  }
  console.log('[A14] 20 forms, 2 keys')
})

test('[A14] an account manager issues 30 keys an hour, over all organizations and products and at once; an admin goes on', async () => {
  await rowsOf(database, `delete from rate_limits where key like 'issue:%'`)
  const umbrella = await makeOrganization('umbrella')
  await assign(bySystem(umbrella.organizationId), { staffId: people.manager })
  const branding = await productId(database, 'branding')
  const places = await Promise.all(
    Array.from({ length: mostIssued + 10 }, async (_, index) => {
      const fixture = index % 2 ? own : umbrella
      // Two products in each of two organizations: counted by either, all forty would pass.
      const product = index % 4 < 2 ? forms : branding
      return { fixture, where: { productId: product, instanceId: await freshInstance(fixture) } }
    }),
  )
  const [first] = places
  if (!first) throw new Error('there are forty')
  expect(await byManager(first.where, first.fixture)).toBe('done')
  // What is refused takes nothing of the hour.
  for (let time = 0; time < mostIssued; time++)
    expect(await byManager(first.where, first.fixture)).toContain('needs_admin_second_key')
  const rest = places.slice(1)
  const answers = await Promise.all(rest.map(({ where, fixture }) => byManager(where, fixture)))
  expect(answers.filter((answer) => answer === 'done')).toHaveLength(mostIssued - 1)
  expect(answers.filter((answer) => answer === 'too_many')).toHaveLength(10)
  for (const { where, fixture } of places)
    await startSubscription(byStaff(people.admin, fixture), { ...where, note: 'Ordered.' })
  for (const [language, said] of [
    ['en', 'An account manager can issue 30 keys an hour. '],
    ['fr', 'Un chargé de compte peut émettre 30 clés par heure. '],
  ] as const)
    expect(
      translator(language)('errors.too_many', {
        limit: 'issue',
        points: `${mostIssued}`,
        unit: 'minutes',
        wait: 60,
      }),
    ).toContain(said)
  console.log(`[A14] ${places.length} keys, ${mostIssued} by the account manager`)
})
