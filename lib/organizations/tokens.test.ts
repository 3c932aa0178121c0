import { randomUUID } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { pool } from '@/db/client'
import { asOrganization } from '@/db/scope'
import { type MemberRole, memberRoles } from '@/lib/access'
import { setClock } from '@/lib/clock'
import type { By } from '@/lib/command'
import { DomainError, InvalidInput } from '@/lib/errors'
import { generateKey } from '@/lib/keys/format'
import { tokenHash } from '@/lib/people/tokens'
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
import { changeRole } from './change-role'
import { addMember } from './create'
import { createToken } from './create-token'
import { leaveOrganization, removeMember } from './remove'
import { revokeToken } from './revoke-token'
import { mostTokens } from './rules'
import { tokenOwner } from './token'
import { listTokens } from './tokens'

const database = await productDatabase({ DATABASE_POOL_SIZE: '30' })
const day = 86_400_000
const asked = { name: 'Ansible', scopes: ['keys.read'], days: 30 }
let counter = 0

afterEach(() => {
  setClock(undefined)
  vi.restoreAllMocks()
})

const fresh = () => makeOrganization(`tokens-${++counter}`)
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  )
const fieldsOf = (work: Promise<unknown>) =>
  work.then(
    () => ({}),
    (error: unknown) => (error instanceof InvalidInput ? error.fields : String(error)),
  )
const rowsIn = ({ organizationId }: Fixture) =>
  rowsOf(database, 'select * from api_tokens where organization_id = $1 order by id', [organizationId])
const entriesOf = ({ organizationId }: Fixture) =>
  rowsOf<{ action: string; outcome: string; details: Record<string, unknown> }>(
    database,
    `select action, outcome, details - 'actorName' as details from audit_entries where organization_id = $1
     and (action like 'token.%' or action in ('member.remove', 'member.leave', 'member.change_role')) order by sequence`,
    [organizationId],
  )
const lastUse = async (own: Fixture) => (await rowsIn(own))[0]?.last_used_at
const moveClock = (milliseconds: number) => setClock(() => new Date(Date.now() + milliseconds))

test('a token is known at sight, names its organization and scopes, and is kept nowhere but as a hash', async () => {
  const own = await fresh()
  const both = { ...asked, scopes: ['offline_files.create', 'keys.read', 'keys.read'] }
  const { token, tokenId } = await createToken(byMember(own, 'technical'), both)
  expect(token).toMatch(/^lkt_[A-Za-z0-9_-]{43}$/)
  const scopes = ['keys.read', 'offline_files.create']
  expect(await tokenOwner(token)).toEqual({ organizationId: own.organizationId, tokenId, scopes })
  const [row] = await rowsIn(own)
  expect(row).toMatchObject({ name: 'Ansible', scopes, created_by_id: own.people.technical })
  expect(row?.token_hash).toEqual(tokenHash(token))
  const until = row?.expires_at.toISOString()
  const details = { name: 'Ansible', scopes: scopes.join(', '), until, lastFour: token.slice(-4) }
  expect(await entriesOf(own)).toEqual([{ action: 'token.create', outcome: 'done', details }])
  const kept = await rowsOf<{ text: string }>(
    database,
    `select api_tokens::text as text from api_tokens union all select command_runs::text from command_runs
     union all select audit_entries::text from audit_entries`,
  )
  const parts = [token, token.slice(4), token.slice(0, 20), Buffer.from(token).toString('hex')]
  expect(kept.length).toBeGreaterThan(5)
  for (const part of parts) expect(kept.filter(({ text }) => text.includes(part))).toEqual([])
})

test('what is no token, or nobody’s, names nobody; where it cannot be one nobody is asked', async () => {
  const own = await fresh()
  const { token } = await createToken(byMember(own, 'owner'), asked)
  const wrong = ['', token.slice(4), `${token}=`, ` ${token}`, token.toUpperCase()]
  const query = vi.spyOn(pool(), 'query')
  for (const text of [...wrong, `${token.slice(0, -1)}~`, `lkt_${'ä'.repeat(43)}`])
    expect({ text, owner: await tokenOwner(text) }).toEqual({ text, owner: null })
  expect(query).not.toHaveBeenCalled()
  expect(await tokenOwner(`lkt_${'a'.repeat(43)}`)).toBeNull()
  expect(query).toHaveBeenCalledOnce()
})

