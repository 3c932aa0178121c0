import { createHash } from 'node:crypto'
import type { Product } from '@/lib/keys/issue'
import {
  bulkAddInstance,
  bulkIssuePermanentKey,
  bulkNoteKeySeen,
  bulkRenewSubscription,
  bulkRevokeKey,
  bulkStartSubscription,
  bulkStartTrial,
  type SoldTerm,
} from './bulk-steps'
import type { Ledger } from './ledger'
import { type Past, uuidNamed } from './past'

export interface LargeOrganization {
  slug: string
  name: string
  timeZone: string
  instances: number
  keys: number
}

interface Telling {
  ledger: Ledger
  /** The same numbers for the same organization, each from 0 to below 1. */
  random: () => number
  catalog: Product[]
  /** What the organization has tried, which it can once. */
  tried: Set<Product>
  day: (days: number, months?: number) => Date
  step: (day: Date, run: (at: { now: Date; idempotencyKey: string }) => void) => void
}

interface Place {
  instanceId: string
}

/** How many keys a story issues, and how many of a hundred stories are like it. */
interface Story {
  share: number
  keys: number
  tell: (telling: Telling, place: Place) => void
}

const between = (random: () => number, from: number, to: number) => from + Math.floor(random() * (to - from))

const oneTerm = (from: number, to: number) => (telling: Telling, place: Place) =>
  void subscription(telling, place, between(telling.random, from, to))

const stories: Story[] = [
  { share: 58, keys: 1, tell: oneTerm(31, 352) },
  { share: 5, keys: 1, tell: oneTerm(2, 30) },
  { share: 2, keys: 1, tell: oneTerm(-12, -1) },
  { share: 10, keys: 1, tell: oneTerm(-700, -20) },
  { share: 12, keys: 2, tell: (telling, place) => twoTerms(telling, place, { endsIn: 200, paidAgo: 179 }) },
  {
    share: 3,
    keys: 2,
    tell: (telling, place) => twoTerms(telling, place, { endsIn: 362, paidAgo: 5, waits: true }),
  },
  { share: 3, keys: 2, tell: (telling, place) => twoTerms(telling, place, { endsIn: 370, paidAgo: 10 }) },
  { share: 4, keys: 1, tell: trial },
  { share: 2, keys: 1, tell: permanent },
  { share: 1, keys: 1, tell: revoked },
]

/** Fills a ledger with an organization's instances and exactly as many keys as it shall have. */
export function tellStories(ledger: Ledger, past: Past, catalog: Product[], organization: LargeOrganization) {
  const { slug } = organization
  const random = numbersOf(slug)
  const steps: { now: Date; run: () => void }[] = []
  const day = cachedDays(past)
  const telling: Telling = {
    ledger,
    random,
    catalog,
    tried: new Set(),
    day,
    step(on, run) {
      const idempotencyKey = uuidNamed(`${slug}: step ${steps.length}`)
      // In the same quarters of an hour, so that the calendar is asked seldom.
      const time = (random() < 0.5 ? 9 : 14) * 3_600_000 + Math.floor(random() * 900_000)
      const now = new Date(on.getTime() + time)
      steps.push({ now, run: () => run({ now, idempotencyKey }) })
    },
  }
  const places = Array.from({ length: organization.instances }, (_, index) => addPlace(telling, slug, index))
  for (let issued = 0, turn = 0; issued < organization.keys; turn++) {
    const story = pick(random, organization.keys - issued)
    const place = places[turn % places.length]
    if (!place) throw new Error(`${slug} has no instance`)
    story.tell(telling, place)
    issued += story.keys
  }
  steps.sort((a, b) => a.now.getTime() - b.now.getTime())
  for (const { run } of steps) run()
}

const versions = ['9.5.13', '10.0.16', '10.0.18', '11.0.2', '11.0.4']
const sites = ['Agency', 'Depot', 'Factory', 'Head office', 'Laboratory', 'School', 'Shop', 'Workshop']

