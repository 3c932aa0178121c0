import { and, eq, sql } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { folded } from '@/db/schema/columns'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { addInstance } from '@/lib/instances/add'
import { listInstances } from '@/lib/instances/queries'
import { keysWhere } from '@/lib/keys/filter'
import { issuePermanentKey } from '@/lib/keys/issue'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { instanceMatches } from './search'

const database = await productDatabase()
let town: Fixture
const labels = [
  'Médiathèque',
  'Me\u0301diathe\u0300que annexe',
  'Bibliothèque',
  'Œuvres & Cœur',
  'Straße',
  'Ærø',
  '100 % à_propos',
  'L’accueil',
  'Clinique Saint‑Roch',
  'Cap – Aval',
]

beforeAll(async () => {
  await makeCatalog()
  town = await makeOrganization('town')
  const legacy = await productId(database, 'legacy')
  for (const [index, label] of labels.entries()) {
    const { instanceId } = await addInstance(bySystem(town.organizationId), {
      label,
      url: `https://desk-${index}.example`,
      environment: 'production',
    })
    await issuePermanentKey(bySystem(town.organizationId), { productId: legacy, instanceId })
  }
})

const inTown = <T>(work: (tx: OrganizationTx) => Promise<T>) => asOrganization(town.organizationId, work)
const found = (search: string) =>
  inTown(async (tx) => {
    const { rows } = await listInstances(tx, town.organizationId, { search, limit: 50 })
    return rows.map(({ label }) => label).sort()
  })
/** The labels of the instances whose keys the list of keys shows. */
const foundByKey = (search: string) =>
  inTown(async (tx) => {
    const filter = { organizationId: town.organizationId, state: 'all', search } as const
    const rows = await tx
      .select({ label: instances.label })
      .from(keys)
      .innerJoin(instances, eq(instances.id, keys.instanceId))
      .where(keysWhere(filter, now()))
    return rows.map(({ label }) => label).sort()
  })

describe('a label is found without its accents, and with them', () => {
  const library = [labels[0], labels[1]].sort()
  test.each([
    ['mediatheque', library],
    ['MÉDIATHÈQUE', library],
    ['Médiathèque', library],
    ['me\u0301diathe\u0300que', library],
    ['médiatheque', library],
    ['ｍｅｄｉａ', library],
    ['THEQUE', ['Bibliothèque', ...library].sort()],
    ['coeur', ['Œuvres & Cœur']],
    ['œuvres  &\tcœur', ['Œuvres & Cœur']],
    ['ŒUVRES', ['Œuvres & Cœur']],
    ['strasse', ['Straße']],
    ['STRAẞE', ['Straße']],
    ['aero', ['Ærø']],
    ['100 % a_', ['100 % à_propos']],
    ['1％', []],
    ['m_diatheque', []],
    ['m%theque', []],
    ['back\\', []],
    ['cap aval', ['Cap – Aval']],
    ['cap - aval', ['Cap – Aval']],
    ['saintroch', []],
  ])('%s', async (search, expected) => {
    expect(await found(search)).toEqual(expected)
    expect(await foundByKey(search)).toEqual(expected)
  })

  test('with whichever apostrophe, hyphen or dash', async () => {
    for (const typed of ["l'accueil", 'L’ACCUEIL', 'l‘acc', 'lʼacc', 'l´acc', 'l`acc', 'l′acc', 'l＇acc'])
      expect(await found(typed), typed).toEqual(['L’accueil'])
    for (const by of ' -‐‑–—\u00a0\u202f')
      expect(await foundByKey(`saint${by}ROCH`), by).toEqual(['Clinique Saint‑Roch'])
  })

  test('a product as well', async () => {
    await rowsOf(database, `update products set name = 'Héritage' where reference = 'legacy'`)
    expect(await foundByKey('heritage')).toEqual([...labels].sort())
  })
})

test('the beginning of a short ID finds, and the last characters of a key after dots', async () => {
  const known = await inTown((tx) =>
    tx
      .select({ label: instances.label, key: keys.shortId, instance: instances.shortId, end: keys.lastFour })
      .from(keys)
      .innerJoin(instances, eq(instances.id, keys.instanceId))
      .where(eq(keys.organizationId, town.organizationId)),
  )
  expect(known).toHaveLength(labels.length)
  for (const { label, key, instance, end } of known) {
    for (const part of [3, 5, 7]) {
      expect(await foundByKey(key.slice(0, part).toLowerCase())).toContain(label)
      expect(await foundByKey(instance.slice(0, part).replace('I', 'l'))).toContain(label)
      expect(await found(instance.slice(0, part))).toContain(label)
    }
    expect(await foundByKey(key.slice(0, 7))).toEqual([label])
    for (const dots of ['', '…', '...']) expect(await foundByKey(`${dots}${end}`)).toContain(label)
  }
  for (const none of ['I-', 'K-U', `..${known[0]?.end}`]) expect(await foundByKey(none)).toEqual([])
})

