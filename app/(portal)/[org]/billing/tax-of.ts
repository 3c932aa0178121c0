interface Priced {
  taxBehavior: 'inclusive' | 'exclusive'
}

/** Whether VAT is in a sum of prices: where it is in each. */
export const taxOf = (prices: readonly (Priced | null)[]) =>
  prices.every((price) => price?.taxBehavior === 'inclusive') ? 'inclusive' : 'exclusive'
