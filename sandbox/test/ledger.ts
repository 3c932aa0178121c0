export const day = 86_400_000
/** A day of summer time begins an hour earlier or later. */
export const shift = 3_600_000 * 2
/** A term, and from when to when its money was with us. */
export interface Ledger {
  termId: string
  startsAt: number
  endsAt: number
  ours: { from: number; to: number }[]
  invoiceId: string | null
  lineId: string | null
  state: 'paid' | 'refunded' | 'lost'
}

export const countsAt = ({ ours }: Ledger, at: number) => ours.some(({ from, to }) => from <= at && at < to)

/** Of a term whose money has gone back the days until then. */
export function daysPaid({ startsAt, endsAt, ours }: Ledger): number {
  const spans = ours.map(({ from, to }) => Math.min(to, endsAt) - Math.max(from, startsAt))
  return spans.reduce((sum, span) => sum + Math.max(0, Math.ceil((span - shift) / day)), 0)
}
