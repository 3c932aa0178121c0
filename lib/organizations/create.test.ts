import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { addStaff } from '@/lib/staff/add'
import {
  byMember,
  bySystem,
  type Fixture,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase({ DATABASE_POOL_SIZE: '50' })
let own: Fixture
let other: Fixture

beforeAll(async () => {
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
})

const create = (slug: string, timeZone = 'Europe/Paris') =>
  createOrganization(
    { actor: { kind: 'system' }, idempotencyKey: randomUUID() },
    { name: 'Made up', slug, timeZone },
  )

test('who cannot be invited with an organization keeps it from being made', async () => {
  const by = { actor: { kind: 'system' }, idempotencyKey: randomUUID() } as const
  await addStaff(by, { email: 'ours@northwind.example', role: 'account_manager' })
  const made = (email: string) =>
    createOrganization(
      { ...by, idempotencyKey: randomUUID() },
      { name: 'Made up', slug: 'half', timeZone: 'Europe/Paris', email },
    )
  await expect(made('Ours@Northwind.example')).rejects.toMatchObject({ code: 'works_for_vendor' })
  await expect(made('no address')).rejects.toMatchObject({ code: 'invalid_input' })
  expect(await rowsOf(database, `select from organizations where slug = 'half'`)).toEqual([])
  await made('new@customer.example')
})

test('one address claimed by 50 organizations at once is that of one', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => create('race')))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const one of outcomes) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'slug_taken' })
  }
})

test("the portal's own names and malformed ones are refused as a field, and a time zone must exist", async () => {
  for (const slug of ['sign-in', 'api', '-x', 'a b', '']) {
    await expect(create(slug), slug).rejects.toMatchObject({
      fields: { slug: expect.stringMatching(/^slug_/) },
    })
  }
  await expect(create('fine', 'Europe/Atlantis')).rejects.toMatchObject({ fields: { timeZone: 'time_zone' } })
})

test('a person is one row in however many organizations, whatever the case of the address', async () => {
  const { personId } = await addMember(bySystem(own.organizationId), {
    email: 'Both@x.example',
    role: 'viewer',
  })
  const again = await addMember(bySystem(other.organizationId), { email: 'both@X.example', role: 'owner' })
  expect(again.personId).toBe(personId)
  const same = addMember(bySystem(own.organizationId), { email: 'both@x.example', role: 'owner' })
  await expect(same).rejects.toMatchObject({ code: 'already_member' })
  const roles = await rowsOf(database, 'select role from memberships where person_id = $1 order by role', [
    personId,
  ])
  expect(roles).toEqual([{ role: 'owner' }, { role: 'viewer' }])
})

test('the same person added 50 times at once is one member', async () => {
  const add = () => addMember(bySystem(own.organizationId), { email: 'once@x.example', role: 'viewer' })
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, add))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const one of outcomes) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'already_member' })
  }
})

test('no member adds members yet, not even an owner', async () => {
  const call = addMember(byMember(own, 'owner'), { email: 'new@x.example', role: 'owner' })
  await expect(call).rejects.toMatchObject({ code: 'forbidden' })
})

test('[B6] names of organizations and people are kept on one line, without what turns the direction', async () => {
  const names = [
    ['\u202Egnp.exe \u2066 left \u2069 right', 'gnp.exe  left  right'],
    ['A\r\nBcc: b@x.example', 'A Bcc: b@x.example'],
    ['\u200B Ville \u2028', 'Ville'],
  ] as const
  for (const [index, [typed, kept]] of names.entries()) {
    const { organizationId } = await createOrganization(
      { actor: { kind: 'system' }, idempotencyKey: randomUUID() },
      { name: typed, slug: `one-line-${index}`, timeZone: 'Europe/Paris' },
    )
    const email = `line-${index}@x.example`
    const { personId } = await addMember(bySystem(organizationId), { email, name: typed, role: 'viewer' })
    const rows = await rowsOf(
      database,
      'select o.name as organization, p.name as person from organizations o, people p where o.id = $1 and p.id = $2',
      [organizationId, personId],
    )
    expect(rows).toEqual([{ organization: kept, person: kept }])
  }
  const nothing = { name: '\u200B\u202E', slug: 'nothing', timeZone: 'Europe/Paris' }
  const created = createOrganization({ actor: { kind: 'system' }, idempotencyKey: randomUUID() }, nothing)
  await expect(created).rejects.toMatchObject({ fields: { name: 'required' } })
  console.log(`[B6] ${2 * names.length + 1} names`)
})