test('a token ends with the last day that it is for, in the organization’s time zone', async () => {
  setClock(() => new Date('2026-11-20T23:30:00Z'))
  const own = await fresh()
  const { token } = await createToken(byMember(own, 'owner'), asked)
  expect((await rowsIn(own))[0]?.expires_at).toEqual(new Date('2026-12-21T23:00:00Z'))
  setClock(() => new Date('2026-12-21T22:59:59.999Z'))
  expect(await tokenOwner(token)).not.toBeNull()
  setClock(() => new Date('2026-12-21T23:00:00Z'))
  expect(await tokenOwner(token)).toBeNull()
})

test('that a token is used is noted once an hour', async () => {
  const own = await fresh()
  const { token } = await createToken(byMember(own, 'owner'), asked)
  expect(await lastUse(own)).toBeNull()
  const opened = vi.spyOn(pool(), 'connect')
  const at = Date.now()
  const seen: (number | null)[] = []
  for (const minutes of [1, 60, 62, 100]) {
    setClock(() => new Date(at + minutes * 60_000))
    await tokenOwner(token)
    seen.push((await lastUse(own)).getTime() - at)
  }
  expect(seen).toEqual([1, 1, 62, 62].map((minutes) => minutes * 60_000))
  // One for each question, and one for each note.
  expect(opened).toHaveBeenCalledTimes(4 + 2)
})

test('a token that is used under a clock that is a moment behind works, and so does its revocation', async () => {
  const own = await fresh()
  const { token, tokenId } = await createToken(byMember(own, 'owner'), asked)
  moveClock(-5_000)
  expect(await tokenOwner(token)).toMatchObject({ tokenId })
  const [row] = await rowsIn(own)
  expect(row?.last_used_at).toEqual(row?.created_at)
  await revokeToken(byMember(own, 'owner'), { tokenId })
  expect(await tokenOwner(token)).toBeNull()
})

test('[F1] a form that is sent twenty times at once makes one token, and one answer shows it', async () => {
  const own = await fresh()
  const by = byMember(own, 'technical')
  const answers = await Promise.all(Array.from({ length: 20 }, () => codeOf(createToken(by, asked))))
  expect(answers.filter((code) => code === 'done')).toHaveLength(1)
  expect(answers.filter((code) => code === 'token_shown')).toHaveLength(19)
  expect(await rowsIn(own)).toHaveLength(1)
  expect(await entriesOf(own)).toHaveLength(1)
  console.log('[F1] 20 clicks, 1 token')
})

test('a form that is sent again shows its token no more, and never another’s', async () => {
  const own = await fresh()
  const by = byMember(own, 'owner')
  const { token } = await createToken(by, asked)
  expect(await codeOf(createToken(by, asked))).toBe('token_shown')
  expect(await tokenOwner(token)).not.toBeNull()
  expect(await codeOf(createToken(by, { ...asked, name: 'Other' }))).toBe('idempotency_key_reused')
  // The same key in another's hand, or for another organization, is another form.
  const other = await fresh()
  const { idempotencyKey = '' } = by
  const more = [
    createToken({ ...byMember(own, 'technical'), idempotencyKey }, asked),
    createToken({ ...byMember(other, 'owner'), idempotencyKey }, asked),
    createToken(byMember(own, 'owner'), asked),
  ]
  const tokens = (await Promise.all(more)).map((made) => made.token)
  expect(new Set([token, ...tokens]).size).toBe(4)
})

test('a form that comes back after its run was forgotten makes nothing and shows nothing', async () => {
  const own = await fresh()
  const by = byMember(own, 'owner')
  await createToken(by, asked)
  await rowsOf(database, `delete from command_runs where command = 'token.create'`)
  expect(await codeOf(createToken(by, asked))).toBe('idempotency_key_reused')
  expect(await rowsIn(own)).toHaveLength(1)
})

