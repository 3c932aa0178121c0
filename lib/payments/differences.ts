import type { CheckoutState } from './rules'

export const differenceKinds = [
  'paid_without_term',
  'term_without_payment',
  'amount_differs',
  'ends_early',
  'event_stuck',
  'silence',
  'other_mode',
  'charges_otherwise',
  'renews_without_ours',
  'renews_without_theirs',
  'permission_missing',
] as const
export type DifferenceKind = (typeof differenceKinds)[number]

export interface Difference {
  kind: DifferenceKind
  /** A session or an event of Stripe, a line of ours, a permission: what one would look for. */
  subject: string
  checkoutId: string | null
}

/** A Checkout as the portal has it. */
export interface OurCheckout {
  id: string
  sessionId: string | null
  state: CheckoutState
  currency: string
  amount: number
  lines: OurLine[]
}

export interface OurLine {
  id: string
  /** Until when it was shown to be paid. */
  endsAt: Date
  /** What it has brought; null: nothing, or no current key. */
  termEndsAt: Date | null
  keyExpiresAt: Date | null
}

/** The same as Stripe has it. */
export interface TheirSession {
  id: string
  paid: boolean
  currency: string | null
  /** Of all lines, without the tax that is added. */
  amount: number | null
}

/**
 * Where the two do not say the same of a Checkout. What is on its way, or ended unpaid at both, is none.
 * @param ours undefined where the portal has none such
 * @param theirs undefined where Stripe has none such
 */
export function differencesOf(ours: OurCheckout | undefined, theirs: TheirSession | undefined): Difference[] {
  const found: Difference[] = []
  const subject = theirs?.id ?? ours?.sessionId ?? ours?.id ?? ''
  const add = (kind: DifferenceKind, of = subject) =>
    found.push({ kind, subject: of, checkoutId: ours?.id ?? null })
  const paid = ours?.state === 'paid'
  if (theirs?.paid && !(paid && ours.lines.every(({ termEndsAt }) => termEndsAt))) add('paid_without_term')
  if (paid && !theirs?.paid) add('term_without_payment')
  if (ours && theirs && (theirs.amount !== ours.amount || theirs.currency !== ours.currency))
    add('amount_differs')
  if (paid) for (const line of ours.lines) if (endsEarly(line)) add('ends_early', line.id)
  return found
}

/** What was paid late may end later than was shown, and a key may be extended; neither ever ends sooner. */
const endsEarly = ({ endsAt, termEndsAt, keyExpiresAt }: OurLine) =>
  termEndsAt !== null && (termEndsAt < endsAt || keyExpiresAt === null || keyExpiresAt < termEndsAt)

const day = 86_400_000

/**
 * Whether Stripe should have told something, and has not: a Checkout ends within a day, paid or not, and either is an event.
 * @param lastEventAt when the last one came; null: never
 * @param begunAt when the Checkouts were begun, of those that Stripe has opened
 */
export function isSilent(lastEventAt: Date | null, begunAt: readonly Date[], now: Date): boolean {
  const since = now.getTime() - day
  if (lastEventAt && lastEventAt.getTime() >= since) return false
  return begunAt.some((at) => at.getTime() < since && (!lastEventAt || at > lastEventAt))
}
