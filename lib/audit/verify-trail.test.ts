import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eq } from 'drizzle-orm'
import type pg from 'pg'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { auditEntries } from '@/db/schema/audit'
import { organizations } from '@/db/schema/organizations'
import { asOrganization, asSystem } from '@/db/scope'
import { appendAudit, entryHash } from '@/lib/audit/append'
import { signHeads } from '@/lib/audit/sign-heads'
import { type ChainFault, readSignedHeads, verifyTrail } from '@/lib/audit/verify-trail'
import { newId } from '@/lib/ids'
import { log } from '@/lib/log'
import { onConnection, productDatabase } from '@/sandbox/test/fixture'

// Read when the log is made, which is before anything else here.
vi.hoisted(() => {
  process.env.LOG_LEVEL = 'silent'
})

const folder = mkdtempSync(path.join(tmpdir(), 'heads-'))
const file = path.join(folder, 'heads.jsonl')
const database = await productDatabase({ AUDIT_HEADS_FILE: file })
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => writeFileSync(file, ''))

let counter = 0
async function newChain(length: number): Promise<string> {
  const id = newId()
  const slug = `chain-${++counter}`
  await asSystem('test', (tx) =>
    tx.insert(organizations).values({ id, slug, name: slug, timeZone: 'UTC', createdAt: new Date() }),
  )
  await grow(id, length)
  return id
}

const grow = (organizationId: string, count: number) =>
  asOrganization(organizationId, (tx) =>
    appendAudit(
      tx,
      { organizationId, actor: 'system', personId: null, at: new Date() },
      Array.from({ length: count }, (_, index) => ({
        action: 'a test',
        outcome: 'done' as const,
        details: { index },
      })),
    ),
  )

async function verified() {
  const { heads, faults, lines } = await readSignedHeads([file])
  const found = new Map<string | null, ChainFault>()
  const counts = await verifyTrail(heads, (fault) => found.set(fault.organizationId, fault))
  return { found, faults, lines, ...counts }
}

type Row = typeof auditEntries.$inferSelect

/** What somebody can do who may write everything, triggers and rights notwithstanding. */
async function tamper(work: (client: pg.Client) => Promise<void>) {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`set latchkey.scope = 'system'; alter table audit_entries disable trigger user; begin`)
    await work(client)
    await client.query('commit; alter table audit_entries enable trigger user')
  })
}

