/** Addresses beside the main one that an instance may have. */
export const furtherAddresses = 5

export type OrdinalVerdict = { ok: true; ordinal: number } | { ok: false; because: 'addresses_full' }

/** The first ordinal that no address in use has; 0 is the main address. */
export function freeOrdinal(taken: readonly number[]): OrdinalVerdict {
  for (let ordinal = 1; ordinal <= furtherAddresses; ordinal++) {
    if (!taken.includes(ordinal)) return { ok: true, ordinal }
  }
  return { ok: false, because: 'addresses_full' }
}