test('[C9] of thirty tokens that are made at once twenty are made; who revokes one, or lets it end, can make another', async () => {
  const own = await fresh()
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      codeOf(createToken(byMember(own, index % 2 ? 'owner' : 'technical'), asked)),
    ),
  )
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(mostTokens)
  expect(outcomes.filter((outcome) => outcome === 'tokens_full')).toHaveLength(10)
  expect(await rowsIn(own)).toHaveLength(mostTokens)
  const [first] = await rowsIn(own)
  await revokeToken(byMember(own, 'technical'), { tokenId: first?.id })
  expect(await codeOf(createToken(byMember(own, 'owner'), asked))).toBe('done')
  expect(await codeOf(createToken(byMember(own, 'owner'), asked))).toBe('tokens_full')
  moveClock(32 * day)
  expect(await codeOf(createToken(byMember(own, 'owner'), asked))).toBe('done')
  console.log(`[C9] 30 at once, ${mostTokens} tokens`)
})

test('what is asked for wrongly is said at its field', async () => {
  const own = await fresh()
  const wrong = (changes: object) => fieldsOf(createToken(byMember(own, 'owner'), { ...asked, ...changes }))
  expect(await wrong({ name: ' \u200b' })).toEqual({ name: 'required' })
  expect(await wrong({ name: 'a'.repeat(101) })).toEqual({ name: 'too_long' })
  expect(await wrong({ name: `of ${generateKey('trial')}` })).toEqual({ name: 'name_key' })
  expect(await wrong({ scopes: [] })).toEqual({ scopes: 'required' })
  expect(Object.keys((await wrong({ scopes: ['keys.reveal'] })) as object)).toEqual(['scopes.0'])
  for (const days of [1, 31, 400, Number.NaN]) expect(await wrong({ days })).toEqual({ days: 'required' })
  const { idempotencyKey: _, ...without } = byMember(own, 'owner')
  expect(await fieldsOf(createToken(without, asked))).toEqual({ idempotencyKey: 'required' })
  expect(await rowsIn(own)).toEqual([])
})

test('only owners and technical members make and revoke tokens, and what others try is recorded', async () => {
  const own = await fresh()
  const staff = await makeStaff(own)
  const askers: [string, By][] = [
    ...memberRoles.map((role): [MemberRole, By] => [role, byMember(own, role)]),
    ...Object.entries(staff).map(([role, id]): [string, By] => [role, byStaff(id, own)]),
    ['system', bySystem(own.organizationId)],
  ]
  const { tokenId } = await createToken(byMember(own, 'owner'), asked)
  for (const [who, by] of askers) {
    const allowed = who === 'owner' || who === 'technical' ? 'done' : 'forbidden'
    expect({ who, made: await codeOf(createToken(by, asked)) }).toEqual({ who, made: allowed })
    if (allowed === 'done') continue
    expect({ who, revoked: await codeOf(revokeToken(by, { tokenId })) }).toEqual({ who, revoked: allowed })
  }
  const refused = (await entriesOf(own)).filter(({ outcome }) => outcome === 'refused')
  expect(refused).toHaveLength(2 * (askers.length - 2))
  expect(await codeOf(revokeToken(byMember(own, 'technical'), { tokenId }))).toBe('done')
})

test('a revoked token gets in no more; revoked again it is left alone, and it is never found elsewhere', async () => {
  const [own, other] = [await fresh(), await fresh()]
  const { token, tokenId } = await createToken(byMember(own, 'owner'), asked)
  expect(await codeOf(revokeToken(byMember(other, 'owner'), { tokenId }))).toBe('not_found')
  expect(await codeOf(revokeToken(byMember(own, 'owner'), { tokenId: randomUUID() }))).toBe('not_found')
  expect(await tokenOwner(token)).not.toBeNull()
  for (const role of ['technical', 'owner'] as const) await revokeToken(byMember(own, role), { tokenId })
  expect(await tokenOwner(token)).toBeNull()
  expect((await rowsIn(own))[0]).toMatchObject({ revoked_by_id: own.people.technical })
  const revoked = (await entriesOf(own)).filter(
    ({ action, outcome }) => `${action} ${outcome}` === 'token.revoke done',
  )
  expect(revoked).toMatchObject([{ details: { name: 'Ansible', lastFour: token.slice(-4) } }])
})