/** Writes a chain anew, with hashes and an end that fit. */
async function rewrite(client: pg.Client, organizationId: string, entries: Row[]) {
  let hash: Buffer = Buffer.alloc(32)
  await client.query('delete from audit_entries where organization_id = $1', [organizationId])
  for (const [index, old] of entries.entries()) {
    const sequence = index + 1
    const entry = { ...old, id: newId(), sequence }
    hash = entryHash(hash, entry)
    await client.query(
      `insert into audit_entries (id, organization_id, sequence, at, actor, action, outcome, details, hash)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        entry.id,
        organizationId,
        sequence,
        entry.at,
        entry.actor,
        entry.action,
        entry.outcome,
        entry.details,
        hash,
      ],
    )
  }
  await setEnd(client, organizationId, entries.length, hash)
}

const setEnd = (client: pg.Client, organizationId: string, sequence: number, hash: Buffer) =>
  client.query('update audit_heads set sequence = $2, hash = $3 where organization_id = $1', [
    organizationId,
    sequence,
    hash,
  ])

const entriesOf = (organizationId: string) =>
  asSystem('test', (tx) =>
    tx
      .select()
      .from(auditEntries)
      .where(eq(auditEntries.organizationId, organizationId))
      .orderBy(auditEntries.sequence),
  )

/** Each way to alter a chain without a break in it, and what is said of it; its 7 entries were signed at 4 and at 7. */
const ways: Record<
  string,
  {
    do: (client: pg.Client, id: string, entries: Row[]) => Promise<unknown>
    found: Pick<ChainFault, 'because' | 'sequence'> & { until?: number }
  }
> = {
  'cut off': {
    do: async (client, id, entries) => {
      await client.query('delete from audit_entries where organization_id = $1 and sequence > 5', [id])
      await setEnd(client, id, 5, entries[4]?.hash ?? Buffer.alloc(0))
    },
    found: { because: 'cut_off', sequence: 6 },
  },
  'taken away whole': {
    do: async (client, id) => {
      await client.query('delete from audit_entries where organization_id = $1', [id])
      await client.query('delete from audit_heads where organization_id = $1', [id])
    },
    found: { because: 'cut_off', sequence: 1 },
  },
  'recomputed from its beginning': {
    do: (client, id, entries) => rewrite(client, id, entries),
    found: { because: 'rewritten', sequence: 1, until: 4 },
  },
  'recomputed behind the first signature, and longer': {
    do: async (client, id, entries) => {
      const [fifth] = entries.slice(4)
      if (!fifth) throw new Error('a chain of seven has a fifth')
      let hash = entries[3]?.hash ?? Buffer.alloc(0)
      await client.query('delete from audit_entries where organization_id = $1 and sequence > 4', [id])
      for (let sequence = 5; sequence <= 9; sequence++) {
        const entry = { ...fifth, id: newId(), sequence, action: 'forged' }
        hash = entryHash(hash, entry)
        await client.query(
          `insert into audit_entries (id, organization_id, sequence, at, actor, action, outcome, details, hash)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
          [entry.id, id, sequence, entry.at, entry.actor, entry.action, entry.outcome, entry.details, hash],
        )
      }
      await setEnd(client, id, 9, hash)
    },
    found: { because: 'rewritten', sequence: 5, until: 7 },
  },
  'one removed and renumbered': {
    do: (client, id, entries) => rewrite(client, id, [...entries.toSpliced(2, 1), ...entries.slice(-1)]),
    found: { because: 'rewritten', sequence: 1, until: 4 },
  },
  'one added': {
    do: (client, id, entries) => rewrite(client, id, entries.toSpliced(2, 0, ...entries.slice(0, 1))),
    found: { because: 'rewritten', sequence: 1, until: 4 },
  },
  'two in the other order': {
    do: (client, id, entries) =>
      rewrite(client, id, [...entries.slice(0, 1), ...entries.slice(1, 3).reverse(), ...entries.slice(3)]),
    found: { because: 'rewritten', sequence: 1, until: 4 },
  },
  'one changed, and nothing recomputed': {
    do: (client, id) =>
      client.query(`update audit_entries set action = 'x' where organization_id = $1 and sequence = 6`, [id]),
    found: { because: 'changed', sequence: 6 },
  },
  'one taken out of the middle': {
    do: (client, id) =>
      client.query('delete from audit_entries where organization_id = $1 and sequence = 3', [id]),
    found: { because: 'missing', sequence: 3 },
  },
  'another end noted': {
    do: (client, id, entries) => setEnd(client, id, 6, entries[5]?.hash ?? Buffer.alloc(0)),
    found: { because: 'end', sequence: 7 },
  },
  'another end noted under the same number': {
    do: (client, id, entries) => setEnd(client, id, 7, entries[5]?.hash ?? Buffer.alloc(0)),
    found: { because: 'end', sequence: 7 },
  },
}

const trials = process.env.STRESS ? 1_000 : 60

test(`[A9] of ${trials} chains that somebody with write access cut or recomputed, each is named with its first bad entry`, async () => {
  const ids: string[] = []
  for (let n = 0; n < trials; n++) ids.push(await newChain(4))
  const whole = await newChain(4)
  await signHeads()
  for (const id of [...ids, whole]) await grow(id, 3)
  await signHeads()
  // What came after the last signature, on chains that nobody touched, is no fault.
  await grow(whole, 2)
  expect(await verified()).toMatchObject({ found: new Map(), faults: [], chains: trials + 1 })
  const names = Object.keys(ways)
  const expected = new Map<string, object>()
  await tamper(async (client) => {
    for (const [index, id] of ids.entries()) {
      const way = ways[names[index % names.length] ?? '']
      if (!way) throw new Error('each name is one of the ways')
      await way.do(client, id, await entriesOf(id))
      expected.set(id, { organizationId: id, ...way.found })
    }
  })
  const { found } = await verified()
  expect(Object.fromEntries(found)).toMatchObject(Object.fromEntries(expected))
  expect(found.size).toBe(trials)
  console.log(`[A9] ${trials} chains`)
}, 1_800_000)

