import type Stripe from 'stripe'

const day = 24 * 60 * 60

/**
 * The first moment after `from` at which a period ends that began at the anchor. A month that lacks the anchor's day ends
 * with its last; a later one has the day again.
 */
export function periodEnd(anchor: number, from: number, recurring: Stripe.Price.Recurring): number {
  for (let count = 0; ; count += recurring.interval_count) {
    const end = plus(anchor, recurring.interval, count)
    if (end > from) return end
  }
}

function plus(anchor: number, interval: string, count: number): number {
  if (interval === 'day') return anchor + count * day
  if (interval === 'week') return anchor + count * 7 * day
  const begin = new Date(anchor * 1000)
  const months = interval === 'year' ? count * 12 : count
  const last = new Date(Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + months + 1, 0)).getUTCDate()
  const end = new Date(begin)
  end.setUTCDate(1)
  end.setUTCMonth(begin.getUTCMonth() + months)
  end.setUTCDate(Math.min(begin.getUTCDate(), last))
  return end.getTime() / 1000
}

/** An amount as it is read, in the currency's own fraction digits. */
export function spoken(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return format.format(amount / 10 ** digits)
}
