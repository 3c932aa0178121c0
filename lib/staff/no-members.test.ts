import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { By } from '@/lib/command'
import { DomainError } from '@/lib/errors'
import { openText } from '@/lib/keys/vault'
import { acceptInvitation } from '@/lib/organizations/accept'
import { addMember } from '@/lib/organizations/create'
import { inviteMember } from '@/lib/organizations/invite'
import { leaveOrganization } from '@/lib/organizations/remove'
import { addStaff } from '@/lib/staff/add'
import { assign, unassign } from '@/lib/staff/assign'
import { endStaff } from '@/lib/staff/end'
import {
  byMember,
  byStaff,
  bySystem,
  type Fixture,
  makeOrganization,
  makeStaff,
  onConnection,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase({ DATABASE_POOL_SIZE: '30' })
const system = { actor: { kind: 'system' } } as const
let own: Fixture
let other: Fixture
let people: Awaited<ReturnType<typeof makeStaff>>
let counter = 0

beforeAll(async () => {
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  people = await makeStaff(own)
})

const fresh = () => `somebody${++counter}@x.example`
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof DomainError) return error.code
      throw error
    },
  )
const asPerson = (personId: string, { organizationId } = own): By => ({
  actor: { kind: 'person', personId },
  organizationId,
})
const makeManager = async (email = fresh()) => {
  const { personId } = await addStaff(system, { email, role: 'account_manager' })
  await assign(bySystem(own.organizationId), { staffId: personId })
  return { personId, email }
}

/** Invites, and reads the token where only the mail has it. */
async function invited(by: By, email = fresh()) {
  const { invitationId } = await inviteMember(by, { email, role: 'owner' })
  const sealed = await onConnection(database.workerUrl, async (client) => {
    const { rows } = await client.query<{ payload: { sealed: string } }>(
      `select payload from graphile_worker._private_jobs where payload ->> 'invitationId' = $1`,
      [invitationId],
    )
    return rows[0]?.payload.sealed ?? ''
  })
  const [person] = await rowsOf<{ id: string }>(
    database,
    'update people set email_verified = now() where email = $1 returning id',
    [email],
  )
  return { email, token: openText(sealed, invitationId), id: person?.id ?? '' }
}

const isBoth = async (personId: string) =>
  (
    await rowsOf(
      database,
      'select from staff join memberships using (person_id) where person_id = $1 and ended_at is null',
      [personId],
    )
  ).length > 0
/** The addresses whose invitations were taken back, by whom, as the organization's own trail has it. */
const takenBack = ({ organizationId }: Fixture, by: string | null) =>
  rowsOf<{ email: string }>(
    database,
    `select details ->> 'email' as email from audit_entries where organization_id = $1
       and action = 'member.withdraw_invitation' and outcome = 'done' and person_id is not distinct from $2
     order by sequence`,
    [organizationId, by],
  ).then((rows) => rows.map(({ email }) => email))

test('nobody of the staff is invited to an organization, by themselves, by a colleague or by its owner', async () => {
  const email = 'manager@northwind.example'
  for (const by of [byStaff(people.manager, own), byStaff(people.admin, own), byMember(own, 'owner')])
    expect(await codeOf(inviteMember(by, { email, role: 'owner' }))).toBe('works_for_vendor')
  expect(await codeOf(addMember(bySystem(own.organizationId), { email, role: 'owner' }))).toBe(
    'works_for_vendor',
  )
  expect(await isBoth(people.manager)).toBe(false)
})

test('whoever is invited and made staff then joins by no invitation, also once they are no longer', async () => {
  const { email, token, id } = await invited(byMember(own, 'owner'))
  await addStaff(system, { email, role: 'account_manager' })
  expect(await codeOf(acceptInvitation(asPerson(id), { token }))).toBe('works_for_vendor')
  expect(await takenBack(own, null)).toContain(email)
  await endStaff(system, { staffId: id })
  expect(await codeOf(acceptInvitation(asPerson(id), { token }))).toBe('invitation_withdrawn')
  expect(await isBoth(id)).toBe(false)
})

