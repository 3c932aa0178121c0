import { randomUUID } from 'node:crypto'
import * as schema from '@/db/schema/activations'
import { again, filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const set = (table: string, changes: string) => () => `update ${table} set ${changes}`
const activation = (changes: Record<string, unknown>) => () =>
  again('activations', 'id is not null', { id: randomUUID(), ...changes })

const wrong: Wrong[] = [
  ['one installation with two activations of a key', 'activations_once', activation({ environment: 'test' })],
  ['a key with two production places', 'activations_place', activation({ installation_id: 'another' })],
  [
    'an activation of no installation',
    'activations_installation_id',
    set('activations', `installation_id = ' '`),
  ],
  ['a secret that is not hashed', 'activations_secret_hash', set('activations', `secret_hash = 'a secret'`)],
  [
    'an activation that was given back before it was made',
    'activations_span',
    set('activations', `given_back_at = created_at - interval '1 second'`),
  ],
  [
    'an activation that was refreshed before it was made',
    'activations_span',
    set('activations', `refreshed_at = created_at - interval '1 second'`),
  ],
  [
    'two questions about one installation',
    'questions_once',
    () => again('questions', 'id is not null', { id: randomUUID() }),
  ],
  ...(['activations', 'questions', 'checks', 'sightings'] as const).map(
    (table): Wrong => [
      `an installation ID of 101 characters in ${table}`,
      `${table}_installation_id`,
      set(table, `installation_id = repeat('x', 101)`),
    ],
  ),
  ['a question about no installation', 'questions_installation_id', set('questions', `installation_id = ''`)],
  ['a refusal code with a U', 'questions_code_shape', set('questions', `refusal_code = '7QUEST'`)],
  [
    'a question that was last asked before it was first',
    'questions_span',
    set('questions', `last_at = first_at - interval '1 second'`),
  ],
  ['a question that nobody asked', 'questions_calls', set('questions', 'calls = 0')],
  ['an answer that was given at no time', 'questions_answered', set('questions', `answer = 'not_ours'`)],
  ['a time at which nothing was answered', 'questions_answered', set('questions', 'answered_at = now()')],
  ['fewer open questions than none', 'question_counts_open', set('question_counts', 'open = -1')],
  ['fewer unlisted calls than none', 'question_counts_unlisted', set('question_counts', 'unlisted = -1')],
  ['an answer to no call', 'checks_calls', set('checks', 'calls = 0')],
  ['an answer to what nobody asks', 'checks_asked', set('checks', `asked = 'sold'`)],
  ['an answer that nobody gives', 'checks_code', set('checks', `code = 'maybe'`)],
  ['a day without calls', 'check_days_calls', set('check_days', 'calls = 0')],
  [
    'an installation that was last seen before it was first',
    'sightings_span',
    set('sightings', `last_at = first_at - interval '1 second'`),
  ],
]

refuses(database, schema, wrong, ['activations_stay', 'activations_begin'])