const foldsTo = (texts: fc.Arbitrary<{ typed: string; plain: string }>) =>
  inTown(async (tx) => {
    let trials = 0
    await fc.assert(
      fc.asyncProperty(texts, async ({ typed, plain }) => {
        const once = folded(sql`${typed}::text`)
        const { rows } = await tx.execute(sql`select ${once} as once, ${folded(once)} as twice`)
        expect(rows).toEqual([{ once: plain, twice: plain }])
        trials++
      }),
      { numRuns: process.env.STRESS ? 2_000 : 200 },
    )
    console.info(`${trials} trials`)
  })

test('whatever accents are put on a label or taken from it, it is folded to the same, and once is enough', async () => {
  const letter = fc.constantFrom(...'aeiounyczAEIOUNYCZ ')
  const accent = fc.constantFrom('', '\u0300', '\u0301', '\u0302', '\u0303', '\u0308', '\u0327', '\u030c')
  const pairs = fc.array(fc.tuple(letter, accent), { minLength: 1, maxLength: 12 })
  const form = fc.constantFrom('NFC', 'NFD')
  await foldsTo(
    fc.tuple(pairs, form).map(([all, form]) => ({
      typed: all
        .map(([base, mark]) => base + mark)
        .join('')
        .normalize(form),
      plain: all
        .map(([base]) => base)
        .join('')
        .toLowerCase()
        .replace(/ +/g, ' '),
    })),
  )
})

test('whichever apostrophe, hyphen, dash or blank is between words, they are folded to the same', async () => {
  const apostrophe = fc.constantFrom(..."'’‘ʼ´`′＇").map((typed) => ({ typed, plain: "'" }))
  const between = fc
    .array(fc.constantFrom(...'-‐‑‒–—―−－ \u00a0\u2007\u2009\u202f\t'), { minLength: 1, maxLength: 3 })
    .map((all) => ({ typed: all.join(''), plain: ' ' }))
  const word = fc.constantFrom('saint', 'l', 'Été', 'ROCH').map((typed) => ({
    typed,
    plain: typed.toLowerCase().replaceAll('é', 'e'),
  }))
  const pieces = fc.array(fc.tuple(word, fc.oneof(apostrophe, between)), { minLength: 1, maxLength: 5 })
  const joined = (all: { typed: string; plain: string }[]) => ({
    typed: all.map(({ typed }) => typed).join(''),
    plain: all.map(({ plain }) => plain).join(''),
  })
  await foldsTo(pieces.map((all) => joined(all.flat())))
})

test('among 20,000 instances of others the search reads those of the organization by an index', async () => {
  const other = await makeOrganization('others')
  const fill = (organizationId: string, from: number, count: number) =>
    rowsOf(
      database,
      `with made as (
         insert into instances (id, organization_id, short_id, label, environment, created_at)
         select gen_random_uuid(), $1, 'I-' || lpad(i::text, 6, '0'), 'Médiathèque ' || i, 'production', now()
         from generate_series($2::int, $3::int) i returning *)
       insert into instance_addresses (id, organization_id, instance_id, ordinal, url, url_identity, created_at)
       select id, organization_id, id, 0, 'http://' || lower(short_id), lower(short_id), now() from made`,
      [organizationId, from, from + count - 1],
    )
  await fill(town.organizationId, 100_000, 2_000)
  await fill(other.organizationId, 200_000, 20_000)
  await rowsOf(database, 'analyze instances')
  const plan = await inTown(async (tx) => {
    const { rows } = await tx.execute<{ 'QUERY PLAN': string }>(
      sql`explain select ${instances.id} from ${instances}
        where ${and(eq(instances.organizationId, town.organizationId), instanceMatches(town.organizationId, 'mediatheque 1'))}`,
    )
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  })
  expect(plan).not.toContain('Seq Scan on instances')
  expect(plan).toMatch(/Index Cond: \(+organization_id = /)
  expect(plan).toMatch(/Index (Only )?Scan .*instances_\w+/)
})
