import { randomUUID } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { products } from '@/db/schema/catalog'
import { organizations } from '@/db/schema/organizations'
import { memberRoles, type Permission, permissions, rolesThatMay } from '@/lib/access'
import { applyCatalog } from '@/lib/catalog/apply'
import { type By, command, commands, recordAttempt, vendorCommand } from '@/lib/command'
import { Conflict, DomainError, Forbidden, InvalidInput, NotFound, Refused, Unavailable } from '@/lib/errors'
import type { Limit } from '@/lib/limits'
import {
  byMember,
  bySystem,
  type Fixture,
  makeCatalog,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'

// Fifty at once means fifty connections.
const database = await productDatabase({ DATABASE_POOL_SIZE: '50' })
let own: Fixture
let other: Fixture

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
})

const chain = (organizationId: string | null) =>
  rowsOf<{ action: string; outcome: string; actor: string; person_id: string | null; details: unknown }>(
    database,
    `select action, outcome, actor, person_id, details from audit_entries
     where organization_id is not distinct from $1 order by sequence`,
    [organizationId],
  )
const nameOf = async ({ organizationId }: Fixture) => {
  const rows = await rowsOf<{ name: string }>(database, 'select name from organizations where id = $1', [
    organizationId,
  ])
  return rows[0]?.name
}

/** A command that writes what it is told, then ends as it is told. */
const rename = (
  permission: Permission,
  options: { once?: true } = {},
  end: () => unknown = () => ({ id: randomUUID() }),
) =>
  command(
    permission,
    z.object({ name: z.string('required').min(1, 'required'), size: z.number('number').optional() }),
    async ({ tx, organizationId, audit }, { name }) => {
      await tx.update(organizations).set({ name }).where(eq(organizations.id, organizationId))
      audit({ details: { name } })
      return end()
    },
    options,
  )

async function failure(call: Promise<unknown>): Promise<DomainError> {
  const error = await call.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof DomainError) return error
  throw error
}

const vendorsOwn = [...commands].filter(([, { vendor }]) => vendor).map(([name]) => name)
// Only those known here are commands of the vendor; the others' permission is a role in an organization.
const names = (Object.keys(permissions) as Permission[]).filter(
  (name) => !vendorsOwn.includes(name) && !/^(sign_in|session|account)\./.test(name),
)

test("[Z7] each refused role leaves one entry in its organization's chain, and the handler does not run", async () => {
  let trials = 0
  for (const name of names) {
    for (const role of memberRoles.filter((one) => !rolesThatMay(name).includes(one))) {
      const before = await chain(own.organizationId)
      const error = await failure(rename(name)(byMember(own, role), { name: 'Broken' }))
      expect(error).toBeInstanceOf(Forbidden)
      expect(error.facts).toEqual({ permission: name, role })
      const added = (await chain(own.organizationId)).slice(before.length)
      expect(added).toEqual([
        {
          action: name,
          outcome: 'refused',
          actor: 'member',
          person_id: own.people[role],
          details: { because: 'forbidden', actorName: `${role}@acme.example` },
        },
      ])
      trials++
    }
  }
  expect(await nameOf(own)).not.toBe('Broken')
  console.log(`[Z7] ${trials} trials`)
  expect(trials).toBeGreaterThan(30)
})

const limited = command('key.reveal', z.object({}), async ({ audit }) => audit({}), {
  limits: (_input, personId) => [
    { name: 'tight', key: `${personId}`, points: 1, perSeconds: 3_600, countsRefused: true },
  ],
})

test("[Z2] another's organization and an unknown one get the same answer, kept in the vendor's chain", async () => {
  const stranger = (organizationId: string): By => ({ ...byMember(other, 'owner'), organizationId })
  const answer = async (call: Promise<unknown>) => {
    const error = await failure(call)
    // How long until the limit is over depends on the moment.
    const { retryAfterSeconds: _, ...facts } = error.facts
    return { name: error.name, code: error.code, facts }
  }
  const theirs = await chain(own.organizationId)
  let trials = 0
  // Twice, so that the second time a limit is used up.
  const calls: ((by: By) => Promise<unknown>)[] = [
    ...names.map((name) => (by: By) => rename(name)(by, { name: 'Broken' })),
    (by) => limited(by, {}),
    (by) => limited(by, {}),
  ]
  for (const call of calls) {
    const before = await chain(null)
    const foreign = await answer(call(stranger(own.organizationId)))
    const unknown = await answer(
      call({ ...stranger(randomUUID()), actor: { kind: 'member', personId: other.people.viewer } }),
    )
    expect(unknown).toEqual(foreign)
    const added = (await chain(null)).slice(before.length)
    expect(added.map(({ outcome, actor }) => ({ outcome, actor }))).toEqual([
      { outcome: 'refused', actor: 'member' },
      { outcome: 'refused', actor: 'member' },
    ])
    expect(added[0]?.details).toEqual(added[1]?.details)
    trials += 2
  }
  expect(await chain(own.organizationId)).toEqual(theirs)
  console.log(`[Z2] ${trials} trials`)
})

