import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import * as schema from '@/db/schema/payments'
import { onConnection, refusalOf } from '@/sandbox/test/fixture'
import { again, filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database, own, ids } = await filledDatabase()

const set = (table: string, changes: string) => () => `update ${table} set ${changes}`

const price = (changes: Record<string, unknown>) => () =>
  again('prices', `currency = 'eur'`, { id: randomUUID(), ...changes })
const account = (changes: Record<string, unknown>) =>
  again('billing_accounts', `customer_id is not null`, changes)
const checkout = (changes: Record<string, unknown>, named = ids.checkoutId) =>
  again('checkouts', `id = '${named}'`, { id: randomUUID(), session_id: null, session_url: null, ...changes })
/** One of the two that are open, as a line of another Checkout. */
const line = (which: 'renewed' | 'bought', changes: Record<string, unknown> = {}) =>
  again(
    'checkout_lines',
    `ended_at is null and t.subscription_id is ${which === 'renewed' ? 'not null' : 'null'}`,
    { id: randomUUID(), checkout_id: ids.openedId, ...changes },
  )
const event = (changes: Record<string, string> = {}) => {
  const row = { id: `'evt_1'`, done_at: 'null', outcome: 'null', ...changes }
  return `insert into stripe_events (type, object_id, live, happened_at, received_at, due_at, ${Object.keys(row)})
    values ('checkout.session.completed', 'cs_1', false, now(), now(), now(), ${Object.values(row)})`
}

const ofPrices: Wrong[] = [
  ['two prices of a term at once', 'prices_current', price({ amount: 1 })],
  ['a price in capitals', 'prices_currency', set('prices', `currency = 'EUR'`)],
  ['a price in a currency of four letters', 'prices_currency', set('prices', `currency = 'euro'`)],
  ['a price of nothing', 'prices_amount', set('prices', 'amount = 0')],
  ['a price of more than Stripe takes', 'prices_amount', set('prices', 'amount = 100000000')],
  ['a price of no time', 'prices_months', set('prices', 'months = 0')],
  ['a price of more than three years', 'prices_months', set('prices', 'months = 37')],
  [
    'a price that was withdrawn before it began',
    'prices_span',
    set('prices', `withdrawn_at = created_at - interval '1 second'`),
  ],
  ['a price of a product that is bound otherwise', 'prices_product_fk', price({ binding: 'installation' })],
  [
    'two prices that are one at Stripe',
    'prices_stripePriceId_unique',
    set('prices', `stripe_price_id = 'price_1'`),
  ],
]

const ofAccounts: Wrong[] = [
  ['a second customer of an organization', 'billing_accounts_pkey', () => account({ customer_id: 'cus_2' })],
  [
    'two organizations as one customer',
    'billing_accounts_customerId_unique',
    () =>
      `insert into billing_accounts select id, 'eur', 'cus_acme', now() from organizations where slug = 'globex'`,
  ],
  [
    'an account in capitals',
    'billing_accounts_currency',
    set('billing_accounts', `currency = upper(currency)`),
  ],
  [
    'a customer that is none of Stripe’s',
    'billing_accounts_customer',
    set('billing_accounts', `customer_id = 'acct_1'`),
  ],
]

const ofCheckouts: Wrong[] = [
  ['a Checkout in capitals', 'checkouts_currency', set('checkouts', 'currency = upper(currency)')],
  ['a Checkout of nothing', 'checkouts_amount', set('checkouts', 'amount = 0')],
  ['a Checkout that ended in no way', 'checkouts_ended', () => checkout({ ended_at: '2100-01-01' })],
  ['a Checkout that ended at no time', 'checkouts_ended', () => checkout({ ended: 'expired' })],
  ['a session without an address', 'checkouts_session', () => checkout({ session_id: 'cs_1' })],
  ['an address without a session', 'checkouts_session', () => checkout({ session_url: 'https://x.example' })],
  [
    'a Checkout that was completed before it began',
    'checkouts_span',
    () => checkout({ completed_at: '2020-01-01' }),
  ],
  [
    'a Checkout that ended before it began',
    'checkouts_span',
    () => checkout({ ended_at: '2020-01-01', ended: 'expired' }),
  ],
  [
    'a Checkout that was late, and is not paid',
    'checkouts_late',
    set('checkouts', `late_after = 'expired' where ended is null`),
  ],
  [
    'a Checkout that was paid after it was paid',
    'checkouts_late',
    set('checkouts', `late_after = 'paid' where ended = 'paid'`),
  ],
  [
    'two Checkouts that are one at Stripe',
    'checkouts_sessionId_unique',
    () => checkout({ session_id: 'cs_opened_acme', session_url: 'https://x.example' }, ids.openedId),
  ],
  [
    'a Checkout of one organization under the ID of another’s',
    'checkouts_pkey',
    () => `insert into checkouts (id, organization_id, begun_at, currency, amount)
      select '${ids.checkoutId}', id, now(), 'eur', 1 from organizations where slug = 'globex'`,
  ],
]

