import { randomBytes } from 'node:crypto'

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Letters and digits that nobody guesses. */
export function randomText(length: number): string {
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('')
}

/** An ID as Stripe's look: what it names, an underscore, letters and digits. */
export const newId = (prefix: string, length = 24) => `${prefix}_${randomText(length)}`
