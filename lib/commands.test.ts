import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import { commands } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { removeAddress } from '@/lib/instances/address'
import { editInstance } from '@/lib/instances/edit'
import { revealKeys } from '@/lib/keys/reveal'
import { changeRole } from '@/lib/organizations/change-role'
import {
  byMember,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { orders, type Things, thingsOf } from '@/sandbox/test/orders'

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
let theirs: Things
let ours: string

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  theirs = await thingsOf(database, other)
  ours = await makeInstance(own)
})

const owner = () => byMember(own, 'owner')

/** Can name nothing that another organization has: one of the staff is nobody's, and the rest is the organization at hand. */
const takesNothing: readonly string[] = [
  ...[
    'member.add',
    'member.invite',
    'assignment.add',
    'assignment.remove',
    'organization.visit',
    'token.create',
    'invoice.settle',
    'billing.open_portal',
    'billing.forget_customer',
  ],
]

/** Each other command, asked in the own organization for each thing of another one's that it can be asked for. */
const foreign: [name: string, call: () => Promise<unknown>][] = [
  ...Object.entries(orders)
    .filter(([name]) => !takesNothing.includes(name))
    .map(([name, order]): [string, () => Promise<unknown>] => [name, () => order(owner(), theirs)]),
  [
    'instance.edit',
    () => {
      const described = { label: 'Ours', environment: 'test' } as const
      return editInstance(owner(), { ...described, instanceId: ours, testOfId: theirs.instanceId })
    },
  ],
  ['address.remove', () => removeAddress(owner(), { instanceId: ours, addressId: theirs.addressId })],
  // The only owner of one organization is none of another.
  ['member.change_role', () => changeRole(owner(), { memberId: other.people.owner, role: 'billing' })],
]

/** The sources of lib that define commands, and the names of those of an organization. */
function inSources() {
  const files = globSync(['*/*.ts', '*/*/*.ts'], { cwd: import.meta.dirname, exclude: ['**/*.test.ts'] })
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
  const asked = Object.keys(orders)
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
      for (const [name, call] of foreign) {
        const answer = await call().then(
          () => 'done',
          (error: unknown) => (error instanceof NotFound ? 'not found' : String(error)),
        )
        if (answer !== 'not found') wrong.push(`${name}: ${answer}`)
        trials++
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
    'checkout.begin',
    'instance.add',
    'key.extend',
    'key.issue',
    'member.add',
    'member.ask_to_join',
    'member.invite',
    'organization.create',
    'organization.visit',
    'question.answer',
    'question.answer_all',
    'subscription.renew',
    'subscription.start',
    'token.create',
    'trial.ask',
    'trial.extend',
    'trial.start',
  ])
  expect(commands.size).toBeGreaterThan(25)
})
