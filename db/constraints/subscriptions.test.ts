import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import * as schema from '@/db/schema/subscriptions'
import { onConnection, refusalOf } from '@/sandbox/test/fixture'
import { again, filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database, own, ids } = await filledDatabase()

/** A third term. What it is given speaks of the second. */
const next = ({ ordinal = 3, startsAt = 'ends_at', createdAt = 'now()' } = {}) =>
  `insert into terms select gen_random_uuid(), organization_id, subscription_id, ${ordinal}, ${startsAt},
     ends_at + interval '1 year', ${createdAt} from terms where subscription_id = '${ids.subscriptionId}' and ordinal = 2`

/** Of the second term. */
const refund = (changes: Record<string, unknown> = {}) =>
  again('term_refunds', 'restored_at is not null', { id: randomUUID(), restored_at: null, ...changes })

const subscription = (reference: string) =>
  `insert into subscriptions select gen_random_uuid(), '${own.organizationId}', id, now() from products
   where reference = '${reference}'`

const wrong: Wrong[] = [
  ['a subscription to what is free', 'subscriptions_sold', () => subscription('tags')],
  ['a subscription to what is sold for good', 'subscriptions_sold', () => subscription('legacy')],
  ['a term before the first', 'terms_ordinal_counts', () => 'update terms set ordinal = 0 where ordinal = 1'],
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
  ['a day between two terms', 'terms_follow', () => next({ startsAt: `ends_at + interval '1 day'` })],
  ['a term whose number is not the next', 'terms_follow', () => next({ ordinal: 4 })],
  [
    'a subscription taken up again while its last key works',
    'terms_follow',
    () => next({ startsAt: `ends_at + interval '10 days'`, createdAt: `ends_at + interval '10 days'` }),
  ],
  [
    'a subscription taken up again on another day than the term begins',
    'terms_follow',
    () => next({ startsAt: `ends_at + interval '102 days'`, createdAt: `ends_at + interval '100 days'` }),
  ],
  [
    'a term that is refunded, and nothing says why',
    'terms_refunded',
    () => `update terms set refunded_at = now() where ordinal = 2`,
  ],
  ['a refund of a term that is paid', 'term_refunds_refund', () => refund({ refunded_at: '2100-01-01' })],
  [
    'a term that is refunded twice at once',
    'term_refunds_current',
    () => `set constraints all deferred; ${refund()}; ${refund()}`,
  ],
  [
    'a refund that is undone before it was made',
    'term_refunds_span',
    () => `update term_refunds set restored_at = refunded_at - interval '1 second'`,
  ],
]

refuses(database, schema, wrong)

test('days whose money has gone back can be paid again', async () => {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'; set constraints all deferred`)
    await client.query(refund({ refunded_at: '2100-01-01' }))
    await client.query(`update terms set refunded_at = '2100-01-01' where ordinal = 2`)
    await client.query(
      `update keys set refunded_at = '2100-01-01' where term_id in (select id from terms where ordinal = 2)`,
    )
    const before = `update keys set renewed_at = null, replaced_at = null where id = '${ids.keyId}'`
    await client.query(before)
    const again = `insert into terms select gen_random_uuid(), organization_id, subscription_id, 3, starts_at, ends_at, now()
      from terms where subscription_id = '${ids.subscriptionId}' and ordinal = 2`
    await client.query(again)
    expect(await refusalOf(client, 'set constraints all immediate')).toMatchObject({ code: 'done' })
  })
})

test.each([
  ['where the last one ended', next()],
  [
    'on the day on which a subscription that has lapsed is taken up again',
    next({ startsAt: `ends_at + interval '100 days'`, createdAt: `ends_at + interval '100 days 10 hours'` }),
  ],
])('the database takes a term that begins %s', async (_where, statement) => {
  await onConnection(database.appUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'; set constraints all immediate`)
    expect(await refusalOf(client, statement)).toMatchObject({ code: 'done', rows: 1 })
  })
})
