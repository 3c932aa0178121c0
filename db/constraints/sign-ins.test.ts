import * as schema from '@/db/schema/sign-ins'
import { filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

function signIn(changes: Record<string, string>) {
  const values = {
    id: 'gen_random_uuid()',
    email: `'ada@acme.example'`,
    browser_hash: `sha256('browser')`,
    code_hmac: `sha256('code')`,
    link_hmac: `sha256('link')`,
    language: `'en'`,
    created_at: 'now()',
    expires_at: `now() + interval '10 minutes'`,
    ...changes,
  }
  return `insert into sign_ins (${Object.keys(values)}) values (${Object.values(values)})`
}

const wrong: Wrong[] = [
  ['a sign-in that any browser completes', 'sign_ins_browser_hash', () => signIn({ browser_hash: `''` })],
  ['a sign-in of an hour', 'sign_ins_span', () => signIn({ expires_at: `now() + interval '1 hour'` })],
  [
    'a sign-in that was used before it was asked for',
    'sign_ins_used',
    () => signIn({ used_at: `now() - interval '1 second'` }),
  ],
  ['a sign-in that any code completes', 'sign_ins_hmacs', () => signIn({ code_hmac: `''` })],
  ['a sixth try of a sign-in code', 'sign_ins_tries', () => signIn({ tries: '6' })],
  ['a sign-in that ends before it starts', 'sign_ins_span', () => signIn({ expires_at: 'now()' })],
]

refuses(database, schema, wrong)
