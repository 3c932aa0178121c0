import { beforeAll, expect, test } from 'vitest'
import { asOrganization, asSystem, type OrganizationTx } from '@/db/scope'
import { instanceTimeline, keyTimeline } from '@/lib/audit/queries'
import { now } from '@/lib/clock'
import { NotFound } from '@/lib/errors'
import { instanceDetail } from '@/lib/instances/detail'
import { countInstances, instanceNamed, listInstances, productionInstances } from '@/lib/instances/queries'
import { attention } from '@/lib/keys/attention'
import { instanceCards } from '@/lib/keys/instance-cards'
import { countKeys, filterChoices, keySorts, listKeys } from '@/lib/keys/queries'
import { keyStates } from '@/lib/keys/rules'
import { timeZoneOf } from '@/lib/organizations/queries'
import { roleIn } from '@/lib/organizations/role'
import { accountManagersOf } from '@/lib/staff/queries'
import {
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeOrganization,
  productDatabase,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
let own: Fixture
let other: Fixture
let theirs: Awaited<ReturnType<typeof fillOrganization>>

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  theirs = await fillOrganization(database, other)
})

/** A read of an organization, and how many rows it found. */
type Read = (tx: OrganizationTx, organizationId: string) => Promise<number>

const orNone = (error: unknown) => {
  if (error instanceof NotFound) return 0
  throw error
}

/** Every read that takes an organization's ID, asked as widely as it can be. */
const reads: Record<string, Read> = {
  ...Object.fromEntries(
    [...keyStates, 'all' as const, 'current' as const].flatMap((state) =>
      keySorts.map((sort): [string, Read] => [
        `listKeys ${state} by ${sort}`,
        async (tx, organizationId) =>
          (await listKeys(tx, { organizationId, state }, { sort, size: 500 }, now())).rows.length,
      ]),
    ),
  ),
  'listKeys of an instance': async (tx, organizationId) => {
    const filter = { organizationId, state: 'all', instanceId: theirs.instanceId } as const
    return (await listKeys(tx, filter, { sort: 'until', size: 500 }, now())).rows.length
  },
  'listKeys by a search': async (tx, organizationId) => {
    const filter = { organizationId, state: 'all', search: 'desk' } as const
    return (await listKeys(tx, filter, { sort: 'until', size: 500 }, now())).rows.length
  },
  countKeys: async (tx, organizationId) => {
    const { keys, working, instances } = await countKeys(tx, organizationId, now())
    return keys + Math.abs(working) + instances
  },
  filterChoices: async (tx, organizationId) => {
    const { products, instances } = await filterChoices(tx, organizationId, theirs.instanceId, 60)
    return products.length + instances.length
  },
  attention: async (tx, organizationId) =>
    (await attention(tx, organizationId, 'Europe/Paris', new Date(now().getTime() + 5 * 86_400_000))).lines
      .length,
  instanceCards: async (tx, organizationId) =>
    (await instanceCards(tx, organizationId, { first: [theirs.instanceId], limit: 50 }, now())).cards.length,
  'instanceCards by a search': async (tx, organizationId) =>
    (await instanceCards(tx, organizationId, { limit: 50, search: 'globex' }, now())).cards.length,
  listInstances: async (tx, organizationId) =>
    (await listInstances(tx, organizationId, { limit: 50 })).rows.length,
  instanceNamed: async (tx, organizationId) =>
    (await instanceNamed(tx, organizationId, theirs.instanceId)) ? 1 : 0,
  countInstances: async (tx, organizationId) => {
    const { inUse, retired } = await countInstances(tx, organizationId)
    return inUse + retired
  },
  productionInstances: async (tx, organizationId) =>
    (await productionInstances(tx, organizationId, 50)).length,
  instanceDetail: (tx, organizationId) =>
    instanceDetail(tx, organizationId, theirs.instanceId).then(
      ({ addresses }) => 1 + addresses.length,
      orNone,
    ),
  instanceTimeline: async (tx, organizationId) =>
    (await instanceTimeline(tx, organizationId, theirs.instanceId, 100)).length,
  keyTimeline: async (tx, organizationId) =>
    (await keyTimeline(tx, organizationId, theirs.keyId, 100)).length,
  'listKeys by its ID': async (tx, organizationId) =>
    (
      await listKeys(
        tx,
        { organizationId, state: 'all', keyId: theirs.keyId },
        { sort: 'until', size: 1 },
        now(),
      )
    ).rows.length,
  accountManagersOf: async (tx, organizationId) => (await accountManagersOf(tx, organizationId)).length,
  timeZoneOf: (tx, organizationId) => timeZoneOf(tx, organizationId).then(() => 1, orNone),
  roleIn: (tx, organizationId) => roleIn(tx, organizationId, other.people.owner).then(() => 1, orNone),
}

test('[Z5] with the query’s own filter naming another organization, no read finds a foreign row', async () => {
  for (const [name, read] of Object.entries(reads)) {
    // What a read without a filter of its own would see: the policy alone stands.
    const foreign = await asOrganization(own.organizationId, (tx) => read(tx, other.organizationId))
    expect({ name, foreign }).toEqual({ name, foreign: 0 })
  }
  console.log(`[Z5] ${Object.keys(reads).length} reads`)
})

test('[Z5] where no policy stands in the way, the query’s own filter alone finds no foreign row', async () => {
  for (const [name, read] of Object.entries(reads)) {
    // The organization itself is its own.
    if (name === 'timeZoneOf') continue
    const foreign = await asSystem('a test', (tx) =>
      // what differs at run time is what the policies let through
      read(tx as unknown as OrganizationTx, own.organizationId),
    )
    expect({ name, foreign }).toEqual({ name, foreign: 0 })
  }
})

test('[Z5] the same reads find the rows in their own organization’s scope, so that none of them is blind', async () => {
  const blind = ['expiring', 'overdue', 'expired', 'renewed']
  for (const [name, read] of Object.entries(reads)) {
    if (blind.some((state) => name.startsWith(`listKeys ${state}`))) continue
    const rows = await asOrganization(other.organizationId, (tx) => read(tx, other.organizationId))
    expect({ name, found: rows > 0 }).toEqual({ name, found: true })
  }
})
