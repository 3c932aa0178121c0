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
  'debit refunded': {
    steps: [debit('AT321904300235473204'), 'wait', refund()],
    outcome: { ...paid, subscriptions: [refunded, refunded] },
  },
}