test("a limit that is used up is refused in the member's own chain", async () => {
  const before = await chain(own.organizationId)
  await limited(byMember(own, 'owner'), {})
  const error = await failure(limited(byMember(own, 'owner'), {}))
  expect(error).toMatchObject({ code: 'too_many', facts: { limit: 'tight' } })
  const firstOnly = [
    { outcome: 'done' },
    { outcome: 'refused', details: { because: 'too_many', limit: 'tight' } },
  ]
  expect((await chain(own.organizationId)).slice(before.length)).toMatchObject(firstOnly)
  // Whoever goes on is refused just so, and fills nobody's trail.
  for (let again = 0; again < 5; again++)
    expect(await failure(limited(byMember(own, 'owner'), {}))).toMatchObject({ code: 'too_many' })
  expect((await chain(own.organizationId)).slice(before.length)).toMatchObject(firstOnly)
})

test('what is refused gives its points back, unless the limit counts that too; an outage and a bug give none', async () => {
  let tries = 0
  const succeedsAfter = async (error: Error, limit: Partial<Limit>) => {
    const name = `try_${++tries}`
    let fails = true
    const trying = command(
      'instance.edit',
      z.object({}),
      async ({ audit }) => {
        if (fails) throw error
        audit({})
      },
      { limits: () => [{ name, key: 'x', points: 2, perSeconds: 3_600, ...limit }] },
    )
    const by = byMember(own, 'owner')
    for (let time = 0; time < 2; time++) await expect(trying(by, {})).rejects.toBe(error)
    fails = false
    const codes = []
    for (let time = 0; time < 3; time++)
      codes.push(
        await trying(by, {}).then(
          () => 'done',
          ({ code }) => code,
        ),
      )
    return codes
  }
  const refusals = [
    new Refused('withdrawn'),
    new Conflict('address_taken'),
    new NotFound('key'),
    new Forbidden('key.issue'),
    new InvalidInput({ email: 'email_same' }),
  ]
  for (const error of refusals) {
    expect(await succeedsAfter(error, {})).toEqual(['done', 'done', 'too_many'])
    expect(await succeedsAfter(error, { points: 6, cost: 3 })).toEqual(['done', 'done', 'too_many'])
    expect(await succeedsAfter(error, { countsRefused: true })).toEqual(Array(3).fill('too_many'))
  }
  for (const error of [new Unavailable('database'), new TypeError('a bug')])
    expect(await succeedsAfter(error, {})).toEqual(Array(3).fill('too_many'))
})

test("[Z7] attempts without an organization are kept in the vendor's chain: a hundred an hour of a person, and of all strangers", async () => {
  for (const personId of [own.people.viewer, null]) {
    const before = await chain(null)
    const entries = async () => (await chain(null)).slice(before.length)
    await recordAttempt('key.export', personId, 'not_found')
    expect(await entries()).toEqual([
      {
        action: 'key.export',
        outcome: 'refused',
        actor: personId ? 'member' : 'stranger',
        person_id: personId,
        details: { because: 'not_found' },
      },
    ])
    for (let more = 0; more < 120; more++) await recordAttempt('key.export', personId, 'not_found')
    const all = await entries()
    expect(all).toHaveLength(101)
    expect(all.at(-1)?.details).toEqual({ because: 'too_many', limit: 'attempt' })
    await recordAttempt('key.export', own.people.owner, 'not_found')
    expect(await entries()).toHaveLength(102)
    await rowsOf(database, 'delete from rate_limits')
  }
  console.log('[Z7] 244 attempts')
})

test('a handler that says that nothing changed needs no entry', async () => {
  const before = await chain(own.organizationId)
  const same = command('instance.edit', z.object({}), async ({ unchanged }) => unchanged())
  await same(bySystem(own.organizationId), {})
  expect(await chain(own.organizationId)).toEqual(before)
})

