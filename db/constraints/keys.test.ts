import { randomUUID } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as schema from '@/db/schema/keys'
import { again, filledDatabase, givenColumns, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database, own, ids } = await filledDatabase()
const another = randomUUID()

const key = (id: string, change: string) => `update keys set ${change} where id = '${id}'`

/** A key like another, with some values changed; columns that Postgres computes are left to it. */
function issued(likeId: string, changes: Record<string, string>) {
  const other: Record<string, string> = {
    id: 'gen_random_uuid()',
    short_id: `'K-ZZZZZZ'`,
    fingerprint: `decode(repeat('ab', 32), 'hex')`,
    ...changes,
  }
  const columns = givenColumns(schema.keys)
  const values = columns.map((column) => other[column] ?? column)
  return `insert into keys (${columns}) select ${values} from keys where id = '${likeId}'`
}

const product = (reference: string) => `(select id from products where reference = '${reference}')`

/** A key that says to take over from another, which says so too. */
const takesOver = (fromId: string, changes: Record<string, string>) =>
  `with renewed as (update keys set renewed_at = issued_at where id = '${fromId}')
   ${issued(fromId, { follows_id: `'${fromId}'`, ...changes })}`

const extension = (from: string, to: string) =>
  `insert into extensions (id, organization_id, key_id, from_expires_at, to_expires_at, reason, extended_at)
   select gen_random_uuid(), organization_id, id, ${from}, ${to}, 'Late', now() from keys where id = '${ids.keyId}'`

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
    'a key that works before it is issued',
    'keys_starts',
    () => key(ids.keyId, `starts_at = issued_at - interval '1 second'`),
  ],
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
    () => takesOver(ids.trialKeyId, { product_id: product('forms') }),
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
  ['an extension without a reason', 'extensions_reason', () => `update extensions set reason = ' '`],
  [
    "a key of another product than its subscription's",
    'keys_product',
    () =>
      `set constraints keys_followed deferred; ${issued(ids.keyId, {
        follows_id: 'null',
        renewed_at: 'issued_at',
        superseded_at: 'issued_at',
        product_id: product('suite'),
      })}`,
  ],
  [
    'a key that comes to unlock another product',
    'keys_unlocks',
    () => key(ids.keyId, `product_id = (select id from products where reference = 'suite')`),
  ],
  [
    'a key of an open-source product',
    'keys_open_source',
    () =>
      `update products set open_source = true where reference = 'legacy'; ${issued(ids.permanentKeyId, {})}`,
  ],
  ['a key without an organization', '', () => key(ids.keyId, 'organization_id = null')],
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
    'a second trial of a product',
    'keys_trial',
    () => issued(ids.trialKeyId, { instance_id: `'${ids.instanceId}'` }),
  ],
  [
    'a second trial of a product, on another instance',
    'keys_trial',
    () => issued(ids.trialKeyId, { instance_id: '(select id from instances where test_of_id is not null)' }),
  ],
  ['a trial before the first', 'keys_trial_ordinal', () => key(ids.trialKeyId, 'trial_ordinal = 0')],
  ['a second trial that is none', 'keys_trial_ordinal', () => key(ids.permanentKeyId, 'trial_ordinal = 2')],
  [
    'a permanent key of a product that is sold by term',
    'keys_kind_fk',
    () => issued(ids.permanentKeyId, { product_id: product('forms') }),
  ],
  [
    'a key of a term of a product with permanent keys',
    'keys_kind_fk',
    () => issued(ids.keyId, { product_id: product('legacy'), superseded_at: 'renewed_at' }),
  ],
  [
    'a key of a product that is sold by term which comes to have permanent keys',
    'keys_kind_fk',
    () => `update products set key_kind = 'permanent' where reference = 'forms'`,
  ],
  [
    'a trial of a product that cannot be tried',
    'keys_tried',
    () => issued(ids.trialKeyId, { product_id: product('legacy') }),
  ],
  [
    'a trial that is longer than its product says',
    'keys_trial_days',
    () => issued(ids.trialKeyId, { trial_ordinal: '2', expires_at: `expires_at + interval '25 hours'` }),
  ],
  [
    'a key that is bound otherwise than its product says',
    'keys_product_fk',
    () => issued(ids.permanentKeyId, { binding: `'organization'`, instance_id: 'null' }),
  ],
  [
    'a key that comes to be bound otherwise than its product says',
    'keys_product_fk',
    () => key(ids.keyId, `binding = 'installation'`),
  ],
  [
    'a product that says otherwise what its keys are bound to',
    'keys_product_fk',
    () => `update products set binding = 'installation' where reference = 'forms'`,
  ],
  [
    'a revocation before the key was issued',
    'revocations_of_issued',
    () =>
      again('revocations', 'restored_at is null', {
        id: randomUUID(),
        key_id: ids.renewedKeyId,
        revoked_at: '2020-01-01T00:00Z',
      }),
  ],
  [
    'a revocation that was lifted and is no longer',
    'revocations_stay_lifted',
    () =>
      `update revocations set restored_at = null, key_id = '${ids.renewedKeyId}' where restored_at is not null`,
  ],
  [
    'a key that is sealed anew by whom it belongs to',
    'keys_sealed',
    () =>
      `set local latchkey.scope = ''; set local latchkey.organization_id = '${own.organizationId}';
       ${key(ids.keyId, `cipher = '\\x00' || cipher`)}`,
  ],
]

wrong.push([
  'a key whose money has gone back and its term’s has not',
  'keys_refunded',
  () => key(ids.renewedKeyId, 'refunded_at = now()'),
])

refuses(database, schema, wrong, ['keys_stay_seen', 'keys_seen_by_now'])

test('the tables of each file of the schema are tried in one of these files', () => {
  const tests = globSync('*.test.ts', { cwd: import.meta.dirname })
    .map((file) => readFileSync(`${import.meta.dirname}/${file}`, 'utf8'))
    .join()
  const files = globSync('*.ts', {
    cwd: `${import.meta.dirname}/../schema`,
    exclude: ['columns.ts', 'answer-codes.ts'],
  })
  expect(files.length).toBeGreaterThan(5)
  expect(files.filter((file) => !tests.includes(`from '@/db/schema/${file.slice(0, -3)}'`))).toEqual([])
})
