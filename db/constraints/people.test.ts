import * as schema from '@/db/schema/people'
import { filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const session = (expires: string, lastUsed = 'now()') =>
  `insert into sessions (token_hash, person_id, expires, last_used_at, created_at, device)
   select 'x', id, ${expires}, ${lastUsed}, now(), '' from people limit 1`

const emailChange = (to: string, { hours = 1 } = {}) =>
  `insert into email_changes (id, person_id, old_email, new_email, old_hmac, new_hmac, created_at, expires_at)
   select gen_random_uuid(), id, 'old', '${to}', gen_random_uuid()::text::bytea, gen_random_uuid()::text::bytea, now(),
     now() + interval '${hours} hours' from people limit 1;`

const wrong: Wrong[] = [
  ['a person without an address', 'people_email', () => `update people set email = ''`],
  [
    'a person in a time zone that could be a rule of its own',
    'people_time_zone',
    () => `update people set time_zone = 'FOO5'`,
  ],
  [
    'a session that was used before it began',
    'sessions_used',
    () => session(`now() + interval '1 day'`, `now() - interval '1 second'`),
  ],
  [
    'a known browser without a hash',
    'known_browsers_hash',
    () => `insert into known_browsers select id, '', now() from people limit 1`,
  ],
  ['a session of a year', 'sessions_span', () => session(`now() + interval '1 year'`)],
  ['a session that ends before it begins', 'sessions_span', () => session(`now() - interval '1 second'`)],
  ['a person in capitals', 'people_email_lower', () => `update people set email = upper(email)`],
  ['a second open change of one person’s address', 'email_changes_open', () => emailChange('x').repeat(2)],
  [
    'a change of address that ends before it starts',
    'email_changes_span',
    () => emailChange('x', { hours: 0 }),
  ],
  ['a change of address to a new one in capitals', 'email_changes_address', () => emailChange('X')],
  ['a change of address to the same', 'email_changes_address', () => emailChange('old')],
  [
    'a change of address that was made and taken back',
    'email_changes_end',
    () =>
      `${emailChange('x')} update email_changes set withdrawn_at = now(), old_confirmed_at = now(), new_confirmed_at = now()`,
  ],
]

refuses(database, schema, wrong)