test('who is a member is not made staff before they have left, and the refusal says where they belong', async () => {
  const email = fresh()
  const { personId } = await addMember(bySystem(own.organizationId), { email, role: 'technical' })
  await addMember(bySystem(other.organizationId), { email, role: 'viewer' })
  const add = () => addStaff(system, { email, role: 'account_manager' })
  await expect(add()).rejects.toMatchObject({
    code: 'staff_is_member',
    facts: { email, organizations: 'The people of acme, The people of globex' },
  })
  for (const { organizationId } of [own, other])
    await leaveOrganization({ actor: { kind: 'member', personId }, organizationId }, {})
  await add()
  expect(await isBoth(personId)).toBe(false)
})

test('of who joins and is made staff at the same moment one is refused, always', async () => {
  const seen = new Set<string>()
  for (let round = 0; round < 12; round++) {
    const { email, token, id } = await invited(bySystem(own.organizationId))
    const join = () => codeOf(acceptInvitation(asPerson(id), { token }))
    const hire = () => codeOf(addStaff(system, { email, role: 'account_manager' }))
    const outcomes = await Promise.all(round % 2 ? [hire(), join()] : [join(), hire()])
    expect(outcomes.filter((one) => one === 'done')).toHaveLength(1)
    for (const outcome of outcomes) seen.add(outcome)
    expect(await isBoth(id)).toBe(false)
  }
  console.log(`${[...seen].join(', ')}`)
})

test('what an account manager sent lets nobody in once they look after the organization no more', async () => {
  for (const end of [
    (staffId: string) => unassign(byStaff(people.admin, own), { staffId }),
    (staffId: string) =>
      endStaff(
        { actor: { kind: 'staff', personId: people.admin }, idempotencyKey: randomUUID() },
        { staffId },
      ),
  ]) {
    const { personId } = await makeManager()
    await assign(bySystem(other.organizationId), { staffId: personId })
    const kept = await invited(byStaff(people.manager, own))
    const sent = [await invited(byStaff(personId, own)), await invited(byStaff(personId, own))]
    await end(personId)
    for (const { id, token } of sent)
      expect(await codeOf(acceptInvitation(asPerson(id), { token }))).toBe('invitation_withdrawn')
    expect((await takenBack(own, people.admin)).slice(-2).sort()).toEqual(
      sent.map(({ email }) => email).sort(),
    )
    // A colleague's is the colleague's.
    expect(await codeOf(acceptInvitation(asPerson(kept.id), { token: kept.token }))).toBe('done')
  }
})

test('an account manager who is taken from one organization goes on inviting to the other', async () => {
  const { personId } = await makeManager()
  await assign(bySystem(other.organizationId), { staffId: personId })
  const { id, token } = await invited(byStaff(personId, other))
  await unassign(byStaff(people.admin, own), { staffId: personId })
  expect(await codeOf(acceptInvitation(asPerson(id, other), { token }))).toBe('done')
})

test('an admin needs no assignment: what they sent ends with the role, where they are not assigned', async () => {
  const email = fresh()
  const { personId } = await addStaff(system, { email, role: 'admin' })
  for (const where of [own, other]) await assign(bySystem(where.organizationId), { staffId: personId })
  const here = await invited(byStaff(personId, own))
  const there = await invited(byStaff(personId, other))
  await unassign(byStaff(people.admin, other), { staffId: personId })
  const open = await rowsOf(database, `select from invitations where email = $1 and withdrawn_at is null`, [
    there.email,
  ])
  expect(open).toHaveLength(1)
  await addStaff(system, { email, role: 'account_manager' })
  expect(await codeOf(acceptInvitation(asPerson(there.id, other), { token: there.token }))).toBe(
    'invitation_withdrawn',
  )
  expect(await takenBack(other, null)).toEqual([there.email])
  expect(await codeOf(acceptInvitation(asPerson(here.id), { token: here.token }))).toBe('done')
})
