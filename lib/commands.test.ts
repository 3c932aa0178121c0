import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import type { Permission } from '@/lib/access'
import { commands } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { addInstance } from '@/lib/instances/add'
import { addAddress, removeAddress } from '@/lib/instances/address'
import { editInstance } from '@/lib/instances/edit'
import { reinstateInstance, retireInstance } from '@/lib/instances/retire'
import { extendKey } from '@/lib/keys/extend'
import { issuePermanentKey } from '@/lib/keys/issue'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { revealKeys } from '@/lib/keys/reveal'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { acceptInvitation } from '@/lib/organizations/accept'
import { changeRole } from '@/lib/organizations/change-role'
import { addMember } from '@/lib/organizations/create'
import { inviteMember, withdrawInvitation } from '@/lib/organizations/invite'
import { leaveOrganization, removeMember } from '@/lib/organizations/remove'
import { tokenHash } from '@/lib/people/tokens'
import { assign, unassign } from '@/lib/staff/assign'
import { recordVisit } from '@/lib/staff/visit'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import {
  byMember,
  bySystem,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'

// A switch of the tests alone: from then on each command runs where no policy stands in the way.
let withPolicies = true
vi.mock('@/db/scope', async (original) => {
  const real = await original<typeof import('@/db/scope')>()
  const asOrganization = (organizationId: string, work: (tx: never) => Promise<unknown>) =>
    // what differs at run time is what the policies let through
    withPolicies ? real.asOrganization(organizationId, work as never) : real.asSystem('a test', work as never)
  return { ...real, asOrganization }
})

const database = await productDatabase()
let own: Fixture
let other: Fixture
let theirs: Awaited<ReturnType<typeof fillOrganization>> & { addressId: string; invitationId: string }
let ours: string
let products: Record<'forms' | 'branding' | 'legacy', string>

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  const filled = await fillOrganization(database, other)
  const [rest] = await rowsOf<{ addressId: string; invitationId: string }>(
    database,
    `select (select id from instance_addresses where organization_id = $1 and ordinal > 0) as "addressId",
       (select id from invitations where organization_id = $1) as "invitationId"`,
    [other.organizationId],
  )
  if (!rest) throw new Error('the fixture has neither')
  theirs = { ...filled, ...rest }
  // As if its mail had been read: the link itself is nowhere else.
  await rowsOf(database, 'update invitations set token_hash = $1 where id = $2', [
    tokenHash('a link'),
    rest.invitationId,
  ])
  ours = await makeInstance(own)
  products = {
    forms: await productId(database, 'forms'),
    branding: await productId(database, 'branding'),
    legacy: await productId(database, 'legacy'),
  }
})

const system = () => bySystem(own.organizationId)
const owner = () => byMember(own, 'owner')
const described = { label: 'Ours', environment: 'production' as const }

/**
 * Each command of an organization, asked in the own one for each thing of another organization's that it can be asked
 * for; those of `takesNothing` can name nothing that another one has.
 */
