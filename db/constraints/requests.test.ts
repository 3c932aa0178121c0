import { randomUUID } from 'node:crypto'
import * as schema from '@/db/schema/requests'
import { again, filledDatabase, refuses } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const set =
  (table: string, changes: string, where = 'true') =>
  () =>
    `update ${table} set ${changes} where ${where}`
const join = (changes: Record<string, unknown>) => () =>
  again('requests', `kind = 'join'`, { id: randomUUID(), ...changes })
const trial = (changes: Record<string, unknown>) => () =>
  again('requests', `kind = 'second_trial'`, { id: randomUUID(), ...changes })
const answer = (changes: Record<string, unknown>) => () =>
  again('request_answers', `answer = 'declined'`, { id: randomUUID(), ...changes })

refuses(database, schema, [
  ['the same that is asked twice', 'requests_open', trial({})],
  ['who asks to join twice', 'requests_open', join({})],
  [
    'a request to join that no owner has time for',
    'requests_owners',
    set('requests', 'owners_until = null', `kind = 'join'`),
  ],
  [
    'an owner’s time for what is no request to join',
    'requests_owners',
    set('requests', 'owners_until = now()', `kind = 'trial_time'`),
  ],
  ['more days of no trial', 'requests_key', set('requests', 'key_id = null', `kind = 'trial_time'`)],
  [
    'a trial of nothing',
    'requests_product',
    set('requests', 'product_id = null, instance_id = null', `kind = 'second_trial'`),
  ],
  [
    'more days, and a place for them',
    'requests_instance',
    set('requests', 'instance_id = (select id from instances limit 1)', `kind = 'trial_time'`),
  ],
  [
    'a doubt about more days',
    'requests_doubt',
    set('requests', `doubt = 'known_elsewhere'`, `kind = 'trial_time'`),
  ],
  ['a reason of blanks', 'requests_reason', set('requests', `reason = ' '`)],
  [
    'a request that ended before it was made',
    'requests_span',
    set('requests', `closed_at = asked_at - interval '1 second'`),
  ],
  ['a second end', 'request_answers_end', answer({ answer: 'approved' })],
  ['an answer of blanks', 'request_answers_note', set('request_answers', `note = ' '`)],
  ['a refusal that says nothing', 'request_answers_says', set('request_answers', 'note = null')],
])
