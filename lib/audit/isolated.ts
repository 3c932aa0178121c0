/**
 * Text of any direction, kept from turning the sentence around it (UAX #9, FSI and PDI); an address is read from the left
 * in any script (LRI).
 */
export const isolated = (text: string, isAddress = false) =>
  /[\u0590-\u08FF\uFB1D-\uFEFC]/u.test(text) ? `${isAddress ? '\u2066' : '\u2068'}${text}\u2069` : text
