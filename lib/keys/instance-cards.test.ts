import pg from 'pg'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { addAddress } from '@/lib/instances/address'
import { countInstances, type InstanceCursor, instanceNamed } from '@/lib/instances/queries'
import { retireInstance } from '@/lib/instances/retire'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
} from '@/sandbox/test/fixture'
import { instanceCards } from './instance-cards'

const database = await productDatabase()
let town: Fixture
let neighbour: Fixture
const ids: Record<string, string> = {}
const names = ['alpha', 'bravo', 'charlie', 'delta', 'echo']

beforeAll(async () => {
  await makeCatalog()
  town = await makeOrganization('town')
  neighbour = await makeOrganization('neighbour')
  await makeInstance(neighbour, 'alpha')
  for (const name of [...names, 'zulu']) ids[name] = await makeInstance(town, name)
  await addAddress(bySystem(town.organizationId), { instanceId: id('charlie'), url: 'http://desk_c.lan' })
  await addAddress(bySystem(town.organizationId), {
    instanceId: id('alpha'),
    url: 'médiathèque.town.example/glpi',
  })
  await addAddress(bySystem(town.organizationId), { instanceId: id('echo'), url: 'http://10.7.3.4' })
  await retireInstance(bySystem(town.organizationId), { instanceId: id('zulu') })
  const forms = await productId(database, 'forms')
  const by = () => bySystem(town.organizationId)
  const { subscriptionId } = await startSubscription(by(), { productId: forms, instanceId: id('bravo') })
  await renewSubscription(by(), { subscriptionId })
  await startSubscription(by(), {
    productId: await productId(database, 'suite'),
    instanceId: id('bravo'),
  })
})

function id(name: string): string {
  const found = ids[name]
  if (!found) throw new Error(`no instance ${name}`)
  return found
}

const inTown = <T>(work: (tx: OrganizationTx) => Promise<T>) => asOrganization(town.organizationId, work)
const list = (wanted: Omit<Parameters<typeof instanceCards>[2], 'limit'> & { limit?: number } = {}) =>
  inTown((tx) => instanceCards(tx, town.organizationId, { limit: 50, ...wanted }, now()))
const labels = (page: Awaited<ReturnType<typeof list>>) => page.cards.map(({ label }) => label)

test('instances in use come by label, with their main address, and no one else’s among them', async () => {
  const page = await list()
  expect(labels(page)).toEqual(names)
  expect(page.cards[2]?.url).toBe('https://charlie.town.example/glpi')
  expect(page.previous).toBeUndefined()
  expect(page.next).toBeUndefined()
})

test('what needs somebody comes first, in the given order, and is not repeated', async () => {
  const first = [id('echo'), id('bravo'), id('zulu'), '00000000-0000-7000-8000-000000000000']
  expect(labels(await list({ first, limit: 4 }))).toEqual(['echo', 'bravo', 'alpha', 'charlie'])
})

test('keys are counted by state: a renewal that waits for GLPI once', async () => {
  const [bravo] = (await list({ first: [id('bravo')], limit: 1 })).cards
  expect(bravo?.keys).toMatchObject({ waiting: 1, active: 1, expired: 0 })
  expect((await list()).cards.find(({ label }) => label === 'alpha')?.keys).toMatchObject({ active: 0 })
})

test('pages go forward and back by keyset, and end on both sides', async () => {
  const seen: string[][] = []
  let cursor: InstanceCursor | undefined
  for (;;) {
    const page = await list({ limit: 2, cursor })
    seen.push(labels(page))
    if (!page.next) break
    cursor = page.next
  }
  expect(seen).toEqual([['alpha', 'bravo'], ['charlie', 'delta'], ['echo']])
  const back = await list({ limit: 2, cursor: { direction: 'before', instanceId: id('echo') } })
  expect(labels(back)).toEqual(['charlie', 'delta'])
  const start = await list({ limit: 2, cursor: back.previous })
  expect(labels(start)).toEqual(['alpha', 'bravo'])
  expect(start.previous).toBeUndefined()
})

describe('the search', () => {
  test.each([
    ['a part of the label', 'RAV', ['bravo']],
    ['a part of the address', 'delta.town', ['delta']],
    ['a whole address as it is pasted', 'https://www.delta.town.example/glpi/', ['delta']],
    ['an address of a page in it', 'https://delta.town.example/glpi/front/central.php?x=1', ['delta']],
    ['an address without its scheme, with port and capitals', 'WWW.Delta.Town.example:443/glpi', ['delta']],
    ['a further address', 'desk_c', ['charlie']],
    ['a host in its own letters', 'https://médiathèque.town.example/glpi/index.php', ['alpha']],
    ['a part of such a host', 'Médiathèque', ['alpha']],
    ['the beginning of a number', '10.7', ['echo']],
    ['nothing, for what only looks like a pattern', 'desk%c', []],
    ['nothing, for a retired one', 'zulu', []],
  ])('finds by %s', async (_title, search, found) => {
    expect(labels(await list({ search }))).toEqual(found)
  })

  test('finds by short ID however it is typed', async () => {
    const shortId = (await list()).cards[3]?.shortId ?? ''
    expect(labels(await list({ search: shortId.replace('-', ' ').toLowerCase() }))).toEqual(['delta'])
  })
})

test('retired instances are a list of their own, with the address that they had', async () => {
  const page = await list({ retired: true })
  expect(labels(page)).toEqual(['zulu'])
  expect(page.cards[0]?.url).toBe('https://zulu.town.example/glpi')
  expect(await inTown((tx) => countInstances(tx, town.organizationId))).toEqual({ inUse: 5, retired: 1 })
})

test('an instance is named by its ID or its short ID, within the organization alone', async () => {
  const { id: alpha, shortId } = (await list()).cards[0] ?? { id: '', shortId: '' }
  const named = (text: string) => inTown((tx) => instanceNamed(tx, town.organizationId, text))
  expect(await named(alpha)).toEqual({ id: alpha, shortId })
  expect(await named(shortId.toLowerCase())).toEqual({ id: alpha, shortId })
  expect(await named('no such thing')).toBeNull()
  const foreign = await asOrganization(neighbour.organizationId, (tx) =>
    instanceNamed(tx, neighbour.organizationId, shortId),
  )
  expect(foreign).toBeNull()
})

test('a page is three queries, and reads the keys of the shown instances alone', async () => {
  const query = vi.spyOn(pg.Client.prototype, 'query')
  const asked = await inTown(async (tx) => {
    const before = query.mock.calls.length
    await instanceCards(tx, town.organizationId, { first: [id('bravo')], limit: 3 }, now())
    return query.mock.calls.length - before
  })
  query.mockRestore()
  expect(asked).toBe(3)
})
