import type Stripe from 'stripe'
import type { CheckoutLine } from './checkout-lines'
import type { CheckoutParams } from './checkout-params'
import { idOf, Table } from './table'
import { Timeline } from './timeline'

/** All that the stand-in knows, in memory: it is gone when the process ends. */
export interface World {
  /** Where it listens, for the addresses of its pages. */
  url: string
  time: Timeline
  /** Of each test clock, its own time. */
  clocks: Map<string, Timeline>
  tables: ReturnType<typeof newTables>
  /** When each event was made, by everybody's clock. */
  emitted: Map<string, number>
  /** The request that is being answered; events name it. */
  request: { id: string; idempotencyKey: string | null } | null
  /** Brings an event to the webhook endpoints. */
  deliver: (event: Stripe.EventBase) => void
  settings: Settings
  hooks: Hooks
}

interface Hooks {
  /** What to do when a payment that was processing has an end, by the payment intent. */
  settled: Map<string, (intent: Stripe.PaymentIntent) => void>
  /** What follows when a person has been asked by their bank, by the intent: it says where they go then. */
  asked: Map<string, (agreed: boolean) => string>
  /** What else an invoice's end means. */
  invoice: (invoice: Stripe.Invoice, what: 'paid' | 'failed' | 'overdue' | 'voided' | 'uncollectible') => void
}

interface Settings {
  /** Days after which a failed renewal is tried again; after the last, the subscription is cancelled. */
  retryAfterDays: number[]
  /** Seconds that a debit is on its way at least: in test mode Stripe says after three minutes what in life takes days. */
  debitsTake: number
}

/** What is kept of a card or an account, and shown to nobody. */
interface Secret {
  id: string
  number: string
  /** The bank has agreed to payments without asking again. */
  setUp: boolean
}

function newTables() {
  return {
    customers: new Table<Stripe.Customer>('customer'),
    deletedCustomers: new Table<Stripe.DeletedCustomer>('customer'),
    taxIds: new Table<Stripe.TaxId>('tax id', ({ customer }) => idOf(customer)),
    products: new Table<Stripe.Product>('product'),
    prices: new Table<Stripe.Price>('price'),
    currencyOptions: new Table<{ id: string; options: Record<string, Stripe.Price.CurrencyOptions> }>(
      'price',
    ),
    paymentMethods: new Table<Stripe.PaymentMethod>('PaymentMethod'),
    numbers: new Table<Secret>('PaymentMethod'),
    paymentIntents: new Table<Stripe.PaymentIntent>('payment_intent'),
    charges: new Table<Stripe.Charge>('charge'),
    refunds: new Table<Stripe.Refund>('refund', ({ charge }) => idOf(charge)),
    disputes: new Table<Stripe.Dispute>('dispute'),
    setupIntents: new Table<Stripe.SetupIntent>('setupintent'),
    taxRates: new Table<Stripe.TaxRate>('tax rate'),
    invoices: new Table<Stripe.Invoice>('invoice'),
    invoiceItems: new Table<Stripe.InvoiceItem>('invoiceitem'),
    invoicePayments: new Table<Stripe.InvoicePayment>('invoice payment', ({ invoice }) => idOf(invoice)),
    creditNotes: new Table<Stripe.CreditNote>('credit note'),
    subscriptions: new Table<Stripe.Subscription>('subscription'),
    sessions: new Table<Stripe.Checkout.Session>('checkout.session'),
    portalSessions: new Table<Stripe.BillingPortal.Session>('portal session'),
    checkouts: new Table<{ id: string; params: CheckoutParams; lines: CheckoutLine[] }>('checkout.session'),
    webhookEndpoints: new Table<Stripe.WebhookEndpoint>('webhook endpoint'),
    webhookSecrets: new Table<{ id: string; secret: string }>('webhook endpoint'),
    testClocks: new Table<Stripe.TestHelpers.TestClock>('billing clock'),
    events: new Table<Stripe.EventBase>('event'),
  }
}

export function newWorld(options: { url: string; now: () => Date }): World {
  return {
    url: options.url,
    time: new Timeline(() => Math.floor(options.now().getTime() / 1000)),
    clocks: new Map(),
    tables: newTables(),
    emitted: new Map(),
    request: null,
    deliver: () => {},
    hooks: { settled: new Map(), asked: new Map(), invoice: () => {} },
    settings: { retryAfterDays: [3, 5, 7], debitsTake: 0 },
  }
}

/** The time that a customer's things live in: their test clock's, or everybody's. */
export function timeOf(world: World, customer: string | { id: string } | null | undefined): Timeline {
  const clock = world.tables.customers.find(idOf(customer) ?? '')?.test_clock
  return world.clocks.get(idOf(clock) ?? '') ?? world.time
}