function addPlace({ ledger, random, day, step }: Telling, slug: string, index: number): Place {
  const place = { instanceId: '' }
  const number = String(index + 1).padStart(4, '0')
  const label = `${sites[index % sites.length]} ${number}`
  const intranet = index % 3 === 2
  const url = intranet ? `http://glpi-${number}.${slug}.lan/glpi` : `https://glpi-${number}.${slug}.example`
  const glpiVersion = versions[Math.floor(random() * versions.length)] ?? ''
  step(day(-1_390 + (index % 20)), (at) => {
    place.instanceId = bulkAddInstance(ledger, at, { label, url, glpiVersion })
  })
  return place
}

function pick(random: () => number, keysLeft: number): Story {
  const [fallback] = stories
  if (!fallback) throw new Error('there are stories')
  let left = random() * 100
  const story = stories.find(({ share }) => {
    left -= share
    return left < 0
  })
  return story && story.keys <= keysLeft ? story : fallback
}

/** The first term, seen a day later. @returns what a later step needs, filled once the step was taken. */
function subscription(telling: Telling, place: Place, endsIn: number, months = 12) {
  const { ledger, day, step } = telling
  const product = oneOf(
    telling,
    ({ keyKind, binding }) => keyKind === 'subscription' && binding !== 'organization',
  )
  const sold: { first?: SoldTerm } = {}
  step(day(endsIn, -months), (at) => {
    sold.first = bulkStartSubscription(ledger, at, { product, ...place })
  })
  step(day(endsIn + 1, -months), ({ now }) => {
    if (sold.first) bulkNoteKeySeen(ledger, now, sold.first)
  })
  return sold
}

function twoTerms(
  telling: Telling,
  place: Place,
  told: { endsIn: number; paidAgo: number; waits?: boolean },
) {
  const { ledger, day, step } = telling
  const sold: { first?: SoldTerm; second?: SoldTerm } = subscription(telling, place, told.endsIn, 24)
  step(day(-told.paidAgo), (at) => {
    if (sold.first) sold.second = bulkRenewSubscription(ledger, at, sold.first)
  })
  if (told.waits) return
  step(day(1 - told.paidAgo), ({ now }) => {
    if (sold.second) bulkNoteKeySeen(ledger, now, sold.second, sold.first)
  })
}

function trial(telling: Telling, place: Place) {
  // What is the whole organization's is tried without an instance.
  const untried = telling.catalog.filter(
    (product) => product.trialDays && product.binding !== 'organization' && !telling.tried.has(product),
  )
  const product = untried[Math.floor(telling.random() * untried.length)]
  if (!product) return oneTerm(31, 352)(telling, place)
  telling.tried.add(product)
  telling.step(telling.day(-between(telling.random, 2, 400)), (at) => {
    bulkStartTrial(telling.ledger, at, { product, ...place })
  })
}

function permanent(telling: Telling, place: Place) {
  const product = oneOf(telling, ({ keyKind }) => keyKind === 'permanent')
  telling.step(telling.day(-between(telling.random, 700, 1_300)), (at) => {
    bulkIssuePermanentKey(telling.ledger, at, { product, ...place })
  })
}

function revoked(telling: Telling, place: Place) {
  const sold = subscription(telling, place, between(telling.random, 60, 300))
  telling.step(telling.day(-between(telling.random, 2, 50)), ({ now }) => {
    if (sold.first) bulkRevokeKey(telling.ledger, now, sold.first, 'non_payment')
  })
}

function oneOf({ catalog, random }: Telling, fits: (product: Product) => boolean): Product {
  const fitting = catalog.filter((product) => !product.openSource && fits(product))
  const product = fitting[Math.floor(random() * fitting.length)]
  if (!product) throw new Error('the catalog has no such product')
  return product
}

const days = new WeakMap<Past, Map<string, Date>>()

/** The calendar's answers, kept: it takes longer than making a key. */
function cachedDays(past: Past) {
  const kept = days.get(past) ?? new Map<string, Date>()
  days.set(past, kept)
  return (offset: number, months = 0) => {
    const name = `${offset} ${months}`
    const day = kept.get(name) ?? past.day(offset, months)
    kept.set(name, day)
    return day
  }
}

/** Numbers from 0 to below 1 that are the same for the same name (mulberry32, by Tommy Ettinger, public domain). */
function numbersOf(name: string): () => number {
  let state = createHash('sha256').update(name).digest().readUInt32BE(0)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
