import { randomUUID } from 'node:crypto'
import { asc, eq, isNull } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { auditEntries, auditHeads } from '@/db/schema/audit'
import { asOrganization, asSystem } from '@/db/scope'
import { listActivity } from '@/lib/audit/activity'
import { appendAudit } from '@/lib/audit/append'
import { auditName } from '@/lib/audit/sentence'
import { verifyChain } from '@/lib/audit/verify'
import { translator } from '@/lib/messages/translator'
import {
  type Fixture,
  makeFilled,
  makeOrganization,
  onConnection,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase({ DATABASE_POOL_SIZE: '50' })
let own: Fixture

beforeAll(async () => {
  own = await makeFilled(database)
})

async function chainOf(organizationId: string | null) {
  return asSystem('a test', async (tx) => {
    const mine = organizationId
      ? eq(auditEntries.organizationId, organizationId)
      : isNull(auditEntries.organizationId)
    const entries = await tx.select().from(auditEntries).where(mine).orderBy(asc(auditEntries.sequence))
    const [head] = await tx
      .select()
      .from(auditHeads)
      .where(
        organizationId ? eq(auditHeads.organizationId, organizationId) : isNull(auditHeads.organizationId),
      )
    if (!head) throw new Error('the chain has no end')
    return { entries, head }
  })
}

const append = (organizationId: string, count: number) =>
  asOrganization(organizationId, (tx) =>
    appendAudit(
      tx,
      { organizationId, actor: 'system', personId: null, at: new Date() },
      Array.from({ length: count }, (_, index) => ({
        action: 'a test',
        outcome: 'done' as const,
        details: { zebra: index, apple: 'é', none: null, yes: true },
      })),
    ),
  )

test('an entry holds what its person was called, who may call themselves otherwise later; the chain verifies', async () => {
  const { organizationId, people } = own
  const personId = people.technical
  const name = (text: string | null) =>
    rowsOf(database, 'update people set name = $2 where id = $1', [personId, text])
  const act = () =>
    asOrganization(organizationId, (tx) =>
      appendAudit(tx, { organizationId, actor: 'member', personId, at: new Date() }, [
        { action: 'key.reveal', outcome: 'done', details: { shortId: 'K-1', how: 'shown' } },
      ]),
    )
  for (const called of ['Zoë Before', 'Zoë After', null]) {
    await name(called)
    await act()
  }
  const { entries, head } = await chainOf(organizationId)
  expect(verifyChain(entries, head)).toEqual({ ok: true })
  const [{ email } = { email: '' }] = await rowsOf<{ email: string }>(
    database,
    'select email from people where id = $1',
    [personId],
  )
  expect(entries.slice(-3).map(({ details }) => details.actorName)).toEqual([
    'Zoë Before',
    'Zoë After',
    email,
  ])
  const page = await asOrganization(organizationId, (tx) => listActivity(tx, { organizationId }, { size: 3 }))
  const t = translator('en')
  expect(page.rows.map((row) => auditName(row, { t, vendor: 'Northwind' }))).toEqual([
    email,
    'Zoë After',
    'Zoë Before',
  ])
})

test('50 appends at once, 10 times, leave a chain without a gap that verifies', async () => {
  const rounds = process.env.STRESS ? 200 : 10
  const before = (await chainOf(own.organizationId)).entries.length
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => append(own.organizationId, 1 + (index % 3))))
  }
  const { entries, head } = await chainOf(own.organizationId)
  // 17 times 1, 17 times 2, 16 times 3
  expect(entries.length - before).toBe(rounds * 99)
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1))
  expect(verifyChain(entries, head)).toEqual({ ok: true })
  console.log(`${rounds} rounds of 50`)
})

