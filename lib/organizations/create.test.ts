import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { addMember, createOrganization } from '@/lib/organizations/create'
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