test('a handler that writes no audit entry fails, and nothing is kept', async () => {
  const silent = command('instance.edit', z.object({}), async ({ tx, organizationId }) => {
    await tx.update(organizations).set({ name: 'Silent' }).where(eq(organizations.id, organizationId))
  })
  await expect(silent(bySystem(own.organizationId), {})).rejects.toThrow('ran without an audit entry')
  expect(await nameOf(own)).not.toBe('Silent')
})

test('a handler that fails unforeseen keeps nothing and records no refusal', async () => {
  const before = await chain(own.organizationId)
  const broken = rename('instance.edit', {}, () => {
    throw new TypeError('a bug')
  })
  await expect(broken(bySystem(own.organizationId), { name: 'Broken' })).rejects.toThrow('a bug')
  expect(await nameOf(own)).not.toBe('Broken')
  expect(await chain(own.organizationId)).toEqual(before)
})

test('[Z7] a rule that refuses undoes what was written and leaves one entry; so do a conflict and a row that is not there', async () => {
  const errors = [
    new Refused('withdrawn', { product: 'Forms' }),
    new Conflict('address_taken'),
    new NotFound('key'),
  ]
  for (const error of errors) {
    const before = await chain(own.organizationId)
    const refusing = rename('instance.edit', {}, () => {
      throw error
    })
    expect(await failure(refusing(bySystem(own.organizationId), { name: 'Broken' }))).toBe(error)
    expect(await nameOf(own)).not.toBe('Broken')
    expect((await chain(own.organizationId)).slice(before.length)).toMatchObject([
      { outcome: 'refused', actor: 'system', details: { because: error.code } },
    ])
  }
  console.log(`[Z7] ${errors.length} trials`)
})

test('an outage undoes what was written and is no refusal', async () => {
  const error = new Unavailable('database')
  const before = await chain(own.organizationId)
  const failing = rename('instance.edit', {}, () => {
    throw error
  })
  expect(await failure(failing(bySystem(own.organizationId), { name: 'Broken' }))).toBe(error)
  expect(await nameOf(own)).not.toBe('Broken')
  expect(await chain(own.organizationId)).toEqual(before)
})

test('malformed input names its fields, whoever asks, and is not audited', async () => {
  const before = [await chain(own.organizationId), await chain(null)]
  for (const by of [
    byMember(own, 'owner'),
    byMember(own, 'viewer'),
    { ...byMember(other, 'owner'), organizationId: own.organizationId },
  ]) {
    // the compiler would not let this input through
    const error = await failure(rename('instance.edit')(by, { name: '', size: 'x' } as never))
    expect(error).toBeInstanceOf(InvalidInput)
    expect((error as InvalidInput).fields).toEqual({ name: 'required', size: 'number' })
  }
  expect([await chain(own.organizationId), await chain(null)]).toEqual(before)
})

test('the same idempotency key 50 times at once has one effect and 50 times its answer', async () => {
  const once = rename('instance.add', { once: true })
  const rounds = process.env.STRESS ? 200 : 10
  for (let round = 0; round < rounds; round++) {
    const before = await chain(own.organizationId)
    const by = byMember(own, 'owner')
    const answers = await Promise.all(Array.from({ length: 50 }, () => once(by, { name: `Round ${round}` })))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect((await chain(own.organizationId)).length - before.length).toBe(1)
  }
  console.log(`${rounds} rounds of 50`)
})

test('a command that answers nothing answers nothing the second time too', async () => {
  const once = rename('instance.add', { once: true }, () => undefined)
  const by = byMember(own, 'owner')
  expect(await once(by, { name: 'Nothing' })).toBeUndefined()
  expect(await once(by, { name: 'Nothing' })).toBeUndefined()
})

test('the same idempotency key with another input is a conflict; of another person it is another request', async () => {
  const once = rename('instance.add', { once: true })
  const by = byMember(own, 'owner')
  const first = await once(by, { name: 'First' })
  expect(await failure(once(by, { name: 'Second' }))).toMatchObject({ code: 'idempotency_key_reused' })
  expect(await nameOf(own)).toBe('First')
  const another = {
    ...byMember(own, 'technical'),
    ...(by.idempotencyKey ? { idempotencyKey: by.idempotencyKey } : {}),
  }
  expect(await once(another, { name: 'Third' })).not.toEqual(first)
})

