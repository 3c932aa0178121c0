import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import { organizations } from '@/db/schema/organizations'
import { asOrganization, asSystem } from '@/db/scope'
import { type Fixture, makeOrganization, productDatabase } from '@/sandbox/test/fixture'

await productDatabase()
let own: Fixture

beforeAll(async () => {
  own = await makeOrganization('acme')
  await makeOrganization('globex')
})

/** Who may see every organization, and how often its source says so. A new caller is a decision: list it here. */
const systemCallers: Record<string, number> = {
  'lib/activations/count-checks.ts': 1,
  'lib/activations/forget-unlisted.ts': 1,
  'lib/audit/sign-heads.ts': 1,
  'lib/audit/verify-trail.ts': 2,
  'lib/command-run.ts': 1,
  'lib/command.ts': 2,
  'lib/jobs/clean-up.ts': 1,
  'lib/keys/check-ring.ts': 1,
  'lib/keys/rotate-ring.ts': 2,
  'lib/organizations/invitation.ts': 1,
  'lib/organizations/requests.ts': 1,
  'lib/payments/remind.ts': 2,
  'lib/trials/remind.ts': 1,
  'lib/trials/visits.ts': 1,
  'lib/trials/sign-ups.ts': 1,
  'lib/payments/compare.ts': 3,
  'lib/payments/missing-permission.ts': 1,
  'lib/payments/reconcile.ts': 1,
  'lib/payments/sync.ts': 2,
  'lib/payments/automatic/compare.ts': 1,
  'lib/payments/automatic/reconcile.ts': 1,
  'lib/payments/automatic/sync.ts': 1,
  'lib/people/email-change.ts': 2,
  'lib/people/queries.ts': 3,
  'lib/people/request-sign-in.ts': 1,
  'lib/people/send-email-change.ts': 1,
  'lib/people/send-new-device.ts': 1,
  'lib/people/send-sign-in.ts': 1,
  'lib/people/send-trial-confirm.ts': 1,
  'lib/people/session.ts': 1,
  'lib/people/sessions.ts': 1,
}

test('the callers of asSystem are the listed ones', () => {
  const root = path.join(import.meta.dirname, '..')
  const found: Record<string, number> = {}
  const folders = ['app', 'components', 'db', 'key-service', 'lib', 'scripts']
  for (const folder of folders.filter((name) => existsSync(path.join(root, name)))) {
    for (const name of readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const file = path.posix.join(folder, name.split(path.sep).join('/'))
      if (!/\.tsx?$/.test(file) || /\.test\.tsx?$/.test(file) || file === 'db/scope.ts') continue
      // Any mention but an import and a type: it could be handed on under another name.
      const text = readFileSync(path.join(root, file), 'utf8').replace(/^import [^'"]*['"].*$/gm, '')
      const calls = text.match(/\basSystem\b/g)?.length ?? 0
      if (calls > 0) found[file] = calls
    }
  }
  console.log(
    `Callers of asSystem:\n${Object.keys(found)
      .map((file) => `  ${file}`)
      .join('\n')}`,
  )
  expect(found).toEqual(systemCallers)
})

test('an ID that is no UUID never reaches the statement that opens the scope', () => {
  for (const id of [
    "'; drop table keys; --",
    own.organizationId.toUpperCase(),
    '',
    `${own.organizationId}\n`,
  ]) {
    expect(() => asOrganization(id, async () => {})).toThrow('must be a lower-case UUID')
  }
})

test('a reason for the system scope cannot break out of the statement that opens it', async () => {
  const name = await asSystem("x'; set role latchkey_owner; --é", (tx) =>
    tx.execute(sql`select current_setting('application_name') as name, current_user as role`),
  )
  expect(name.rows).toEqual([{ name: 'x set role latchkey_owner --', role: 'latchkey_app' }])
})

test('a scope ends with its transaction: the next one on the connection sees its own rows alone', async () => {
  for (let round = 0; round < 20; round++) {
    expect(await asSystem('a test', (tx) => tx.select().from(organizations))).toHaveLength(2)
    const seen = await asOrganization(own.organizationId, (tx) => tx.select().from(organizations))
    expect(seen.map(({ slug }) => slug)).toEqual(['acme'])
  }
})

test('the beginning of a transaction and the first statement of its work leave in one packet', async () => {
  // Each text once: a statement that is prepared is sent by its name.
  const read = (text: string) =>
    asOrganization(own.organizationId, (tx) => tx.execute(sql.raw(`select '${text}'`)))
  await read('something')
  // What the process hands over at once. A stream may do without it; a socket does not.
  const { prototype: socket } = Socket
  const { _writev: write } = socket
  if (!write) throw new Error('a socket writes in another way')
  const sent: string[] = []
  socket._writev = function (chunks, done) {
    sent.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString('latin1'))
    write.call(this, chunks, done)
  }
  try {
    await read('first of its work')
  } finally {
    socket._writev = write
  }
  expect(sent.filter((packet) => /begin;.*first of its work/s.test(packet))).toHaveLength(1)
})

test('work that swallows a failed statement is not taken for done', async () => {
  const swallowing = asOrganization(own.organizationId, async (tx) => {
    await tx.execute(sql`update organizations set name = 'Lost'`)
    await tx.execute(sql`select 1 / 0`).catch(() => {})
    return 'done'
  })
  await expect(swallowing).rejects.toThrow('rolled back')
})