const ofLines: Wrong[] = [
  [
    'a subscription that two pay at once',
    'checkout_lines_renewed_once',
    () => line('renewed', { ends_at: '2100-01-01' }),
  ],
  [
    'a product that two buy at once for an instance',
    'checkout_lines_bought_once',
    () => line('bought', { ends_at: '2100-01-01' }),
  ],
  [
    'a product that two buy at once for the whole organization',
    'checkout_lines_bought_once',
    () => `${line('bought', { instance_id: null })}; ${line('bought', { instance_id: null })}`,
  ],
  [
    'a term that two lines have brought',
    'checkout_lines_term',
    () => again('checkout_lines', 'term_id is not null', { id: randomUUID(), subscription_id: null }),
  ],
  ['a line of nothing', 'checkout_lines_amount', set('checkout_lines', 'amount = 0')],
  [
    'a line of a term that ends when it begins',
    'checkout_lines_span',
    set('checkout_lines', 'ends_at = starts_at'),
  ],
  [
    'a line of a product that is none',
    'checkout_lines_price_fk',
    set('checkout_lines', `product_id = gen_random_uuid()`),
  ],
  [
    'a line at a price that is none',
    'checkout_lines_price_fk',
    set('checkout_lines', `price_id = gen_random_uuid()`),
  ],
  [
    'a line at the price of another product',
    'checkout_lines_price_fk',
    set(
      'checkout_lines',
      `price_id = (select p.id from prices p where p.product_id <> checkout_lines.product_id limit 1)`,
    ),
  ],
]

const ofEvents: Wrong[] = [
  ['an event that is none of Stripe’s', 'stripe_events_id', () => event({ id: `'in_1'` })],
  ['an event twice', 'stripe_events_pkey', () => `${event()}; ${event()}`],
  ['an event that is done, with no outcome', 'stripe_events_done', () => event({ done_at: 'now()' })],
  ['an outcome of what is not done', 'stripe_events_done', () => event({ outcome: `'paid'` })],
]

const difference = (changes: Record<string, string> = {}) => {
  const row = { kind: `'silence'`, subject: `'webhook'`, checkout_id: 'null', gone_at: 'null', ...changes }
  return `insert into payment_differences (id, found_at, ${Object.keys(row)})
    values (gen_random_uuid(), now(), ${Object.values(row)})`
}
const reconciliation = (missed: number, settled: number) => () =>
  `insert into stripe_reconciliations values (gen_random_uuid(), now(), ${missed}, ${settled})`

const ofComparing: Wrong[] = [
  ['a difference that is listed twice', 'payment_differences_open', () => `${difference()}; ${difference()}`],
  [
    'a difference that was gone before it was found',
    'payment_differences_span',
    () => difference({ gone_at: `now() - interval '1 second'` }),
  ],
  [
    'a difference about a Checkout that is none',
    'payment_differences_checkout_id_checkouts_id_fk',
    () => difference({ checkout_id: 'gen_random_uuid()' }),
  ],
  ['fewer than no events missed', 'stripe_reconciliations_counts', reconciliation(-1, 0)],
  ['fewer than no Checkouts settled', 'stripe_reconciliations_counts', reconciliation(0, -1)],
]

const all = [...ofPrices, ...ofAccounts, ...ofCheckouts, ...ofLines, ...ofEvents, ...ofComparing]
refuses(database, schema, all)

test.each<[string, () => string]>([
  ['a price beside one that was withdrawn', price({ withdrawn_at: '2100-01-01' })],
  ['a price of the same term in another currency', price({ currency: 'chf' })],
  ['a price of a longer term', price({ months: 24 })],
  [
    'a subscription that is paid again once a payment of it has ended',
    () => line('renewed', { ended_at: '2100-01-01' }),
  ],
  [
    'a product that is bought for the whole organization while it is bought for an instance',
    () => line('bought', { instance_id: null }),
  ],
  [
    'a Checkout that ends in the moment in which it began',
    () => `update checkouts set ended_at = begun_at, ended = 'expired' where id = '${ids.checkoutId}'`,
  ],
  ['an event', () => event()],
  ['a difference', () => difference()],
  ['a comparison that found nothing', reconciliation(0, 0)],
])('the database takes %s', async (_what, statement) => {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query(
      `begin; set local latchkey.organization_id = '${own.organizationId}'; set constraints all immediate`,
    )
    expect(await refusalOf(client, statement())).toMatchObject({ code: 'done', rows: 1 })
  })
})
