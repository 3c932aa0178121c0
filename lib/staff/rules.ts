/*
 * What an account manager may do alone (docs/decisions/0006). More takes an admin, so that nobody gives away for good, or
 * takes away from many, what no second person has looked at.
 */

/** Months of a term that is issued without a payment. */
export const mostMonths = 36
/** Days by which a key may outlive what is paid, or today where that is over. */
export const mostExtensionDays = 90
/** Keys that are revoked in an hour. */
export const mostRevocations = 10

const day = 86_400_000

export type TermVerdict = { ok: true } | { ok: false; because: 'needs_admin_months'; months: number }

export function mayIssueTerm(role: string, months: number): TermVerdict {
  if (role !== 'manager' || months <= mostMonths) return { ok: true }
  return { ok: false, because: 'needs_admin_months', months: mostMonths }
}

export type ExtensionVerdict = { ok: true } | { ok: false; because: 'needs_admin_extension'; days: number }

/**
 * Counted from the term's end, or today where that is over or there is none, and not from the key's end: extended again
 * and again, a key would otherwise never end.
 */
export function mayExtendTo(
  role: string,
  key: { termEndsAt: Date | null },
  until: Date,
  now: Date,
): ExtensionVerdict {
  const from = Math.max(now.getTime(), key.termEndsAt?.getTime() ?? 0)
  // The last day is a whole one, and changes of the clock make one longer.
  if (role !== 'manager' || until.getTime() <= from + (mostExtensionDays + 1) * day) return { ok: true }
  return { ok: false, because: 'needs_admin_extension', days: mostExtensionDays }
}
