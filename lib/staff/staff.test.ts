import { randomUUID } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import { keys } from '@/db/schema/keys'
import { organizations } from '@/db/schema/organizations'
import { people as accounts } from '@/db/schema/people'
import { asOrganization, asStaff } from '@/db/scope'
import { addInstance } from '@/lib/instances/add'
import { revealKeys } from '@/lib/keys/reveal'
import { createOrganization } from '@/lib/organizations/create'
import { addStaff } from '@/lib/staff/add'
import { assign, unassign } from '@/lib/staff/assign'
import { endStaff } from '@/lib/staff/end'
import { accountManagersOf, staffWithAssignments } from '@/lib/staff/queries'
import { organizationFor, recordVisit } from '@/lib/staff/visit'
import {
  byMember,
  byStaff,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeOrganization,
  makeStaff,
  onConnection,
  productDatabase,
  rowsOf,
  somebodyWaits,
} from '@/sandbox/test/fixture'
import { at } from '@/sandbox/time'

const database = await productDatabase({ DATABASE_POOL_SIZE: '50' })
const system = { actor: { kind: 'system' } } as const
let own: Fixture
let other: Fixture
let people: Awaited<ReturnType<typeof makeStaff>>
let keyId: string

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  keyId = (await fillOrganization(database, own)).keyId
  people = await makeStaff(own)
})

const entries = (organizationId: string | null, action: string) =>
  rowsOf<{ actor: string; outcome: string; person_id: string; details: Record<string, unknown> }>(
    database,
    `select actor, outcome, person_id, details from audit_entries
     where organization_id is not distinct from $1 and action = $2 order by sequence`,
    [organizationId, action],
  )
const instanceOf = (by: ReturnType<typeof byStaff>) =>
  addInstance(by, {
    label: 'Added',
    url: `https://${randomUUID()}.example`,
    environment: 'production',
  })

test('staff see the rows of every organization and write none, also where row security is not asked', async () => {
  for (const personId of Object.values(people)) {
    const seen = await asStaff(personId, (tx) => tx.select().from(organizations))
    expect(seen.map(({ slug }) => slug).sort()).toEqual(['acme', 'globex'])
    expect((await asStaff(personId, (tx) => tx.select().from(keys))).length).toBeGreaterThan(0)
    for (const statement of [
      `update organizations set name = 'Mine'`,
      `update people set name = 'Mine'`,
      'delete from sessions',
      `insert into assignments values ('${other.organizationId}', '${personId}', now())`,
    ])
      await expect(asStaff(personId, (tx) => tx.execute(sql.raw(statement)))).rejects.toMatchObject({
        // A transaction that only reads; to who reads it, as when all of the database does.
        code: 'unavailable',
      })
  }
})

test('who is no staff, or no longer, sees nothing in the scope of staff', async () => {
  const { personId } = await addStaff(system, { email: 'gone@northwind.example', role: 'admin' })
  await endStaff(system, { staffId: personId })
  for (const nobody of [personId, own.people.owner, randomUUID()])
    expect(await asStaff(nobody, (tx) => tx.select().from(organizations))).toEqual([])
  expect(() => asStaff(`' or true --`, async () => {})).toThrow('must be a lower-case UUID')
})

test('[Z1] staff act where they are assigned, admins everywhere, and nobody else who says so', async () => {
  for (const [who, where, done] of [
    ['manager', own, true],
    ['manager', other, false],
    ['unassigned', own, false],
    ['admin', own, true],
    ['admin', other, true],
  ] as const) {
    const act = instanceOf(byStaff(people[who], where))
    if (done) await expect(act).resolves.toMatchObject({ instanceId: expect.any(String) })
    else await expect(act).rejects.toMatchObject({ code: 'forbidden', facts: { role: 'staff' } })
  }
  console.log('[Z1] 5 askers')
  const added = await entries(own.organizationId, 'instance.add')
  expect(added.filter(({ actor }) => actor === 'staff')).toMatchObject([
    { outcome: 'done', person_id: people.manager },
    { outcome: 'refused', person_id: people.unassigned, details: { because: 'forbidden' } },
    { outcome: 'done', person_id: people.admin },
  ])
  // A member who claims to be staff, and a member's claim by staff.
  const claims = [
    byStaff(own.people.owner, own),
    { ...byMember(own, 'owner'), actor: member(people.manager) },
  ]
  for (const by of claims) await expect(instanceOf(by)).rejects.toMatchObject({ code: 'not_found' })
  const unknown = { ...byStaff(people.admin, own), organizationId: randomUUID() }
  await expect(instanceOf(unknown)).rejects.toMatchObject({ code: 'not_found' })
  expect((await entries(null, 'instance.add')).map(({ details }) => details.because)).toEqual([
    'not_found',
    'not_found',
    'not_found',
  ])
})
const member = (personId: string) => ({ kind: 'member', personId }) as const

