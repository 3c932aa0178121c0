import pg from 'pg'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { asOrganization, asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import { bulkCalls } from './bulk-calls'
import { customer, member } from './customer'
import { type Found, lookAround } from './found'
import { newLedger, shortIdsBeside, writeLedger } from './ledger'
import { type Past, pastUntil } from './past'
import { largePeople } from './people'
import { seedSmall } from './small'
import { type LargeOrganization, tellStories } from './stories'

const zones = ['Europe/Paris', 'Europe/Berlin', 'Europe/Lisbon', 'America/New_York']
const keysInAll = 200_000
/** Days before today on which the first of them came. */
const since = 1_500

/** 1,000 organizations with 200,000 keys: one with 10,000, one with ten, the others alike. */
export const largeOrganizations: LargeOrganization[] = [
  { slug: 'grand-groupe', name: 'Grand Groupe', timeZone: 'Europe/Paris', instances: 2_000, keys: 10_000 },
  { slug: 'petite-mairie', name: 'Petite Mairie', timeZone: 'Europe/Paris', instances: 3, keys: 10 },
  ...others(998, keysInAll - 10_010),
]

function others(count: number, keysInAll: number): LargeOrganization[] {
  const each = Math.floor(keysInAll / count)
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(4, '0')
    return {
      slug: `customer-${number}`,
      name: `Customer ${number}`,
      timeZone: zones[index % zones.length] ?? 'UTC',
      instances: 40,
      keys: index < keysInAll % count ? each + 1 : each,
    }
  })
}

/**
 * The small seed's customers and 1,000 more. Organizations and members come through the commands, what they own in bulk:
 * each organization's in one transaction, so that a seed that was cut short goes on with the next one.
 */
export async function seedLarge(found: Found) {
  await seedSmall(found, planOrganizations)
  const { today, organizations } = await lookAround()
  const past = pastUntil(today)
  const { catalog, taken } = await asSystem('read the catalog and the short IDs in use', async (tx) => ({
    catalog: await tx.select().from(products),
    taken: [
      ...(await tx.select({ shortId: instances.shortId }).from(instances)),
      ...(await tx.select({ shortId: keys.shortId }).from(keys)),
    ],
  }))
  const takeShortId = shortIdsBeside(new Set(taken.map(({ shortId }) => shortId)))
  const write = async ({ slug, timeZone, ...size }: LargeOrganization) => {
    const { organizationId } = organizations.get(slug) ?? {}
    if (!organizationId) throw new Error(`${slug} was not made`)
    const ledger = newLedger({ organizationId, timeZone, takeShortId })
    tellStories(ledger, past, catalog, { slug, timeZone, ...size })
    await asOrganization(organizationId, async (tx) => {
      await writeLedger(tx, ledger)
      await bulkCalls(tx, organizationId, now())
    })
  }
  const smallestFirst = largeOrganizations
    .filter(({ slug }) => !organizations.get(slug)?.hasInstances)
    .sort((a, b) => a.keys - b.keys)
  // Postgres believes tables that it has not looked at to be small, and then goes through all of an organization's keys
  // for each reference to one (seen: 10,000 keys in 30 s instead of 4).
  await inTurn(smallestFirst.splice(0, 20), write)
  await asOwner('analyze')
  await inTurn(smallestFirst, write)
  // What autovacuum would do some minutes later.
  await asOwner('vacuum analyze')
}

/** Several at once: while the database writes some, the keys of another are made. */
async function inTurn<Item>(items: Item[], work: (item: Item) => Promise<void>) {
  const rest = items.values()
  const workNext = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: 3 }, workNext))
}

export function isLargeComplete({ organizations }: Found): boolean {
  return largeOrganizations.every(({ slug }) => organizations.get(slug)?.hasInstances)
}

function planOrganizations(past: Past) {
  for (const [index, { slug, name, timeZone }] of largeOrganizations.entries()) {
    const came = since - Math.floor(index / 10)
    const [owner] = largePeople.filter(({ organization }) => organization === slug)
    const made = customer(past, { slug, name, timeZone, since: came })
    const someone = { email: `owner@${slug}.example`, name: `Owner of ${name}`, language: 'en' } as const
    member(made, owner ?? { ...someone, organization: slug, role: 'owner' }, came - 1)
  }
}

/** The tables belong to the owner. */
async function asOwner(statement: string) {
  const url = process.env.DATABASE_OWNER_URL
  if (!url) return
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  try {
    await owner.query(statement)
  } finally {
    await owner.end()
  }
}
