import * as schema from '@/db/schema/trials'
import { filledDatabase, refuses } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const set =
  (changes: string, where = 'true') =>
  () =>
    `update trial_sign_ups set ${changes} where ${where}`

refuses(database, schema, [
  ['a sign-up in capitals', 'trial_sign_ups_email', set('email = upper(email)')],
  ['a sign-up of an organization without a name', 'trial_sign_ups_name', set(`organization_name = ' '`)],
  ['a network that could be read', 'trial_sign_ups_network_hmac', set(`network = '10.0.0.1'`)],
  ['a zone that could be a rule of its own', 'trial_sign_ups_time_zone', set(`time_zone = 'FOO5'`)],
  [
    'one that is confirmed before it was made',
    'trial_sign_ups_span',
    set(`confirmed_at = created_at - interval '1 s'`),
  ],
  ['one that ends before it begins', 'trial_sign_ups_span', set('expires_at = created_at')],
  ['one that is confirmed by nobody', 'trial_sign_ups_confirmed', set('person_id = null')],
  [
    'one that leads somewhere unconfirmed',
    'trial_sign_ups_outcome',
    set('confirmed_at = null, person_id = null', `outcome = 'joins'`),
  ],
  [
    'one that leads to no organization',
    'trial_sign_ups_organization',
    set('organization_id = null', `outcome = 'joins'`),
  ],
  ['staff who get one', 'trial_sign_ups_organization', set(`outcome = 'staff'`, `outcome = 'joins'`)],
  [
    'a doubt about who only joins',
    'trial_sign_ups_doubt',
    set(`doubt = 'known_elsewhere'`, `outcome = 'joins'`),
  ],
  ['a trial of who only joins', 'trial_sign_ups_begun', set('begun_at = now()', `outcome = 'joins'`)],
  [
    'a key of what has not begun',
    'trial_sign_ups_key',
    set('begun_at = null, request_id = null', 'key_id is not null'),
  ],
  [
    'a request of what has not begun',
    'trial_sign_ups_request',
    set('begun_at = null, key_id = null', 'key_id is not null'),
  ],
])
