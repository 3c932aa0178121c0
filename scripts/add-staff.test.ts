import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'

const database = await productDatabase()

/** Runs `npm run staff:add` as a process of its own, as an operator does. */
async function staffAdd(args: string[], env: Record<string, string> = {}) {
  const run = promisify(execFile)
  const command = ['--import', './scripts/typescript.mjs', 'scripts/add-staff.ts', ...args]
  return run(process.execPath, command, { env: { ...process.env, ...env } }).then(
    ({ stdout }) => ({ code: 0, said: stdout.trim() }),
    (error: { code: number; stdout: string }) => ({ code: error.code, said: error.stdout.trim() }),
  )
}

test('on an empty database it makes the first admin, once, and says so', async () => {
  const email = 'Theo@Northwind.example'
  expect(await staffAdd([email, '--admin', '--name', 'Theo Brandt'])).toEqual({
    code: 0,
    said: `${email} is an admin now, and signs in by mail.`,
  })
  expect(await staffAdd([email, '--admin'])).toEqual({ code: 0, said: `${email} is an admin already.` })
  expect(await staffAdd([email])).toEqual({
    code: 1,
    said: 'This is the only admin: make somebody else one first, with --admin.',
  })
  expect(
    await rowsOf(
      database,
      'select email, name, role, ended_at from staff join people on people.id = person_id',
    ),
  ).toEqual([{ email: 'theo@northwind.example', name: 'Theo Brandt', role: 'admin', ended_at: null }])
  const entries = await rowsOf(
    database,
    `select actor, outcome from audit_entries where action = 'staff.add' order by sequence`,
  )
  expect(entries).toEqual([
    { actor: 'system', outcome: 'done' },
    { actor: 'system', outcome: 'refused' },
  ])
}, 120_000)

test('what is wrong is said in a sentence, with a code for scripts', async () => {
  for (const [args, env, said] of [
    [[], {}, /^Name one e-mail address\.\nUsage: /],
    [['nobody'], {}, /^That is no e-mail address\.\nUsage: /],
    [['a@b.example', '--owner'], {}, /Usage: /],
    [
      ['a@b.example'],
      { DATABASE_URL: 'postgres://latchkey_app:x@127.0.0.1:1/none' },
      /^The database cannot be reached; DATABASE_URL says where it is\.$/m,
    ],
  ] as const) {
    const answer = await staffAdd([...args], env)
    expect(answer.code).toBe(1)
    expect(answer.said).toMatch(said)
    expect(answer.said).not.toMatch(/\n\s+at /)
  }
}, 180_000)
