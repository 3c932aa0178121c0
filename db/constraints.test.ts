import { randomUUID } from 'node:crypto'
import { getTableColumns } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { auditEntries } from '@/db/schema/audit'
import { keys } from '@/db/schema/keys'
import { parseInstanceUrl } from '@/lib/instances/url'
import addresses from '@/lib/instances/urltestdata.json'
import { timeZones } from '@/lib/organizations/create'
import { reserved } from '@/lib/organizations/slug'
import {
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeOrganization,
  onConnection,
  productDatabase,
  refusalOf,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
let own: Fixture
const another = randomUUID()
let ids: Awaited<ReturnType<typeof fillOrganization>>

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  await makeOrganization('globex')
  ids = await fillOrganization(database, own)
})

const key = (id: string, change: string) => `update keys set ${change} where id = '${id}'`
/** The columns that are given, unlike those that Postgres computes. */
const givenColumns = (table: PgTable) =>
  Object.values(getTableColumns(table))
    .filter(({ generated }) => !generated)
    .map(({ name }) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))

/** A copy of a row with some values changed, as a second row. */
const again = (table: string, where: string, changes: Record<string, unknown>, columns?: string[]) =>
  `insert into ${table} ${columns ? `(${columns})` : ''}
   select ${columns ? columns.map((column) => `r.${column}`) : 'r.*'} from ${table} t,
     jsonb_populate_record(null::${table}, to_jsonb(t) || '${JSON.stringify(changes)}') r where t.${where} limit 1`

const anotherEntry = (where: string, changes: Record<string, unknown>) =>
  again('audit_entries', where, { id: randomUUID(), ...changes }, givenColumns(auditEntries))

/** A key like another, with some values changed; columns that Postgres computes are left to it. */
function issued(likeId: string, changes: Record<string, string>) {
  const own: Record<string, string> = {
    id: 'gen_random_uuid()',
    short_id: `'K-ZZZZZZ'`,
    fingerprint: `decode(repeat('ab', 32), 'hex')`,
    ...changes,
  }
  const columns = givenColumns(keys)
  const values = columns.map((column) => own[column] ?? column)
  return `insert into keys (${columns}) select ${values} from keys where id = '${likeId}'`
}

const session = (expires: string) =>
  `insert into sessions (token_hash, person_id, expires, last_used_at, created_at, device)
   select 'x', id, ${expires}, now(), now(), '' from people limit 1`

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

const emailChange = (to: string, { hours = 1 } = {}) =>
  `insert into email_changes (id, person_id, old_email, new_email, old_hmac, new_hmac, created_at, expires_at)
   select gen_random_uuid(), id, 'old', '${to}', gen_random_uuid()::text::bytea, gen_random_uuid()::text::bytea, now(),
     now() + interval '${hours} hours' from people limit 1;`

const address = (identity: string) => ({ url: `https://${identity}`, url_identity: identity })

/** A key that says to take over from another, which says so too. */
const takesOver = (fromId: string, changes: Record<string, string>) =>
  `with renewed as (update keys set renewed_at = issued_at where id = '${fromId}')
   ${issued(fromId, { follows_id: `'${fromId}'`, ...changes })}`

const extension = (from: string, to: string) =>
  `insert into extensions (id, organization_id, key_id, from_expires_at, to_expires_at, reason, extended_at)
   select gen_random_uuid(), organization_id, id, ${from}, ${to}, 'Late', now() from keys where id = '${ids.keyId}'`

const ofOwner = () => `where organization_id = '${own.organizationId}' and role = 'owner'`

const release = (glpiMin: string, glpiMax: string | null) =>
  `insert into releases select gen_random_uuid(), id, '1.0', '${glpiMin}', ${glpiMax ? `'${glpiMax}'` : 'null'}, '2026-01-01'
   from products limit 1`

type Wrong = [what: string, constraint: string, sql: () => string]

