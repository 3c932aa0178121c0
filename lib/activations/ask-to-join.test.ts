import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { askToJoin, proofOf, readProof } from '@/lib/activations/ask-to-join'
import { diagnose } from '@/lib/activations/diagnosis'
import { sayDiagnosis } from '@/lib/activations/diagnosis-phrases'
import { revokeKey } from '@/lib/keys/revoke'
import { bySystem, type Fixture, makeOrganization, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
let acme: Fixture
let other: Fixture
let key: Awaited<ReturnType<typeof sold>>

beforeAll(async () => {
  acme = await makeCustomer('acme')
  other = await makeOrganization('globex')
  key = await sold(database, acme)
})

const asks = async (pasted: string, personId: string | null, isStaff = false) => {
  const asker = { from: randomUUID(), memberships: [], personId, isStaff }
  const { ask, lines } = sayDiagnosis(await diagnose({ pasted }, asker), { pasted }, 'en')
  return { ask, lines: lines.join(' ') }
}
/** As the page's form asks: by what the proof says is a repeat. */
const by = (personId: string, proof = '', { organizationId } = acme) => ({
  actor: { kind: 'person', personId } as const,
  organizationId,
  idempotencyKey: readProof(proof, personId, new Date())?.once ?? randomUUID(),
})
const mails = () =>
  rowsOf<{ payload: { memberId: string; shortId: string } }>(
    database,
    `select p.payload from graphile_worker._private_jobs p join graphile_worker._private_tasks t on t.id = p.task_id
     where t.identifier = 'mail.asked_to_join'`,
  )

test('who holds a whole good key and is signed in may ask its owners, once', async () => {
  const { ask } = await asks(key.key, other.people.viewer)
  expect(ask).toEqual({ text: 'Ask to join', proof: expect.any(String) })
  const proof = ask?.proof ?? ''
  expect(proof).not.toContain(key.key)
  await askToJoin(by(other.people.viewer, proof), { proof })
  const sent = await mails()
  expect(sent.map(({ payload }) => payload)).toMatchObject([
    { memberId: acme.people.owner, byPersonId: other.people.viewer, shortId: key.shortId },
  ])
  expect(JSON.stringify(sent)).not.toContain(key.key)
  const trail = await rowsOf(
    database,
    `select action, outcome from audit_entries where organization_id = $1 and action = 'member.ask_to_join'`,
    [acme.organizationId],
  )
  expect(trail).toEqual([{ action: 'member.ask_to_join', outcome: 'done' }])
  // A double click is one request; another form, or the page made anew, is another.
  await askToJoin(by(other.people.viewer, proof), { proof })
  const another = (await asks(key.key, other.people.viewer)).ask?.proof ?? ''
  await expect(askToJoin(by(other.people.viewer, another), { proof: another })).rejects.toMatchObject({
    code: 'too_many',
  })
  expect(await mails()).toHaveLength(1)
})

test('who is not signed in is asked to; staff, members and who has no good key are not', async () => {
  const out = await asks(key.key, null)
  expect(out.ask).toEqual({ text: 'Sign in to ask', href: '/sign-in?to=%2Fcheck' })
  expect(out.lines).toContain(
    'Is this key your organization’s? Its owners can invite you: sign in and ask them.',
  )
  expect((await asks(key.key, acme.people.owner, true)).ask).toBeNull()
  const revoked = await sold(database, acme)
  await revokeKey(bySystem(acme.organizationId), { keyId: revoked.keyId, reason: 'leaked' })
  for (const personId of [null, other.people.owner]) {
    const { ask, lines } = await asks(revoked.key, personId)
    expect(ask).toBeNull()
    expect(lines).toContain('Ask one of its owners to invite you')
  }
  expect((await asks('plugin', other.people.owner)).ask).toBeNull()
})

test('what was shown is good for who showed it, for its organization, and for half an hour', async () => {
  const at = new Date()
  const shown = { organizationId: acme.organizationId, id: key.keyId }
  const proof = proofOf(other.people.owner, shown, at)
  expect(readProof(proof, other.people.owner, at)).toEqual({
    organizationId: shown.organizationId,
    keyId: shown.id,
    once: expect.any(String),
  })
  expect(readProof(proof, other.people.billing, at)).toBeNull()
  expect(readProof(proof, other.people.owner, new Date(at.getTime() + 30 * 60_000))).toBeNull()
  for (const bad of ['', 'x', '1.x', `${proof.slice(0, -2)}xx`])
    expect(readProof(bad, other.people.owner, at)).toBeNull()
  await expect(askToJoin(by(other.people.billing), { proof })).rejects.toMatchObject({ code: 'not_found' })
  await expect(askToJoin(by(other.people.owner, '', other), { proof })).rejects.toMatchObject({
    code: 'not_found',
  })
  const own = proofOf(acme.people.viewer, shown, at)
  await expect(askToJoin(by(acme.people.viewer), { proof: own })).rejects.toMatchObject({
    code: 'already_member',
  })
})
