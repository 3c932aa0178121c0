import { randomUUID } from 'node:crypto'
import { asc, eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { auditEntries, auditHeads } from '@/db/schema/audit'
import { products } from '@/db/schema/catalog'
import { keys } from '@/db/schema/keys'
import { asOrganization } from '@/db/scope'
import { lastSeen } from '@/lib/activations/calls'
import { quietInstances } from '@/lib/activations/contacts'
import { contactOf } from '@/lib/activations/rules'
import { entryHash } from '@/lib/audit/append'
import { applyCatalog } from '@/lib/catalog/apply'
import type { By } from '@/lib/command'
import { addInstance } from '@/lib/instances/add'
import { lastFour, parseKey } from '@/lib/keys/format'
import { issuePermanentKey, type Product } from '@/lib/keys/issue'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { revokeKey } from '@/lib/keys/revoke'
import { fingerprint, open } from '@/lib/keys/vault'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import { productDatabase } from '@/sandbox/test/fixture'
import { at } from '@/sandbox/time'
import { bulkCalls } from './bulk-calls'
import {
  bulkAddInstance,
  bulkIssuePermanentKey,
  bulkNoteKeySeen,
  bulkRenewSubscription,
  bulkRevokeKey,
  bulkStartSubscription,
  bulkStartTrial,
} from './bulk-steps'
import { catalogOn } from './catalog'
import { largeOrganizations } from './large'
import { newLedger, shortIdsBeside, writeLedger } from './ledger'
import { pastUntil } from './past'
import { tellStories } from './stories'

await productDatabase()

const start = Date.parse('2024-03-30T09:12:00Z')
/** The moments of the story; some lie around a change of clocks, one renewal comes after the subscription lapsed. */
const daysIn = [0, 1, 1, 2, 3, 4, 350, 351, 352, 354, 1_000]
const moments = daysIn.map((days, index) => new Date(start + days * 86_400_000 + index * 61_000))
const moment = (index: number) => moments[index] ?? new Date(Number.NaN)
const desk = { label: 'Desk', url: 'https://www.GLPI.example:443/front/central.php', glpiVersion: '10.0.18' }
// One identity per step and organization.
const commandKeys = moments.map(() => randomUUID())
const bulkKeys = moments.map(() => randomUUID())

let catalog: Product[] = []
let byCommands = ''
let inBulk = ''

const productOf = (reference: string) => {
  const found = catalog.find((product) => product.reference === reference)
  if (!found) throw new Error(`no ${reference}`)
  return found
}
const by = (organizationId: string, idempotencyKey: string = randomUUID()): By => ({
  actor: { kind: 'system' },
  organizationId,
  idempotencyKey,
})

async function newOrganization(slug: string) {
  return at(new Date(start - 86_400_000), async () => {
    const { organizationId } = await createOrganization(
      { actor: { kind: 'system' }, idempotencyKey: randomUUID() },
      { name: 'The same name', slug, timeZone: 'America/New_York' },
    )
    await addMember(by(organizationId), { email: 'same@people.example', name: 'Same', role: 'owner' })
    return organizationId
  })
}

async function liveByCommands(organizationId: string) {
  const step = <T>(index: number, run: (as: By) => Promise<T>) =>
    at(moment(index), () => run(by(organizationId, commandKeys[index])))
  const productId = productOf('formspro').id
  const { instanceId } = await step(0, (as) => addInstance(as, { ...desk, environment: 'production' }))
  const first = await step(1, (as) => startSubscription(as, { productId, instanceId }))
  const cloud = { productId: productOf('cloud-standard').id, instanceId: null }
  const plan = await step(2, (as) => startSubscription(as, cloud))
  await step(3, (as) => noteKeySeen(as, first))
  const chatbot = productOf('chatbot').id
  const tried = await step(4, (as) => startTrial(as, { productId: chatbot, instanceId }))
  const legacy = productOf('ticketimport').id
  await step(5, (as) => issuePermanentKey(as, { productId: legacy, instanceId }))
  const second = await step(6, (as) => renewSubscription(as, first))
  await step(7, (as) => noteKeySeen(as, second))
  await step(8, (as) => renewSubscription(as, plan))
  await step(9, (as) => revokeKey(as, { keyId: second.keyId, reason: 'non_payment' }))
  await step(10, (as) => renewSubscription(as, first))
  return tried
}

async function liveInBulk(organizationId: string) {
  const takeShortId = shortIdsBeside(new Set())
  const ledger = newLedger({ organizationId, timeZone: 'America/New_York', takeShortId })
  const step = (index: number) => ({ now: moment(index), idempotencyKey: bulkKeys[index] ?? '' })
  const instanceId = bulkAddInstance(ledger, step(0), desk)
  const place = { product: productOf('formspro'), instanceId }
  const first = bulkStartSubscription(ledger, step(1), place)
  const cloud = { product: productOf('cloud-standard'), instanceId: null }
  const plan = bulkStartSubscription(ledger, step(2), cloud)
  bulkNoteKeySeen(ledger, moment(3), first)
  bulkStartTrial(ledger, step(4), { product: productOf('chatbot'), instanceId })
  bulkIssuePermanentKey(ledger, step(5), { product: productOf('ticketimport'), instanceId })
  const second = bulkRenewSubscription(ledger, step(6), first)
  bulkNoteKeySeen(ledger, moment(7), second, first)
  bulkRenewSubscription(ledger, step(8), plan)
  bulkRevokeKey(ledger, moment(9), second, 'non_payment')
  bulkRenewSubscription(ledger, step(10), second)
  await asOrganization(organizationId, (tx) => writeLedger(tx, ledger))
}

beforeAll(async () => {
  await applyCatalog({ actor: { kind: 'system' } }, catalogOn(new Date(start)))
  byCommands = await newOrganization('by-commands')
  inBulk = await newOrganization('in-bulk')
  catalog = await asOrganization(inBulk, (tx) => tx.select().from(products))
  await liveByCommands(byCommands)
  await liveInBulk(inBulk)
})

/** A table's rows with what chance has made, and the two organizations' own keys, replaced by its place. */
async function rowsOf(table: string, organizationId: string) {
  const order = table === 'command_runs' ? 'ran_at' : 'id'
  const result = await asOrganization(organizationId, (tx) =>
    tx.execute(
      sql.raw(`select * from ${table} where organization_id = '${organizationId}' order by ${order}`),
    ),
  )
  return result.rows
}

function withoutChance(tables: Record<string, unknown>[][]) {
  const seen = new Map<string, string>()
  const place = (text: string) => {
    if (!seen.has(text)) seen.set(text, `${text[1] === '-' ? text[0] : 'id'} ${seen.size}`)
    return seen.get(text)
  }
  return JSON.parse(
    JSON.stringify(tables, (name, value) => {
      if (['last_four', 'input_hash'].includes(name)) return String(value).length
      if (value?.type === 'Buffer') return `${value.data.length} bytes`
      return value
    }).replace(
      /"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[KI]-[0-9A-Z]{6})"/g,
      (_, text: string) => JSON.stringify(place(text)),
    ),
  )
}

const tables = [
  'instances',
  'instance_addresses',
  'subscriptions',
  'terms',
  'keys',
  'revocations',
  'command_runs',
  'audit_entries',
]

describe('what is made in bulk', () => {
  test('is, row by row and column by column, what the commands write', async () => {
    const commanded: Record<string, unknown>[][] = []
    const bulk: Record<string, unknown>[][] = []
    for (const table of tables) {
      commanded.push(await rowsOf(table, byCommands))
      bulk.push(await rowsOf(table, inBulk))
    }
    expect(commanded.map((rows) => rows.length)).toEqual([1, 1, 2, 5, 7, 1, 9, 12])
    expect(withoutChance(bulk)).toEqual(withoutChance(commanded))
  })

  test('has keys that open, are found by their fingerprint and are of their kind', async () => {
    const rows = await asOrganization(inBulk, (tx) => tx.select().from(keys))
    for (const row of rows) {
      const secret = open(row, row.id)
      expect(parseKey(secret)).toEqual({ ok: true, key: secret, kind: row.kind })
      expect(fingerprint(secret).equals(row.fingerprint)).toBe(true)
      expect(row.lastFour).toBe(lastFour(secret))
    }
    expect(new Set(rows.map((row) => row.cipher.toString('hex'))).size).toBe(rows.length)
  })

  test.each([
    ['by commands', () => byCommands],
    ['in bulk', () => inBulk],
  ])('has an audit trail whose hashes hold: %s', async (_, organization) => {
    const id = organization()
    const [entries, [head]] = await asOrganization(id, async (tx) => [
      await tx
        .select()
        .from(auditEntries)
        .where(eq(auditEntries.organizationId, id))
        .orderBy(asc(auditEntries.sequence)),
      await tx.select().from(auditHeads).where(eq(auditHeads.organizationId, id)),
    ])
    let hash: Buffer = Buffer.alloc(32)
    for (const [index, entry] of entries.entries()) {
      hash = entryHash(hash, entry)
      expect([entry.sequence, entry.hash.equals(hash)]).toEqual([index + 1, true])
    }
    expect(head?.sequence).toBe(entries.length)
    expect(head?.hash.equals(hash)).toBe(true)
  })

  test('answers a repeated command as the command itself would', async () => {
    const [instance] = await rowsOf('instances', inBulk)
    const instanceId = String(instance?.id)
    const [key] = (await rowsOf('keys', inBulk)).filter(({ kind }) => kind === 'trial')
    const productId = productOf('chatbot').id
    expect(await startTrial(by(inBulk, bulkKeys[4]), { productId, instanceId })).toEqual({
      keyId: key?.id,
      shortId: key?.short_id,
    })
    const again = await addInstance(by(inBulk, bulkKeys[0]), { ...desk, environment: 'production' })
    expect(again.instanceId).toBe(instanceId)
    const formspro = productOf('formspro').id
    const first = await startSubscription(by(inBulk, bulkKeys[1]), { productId: formspro, instanceId })
    await renewSubscription(by(inBulk, bulkKeys[6]), { subscriptionId: first.subscriptionId })
    expect(await rowsOf('keys', inBulk)).toHaveLength(7)
  })
})

test('an organization of the large seed has exactly its instances and keys, from its past alone', async () => {
  const organizationId = await newOrganization('much-in-bulk')
  const takeShortId = shortIdsBeside(new Set())
  const ledger = newLedger({ organizationId, timeZone: 'Europe/Paris', takeShortId })
  const today = new Date('2026-11-20T23:00:00Z')
  const size = { slug: 'much-in-bulk', name: 'Much', timeZone: 'Europe/Paris', instances: 300, keys: 1_501 }
  tellStories(ledger, pastUntil(today), catalog, size)
  await asOrganization(organizationId, (tx) => writeLedger(tx, ledger))
  expect(await rowsOf('instances', organizationId)).toHaveLength(300)
  expect(await rowsOf('keys', organizationId)).toHaveLength(1_501)
  const times = ledger.entries.map((entry) => entry.at.getTime())
  expect(times).toEqual([...times].sort((a, b) => a - b))
  expect(times.at(-1)).toBeLessThan(today.getTime())
})

test('the GLPIs of a tenth of its instances have called with the keys that work', async () => {
  const organizationId = await newOrganization('calls-in-bulk')
  const ledger = newLedger({
    organizationId,
    timeZone: 'Europe/Paris',
    takeShortId: shortIdsBeside(new Set()),
  })
  const size = { slug: 'calls-in-bulk', name: 'Calls', timeZone: 'Europe/Paris', instances: 100, keys: 500 }
  tellStories(ledger, pastUntil(new Date('2026-11-20T23:00:00Z')), catalog, size)
  const now = new Date('2026-11-21T10:00:00Z')
  await asOrganization(organizationId, async (tx) => {
    await writeLedger(tx, ledger)
    await bulkCalls(tx, organizationId, now)
  })
  const called = (await rowsOf('instances', organizationId)).filter((one) => one.installation_id)
  expect(called).toHaveLength(10)
  const working = (await asOrganization(organizationId, (tx) => tx.select().from(keys))).filter(
    (key) =>
      key.organizationId === organizationId &&
      called.some(({ id }) => id === key.instanceId) &&
      key.firstSeenAt &&
      !key.replacedAt &&
      (!key.expiresAt || key.expiresAt > now) &&
      !ledger.rows.revocations.some(({ keyId }) => keyId === key.id),
  )
  expect(working.length).toBeGreaterThan(10)
  const ids = working.map(({ id }) => id).sort()
  for (const table of ['activations', 'checks']) {
    const rows = await rowsOf(table, organizationId)
    expect(rows.map(({ key_id }) => key_id).sort(), table).toEqual(ids)
  }
  const { stopped, silent } = await asOrganization(organizationId, (tx) =>
    quietInstances(tx, organizationId, now),
  )
  expect(stopped).toEqual([])
  expect(silent.length).toBeLessThan(3)
  const seen = await asOrganization(organizationId, (tx) =>
    lastSeen(tx, organizationId, working[0]?.instanceId ?? ''),
  )
  expect(contactOf(seen.get(working[0]?.id ?? ''), now)).toMatch(/^(fresh|silent)$/)
})

test('the large seed is 1,000 organizations with 200,000 keys', () => {
  expect(new Set(largeOrganizations.map(({ slug }) => slug)).size).toBe(1_000)
  expect(largeOrganizations.reduce((sum, organization) => sum + organization.keys, 0)).toBe(200_000)
  expect(largeOrganizations.slice(0, 2).map((one) => [one.instances, one.keys])).toEqual([
    [2_000, 10_000],
    [3, 10],
  ])
})
