import type { Stripe } from '@/lib/payments/stripe'

/** A payment of two renewals, as a flow's steps need it. */
export interface Renewal {
  checkoutId: string
  /** Where it is paid. */
  url: string
  sessionId: string
}

/** What a step can be done with. */
export interface Means {
  stripe: Stripe
  /** The stand-in's address. */
  standIn: string
  pay: (url: string, by?: Record<string, string>) => Promise<unknown>
  giveUp: (renewal: Renewal) => Promise<unknown>
}

/** `wait`: nothing but time, in which a debit settles. */
export type Step = 'wait' | ((means: Means, renewal: Renewal) => Promise<unknown>)

/** What has to stand in the end, whatever came in which order and how often. */
export interface Outcome {
  ended: string
  /** Of each of the two subscriptions the terms, `back` where the money of one has gone back, and what became of their keys. */
  subscriptions: [dear: string, cheap: string]
  /** What is mailed: that there are new keys, or that the money did not come. */
  mails: number
  /** What staff are asked. */
  asked: string | null
}

export interface Flow {
  steps: Step[]
  outcome: Outcome
}

const asBought = 'paid: works, paid: works'
const unpaid = 'paid: works'
const paid: Outcome = { ended: 'paid', subscriptions: [asBought, asBought], mails: 1, asked: null }
const notPaid = (ended: string): Outcome => ({
  ended,
  subscriptions: [unpaid, unpaid],
  mails: 0,
  asked: null,
})
const refunded = 'paid: works, back: refunded'
const disputed = 'paid: works, back: disputed'

// https://docs.stripe.com/testing#sepa-direct-debit
const debit =
  (iban: string): Step =>
  ({ pay }, { url }) =>
    pay(url, { method: 'sepa_debit', iban })
const card: Step = ({ pay }, { url }) => pay(url)

async function paidBy({ stripe }: Means, { sessionId }: Renewal) {
  const session = await stripe.checkout.sessions.retrieve(sessionId, { expand: ['invoice'] })
  if (typeof session.invoice !== 'object' || !session.invoice?.id) throw new Error('it was paid')
  return { invoice: session.invoice, invoiceId: session.invoice.id, intent: String(session.payment_intent) }
}

const refund =
  (amount?: number): Step =>
  async (means, renewal) => {
    const { intent } = await paidBy(means, renewal)
    await means.stripe.refunds.create({ payment_intent: intent, ...(amount && { amount }) })
  }

const creditDear: Step = async (means, renewal) => {
  const { invoice, invoiceId } = await paidBy(means, renewal)
  const line = invoice.lines.data.find(({ amount }) => amount === 29_000)
  await means.stripe.creditNotes.create({
    invoice: invoiceId,
    lines: [{ type: 'invoice_line_item', invoice_line_item: line?.id ?? '', quantity: 1 }],
    refund_amount: 34_800,
  })
}

const dispute: Step = async (means, renewal) => {
  const { intent } = await paidBy(means, renewal)
  const { latest_charge: charge } = await means.stripe.paymentIntents.retrieve(intent)
  await fetch(`${means.standIn}/_sandbox/disputes`, { method: 'POST', body: JSON.stringify({ charge }) })
}

const decide =
  (evidence: 'winning_evidence' | 'losing_evidence'): Step =>
  async (means, renewal) => {
    const { intent } = await paidBy(means, renewal)
    const { data } = await means.stripe.disputes.list({ payment_intent: intent })
    await means.stripe.disputes.update(data[0]?.id ?? '', { evidence: { uncategorized_text: evidence } })
  }