const foreign: Partial<Record<Permission, (() => Promise<unknown>)[]>> = {
  'instance.add': [
    () =>
      addInstance(owner(), {
        label: 'Copy',
        environment: 'test',
        url: 'https://copy.x.example',
        testOfId: theirs.instanceId,
      }),
  ],
  'instance.edit': [
    () => editInstance(owner(), { ...described, instanceId: theirs.instanceId }),
    () =>
      editInstance(owner(), {
        label: 'Ours',
        environment: 'test',
        instanceId: ours,
        testOfId: theirs.instanceId,
      }),
  ],
  'instance.retire': [() => retireInstance(owner(), theirs)],
  'instance.reinstate': [() => reinstateInstance(owner(), theirs)],
  'address.add': [
    () => addAddress(owner(), { instanceId: theirs.instanceId, url: 'https://more.x.example' }),
  ],
  'address.remove': [
    () => removeAddress(owner(), theirs),
    () => removeAddress(owner(), { instanceId: ours, addressId: theirs.addressId }),
  ],
  'key.reveal': [() => revealKeys(owner(), { keyIds: [theirs.renewedKeyId], how: 'shown' })],
  'key.note_seen': [() => noteKeySeen(owner(), theirs)],
  'key.issue': [
    () => issuePermanentKey(system(), { productId: products.legacy, instanceId: theirs.instanceId }),
  ],
  'key.revoke': [() => revokeKey(system(), { keyId: theirs.keyId, reason: 'requested' })],
  'key.restore': [() => restoreKey(system(), { keyId: theirs.permanentKeyId })],
  'key.extend': [
    () =>
      extendKey(system(), {
        keyId: theirs.keyId,
        until: new Date(Date.now() + 2_000 * 86_400_000),
        reason: 'Why not.',
      }),
  ],
  'subscription.start': [
    () => startSubscription(system(), { productId: products.forms, instanceId: theirs.instanceId }),
  ],
  'subscription.renew': [() => renewSubscription(system(), { subscriptionId: theirs.subscriptionId })],
  'trial.start': [
    () => startTrial(system(), { productId: products.branding, instanceId: theirs.instanceId }),
  ],
  'member.change_role': [
    () => changeRole(owner(), { memberId: other.people.viewer, role: 'billing' }),
    // The only owner of one organization is none of another.
    () => changeRole(owner(), { memberId: other.people.owner, role: 'billing' }),
  ],
  'member.remove': [() => removeMember(owner(), { memberId: other.people.viewer })],
  'member.leave': [
    () => leaveOrganization({ ...owner(), actor: { kind: 'member', personId: other.people.viewer } }, {}),
  ],
  'member.withdraw_invitation': [() => withdrawInvitation(owner(), theirs)],
  'invitation.accept': [
    () =>
      acceptInvitation(
        { ...owner(), actor: { kind: 'person', personId: other.people.viewer } },
        { token: 'a link' },
      ),
  ],
}
const takesNothing: Partial<Record<Permission, unknown>> = {
  'member.add': addMember,
  'member.invite': inviteMember,
  // One of the staff is nobody's, and what they are assigned to is the organization at hand.
  'assignment.add': assign,
  'assignment.remove': unassign,
  'organization.visit': recordVisit,
}
/** The sources of lib that define commands, and the names of those of an organization. */
function inSources() {
  const files = globSync('*/*.ts', { cwd: import.meta.dirname, exclude: ['**/*.test.ts'] })
    .map((file) => ({ file, text: readFileSync(path.join(import.meta.dirname, file), 'utf8') }))
    .map(({ file, text }) => ({
      file,
      names: [...text.matchAll(/ = command\(\s*'([\w.]+)'/g)].map(([, name = '']) => name),
      defines: / = (command|vendorCommand)\(/.test(text),
    }))
  return {
    names: files.flatMap(({ names }) => names),
    files: files.filter(({ defines }) => defines).map(({ file }) => file),
  }
}

/** A digest of all that an organization has, its trail included. */
async function rowsIn({ organizationId }: Fixture): Promise<string> {
  const tables = await rowsOf<{ name: string }>(
    database,
    `select table_name as name from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and column_name = 'organization_id' and table_type = 'BASE TABLE' order by 1`,
  )
  const digests = tables.map(
    ({ name }) =>
      `(select '${name} ' || count(*) || md5(coalesce(string_agg(r::text, ',' order by r::text), '')) from ${name} r where organization_id = $1)`,
  )
  const [row] = await rowsOf<{ digest: string }>(
    database,
    `select concat_ws(', ', ${digests.join(', ')}) as digest`,
    [organizationId],
  )
  return row?.digest ?? ''
}

test('[Z5] each command of an organization is asked below for what another one has', () => {
  const asked = [...Object.keys(foreign), ...Object.keys(takesNothing)]
  expect(asked.sort()).toEqual(inSources().names.sort())
  expect(asked.length).toBeGreaterThan(20)
  console.log(`[Z5] ${asked.length} commands are known`)
})

test.each([true, false])(
  '[Z5] no command finds another organization’s row, with the policies in force: %s',
  async (policies) => {
    const before = await rowsIn(other)
    withPolicies = policies
    let trials = 0
    const wrong: string[] = []
    try {
      for (const [name, calls] of Object.entries(foreign)) {
        for (const [index, call] of calls.entries()) {
          const answer = await call().then(
            () => 'done',
            (error: unknown) => (error instanceof NotFound ? 'not found' : String(error)),
          )
          if (answer !== 'not found') wrong.push(`${name}, ${index}: ${answer}`)
          trials++
        }
      }
    } finally {
      withPolicies = true
    }
    expect(wrong).toEqual([])
    expect(await rowsIn(other)).toBe(before)
    console.log(`[Z5] ${trials} commands`)
  },
)

test('[Z5] in the organization that has them, the same are found', async () => {
  const found = await revealKeys(byMember(other, 'owner'), { keyIds: [theirs.renewedKeyId], how: 'shown' })
  expect(found.map(({ id }) => id)).toEqual([theirs.renewedKeyId])
  console.log(`[Z5] ${found.length} key`)
})

test('what creates something is done once per idempotency key', async () => {
  for (const file of inSources().files) await import(path.join(import.meta.dirname, file))
  const once = [...commands].filter(([, command]) => command.once).map(([name]) => name)
  // The others change or end what there is: done twice they find it done.
  expect(once.sort()).toEqual([
    'account.request_email',
    'address.add',
    'instance.add',
    'key.extend',
    'key.issue',
    'member.add',
    'member.invite',
    'organization.create',
    'organization.visit',
    'subscription.renew',
    'subscription.start',
    'trial.start',
  ])
  expect(commands.size).toBeGreaterThan(25)
})
