import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { asOrganization, asStaff } from '@/db/scope'
import { newId } from '@/lib/ids'
import { countRequests } from '@/lib/staff/requests'
import {
  byMember,
  byStaff,
  bySystem,
  type Fixture,
  makeOrganization,
  makeStaff,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { patiently } from '@/sandbox/test/patiently'
import { at } from '@/sandbox/time'
import { answerJoin } from './answer-join'
import { addMember } from './create'
import { openJoinRequest } from './join'
import { withdrawRequest } from './reply'
import { countJoinRequests, joinRequests, joinRequestsOf } from './requests'

const database = await productDatabase({ DATABASE_POOL_SIZE: '30' })
let own: Fixture
let other: Fixture
let staff: Awaited<ReturnType<typeof makeStaff>>
let personId: string
let requestId: string

beforeAll(async () => {
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  staff = await makeStaff(own)
})

// Somebody new asks.
beforeEach(async () => {
  personId = newId()
  await rowsOf(database, `insert into people (id, email, created_at) values ($1, $2, now())`, [
    personId,
    `ann-${personId}@acme.example`,
  ])
  requestId = await ask()
})

const ask = () =>
  asOrganization(own.organizationId, (tx) =>
    openJoinRequest(tx, { organizationId: own.organizationId, personId, key: null, now: new Date() }),
  )
const roles = () =>
  rowsOf<{ role: string }>(
    database,
    'select role from memberships where organization_id = $1 and person_id = $2',
    [own.organizationId, personId],
  )
const jobs = async (name: string) =>
  (
    await rowsOf<{ run_at: Date }>(
      database,
      `select j.run_at from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
       where t.identifier = $1 and j.payload::text like $2`,
      [name, `%${requestId}%`],
    )
  ).map(({ run_at }) => run_at)
const approve = (by = byMember(own, 'owner'), role: 'technical' | 'viewer' = 'technical') =>
  answerJoin(by, { requestId, answer: 'approved', role })
const afterOwners = async <T>(work: () => Promise<T>): Promise<T> => {
  const [row] = await rowsOf<{ owners_until: Date }>(
    database,
    'select owners_until from requests where id = $1',
    [requestId],
  )
  if (!row) throw new Error('it was asked')
  return at(row.owners_until, work)
}

test('each owner is told by mail at once, the account managers when the owners’ days are over', async () => {
  const [until] = await rowsOf<{ owners_until: Date }>(
    database,
    'select owners_until from requests where id = $1',
    [requestId],
  )
  expect(await jobs('mail.asked_to_join')).toHaveLength(1)
  expect(await jobs('mail.request_asked')).toEqual([until?.owners_until])
  await expect(ask()).rejects.toMatchObject({ code: 'already_asked' })
})

test('an owner lets them in with a role, at once, and who asked is told', async () => {
  expect((await joinRequestsOf(personId, new Date())).map(({ state }) => state)).toEqual(['open'])
  await approve()
  expect(await roles()).toEqual([{ role: 'technical' }])
  expect(await jobs('mail.request_answered')).toHaveLength(1)
  expect((await joinRequestsOf(personId, new Date())).map(({ state }) => state)).toEqual(['approved'])
  await expect(approve()).rejects.toMatchObject({ code: 'request_closed' })
  await expect(ask()).rejects.toMatchObject({ code: 'already_member' })
})

test('who is declined is no member, reads why, and may ask again', async () => {
  const decline = (note?: string) =>
    answerJoin(byMember(own, 'owner'), { requestId, answer: 'declined', ...(note && { note }) })
  await expect(decline()).rejects.toMatchObject({ code: 'invalid_input', fields: { note: 'required' } })
  await decline('We do not know you.')
  expect(await roles()).toEqual([])
  const [asked] = await joinRequestsOf(personId, new Date())
  expect(asked).toMatchObject({ state: 'declined', answers: [{ note: 'We do not know you.' }] })
  expect(await ask()).not.toBe(requestId)
})

describe('who may answer', () => {
  test.each(['billing', 'technical', 'viewer'] as const)('not a %s', async (role) => {
    await expect(approve(byMember(own, role))).rejects.toMatchObject({ code: 'forbidden' })
    expect(await roles()).toEqual([])
  })

  test('the vendor’s staff, where they act, once the owners’ days are over; until then it is not counted for them', async () => {
    const count = () =>
      asStaff(staff.manager, (tx) =>
        countRequests(tx, { assignedTo: staff.manager, kind: 'join' }, new Date()),
      )
    const [before, by] = [await count(), () => byStaff(staff.manager, own)]
    await expect(approve(by())).rejects.toMatchObject({ code: 'owners_first' })
    await expect(approve(byStaff(staff.admin, own))).rejects.toMatchObject({ code: 'owners_first' })
    expect(before).toBe(0)
    await afterOwners(async () => {
      const later = await asStaff(staff.manager, (tx) =>
        countRequests(tx, { assignedTo: staff.manager, kind: 'join' }, new Date(Date.now() + 7 * 86_400_000)),
      )
      expect(later).toBeGreaterThan(0)
      await expect(approve(byStaff(staff.unassigned, own))).rejects.toMatchObject({ code: 'forbidden' })
      await approve(by(), 'viewer')
    })
    expect(await roles()).toEqual([{ role: 'viewer' }])
  })

  test('not an owner of another organization, who finds no such request', async () => {
    await expect(approve(byMember(other, 'owner'))).rejects.toMatchObject({ code: 'not_found' })
    expect(
      await asOrganization(other.organizationId, (tx) => joinRequests(tx, other.organizationId)),
    ).toEqual([])
  })
})

test('what was taken back lets nobody in', async () => {
  const open = () => asOrganization(own.organizationId, (tx) => countJoinRequests(tx, own.organizationId))
  const before = await open()
  const { organizationId } = own
  await withdrawRequest({ actor: { kind: 'person', personId }, organizationId }, { requestId })
  expect(await open()).toBe(before - 1)
  await expect(approve()).rejects.toMatchObject({ code: 'request_closed' })
  expect(await roles()).toEqual([])
})

test('who has become a member otherwise meanwhile stays what they are', async () => {
  await addMember(bySystem(own.organizationId), { email: `ann-${personId}@acme.example`, role: 'billing' })
  await approve()
  expect(await roles()).toEqual([{ role: 'billing' }])
})

test('who works for the vendor by now is not let in', async () => {
  await rowsOf(
    database,
    `insert into staff (person_id, role, added_at) values ($1, 'account_manager', now())`,
    [personId],
  )
  await expect(approve()).rejects.toMatchObject({ code: 'works_for_vendor' })
  expect(await roles()).toEqual([])
})

test('of ten answers at the same moment one counts', async () => {
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, (_, nth) =>
      patiently(() =>
        answerJoin(byMember(own, 'owner'), {
          requestId,
          answer: nth % 2 ? 'approved' : 'declined',
          note: 'Now.',
        }),
      ),
    ),
  )
  const done = answers.flatMap(({ status }, nth) => (status === 'fulfilled' ? [nth] : []))
  expect(done).toHaveLength(1)
  expect(await roles()).toEqual((done[0] ?? 0) % 2 ? [{ role: 'viewer' }] : [])
})