/** Each way that a payment can go. What is added here is tried in every order of its events. */
export const flows: Record<string, Flow> = {
  'card paid': { steps: [card], outcome: paid },
  'delayed, paid': { steps: [debit('AT321904300235473204'), 'wait'], outcome: paid },
  'delayed, failed': {
    steps: [debit('AT051904300235473205'), 'wait'],
    outcome: { ...notPaid('failed'), mails: 1 },
  },
  expired: {
    steps: [({ stripe }, { sessionId }) => stripe.checkout.sessions.expire(sessionId)],
    outcome: notPaid('expired'),
  },
  'given up': {
    steps: [({ giveUp }, renewal) => giveUp(renewal)],
    outcome: notPaid('given_up'),
  },
  'refunded as a whole': {
    steps: [card, refund()],
    outcome: { ...paid, subscriptions: [refunded, refunded] },
  },
  'refunded in two parts': {
    steps: [card, refund(10_000), refund(39_200)],
    outcome: { ...paid, subscriptions: [refunded, refunded] },
  },
  'one line refunded': {
    steps: [card, creditDear],
    outcome: { ...paid, subscriptions: [refunded, asBought] },
  },
  'a part refunded': { steps: [card, refund(1_000)], outcome: { ...paid, asked: 'names_no_line 1000' } },
  'dispute lost': {
    steps: [card, dispute, decide('losing_evidence')],
    outcome: { ...paid, subscriptions: [disputed, disputed] },
  },
  'dispute won': { steps: [card, dispute, decide('winning_evidence')], outcome: paid },
  // Far more events than can be tried in every order.
  'refunded in seven parts': {
    steps: [card, ...Array.from({ length: 6 }, () => refund(5_000)), refund(19_200)],
    outcome: { ...paid, subscriptions: [refunded, refunded] },
  },
  'debit refunded': {
    steps: [debit('AT321904300235473204'), 'wait', refund()],
    outcome: { ...paid, subscriptions: [refunded, refunded] },
  },
}

/** What renews by itself, as a flow's steps need it. */
export interface Automatic {
  stripeSubscriptionId: string
}

/** `until`: so many days after it was switched on. */
export type AutomaticStep =
  | { until: number }
  | ((means: Pick<Means, 'stripe' | 'pay'>, automatic: Automatic) => Promise<unknown>)

export interface AutomaticOutcome {
  terms: string
  ended: boolean
  /** Of new keys. */
  mails: number
  /** Of charges that failed: none where the first that is heard of it is what came of it. */
  failedMails: number
  asked: string | null
}

export interface AutomaticFlow {
  /** What it is charged to. */
  card: string
  steps: AutomaticStep[]
  outcome: AutomaticOutcome
}

const payInvoice: AutomaticStep = async ({ stripe, pay }, { stripeSubscriptionId }) => {
  const { data } = await stripe.invoices.list({ subscription: stripeSubscriptionId, status: 'open' })
  await pay(data[0]?.hosted_invoice_url ?? '')
}
const cancel: AutomaticStep = ({ stripe }, { stripeSubscriptionId }) =>
  stripe.subscriptions.cancel(stripeSubscriptionId)

const refundCharge =
  (amount: number): AutomaticStep =>
  async ({ stripe }, { stripeSubscriptionId }) => {
    const { data } = await stripe.invoices.list({ subscription: stripeSubscriptionId, status: 'paid' })
    const invoice = data.find(({ subtotal }) => subtotal > 0)?.id ?? ''
    const [paidBy] = (await stripe.invoicePayments.list({ invoice })).data
    await stripe.refunds.create({ payment_intent: String(paidBy?.payment.payment_intent), amount })
  }

const good = '4242 4242 4242 4242'
// https://docs.stripe.com/testing#declined-payments: it can be kept, and is declined when it is charged
const declined = '4000 0000 0000 0341'
const aTerm = 'paid: works'
const once: AutomaticOutcome = { terms: asBought, ended: false, mails: 1, failedMails: 0, asked: null }
const inAYear = { until: 366 }

/** Each way that a subscription which renews by itself can go. What is added here is tried in orders of its events. */
export const automaticFlows: Record<string, AutomaticFlow> = {
  'ended at Stripe': {
    card: good,
    steps: [cancel],
    outcome: { ...once, terms: aTerm, ended: true, mails: 0 },
  },
  renewed: { card: good, steps: [inAYear], outcome: once },
  'renewed, then ended': { card: good, steps: [inAYear, cancel], outcome: { ...once, ended: true } },
  // Far more events than can be tried in every order.
  'renewed, then refunded in five parts': {
    card: good,
    steps: [inAYear, ...Array.from({ length: 4 }, () => refundCharge(5_000)), refundCharge(14_800)],
    outcome: { ...once, terms: refunded, ended: true },
  },
  'declined, then paid': {
    card: declined,
    steps: [inAYear, payInvoice],
    outcome: { ...once, failedMails: 1 },
  },
  'declined until Stripe gives up': {
    card: declined,
    steps: [inAYear, { until: 386 }],
    outcome: { ...once, terms: aTerm, ended: true, mails: 0, failedMails: 1 },
  },
}
