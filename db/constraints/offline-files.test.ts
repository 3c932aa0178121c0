import * as schema from '@/db/schema/offline-files'
import { filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const set = (changes: string) => () => `update offline_files set ${changes}`

const wrong: Wrong[] = [
  ['a file that nobody issued', 'offline_files_by', set('api_token_id = null')],
  [
    'a file that two issued',
    'offline_files_by',
    () => `update offline_files set issued_by_id = (select id from people limit 1)`,
  ],
  ['a file that never worked', 'offline_files_span', set('works_until = issued_at')],
  [
    'a file that works for longer than 400 days',
    'offline_files_span',
    set(`works_until = issued_at + interval '9601 hours'`),
  ],
  ['an installation ID with a blank in it', 'offline_files_installation_id', set(`installation_id = 'a b'`)],
  [
    'an installation that was gone before it had its file',
    'offline_files_gone',
    set(`gone_at = issued_at - interval '1 second'`),
  ],
]

refuses(database, schema, wrong, ['offline_files_handed_out'])
