import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import * as apiTokens from '@/db/schema/api-tokens'
import * as organizations from '@/db/schema/organizations'
import * as staff from '@/db/schema/staff'
import { timeZones } from '@/lib/organizations/create'
import { reserved } from '@/lib/organizations/slug'
import { onConnection, refusalOf, rowsOf } from '@/sandbox/test/fixture'
import { again, filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database, own } = await filledDatabase()

const ofOwner = () => `where organization_id = '${own.organizationId}' and role = 'owner'`

const wrong: Wrong[] = [
  [
    'an organization whose last owner goes',
    'memberships_last_owner',
    () => `delete from memberships ${ofOwner()}`,
  ],
  [
    'an organization whose last owner becomes a viewer',
    'memberships_last_owner',
    () => `update memberships set role = 'viewer' ${ofOwner()}`,
  ],
  [
    'an organization whose last owner becomes that of another',
    'memberships_last_owner',
    () =>
      `update memberships set organization_id = (select id from organizations where slug = 'globex') ${ofOwner()}`,
  ],
  [
    'an organization under a name that the portal needs',
    'organizations_slug_reserved',
    () => `update organizations set slug = 'sign-in' where slug = 'acme'`,
  ],
  ['a name of blanks', 'organizations_name', () => `update organizations set name = ' '`],
  [
    'an address of an organization in capitals',
    'organizations_slug',
    () => `update organizations set slug = 'Acme'`,
  ],
  [
    'an address of an organization twice',
    'organizations_slug_unique',
    () => `update organizations set slug = 'globex' where slug = 'acme'`,
  ],
  [
    'a time zone that could be a rule of its own',
    'organizations_time_zone',
    () => `update organizations set time_zone = 'FOO5'`,
  ],
  ['an organization without a name', 'organizations_name', () => `update organizations set name = ''`],
  [
    'a member with two roles',
    'memberships_organization_id_person_id_pk',
    () => again('memberships', `role = 'viewer'`, { role: 'owner' }),
  ],
  [
    'two open invitations of an address',
    'invitations_open',
    () =>
      again('invitations', 'accepted_at is null', {
        id: randomUUID(),
        token_hash: `\\x${'ab'.repeat(32)}`,
      }),
  ],
  [
    'an invited address in capitals',
    'invitations_email_lower',
    () => `update invitations set email = upper(email)`,
  ],
  [
    'one of the staff who ended before they began',
    'staff_span',
    () => `update staff set ended_at = added_at - interval '1 second'`,
  ],
  [
    'an invitation that is over before it begins',
    'invitations_span',
    () => `update invitations set expires_at = created_at`,
  ],
  [
    'an invitation that nobody accepted',
    'invitations_accepted',
    () => `update invitations set accepted_at = created_at`,
  ],
  [
    'an invitation that was taken back and accepted',
    'invitations_end',
    () =>
      `update invitations set withdrawn_at = created_at, accepted_at = created_at, accepted_by_id = (select id from people limit 1)`,
  ],
  [
    'an invitation whose token is no hash',
    'invitations_token_hash',
    () => `update invitations set token_hash = 'abc'`,
  ],
  ['a token without a name', 'api_tokens_name', () => `update api_tokens set name = ' '`],
  [
    'a token with a story for a name',
    'api_tokens_name',
    () => `update api_tokens set name = repeat('a', 101)`,
  ],
  ['a token that may do nothing', 'api_tokens_scopes', () => `update api_tokens set scopes = '{}'`],
  [
    'a token that may do what no token may',
    'api_tokens_scopes',
    () => `update api_tokens set scopes = '{keys.read,keys.reveal}'`,
  ],
  [
    'a token that may do nobody knows what',
    'api_tokens_scopes',
    () => `update api_tokens set scopes = array['keys.read', null]`,
  ],
  ['a token that is no hash', 'api_tokens_token_hash', () => `update api_tokens set token_hash = 'abc'`],
  [
    'a token that is known by more than its end',
    'api_tokens_last_four',
    () => `update api_tokens set last_four = 'abcde'`,
  ],
  [
    'two tokens that are the same',
    'api_tokens_tokenHash_unique',
    () => again('api_tokens', `name <> ''`, { id: randomUUID() }),
  ],
  [
    'a token for less than a day',
    'api_tokens_span',
    () => `update api_tokens set expires_at = created_at + interval '23 hours'`,
  ],
  [
    'a token for more than 400 days',
    'api_tokens_span',
    () => `update api_tokens set expires_at = created_at + interval '401 days'`,
  ],
  ['a token without an end', 'api_tokens_span', () => `update api_tokens set expires_at = 'infinity'`],
  [
    'a token that was revoked before there was one',
    'api_tokens_revoked',
    () => `update api_tokens set revoked_at = created_at - interval '1 second'`,
  ],
  [
    'a token that somebody revoked at no time',
    'api_tokens_revoked_by',
    () => `update api_tokens set revoked_by_id = created_by_id`,
  ],
  [
    'a token that was used before there was one',
    'api_tokens_used',
    () => `update api_tokens set last_used_at = created_at - interval '1 second'`,
  ],
]

refuses(database, { ...organizations, ...staff, ...apiTokens }, wrong, ['api_tokens_used_by_now'])

test('the database refuses each name that the portal needs, and no other', async () => {
  await onConnection(database.appUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    const set = `update organizations set slug = $1 where slug = 'acme'`
    for (const slug of reserved) {
      // Some of them, such as `robots.txt`, no organization could have anyway.
      const { constraint } = await refusalOf(client, set, [slug])
      expect(constraint, slug).toMatch(/^organizations_slug(_reserved)?$/)
    }
    for (const slug of ['admins', 'api-2', 'my-sign-in', 'fr-en'])
      expect((await refusalOf(client, set, [slug])).code, slug).toBe('done')
  })
})

test('of two owners who remove each other at once, in the database itself, one stays', async () => {
  const { organizationId, people } = own
  const inOrganization = `begin; set local latchkey.organization_id = '${organizationId}'`
  const remove = async (personId: string, others: Promise<unknown>, ready: () => void) =>
    onConnection(database.appUrl, async (client) => {
      await client.query(inOrganization)
      await client.query('delete from memberships where person_id = $1', [personId])
      ready()
      await others
      return client.query('commit').then(
        () => 'done',
        (error) => error.constraint,
      )
    })
  for (let trial = 0; trial < 10; trial++) {
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await rowsOf(
      database,
      `insert into memberships select $1, unnest($2::uuid[]), 'owner', now()
       on conflict (organization_id, person_id) do update set role = 'owner'`,
      [organizationId, [people.owner, people.viewer]],
    )
    const outcomes = await Promise.all([
      remove(people.owner, second.promise, first.resolve),
      remove(people.viewer, first.promise, second.resolve),
    ])
    expect(outcomes.sort()).toEqual(['done', 'memberships_last_owner'])
  }
})

test.each(['organizations', 'people'])(
  'the database takes each time zone that %s may have, and no unknown one',
  async (table) => {
    await onConnection(database.ownerUrl, async (client) => {
      await client.query(`begin; set local latchkey.scope = 'system'`)
      const set = `update ${table} set time_zone = $1`
      for (const zone of timeZones) {
        expect((await refusalOf(client, set, [zone])).code, zone).toBe('done')
      }
      for (const zone of ['Mars/Olympus', 'Europe/Parris', 'Europe/Paris ', '']) {
        expect((await refusalOf(client, set, [zone])).code, zone).toMatch(/^(22023|23514)$/)
      }
    })
  },
)