test('what staff do under one idempotency key happens once', async () => {
  const by = byStaff(people.manager, own)
  const input = { label: 'Once', url: 'https://once.example', environment: 'production' } as const
  expect(await addInstance(by, input)).toEqual(await addInstance(by, input))
})

test('an admin assigns and takes away, which the members read, and counts at the next request', async () => {
  const { personId } = await addStaff(system, {
    email: 'tom@northwind.example',
    name: 'Tom Berg',
    role: 'account_manager',
  })
  const before = await entries(other.organizationId, 'assignment.add')
  for (const who of ['manager', 'unassigned'] as const)
    await expect(assign(byStaff(people[who], other), { staffId: personId })).rejects.toMatchObject({
      code: 'forbidden',
    })
  await Promise.all(
    Array.from({ length: 20 }, () => assign(byStaff(people.admin, other), { staffId: personId })),
  )
  expect(
    await entries(other.organizationId, 'assignment.add').then((all) => all.slice(before.length + 2)),
  ).toMatchObject([
    { actor: 'staff', person_id: people.admin, outcome: 'done', details: { name: 'Tom Berg' } },
  ])
  await instanceOf(byStaff(personId, other))
  await unassign(byStaff(people.admin, other), { staffId: personId })
  await unassign(byStaff(people.admin, other), { staffId: personId })
  expect(await entries(other.organizationId, 'assignment.remove')).toHaveLength(1)
  await expect(instanceOf(byStaff(personId, other))).rejects.toMatchObject({ code: 'forbidden' })
  for (const staffId of [own.people.owner, randomUUID()])
    await expect(assign(byStaff(people.admin, other), { staffId })).rejects.toMatchObject({
      code: 'not_found',
    })
})

test('whoever was looked after by somebody who is ended reads that they no longer are', async () => {
  const { personId } = await addStaff(system, {
    email: 'ina@northwind.example',
    name: 'Ina Holm',
    role: 'account_manager',
  })
  for (const { organizationId } of [own, other])
    await assign(byStaff(people.admin, { organizationId }), { staffId: personId })
  await endStaff({ actor: { kind: 'staff', personId: people.admin } }, { staffId: personId })
  for (const { organizationId } of [own, other]) {
    const [last] = (await entries(organizationId, 'assignment.remove')).slice(-1)
    expect(last).toMatchObject({ actor: 'staff', person_id: people.admin, details: { name: 'Ina Holm' } })
  }
})

test('[C8] who is taken away, or ended, while they work has either finished or not begun', async () => {
  const rounds = process.env.STRESS ? 200 : 5
  console.log(`[C8] ${rounds} rounds`)
  for (let round = 0; round < rounds; round++) {
    const { personId } = await addStaff(system, {
      email: `work${round}@northwind.example`,
      role: 'account_manager',
    })
    await assign(byStaff(people.admin, own), { staffId: personId })
    const work = () => Array.from({ length: 12 }, () => instanceOf(byStaff(personId, own)))
    const outcomes = await Promise.allSettled([
      ...work(),
      round % 2
        ? endStaff(system, { staffId: personId })
        : unassign(byStaff(people.admin, own), { staffId: personId }),
      ...work(),
    ])
    expect(outcomes[12]?.status).toBe('fulfilled')
    // The trail has its entries in the order of the commits.
    const trail = await rowsOf<{ action: string; sequence: number }>(
      database,
      `select action, sequence::int from audit_entries where organization_id = $1 and outcome = 'done'
         and (person_id = $2 or (action = 'assignment.remove' and details ->> 'staff' = $3))`,
      [own.organizationId, personId, personId],
    )
    const removed = trail.find(({ action }) => action === 'assignment.remove')?.sequence ?? Infinity
    expect(trail.filter(({ sequence }) => sequence > removed)).toEqual([])
    await expect(instanceOf(byStaff(personId, own))).rejects.toMatchObject({
      name: expect.stringMatching(/Forbidden|NotFound/),
    })
  }
})

