import { randomUUID } from 'node:crypto'
import * as schema from '@/db/schema/subscriptions'
import { again, filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database, ids } = await filledDatabase()

const wrong: Wrong[] = [
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
]

refuses(database, schema, wrong)
