import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asOrganization, asSystem } from '@/db/scope'
import { lastSeen, refusedWithinWeek } from '@/lib/activations/calls'
import { quietInstances } from '@/lib/activations/contacts'
import { type Contact, contactOf, keptSince } from '@/lib/activations/rules'
import { setClock } from '@/lib/clock'
import { productDatabase } from '@/sandbox/test/fixture'
import { seed } from './seed'

const now = new Date('2026-11-21T10:00:00Z')

await productDatabase()

beforeAll(async () => {
  setClock(() => now)
  await seed('small')
})
afterAll(() => setClock(undefined))

const read = <Row extends Record<string, unknown>>(query: string) =>
  asSystem('a test', async (tx) => (await tx.execute<Row>(sql.raw(query))).rows)

test('GLPIs call every day, one is silent, and the time of one without contact has run out', async () => {
  const instances = await read<{ id: string; organizationId: string; label: string }>(
    `select id, organization_id as "organizationId", label from instances`,
  )
  const contacts: [string, Contact[]][] = []
  for (const { id, organizationId, label } of instances) {
    const seen = await asOrganization(organizationId, (tx) => lastSeen(tx, organizationId, id))
    const found = [...seen.values()].map((one) => contactOf(one, now))
    if (found.length > 0) contacts.push([label, [...new Set(found)]])
  }
  expect(Object.fromEntries(contacts)).toEqual({
    'Service desk': ['fresh'],
    'Service desk, copy': ['fresh'],
    Schools: ['fresh'],
    Médiathèque: ['fresh'],
    'IT support': ['fresh'],
    'Support informatique': ['fresh'],
    'IT support, staging': ['silent'],
    Depots: ['stopped'],
  })
})

test('who calls has an installation ID, the GLPI that the portal knew, and plugins that fit it', async () => {
  const [calls] = await read(
    `select count(*) filter (where i.installation_id ~ '^[0-9A-Za-z]{40}$') > 0 as identified,
       count(*) filter (where c.installation_id <> i.installation_id) as others,
       count(*) filter (where c.product_version is null or 'version_mismatch' = any (c.notes)) as unfit
     from checks c join instances i on i.id = c.instance_id`,
  )
  expect(calls).toEqual({ identified: true, others: '0', unfit: '0' })
  const versions = await read(
    `select label, glpi_version as version from instances where label in ('Service desk', 'Depots') order by label`,
  )
  expect(versions).toEqual([
    { label: 'Depots', version: '10.0.18' },
    { label: 'Service desk', version: '11.0.4' },
  ])
})

test('there is a question of each kind, and a key with more than are listed, but none in Morlanges', async () => {
  const asked = await read(
    `select slug, kind, count(*)::int as open from questions q join organizations o on o.id = q.organization_id
     where answered_at is null and listed group by slug, kind order by slug, kind`,
  )
  expect(asked).toEqual([
    { slug: 'brightwater', kind: 'installation', open: 20 },
    { slug: 'brightwater', kind: 'copy', open: 1 },
    { slug: 'clinique-saint-roch', kind: 'installation', open: 1 },
    { slug: 'clinique-saint-roch', kind: 'address', open: 1 },
  ])
  expect(
    await read('select sum(open)::int as open, sum(unlisted)::int as beyond from question_counts'),
  ).toEqual([{ open: 23, beyond: 3 }])
  const [town] = await read<{ id: string }>(`select id from organizations where slug = 'ville-de-morlanges'`)
  const id = town?.id ?? ''
  const none = { stopped: [], silent: [], more: false }
  expect(await asOrganization(id, (tx) => quietInstances(tx, id, now))).toEqual(none)
  expect(await asOrganization(id, (tx) => refusedWithinWeek(tx, id, now))).toBe(0)
})

test('some were refused, and each answer says to whom and why', async () => {
  const refused = await read(
    `select slug, code, sum(calls)::int as calls from checks c join organizations o on o.id = c.organization_id
     where code <> 'ok' group by slug, code order by slug, code`,
  )
  expect(refused).toEqual([
    { slug: 'brightwater', code: 'bound_elsewhere', calls: 23 },
    { slug: 'clinique-saint-roch', code: 'bound_elsewhere', calls: 1 },
    { slug: 'clinique-saint-roch', code: 'wrong_product', calls: 2 },
  ])
})

test('what is older than thirty days is counted by day, and nothing of it is kept one by one', async () => {
  const kept = keptSince(now).toISOString()
  const [history] = await read(
    `select (select count(*) > 100 from check_days) as counted, (select max(day) < '${kept}' from check_days) as before,
       (select min(at) >= '${kept}' and max(at) <= '${now.toISOString()}' from checks) as since,
       (select count(*) from checks c where c.at < (select min(created_at) from activations a where a.key_id = c.key_id
          and a.instance_id = c.instance_id)) as early`,
  )
  expect(history).toEqual({ counted: true, before: true, since: true, early: '0' })
})

test('a GLPI without a way to the portal has files, which a member fetched', async () => {
  const files = await read(
    `select label, issued_by_id is not null as fetched, works_until > '${now.toISOString()}' as works
     from offline_files f join instances i on i.id = f.instance_id`,
  )
  expect(files).toEqual(
    Array.from({ length: 2 }, () => ({ label: 'Social services', fetched: true, works: true })),
  )
})