test('the first entries of a new chain, all at once, make one chain', async () => {
  for (let round = 0; round < 5; round++) {
    const { organizationId } = await makeOrganization(`new-${round}`)
    await rowsOf(database, 'delete from audit_entries where organization_id = $1', [organizationId])
    await rowsOf(database, 'delete from audit_heads where organization_id = $1', [organizationId])
    await Promise.all(Array.from({ length: 20 }, () => append(organizationId, 1)))
    const { entries, head } = await chainOf(organizationId)
    expect(entries).toHaveLength(20)
    expect(verifyChain(entries, head)).toEqual({ ok: true })
  }
})

test("the vendor's chain verifies as well, and what is rolled back leaves no gap", async () => {
  await expect(
    asOrganization(own.organizationId, async (tx) => {
      await appendAudit(
        tx,
        { organizationId: own.organizationId, actor: 'system', personId: null, at: new Date() },
        [{ action: 'lost', outcome: 'done' }],
      )
      throw new Error('rolled back')
    }),
  ).rejects.toThrow('rolled back')
  for (const id of [own.organizationId, null]) {
    const { entries, head } = await chainOf(id)
    expect(verifyChain(entries, head)).toEqual({ ok: true })
  }
})

test('any changed, removed, added or reordered entry is noticed (1,000 trials)', async () => {
  const { entries, head } = await chainOf(own.organizationId)
  const chain = entries.slice(0, 60)
  const last = chain.at(-1)
  const end = { sequence: 60, hash: last?.hash ?? head.hash }
  expect(verifyChain(chain, end)).toEqual({ ok: true })
  type Entry = (typeof chain)[number]
  const change: Record<string, (entry: Entry) => Partial<Entry>> = {
    id: () => ({ id: randomUUID() }),
    organization: () => ({ organizationId: randomUUID() }),
    at: ({ at }) => ({ at: new Date(at.getTime() + 1) }),
    actor: ({ actor }) => ({ actor: actor === 'staff' ? 'system' : 'staff' }),
    person: () => ({ personId: randomUUID() }),
    action: ({ action }) => ({ action: `${action}.` }),
    outcome: ({ outcome }) => ({ outcome: outcome === 'done' ? 'refused' : 'done' }),
    instance: () => ({ instanceId: randomUUID() }),
    key: () => ({ keyId: randomUUID() }),
    detail: ({ details }) => ({ details: { ...details, added: 1 } }),
    hash: ({ hash }) => ({ hash: Buffer.from(hash.map((byte) => byte ^ 1)) }),
    sequence: ({ sequence }) => ({ sequence: sequence + 1 }),
  }
  const position = fc.integer({ min: 0, max: chain.length - 1 })
  const tampered = fc.oneof(
    fc.tuple(position, fc.constantFrom(...Object.keys(change))).map(([at, what]) => {
      const entry = chain[at] as Entry
      return chain.with(at, { ...entry, ...change[what]?.(entry) })
    }),
    position.map((at) => chain.toSpliced(at, 1)),
    // Removed and renumbered, so that no gap gives it away.
    position.map((at) => chain.toSpliced(at, 1).map((entry, index) => ({ ...entry, sequence: index + 1 }))),
    fc.tuple(position, position).map(([at, of]) => chain.toSpliced(at, 0, chain[of] as Entry)),
    fc
      .tuple(position, position)
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => {
        const one = chain[a] as Entry
        const two = chain[b] as Entry
        const swapped = chain
          .with(a, { ...two, sequence: one.sequence })
          .with(b, { ...one, sequence: two.sequence })
        return swapped
      }),
  )
  fc.assert(
    fc.property(tampered, (entries) => {
      expect(verifyChain(entries, end)).toMatchObject({ ok: false })
    }),
    { numRuns: 1_000 },
  )
  console.log('1,000 trials')
})

test("neither the portal's nor the worker's role can change, remove or empty what happened", async () => {
  for (const url of [database.appUrl, database.workerUrl]) {
    await onConnection(url, async (client) => {
      for (const statement of [
        `update audit_entries set action = 'x'`,
        'delete from audit_entries',
        'truncate audit_entries',
        'delete from audit_heads',
      ]) {
        await expect(client.query(statement), statement).rejects.toThrow('permission denied')
      }
    })
  }
})
