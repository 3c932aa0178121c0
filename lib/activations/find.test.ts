import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  makeStaff,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { findNamed } from './find'

const database = await productDatabase()
let own: Fixture
let other: Fixture
let instanceId: string
let questionId: string
let keyId: string
let names: { key: string; instance: string }

const day = 86_400_000
const refusedAt = new Date('2026-11-22T07:00:00Z')
const soon = new Date(refusedAt.getTime() + 6 * day)

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  instanceId = await makeInstance(own)
  const forms = await productId(database, 'forms')
  ;({ keyId } = await startSubscription(bySystem(own.organizationId), { productId: forms, instanceId }))
  questionId = randomUUID()
  await rowsOf(
    database,
    `insert into questions (id, organization_id, key_id, kind, installation_id, refusal_code, first_at, last_at, calls)
     values ($1, $2, $3, 'installation', 'another', '7QF3X0', $4, $4, 1),
       (gen_random_uuid(), $2, $3, 'address', 'another', '7QF3X0', $4, $4, 1)`,
    [questionId, own.organizationId, keyId, refusedAt],
  )
  const [row] = await rowsOf<typeof names>(
    database,
    'select k.short_id as key, i.short_id as instance from keys k join instances i on i.id = k.instance_id where k.id = $1',
    [keyId],
  )
  if (!row) throw new Error('the key has an instance')
  names = row
})

const member = (...of: Fixture[]) => ({
  personId: own.people.viewer,
  isStaff: false,
  organizationIds: of.map(({ organizationId }) => organizationId),
})

test('a code as people type it leads a member to the question', async () => {
  for (const typed of ['7QF3X0', '7qf-3xo', ' 7qf 3x0 '])
    expect(await findNamed(member(other, own), typed, soon)).toBe(`/acme/questions/${questionId}`)
})

test('another’s, an unknown and one that is over are null alike', async () => {
  expect(await findNamed(member(other), '7QF3X0', soon)).toBe(null)
  expect(await findNamed(member(own), '7QF3X1', soon)).toBe(null)
  expect(await findNamed(member(own), 'no code at all', soon)).toBe(null)
  expect(await findNamed(member(own), '7QF3X0', new Date(refusedAt.getTime() + 7 * day))).toBe(null)
})

test('a short ID leads to its key, where it is asked what called with it, and else to where the key stands', async () => {
  expect(await findNamed(member(own), names.key, soon)).toBe(`/acme/keys/${keyId}`)
  await rowsOf(database, `update questions set answer = 'not_ours', answered_at = $1`, [soon])
  expect(await findNamed(member(own), names.key, soon)).toBe(`/acme/instances/${instanceId}#${names.key}`)
  await rowsOf(database, 'update questions set answer = null, answered_at = null')
})

test('a short ID leads to its key or instance', async () => {
  expect(await findNamed(member(own), names.instance, soon)).toBe(`/acme/instances/${instanceId}`)
  expect(await findNamed(member(other), names.key, soon)).toBe(null)
  expect(await findNamed(member(other), names.instance, soon)).toBe(null)
})

test('staff find it wherever it is, and who only says to be staff does not', async () => {
  const { unassigned } = await makeStaff(own)
  const seeker = { isStaff: true, organizationIds: [] }
  expect(await findNamed({ ...seeker, personId: unassigned }, '7QF3X0', soon)).toBe(
    `/acme/questions/${questionId}`,
  )
  expect(await findNamed({ ...seeker, personId: other.people.owner }, '7QF3X0', soon)).toBe(null)
})

test('who tries too often is refused, and who finds what they type is not', async () => {
  const seeker = { ...member(own), personId: own.people.billing }
  for (let turn = 0; turn < 35; turn++) expect(await findNamed(seeker, '7QF3X0', soon)).not.toBe(null)
  for (let turn = 0; turn < 30; turn++) expect(await findNamed(seeker, '7QF3X1', soon)).toBe(null)
  await expect(findNamed(seeker, '7QF3X0', soon)).rejects.toMatchObject({ code: 'too_many' })
})

test('a code opens what was refused, and nothing else that was asked', async () => {
  await rowsOf(
    database,
    `insert into questions (id, organization_id, key_id, kind, installation_id, refusal_code, first_at, last_at, calls)
     values (gen_random_uuid(), $1, $2, 'address', 'moving', '8ADDR0', $3, $3, 1),
       (gen_random_uuid(), $1, $2, 'copy', 'cloned', '8C0PY0', $3, $3, 1)`,
    [own.organizationId, keyId, refusedAt],
  )
  for (const code of ['8ADDR0', '8C0PY0']) expect(await findNamed(member(own), code, soon)).toBeNull()
})
