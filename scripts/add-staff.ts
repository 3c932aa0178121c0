import { parseArgs } from 'node:util'
import { closePool } from '@/db/client'
import { InvalidInput, Refused, Unavailable } from '@/lib/errors'
import { addStaff } from '@/lib/staff/add'

/*
 * npm run staff:add -- EMAIL [--admin] [--name NAME]: makes somebody one of the vendor's staff, the first admin among
 * them. Run again it changes nothing; with or without --admin it gives one of them the other role.
 */
const usage = 'Usage: npm run staff:add -- EMAIL [--admin] [--name NAME]'
const print = (line: string) => process.stdout.write(`${line}\n`)

function read() {
  const options = { admin: { type: 'boolean', default: false }, name: { type: 'string' } } as const
  const { values, positionals } = parse(() => parseArgs({ options, allowPositionals: true }))
  const [email, ...more] = positionals
  if (!email || more.length > 0) throw new Error(`Name one e-mail address.\n${usage}`)
  return { email, admin: values.admin, name: values.name ?? '' }
}

/** An option that there is not is named by Node; how it is said right, here. */
function parse<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${usage}`)
  }
}

/** What is wrong, and how it is said right where it was the command that was wrong. */
function explain(error: unknown): string {
  if (error instanceof InvalidInput && error.fields.email) return `That is no e-mail address.\n${usage}`
  if (error instanceof InvalidInput) return 'A name has at most 200 characters.'
  if (error instanceof Refused && error.code === 'staff_last_admin')
    return 'This is the only admin: make somebody else one first, with --admin.'
  if (error instanceof Refused && error.code === 'staff_is_member')
    return `This is a member of ${error.facts.organizations}. Who works for the vendor acts as staff alone: they leave there first, or an owner removes them.`
  if (error instanceof Unavailable) return 'The database cannot be reached; DATABASE_URL says where it is.'
  return error instanceof Error ? error.message : String(error)
}

try {
  const { email, admin, name } = read()
  const role = admin ? 'admin' : 'account_manager'
  const { changed } = await addStaff({ actor: { kind: 'system' } }, { email, name, role })
  const what = admin ? 'an admin' : 'an account manager'
  print(changed ? `${email} is ${what} now, and signs in by mail.` : `${email} is ${what} already.`)
} catch (error) {
  print(explain(error))
  process.exitCode = 1
} finally {
  await closePool()
}
process.exit()
