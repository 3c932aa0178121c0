import { randomUUID } from 'node:crypto'
import * as schema from '@/db/schema/automatic-renewals'
import { again, filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const set =
  (changes: string, where = 'true') =>
  () =>
    `update automatic_renewals set ${changes} where ${where}`
/** A row as one that ended, so that it stands in nobody's way. */
const renewal = (changes: Record<string, unknown>) => () =>
  again('automatic_renewals', 'ended_at is not null', {
    ...{ id: randomUUID(), stripe_subscription_id: null, started_at: null },
    ...changes,
  })

const wrong: Wrong[] = [
  ['what is charged in capitals', 'automatic_renewals_currency', renewal({ currency: 'EUR' })],
  ['a charge of nothing', 'automatic_renewals_amount', renewal({ amount: 0 })],
  ['one that ended in no way', 'automatic_renewals_ended', set(`ended_at = now()`, 'ended is null')],
  [
    'one that somebody ended otherwise',
    'automatic_renewals_ended_by',
    set(`ended = 'withdrawn'`, 'ended_by_id is not null'),
  ],
  ['one that has begun nowhere', 'automatic_renewals_started', renewal({ started_at: '2100-01-01' })],
  ['a page without a session', 'automatic_renewals_session', renewal({ session_url: 'https://x.example' })],
  [
    'one that is over at Stripe alone',
    'automatic_renewals_cancelled',
    set('cancelled_at = now()', 'ended is null'),
  ],
  ['one that ended before it began', 'automatic_renewals_span', renewal({ ended_at: '2020-01-01' })],
  [
    'two for one subscription',
    'automatic_renewals_open',
    () => again('automatic_renewals', 'ended_at is null', { id: randomUUID() }),
  ],
  [
    'two with one subscription of Stripe’s',
    'automatic_renewals_stripeSubscriptionId_unique',
    () => again('automatic_renewals', 'started_at is not null', { id: randomUUID() }),
  ],
  [
    'a price that there is not',
    'automatic_renewals_price_id_prices_id_fk',
    renewal({ price_id: randomUUID() }),
  ],
  [
    'a charge that is no invoice',
    'automatic_charges_invoice',
    () => `update automatic_charges set invoice_id = 'x'`,
  ],
  [
    'one payment of two invoices',
    'automatic_charges_checkout',
    () => again('automatic_charges', 'checkout_id is not null', { invoice_id: 'in_another' }),
  ],
  [
    'an invoice twice',
    'automatic_charges_organization_id_invoice_id_pk',
    () => again('automatic_charges', 'checkout_id is not null', {}),
  ],
]

refuses(database, schema, wrong)