test('an idempotency key that was used in another organization tells nothing of it', async () => {
  const once = rename('key.issue', { once: true })
  const key = randomUUID()
  await once(bySystem(own.organizationId, key), { name: 'Secret name' })
  const error = await failure(once(bySystem(other.organizationId, key), { name: 'Secret name' }))
  expect(error).toMatchObject({ code: 'idempotency_key_reused', facts: {} })
})

test('after a first run that was rolled back, the second one runs', async () => {
  let fail = true
  const once = rename('instance.add', { once: true }, () => {
    if (fail) throw new Refused('withdrawn')
    return 'done'
  })
  const by = byMember(own, 'owner')
  expect(await failure(once(by, { name: 'Again' }))).toMatchObject({ code: 'withdrawn' })
  expect(await nameOf(own)).not.toBe('Again')
  fail = false
  expect(await once(by, { name: 'Again' })).toBe('done')
  expect(await nameOf(own)).toBe('Again')
})

test('what creates something is refused without an idempotency key', async () => {
  const { idempotencyKey: _, ...by } = byMember(own, 'owner')
  await expect(rename('instance.add', { once: true })(by, { name: 'None' })).rejects.toMatchObject({
    code: 'invalid_input',
    fields: { idempotencyKey: 'required' },
  })
})

test('[Z6] a role that was taken away is gone at the next request', async () => {
  const allowed = rename('instance.edit')
  const by = byMember(other, 'technical')
  const trials = process.env.STRESS ? 500 : 50
  for (let trial = 0; trial < trials; trial++) {
    const role = trial % 2 === 0 ? 'viewer' : 'technical'
    await rowsOf(database, 'update memberships set role = $1 where person_id = $2', [
      role,
      other.people.technical,
    ])
    const outcome = await allowed(by, { name: `Trial ${trial}` }).then(
      () => 'done',
      (error) => error.code,
    )
    expect(outcome).toBe(role === 'viewer' ? 'forbidden' : 'done')
  }
  console.log(`[Z6] ${trials} trials`)
})

/** Resolves for all when `count` have arrived; who comes later passes. */
function meeting(count: number) {
  let arrived = 0
  let open = () => {}
  const all = new Promise<void>((resolve) => {
    open = resolve
  })
  return () => {
    arrived++
    if (arrived >= count) open()
    return all
  }
}

test('[C6] two commands that lock the same rows in opposite order both succeed: no deadlock reaches a person', async () => {
  const rounds = process.env.STRESS ? 20 : 2
  let runs = 0
  const fixtures = [own, other]
  const lockBoth = (meet: () => Promise<void>) =>
    vendorCommand(
      'catalog.apply',
      z.object({ order: z.array(z.string()) }),
      async ({ tx, audit }, { order }) => {
        runs++
        for (const [index, id] of order.entries()) {
          if (index === 1) await meet()
          await tx.execute(sql`update organizations set name = name || '.' where id = ${id}`)
        }
        audit({})
      },
    )
  for (let round = 0; round < rounds; round++) {
    await rowsOf(database, `update organizations set name = 'x'`)
    const both = lockBoth(meeting(2))
    const order = fixtures.map(({ organizationId }) => organizationId)
    const system = { actor: { kind: 'system' as const } }
    await Promise.all([both(system, { order }), both(system, { order: order.toReversed() })])
    expect([await nameOf(own), await nameOf(other)]).toEqual(['x..', 'x..'])
  }
  // In each round one of the two had to run again, and on a busy machine perhaps once more.
  expect(runs).toBeGreaterThanOrEqual(rounds * 3)
  console.log(`[C6] ${rounds} deadlocks`)
})

test("a vendor's command of a stranger is refused for who is none, into the vendor's chain", async () => {
  const before = await chain(null)
  const error = await failure(
    applyCatalog(
      { actor: { kind: 'stranger' } },
      { products: [{ reference: 'x', name: 'x', description: { en: 'x', fr: 'x' } }] },
    ),
  )
  expect(error).toBeInstanceOf(Forbidden)
  expect((await chain(null)).slice(before.length)).toMatchObject([
    { action: 'catalog.apply', outcome: 'refused', actor: 'stranger' },
  ])
  const rows = await rowsOf(database, `select id from products where reference = 'x'`)
  expect(rows).toEqual([])
  expect(products).toBeDefined()
})