test('the file of signed heads tells when one of its lines was changed, taken out or put in another place', async () => {
  await newChain(2)
  for (let hour = 0; hour < 4; hour++) {
    await grow(await newChain(1), 1)
    await signHeads()
  }
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines.length).toBeGreaterThanOrEqual(4)
  const faults = async (changed: string[]) => {
    writeFileSync(file, `${changed.join('\n')}\n`)
    return (await readSignedHeads([file])).faults.map(({ line, because }) => `${line} ${because}`)
  }
  const [first = '', second = '', third = '', ...rest] = lines
  expect(await faults(lines)).toEqual([])
  expect(await faults([first, second.replace('"entries":', '"entries":1'), third, ...rest])).toEqual([
    '2 unsigned',
    '3 unlinked',
  ])
  expect(await faults([first, third, ...rest])).toEqual(['2 unlinked'])
  expect(await faults([second, third, ...rest])).toEqual(['1 unlinked'])
  expect(await faults([second, first, third, ...rest])).toContain('1 unlinked')
  expect(await faults([first, 'null', second, '', third, ...rest])).toEqual(['2 unsigned', '4 unsigned'])
  // Signed by another key.
  const forged = JSON.stringify({ ...JSON.parse(second), signature: JSON.parse(first).signature })
  expect(await faults([first, forged])).toEqual(['2 unsigned'])
})

test('a file may go on from another, and a line that a killed worker left half-written ends no chain', async () => {
  await newChain(3)
  await signHeads()
  const first = path.join(folder, 'first.jsonl')
  writeFileSync(first, readFileSync(file))
  await newChain(3)
  await signHeads()
  const [, second = ''] = readFileSync(file, 'utf8').trimEnd().split('\n')
  const rest = path.join(folder, 'rest.jsonl')
  writeFileSync(rest, `${second}\n`)
  expect((await readSignedHeads([first, rest])).faults).toEqual([])
  expect((await readSignedHeads([rest])).faults).toHaveLength(1)
  appendFileSync(file, second.slice(0, 100))
  await newChain(1)
  await signHeads()
  expect(await readSignedHeads([file])).toMatchObject({
    lines: 3,
    faults: [{ line: 3, because: 'unsigned' }],
  })
})

test('only what has changed is signed again, and each hour has its line', async () => {
  const id = await newChain(3)
  await signHeads()
  await signHeads()
  await grow(id, 1)
  await signHeads()
  const heads = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).statement.heads.map(([organizationId]: [string]) => organizationId))
  expect(heads[0]).toContain(id)
  expect(heads.slice(1)).toEqual([[], [id]])
})

test('what was cut off, taken away or written anew up to where it was signed is said by the next signature', async () => {
  const cut = await newChain(7)
  const gone = await newChain(7)
  const anew = await newChain(7)
  const grown = await newChain(7)
  await signHeads()
  await grow(grown, 2)
  await tamper(async (client) => {
    await ways['cut off']?.do(client, cut, await entriesOf(cut))
    await ways['taken away whole']?.do(client, gone, [])
    await rewrite(client, anew, await entriesOf(anew))
  })
  const errors = vi.spyOn(log, 'error')
  await signHeads()
  const named = errors.mock.calls.map(([facts]) => Object.values(facts as object)[0])
  expect(named.sort()).toEqual([cut, gone, anew].sort())
  errors.mockRestore()
})