test('[C8] an admin who is made an account manager while they work has finished before that is done', async () => {
  const email = 'less@northwind.example'
  const { personId } = await addStaff(system, { email, role: 'admin' })
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    // What is under way has everything but its place in the trail.
    await client.query('select from audit_heads where organization_id = $1 for update', [
      other.organizationId,
    ])
    const work = instanceOf(byStaff(personId, other))
    await somebodyWaits(client)
    let isLess = false
    const less = addStaff(system, { email, role: 'account_manager' }).then(() => {
      isLess = true
    })
    await somebodyWaits(client, 2)
    expect(isLess).toBe(false)
    await client.query('rollback')
    await Promise.all([work, less])
  })
  await expect(instanceOf(byStaff(personId, other))).rejects.toMatchObject({ code: 'forbidden' })
  console.log('[C8] 1 admin')
})

test('adding staff is idempotent, keeps a known person’s name, and gives another role where it is asked', async () => {
  const added = await addStaff(system, {
    email: ' Ada@Northwind.example ',
    name: 'Ada',
    role: 'account_manager',
  })
  expect(added.changed).toBe(true)
  expect(await addStaff(system, { email: 'ada@northwind.example', role: 'account_manager' })).toEqual({
    ...added,
    changed: false,
  })
  expect(await addStaff(system, { email: 'ada@northwind.example', name: 'Else', role: 'admin' })).toEqual(
    added,
  )
  const all = await asStaff(people.admin, staffWithAssignments)
  expect(all.find(({ id }) => id === added.personId)).toMatchObject({
    name: 'Ada',
    role: 'admin',
    organizations: [],
  })
  await endStaff(byVendor(people.admin), { staffId: added.personId })
  await expect(endStaff(byVendor(people.admin), { staffId: added.personId })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect(await addStaff(system, { email: 'ada@northwind.example', role: 'account_manager' })).toEqual(added)
})
const byVendor = (personId: string) =>
  ({ actor: { kind: 'staff', personId }, idempotencyKey: randomUUID() }) as const

test('only an admin adds and ends staff, and never themselves', async () => {
  for (const who of ['manager', 'unassigned'] as const) {
    await expect(
      addStaff(byVendor(people[who]), { email: 'x@northwind.example', role: 'admin' }),
    ).rejects.toMatchObject({
      code: 'forbidden',
    })
    await expect(endStaff(byVendor(people[who]), { staffId: people.admin })).rejects.toMatchObject({
      code: 'forbidden',
    })
  }
  await expect(endStaff(byVendor(people.admin), { staffId: people.admin })).rejects.toMatchObject({
    code: 'staff_self',
  })
  await expect(
    addStaff(byVendor(people.admin), { email: 'admin@northwind.example', role: 'account_manager' }),
  ).rejects.toMatchObject({ code: 'staff_self' })
  await expect(
    addStaff(byVendor(own.people.owner), { email: 'x@northwind.example', role: 'admin' }),
  ).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(addStaff(system, { email: 'no address', role: 'admin' })).rejects.toMatchObject({
    code: 'invalid_input',
  })
})

test('an account manager who makes an organization is assigned to it', async () => {
  const made = await createOrganization(byVendor(people.unassigned), {
    name: 'New',
    slug: 'brand-new',
    timeZone: 'Europe/Paris',
  })
  expect(await organizationFor(people.unassigned, 'brand-new')).toMatchObject({
    role: 'manager',
    name: 'New',
  })
  // Its members read who it is.
  const assigned = { name: expect.stringMatching(/./), staff: people.unassigned }
  expect(await entries(made.organizationId, 'assignment.add')).toMatchObject([
    { actor: 'staff', person_id: people.unassigned, details: assigned },
  ])
  expect(await organizationFor(people.manager, 'brand-new')).toMatchObject({
    role: 'staff',
    organizationId: made.organizationId,
  })
  expect(await organizationFor(people.admin, 'brand-new')).toMatchObject({ role: 'admin' })
  expect(await organizationFor(own.people.owner, 'brand-new')).toBeNull()
  expect(await organizationFor(people.admin, 'no-such-name')).toBeNull()
  await expect(
    createOrganization(byVendor(own.people.owner), {
      name: 'No',
      slug: 'not-mine',
      timeZone: 'Europe/Paris',
    }),
  ).rejects.toMatchObject({ code: 'not_found' })
})

test('looking at an organization is recorded once in an hour and person, however many pages load at once', async () => {
  const { unassigned, admin } = people
  await Promise.all(Array.from({ length: 30 }, () => recordVisit(unassigned, own.organizationId)))
  await recordVisit(admin, own.organizationId)
  expect(await entries(own.organizationId, 'organization.visit')).toMatchObject([
    { actor: 'staff', outcome: 'done', person_id: unassigned },
    { actor: 'staff', outcome: 'done', person_id: admin },
  ])
  await expect(recordVisit(own.people.owner, own.organizationId)).rejects.toMatchObject({ code: 'not_found' })
})

test('in the next hour looking at it is recorded again, and not before', async () => {
  const hour = 3_600_000
  const ten = Math.ceil(Date.now() / (24 * hour)) * 24 * hour + 10 * hour
  const recorded: number[] = []
  for (const moment of [ten, ten + hour - 1, ten + hour, ten + 2 * hour - 1]) {
    await at(new Date(moment), () => recordVisit(people.unassigned, other.organizationId))
    recorded.push((await entries(other.organizationId, 'organization.visit')).length)
  }
  expect(recorded).toEqual([1, 1, 2, 2])
})

test('looking at two organizations within one hour is recorded in both', async () => {
  const both = [own, other]
  const visits = () =>
    Promise.all(
      both.map(async ({ organizationId }) => (await entries(organizationId, 'organization.visit')).length),
    )
  const before = await visits()
  // An hour in which nobody has looked yet.
  await at(new Date(Date.now() + 30 * 86_400_000), async () => {
    for (const { organizationId } of both) await recordVisit(people.manager, organizationId)
  })
  expect(await visits()).toEqual(before.map((count) => count + 1))
})

test('[A14] revealing without assignment: none succeeds', async () => {
  const reveal = (personId: string) => revealKeys(byStaff(personId, own), { keyIds: [keyId], how: 'shown' })
  await expect(reveal(people.unassigned)).rejects.toMatchObject({ code: 'forbidden' })
  expect(await reveal(people.manager)).toHaveLength(1)
  const seen = await entries(own.organizationId, 'key.reveal')
  expect(seen.map(({ outcome, person_id }) => ({ outcome, person_id }))).toEqual([
    { outcome: 'refused', person_id: people.unassigned },
    { outcome: 'done', person_id: people.manager },
  ])
  console.log('[A14] 1 key, shown to an assigned and to no other account manager')
})

test('an organization’s account managers are those who are assigned, and still there', async () => {
  const { organizationId } = own
  const names = () => asOrganization(organizationId, (tx) => accountManagersOf(tx, organizationId))
  expect(await names()).toEqual(['of-acme@northwind.example', 'Manager of Northwind'])
  const [found] = await asStaff(people.admin, (tx) =>
    tx.select().from(accounts).where(eq(accounts.email, 'of-acme@northwind.example')),
  )
  await endStaff(system, { staffId: found?.id ?? '' })
  expect(await names()).toEqual(['Manager of Northwind'])
})