const wrong: Wrong[] = [
  [
    'two current keys for one term',
    'keys_current_of_term',
    () =>
      key(
        ids.renewedKeyId,
        `(term_id, term_ends_at) = (select term_id, term_ends_at from keys where id = '${ids.keyId}'),
      expires_at = (select expires_at from keys where id = '${ids.keyId}')`,
      ),
  ],
  [
    'a key that two others follow',
    'keys_follows',
    () => key(ids.permanentKeyId, `follows_id = '${ids.keyId}'`),
  ],
  ['an expiry before the start', 'keys_span', () => key(ids.keyId, 'starts_at = expires_at')],
  [
    'a permanent key with an end',
    'keys_permanent',
    () => key(ids.permanentKeyId, `expires_at = starts_at + interval '1 year'`),
  ],
  ['a subscription key without an end', 'keys_permanent', () => key(ids.keyId, 'expires_at = null')],
  [
    'a subscription key without a term',
    'keys_term',
    () => key(ids.keyId, 'term_id = null, term_ends_at = null'),
  ],
  [
    'a permanent key of a term',
    'keys_term',
    () => key(ids.permanentKeyId, `(term_id, term_ends_at) = (select id, ends_at from terms limit 1)`),
  ],
  ['a term without its end', 'keys_term_end', () => key(ids.keyId, 'term_ends_at = null')],
  [
    "an end that is not its term's",
    'keys_term_fk',
    () => key(ids.keyId, `term_ends_at = term_ends_at - interval '1 day'`),
  ],
  [
    'a key that ends before its term',
    'keys_outlives_term',
    () => key(ids.keyId, `expires_at = term_ends_at - interval '1 day'`),
  ],
  ['a key bound to an instance without one', 'keys_binding', () => key(ids.keyId, 'instance_id = null')],
  [
    'a key bound to the organization with an instance',
    'keys_binding',
    () => key(ids.keyId, `binding = 'organization'`),
  ],
  [
    'a short ID with a letter that is misread',
    'keys_short_id',
    () => key(ids.keyId, `short_id = 'K-OOOOOO'`),
  ],
  [
    'a short ID twice',
    'keys_shortId_unique',
    () => key(ids.keyId, `short_id = (select short_id from keys where id = '${ids.renewedKeyId}')`),
  ],
  [
    'a key twice',
    'keys_fingerprint_unique',
    () => key(ids.keyId, `fingerprint = (select fingerprint from keys where id = '${ids.renewedKeyId}')`),
  ],
  [
    'a key that follows itself',
    'keys_follows_another',
    () => key(ids.permanentKeyId, `follows_id = '${ids.permanentKeyId}'`),
  ],
  [
    'a key that had expired when it was issued',
    'keys_issued',
    () => key(ids.keyId, 'issued_at = expires_at'),
  ],
  [
    "a key that is its term's no longer though none took over",
    'keys_superseded',
    () => key(ids.renewedKeyId, 'superseded_at = now()'),
  ],
  ['a key of no version of the ring', 'keys_ring_version', () => key(ids.keyId, 'ring_version = 0')],
  [
    'a fingerprint that was cut short',
    'keys_fingerprint',
    () => key(ids.keyId, 'fingerprint = substring(fingerprint for 31)'),
  ],
  ['more of a key than its last four', 'keys_last_four', () => key(ids.keyId, `last_four = 'abcde'`)],
  [
    'a revocation undone before it was',
    'revocations_span',
    () =>
      `update revocations set restored_at = revoked_at - interval '1 second' where restored_at is not null`,
  ],
  [
    'an instance retired before it was added',
    'instances_span',
    () => `update instances set retired_at = created_at - interval '1 second'`,
  ],
  [
    'an address given up before it was added',
    'instance_addresses_span',
    () => `update instance_addresses set retired_at = created_at - interval '1 second'`,
  ],
  [
    'a replaced key that was never renewed',
    'keys_replaced',
    () => key(ids.permanentKeyId, 'replaced_at = now()'),
  ],
  [
    'a replaced key that was renewed after that',
    'keys_replaced',
    () => key(ids.permanentKeyId, `renewed_at = now(), replaced_at = now() - interval '1 second'`),
  ],
  [
    'a key that was seen before it was issued',
    'keys_first_seen',
    () => key(ids.keyId, `first_seen_at = issued_at - interval '1 second'`),
  ],
  ['a key that ends at no time', 'keys_expires', () => key(ids.keyId, `expires_at = 'infinity'`)],
  ['a key without its secret', 'keys_cipher', () => key(ids.keyId, `cipher = ''`)],
  [
    'a revocation that is lifted without a word',
    'revocations_lifted',
    () => 'update revocations set restored_at = now() where restored_at is null',
  ],
  [
    'a restoration of what is still revoked',
    'restorations_lift',
    () =>
      `insert into restorations (revocation_id, organization_id, restored_at)
       select id, organization_id, now() from revocations where restored_at is null`,
  ],
  [
    'a key whose end moves without a word',
    'keys_extended',
    () => key(ids.renewedKeyId, `expires_at = expires_at + interval '1 day'`),
  ],
  [
    'a key whose end moves back without a word',
    'keys_extended',
    () => key(ids.renewedKeyId, `expires_at = expires_at - interval '1 day'`),
  ],
  [
    'a key whose end moves to another day than its extension says',
    'keys_extended',
    () =>
      `set constraints extensions_extend deferred; ${extension('expires_at', `expires_at + interval '1 day'`)};
       ${key(ids.keyId, `expires_at = expires_at + interval '2 days'`)}`,
  ],
  [
    'an extension that moves no end',
    'extensions_extend',
    () => extension('expires_at', `expires_at + interval '1 day'`),
  ],
  [
    'an extension that is told otherwise afterwards',
    'extensions_past',
    () => `update extensions set reason = 'It was late.'`,
  ],
  ['a key that none renewed', 'keys_renewed', () => key(ids.permanentKeyId, 'renewed_at = now()')],
  [
    'a key that was renewed when the newer one was not yet there',
    'keys_renewed',
    () => key(ids.keyId, `renewed_at = renewed_at - interval '1 second'`),
  ],
  [
    'a key that was not renewed though another follows it',
    'keys_renewed',
    () => key(ids.keyId, 'renewed_at = null, replaced_at = null'),
  ],
  [
    "a key that is its term's no longer though the newer one is of another term",
    'keys_renewed',
    () => key(ids.keyId, 'superseded_at = renewed_at'),
  ],
  [
    'a key that follows one that knows nothing of it',
    'keys_followed',
    () => issued(ids.permanentKeyId, { follows_id: `'${ids.permanentKeyId}'` }),
  ],
  [
    'a key that is renewed from the beginning, by none',
    'keys_followed',
    () => issued(ids.permanentKeyId, { renewed_at: 'issued_at' }),
  ],
  ['a key that follows another than it did', 'keys_past', () => key(ids.renewedKeyId, 'follows_id = null')],
  [
    'a key that was issued at another time than it was',
    'keys_past',
    () => key(ids.permanentKeyId, `issued_at = issued_at - interval '1 second'`),
  ],
  [
    'a newer key of another product',
    'keys_follows_alike',
    () =>
      takesOver(ids.permanentKeyId, { product_id: `(select id from products where reference = 'branding')` }),
  ],
  [
    'a newer key of another subscription',
    'keys_follows_alike',
    () =>
      `insert into subscriptions select '${another}', organization_id, product_id, now()
         from subscriptions where id = '${ids.subscriptionId}';
       insert into terms select '${another}', organization_id, '${another}', 1, starts_at, ends_at, now()
         from terms where id = (select term_id from keys where id = '${ids.renewedKeyId}');
       ${takesOver(ids.renewedKeyId, { term_id: `'${another}'`, renewed_at: 'null' })}`,
  ],
  [
    'a newer key of another organization',
    'keys_follows_fk',
    () =>
      issued(ids.permanentKeyId, {
        organization_id: `(select id from organizations where slug = 'globex')`,
        follows_id: `'${ids.permanentKeyId}'`,
        instance_id: 'null',
        binding: `'organization'`,
      }),
  ],
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
  ...[
    'https://DESK.example',
    'https://me@desk.example',
    'https://desk.example/glpi/',
    'https://desk.example//glpi',
    'https://desk.example/?id=1',
    'https://desk.example#top',
    'https://desk.example:',
    'https://desk..example',
    'https://désk.example',
    'ftp://desk.example',
    'desk.example',
    `https://desk.example/${'x'.repeat(2_048)}`,
  ].map(
    (url): Wrong => [
      `the address ${url.slice(0, 40)}`,
      'instance_addresses_url',
      () =>
        `update instance_addresses set url = '${url}',
         url_identity = regexp_replace(regexp_replace('${url}', '^https?://(www[.])*', ''), '^([^/]*):(80|443)(/|$)', '\\1\\3')
       where ordinal = 1`,
    ],
  ),
  ...[
    'sixth.example',
    'https://desk.example',
    'www.desk.example',
    'desk.example:443',
    'DESK.example',
    '',
  ].map(
    (identity): Wrong => [
      `an address https://www.desk.example:443 that is compared as "${identity}"`,
      'instance_addresses_identity_of_url',
      () =>
        `update instance_addresses set url = 'https://www.desk.example:443', url_identity = '${identity}' where ordinal = 1`,
    ],
  ),
  ['an extension without a reason', 'extensions_reason', () => `update extensions set reason = ' '`],
  ['a term before the first', 'terms_ordinal_counts', () => 'update terms set ordinal = 0 where ordinal = 1'],
  ['a label of blanks', 'instances_label', () => `update instances set label = ' '`],
  ['a name of blanks', 'organizations_name', () => `update organizations set name = ' '`],
  ['a person without an address', 'people_email', () => `update people set email = ''`],
  [
    'a member without a name in the trail',
    'audit_entries_person_known',
    () =>
      anotherEntry(`organization_id = '${own.organizationId}'`, {
        actor: 'member',
        person_id: null,
        sequence: 1_000,
      }),
  ],
  ['a session of a year', 'sessions_span', () => session(`now() + interval '1 year'`)],
  ['a session that ends before it begins', 'sessions_span', () => session(`now() - interval '1 second'`)],
  ['a sign-in of an hour', 'sign_ins_span', () => signIn({ expires_at: `now() + interval '1 hour'` })],
  [
    'a sign-in that was used before it was asked for',
    'sign_ins_used',
    () => signIn({ used_at: `now() - interval '1 second'` }),
  ],
  ['a sign-in that any code completes', 'sign_ins_hmacs', () => signIn({ code_hmac: `''` })],
  [
    "a key of another product than its subscription's",
    'keys_product',
    () =>
      `set constraints keys_followed deferred; ${issued(ids.keyId, {
        follows_id: 'null',
        renewed_at: 'issued_at',
        superseded_at: 'issued_at',
        product_id: `(select id from products where reference = 'suite')`,
      })}`,
  ],
  [
    'a key that comes to unlock another product',
    'keys_unlocks',
    () => key(ids.keyId, `product_id = (select id from products where reference = 'suite')`),
  ],
  [
    'a subscription that changes its product',
    'subscriptions_product',
    () => `update subscriptions set product_id = (select id from products where reference = 'suite')`,
  ],
  [
    'a term that changes its subscription',
    'terms_subscription',
    () =>
      `with other as (insert into subscriptions select gen_random_uuid(), organization_id, product_id, now()
         from subscriptions limit 1 returning id)
       update terms set subscription_id = other.id from other`,
  ],
  [
    'a key of an open-source product',
    'keys_open_source',
    () => issued(ids.permanentKeyId, { product_id: `(select id from products where reference = 'tags')` }),
  ],
  ['a key without an organization', '', () => key(ids.keyId, 'organization_id = null')],
  [
    'overlapping terms',
    'terms_no_overlap',
    () => again('terms', `subscription_id = '${ids.subscriptionId}'`, { id: randomUUID(), ordinal: 9 }),
  ],
  [
    'two terms with one number',
    'terms_ordinal',
    () => `update terms set ordinal = 1 where subscription_id = '${ids.subscriptionId}' and ordinal = 2`,
  ],
  [
    'a term that ends before it starts',
    'terms_span',
    () => 'update terms set starts_at = ends_at where ordinal = 2',
  ],
  [
    'an extension to an earlier day',
    'extensions_later',
    () => 'update extensions set to_expires_at = from_expires_at',
  ],
  [
    'two revocations at once',
    'revocations_current',
    () => again('revocations', 'restored_at is null', { id: randomUUID() }),
  ],
  [
    'a sixth further address',
    'instance_addresses_ordinal',
    () =>
      again('instance_addresses', 'ordinal = 1', {
        id: randomUUID(),
        ordinal: 6,
        ...address('sixth.example'),
      }),
  ],
  [
    'two main addresses',
    'instance_addresses_ordinal',
    () => again('instance_addresses', 'ordinal = 0', { id: randomUUID(), ...address('second.example') }),
  ],
  [
    'one address for two instances',
    'instance_addresses_identity',
    () => again('instance_addresses', 'ordinal = 0', { id: randomUUID(), ordinal: 2 }),
  ],
  [
    'a production instance that is the test of another',
    'instances_test_of',
    () => `update instances set environment = 'production' where test_of_id is not null`,
  ],
  [
    'an instance that is its own test',
    'instances_test_of',
    () => 'update instances set test_of_id = id where test_of_id is not null',
  ],
  [
    'a test copy of a test copy',
    'instances_test_of_fk',
    () =>
      `insert into instances (id, organization_id, short_id, label, environment, test_of_id, created_at)
       select gen_random_uuid(), organization_id, 'I-ZZZZZZ', 'copy', 'test', id, now() from instances where test_of_id is not null`,
  ],
  [
    'a test instance that has a test copy',
    'instances_test_of_fk',
    () => `update instances set environment = 'test' where id = '${ids.instanceId}'`,
  ],
  [
    'an instance in use whose main address is given up',
    'instance_addresses_main',
    () => 'update instance_addresses set retired_at = now() where ordinal = 0',
  ],
  [
    'an instance in use without a main address',
    'instances_main_address',
    () =>
      `insert into instances (id, organization_id, short_id, label, environment, created_at)
       values (gen_random_uuid(), '${own.organizationId}', 'I-ZZZZZZ', 'nowhere', 'production', now())`,
  ],
  [
    'a retired instance whose address is in use',
    'instances_main_address',
    () => `update instances set retired_at = now() where id = '${ids.instanceId}'`,
  ],
  ['an instance without a label', 'instances_label', () => `update instances set label = ''`],
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
  ['a person in capitals', 'people_email_lower', () => `update people set email = upper(email)`],
  [
    'an audit entry with a number that is taken',
    'audit_entries_sequence',
    () => anotherEntry(`organization_id = '${own.organizationId}'`, {}),
  ],
  [
    'an audit entry with a number that is not the next',
    'audit_entries_next',
    () =>
      anotherEntry(`organization_id = '${own.organizationId}'`, {
        sequence: 1_000,
      }),
  ],
  [
    'an entry of the vendor with a number that is not the next',
    'audit_entries_next',
    () => anotherEntry('organization_id is null', { sequence: 1_000 }),
  ],
  [
    'an entry of the vendor with a number that is taken',
    'audit_entries_sequence',
    () => anotherEntry('organization_id is null', {}),
  ],
  [
    "a second end of the vendor's chain",
    'audit_heads_organization',
    () => again('audit_heads', 'organization_id is null', {}),
  ],
  [
    'a trial of an open-source product',
    'products_open_source',
    () => `update products set trial_days = 15 where open_source`,
  ],
  [
    'a trial of 20 days',
    'products_trial_days',
    () => `update products set trial_days = 20 where reference = 'forms'`,
  ],
  ['a product whose keys are trials', 'products_key_kind', () => `update products set key_kind = 'trial'`],
  [
    'a release for GLPI versions that end before they begin',
    'releases_glpi_span',
    () => release('10.1', '10.0.9'),
  ],
  ['no grace', 'products_days', () => 'update products set grace_days = 0'],
  [
    'a suite that contains itself',
    'suite_products_other',
    () => 'update suite_products set product_id = suite_id',
  ],
  [
    'one command run twice under its key',
    'command_runs_once',
    () => again('command_runs', 'true', {}).replace('t.true', 'true'),
  ],
  ['a sixth try of a sign-in code', 'sign_ins_tries', () => signIn({ tries: '6' })],
  ['a sign-in that ends before it starts', 'sign_ins_span', () => signIn({ expires_at: 'now()' })],
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

test.each(wrong)('the database refuses %s', async (_what, constraint, statement) => {
  await onConnection(database.appUrl, async (client) => {
    // What is only asked at the commit is asked at once.
    await client.query(`begin; set local latchkey.scope = 'system'; set constraints all immediate`)
    const refusal = await refusalOf(client, statement())
    // 23502 not null, 23503 reference, 23505 unique, 23514 check, 23P01 exclusion
    expect(refusal.code, refusal.message).toMatch(/^23(502|503|505|514|P01)$/)
    expect(refusal.constraint ?? '').toBe(constraint)
  })
})

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

test('the database takes each address that is read, under its identity', async () => {
  const known = addresses.filter((entry) => typeof entry !== 'string').map(({ input }) => input)
  const made = fc.sample(fc.webUrl({ size: 'medium', withQueryParameters: true, withFragments: true }), 2_000)
  const spelled = [...known, ...made].flatMap((url) => [
    url,
    url.replace(/^https?:\/\//, '$&www.'),
    url.replace(/^(https?:\/\/[^/?#]+)/, '$1:443'),
    url.replace(/^(https?:\/\/[^/?#]+)/, '$1:8080'),
    ...['[2001:db8::80]:443', '10.0.0.7:80', 'désk.www.example'].map((host) =>
      url.replace(/^https?:\/\/[^/?#]+/, `http://${host}`),
    ),
  ])
  const read = spelled.map(parseInstanceUrl).filter((verdict) => verdict.ok)
  expect(read.length).toBeGreaterThan(5_000)
  const rows = read.map(({ url, identity }) => ({ id: randomUUID(), url, url_identity: identity }))
  await onConnection(database.appUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    const { rowCount } = await client.query(
      `insert into instance_addresses (id, organization_id, instance_id, ordinal, url, url_identity, created_at, retired_at)
       select r.id, i.organization_id, i.id, 1, r.url, r.url_identity, now(), now()
       from instances i, json_populate_recordset(null::instance_addresses, $1) r where i.id = $2`,
      [JSON.stringify(rows), ids.instanceId],
    )
    expect(rowCount).toBe(rows.length)
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

test.each([
  ['10.0', '11.0'],
  ['9.5', '10.0'],
  ['11.0.5', '11.0'],
  ['11', '11.0.3'],
  ['11.0.0-rc1', '11.0'],
  ['11.0', null],
])('the database takes a release for GLPI %s to %s', async (glpiMin, glpiMax) => {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query('begin')
    expect(await refusalOf(client, release(glpiMin, glpiMax))).toMatchObject({ code: 'done', rows: 1 })
  })
})

test('the database takes each time zone that an organization may have, and no unknown one', async () => {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    const set = 'update organizations set time_zone = $1'
    for (const zone of timeZones) {
      expect((await refusalOf(client, set, [zone])).code, zone).toBe('done')
    }
    for (const zone of ['Mars/Olympus', 'Europe/Parris', 'Europe/Paris ', '']) {
      expect((await refusalOf(client, set, [zone])).code, zone).toMatch(/^(22023|23514)$/)
    }
  })
})

test("the portal's role removes what ends by itself, members, assignments and parts of suites; the worker's only the first", async () => {
  const byItself = ['command_runs', 'email_changes', 'known_browsers', 'rate_limits', 'sessions', 'sign_ins']
  const rights = await onConnection(database.ownerUrl, (client) =>
    client.query(
      `select grantee as role, string_agg(table_name, ' ' order by table_name) as tables
       from information_schema.role_table_grants
       where table_schema = 'public' and privilege_type in ('DELETE', 'TRUNCATE') and grantee in ('latchkey_app', 'latchkey_worker')
       group by 1 order by 1`,
    ),
  )
  expect(rights.rows).toEqual([
    {
      role: 'latchkey_app',
      tables: [...byItself, 'assignments', 'memberships', 'suite_products'].sort().join(' '),
    },
    { role: 'latchkey_worker', tables: byItself.join(' ') },
  ])
})

test("each check, exclusion, trigger and unique index of an organization's rows is tried above", async () => {
  const rest = await onConnection(database.ownerUrl, (client) =>
    client.query<{ name: string }>(
      `select conname as name from pg_constraint
       where connamespace = 'public'::regnamespace and contype in ('c', 'x', 't')
       union select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
       where c.relnamespace = 'public'::regnamespace and i.indisunique and i.indpred is not null`,
    ),
  )
  const tried = wrong.map(([, constraint]) => constraint)
  const known = ['instances_short_id', 'products_reference']
  expect(
    rest.rows.map(({ name }) => name).filter((name) => !tried.includes(name) && !known.includes(name)),
  ).toEqual([])
})