test('the list shows those that work first, the newest of them first', async () => {
  const own = await fresh()
  const made: string[] = []
  for (const name of ['a', 'b', 'c', 'd'])
    made.push((await createToken(byMember(own, 'owner'), { ...asked, name })).tokenId)
  await revokeToken(byMember(own, 'owner'), { tokenId: made[3] ?? '' })
  const listed = (most: number) =>
    asOrganization(own.organizationId, (tx) => listTokens(tx, own.organizationId, most, new Date()))
  expect((await listed(50)).map(({ name }) => name)).toEqual(['c', 'b', 'a', 'd'])
  expect((await listed(50))[0]?.createdBy).toBe(`owner@${own.slug}.example`)
  expect(await listed(2)).toHaveLength(2)
})

const ways = {
  'who is removed': (own: Fixture, memberId: string) => removeMember(byMember(own, 'owner'), { memberId }),
  'who leaves': (own: Fixture, personId: string) =>
    leaveOrganization({ actor: { kind: 'member', personId }, organizationId: own.organizationId }, {}),
}

test.each(Object.entries(ways))(
  '[A12] the tokens of %s work no more, here alone, and the entry says how many; others’ go on',
  async (_who, end) => {
    const [own, elsewhere] = [await fresh(), await fresh()]
    const member = own.people.technical
    const email = `technical@${own.slug}.example`
    await addMember(bySystem(elsewhere.organizationId), { email, role: 'technical' })
    moveClock(-40 * day)
    const expired = await createToken(byMember(own, 'technical'), asked)
    setClock(undefined)
    const mine = [1, 2].map(() => createToken(byMember(own, 'technical'), asked))
    const revoked = await createToken(byMember(own, 'technical'), asked)
    await revokeToken(byMember(own, 'owner'), { tokenId: revoked.tokenId })
    const others = await createToken(byMember(own, 'owner'), asked)
    const there = await createToken(
      { ...byMember(elsewhere, 'owner'), actor: { kind: 'member', personId: member } },
      asked,
    )
    const tokens = await Promise.all(mine)
    await end(own, member)
    for (const { token } of tokens) expect(await tokenOwner(token)).toBeNull()
    for (const { token } of [others, there]) expect(await tokenOwner(token)).not.toBeNull()
    expect((await entriesOf(own)).at(-1)?.details).toMatchObject({ tokens: 2 })
    // What was over already was not revoked.
    expect((await rowsIn(own)).find(({ id }) => id === expired.tokenId)?.revoked_at).toBeNull()
    expect(await codeOf(createToken(byMember(own, 'technical'), asked))).toBe('not_found')
    console.log(`[A12] ${tokens.length} tokens, 0 successes`)
  },
)

test.each(['viewer', 'billing'] as const)(
  'the tokens of a member who is made %s end with the change, and the entry says how many',
  async (role) => {
    const own = await fresh()
    const memberId = own.people.technical
    const mine = await createToken(byMember(own, 'technical'), asked)
    const others = await createToken(byMember(own, 'owner'), asked)
    await changeRole(byMember(own, 'owner'), { memberId, role: 'owner' })
    expect(await tokenOwner(mine.token)).not.toBeNull()
    await changeRole(byMember(own, 'owner'), { memberId, role })
    expect(await tokenOwner(mine.token)).toBeNull()
    expect(await tokenOwner(others.token)).not.toBeNull()
    const changes = (await entriesOf(own)).filter(({ action }) => action === 'member.change_role')
    expect(changes.map(({ details }) => details.tokens)).toEqual([0, 1])
    expect((await rowsIn(own)).find(({ id }) => id === mine.tokenId)).toMatchObject({
      revoked_by_id: own.people.owner,
    })
  },
)

test('[A12] of the tokens that a member makes while they are removed none works after', async () => {
  let tries = 0
  for (let round = 0; round < 5; round++) {
    const own = await fresh()
    const made = Array.from({ length: 10 }, () =>
      createToken(byMember(own, 'technical'), asked).catch((error: unknown) => {
        if (error instanceof DomainError && error.code === 'not_found') return null
        throw error
      }),
    )
    await removeMember(byMember(own, 'owner'), { memberId: own.people.technical })
    const tokens = (await Promise.all(made)).flatMap((one) => one?.token ?? [])
    for (const token of tokens) expect(await tokenOwner(token)).toBeNull()
    tries += made.length
  }
  console.log(`[A12] ${tries} tokens asked for, 0 successes`)
})
