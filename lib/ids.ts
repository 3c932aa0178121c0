import { createHash, randomBytes } from 'node:crypto'

export type ShortIdLetter = 'K' | 'I'

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const latestTime = 2 ** 48 - 1
let lastTime = -1
let counter = 0

/**
 * Makes a UUIDv7 (RFC 9562, section 5.7), so that new rows stand at the end of an index. IDs made by one process
 * in the same millisecond sort in the order of their making (section 6.2, method 1: a counter of 30 bits that
 * begins at random and leaves 44 random bits).
 * @throws RangeError when the date is invalid, before 1970 or does not fit 48 bits of milliseconds
 */
export function newId(now: Date = new Date()): string {
  const time = now.getTime()
  if (!(time >= 0 && time <= latestTime)) throw new RangeError('The date does not fit a UUIDv7')
  const bytes = randomBytes(16)
  // One bit stays free at the beginning, so that half a billion IDs fit a millisecond before the counter is full.
  counter = time === lastTime ? counter + 1 : bytes.readUInt32BE(4) >>> 3
  lastTime = time
  bytes.writeUIntBE(time, 0, 6)
  bytes.writeUInt16BE(0x7000 | (counter >>> 18), 6)
  bytes.writeUInt16BE(0x8000 | ((counter >>> 4) & 0x3fff), 8)
  bytes.writeUInt8(((counter & 0xf) << 4) | (bytes.readUInt8(10) & 0xf), 10)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Makes the UUID of a text, always the same (version 8 of RFC 9562). */
export function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether a part of an address can be an ID at all: Postgres fails on what is none. */
export function isId(text: unknown): text is string {
  return typeof text === 'string' && uuid.test(text)
}

/**
 * Makes the name of a key (`K-7QF3XM`) or an instance (`I-…`) that is safe to say on the phone: six characters of
 * Crockford's base 32 (crockford.com/base32.html), a billion of them. The column is unique: on a collision, take another.
 */
export function shortId(letter: ShortIdLetter): string {
  return `${letter}-${Array.from(randomBytes(6), (byte) => crockford.charAt(byte & 31)).join('')}`
}

/**
 * Reads a short ID as people type it: any case and width, with or without hyphen and blanks, O for 0, I or L for 1.
 * @returns the short ID as it is stored, or null when the text is none
 */
export function normalizeShortId(text: string): string | null {
  if (text.length > 40) return null
  // As it stands at the end of a sentence, or typed in full width.
  const typed = inHalfWidth(text).replace(/[\s\p{Pd}\p{Cf}\u2212]|[.,;:]$/gu, '')
  // Without the flags "iu", which would also let a Kelvin sign through.
  if (!/^[a-zA-Z0-9]{7}$/.test(typed)) return null
  const [letter = '', ...rest] = typed.toUpperCase()
  const kind = letter === 'K' ? 'K' : 'I1L'.includes(letter) ? 'I' : null
  const body = rest.join('').replaceAll('O', '0').replace(/[IL]/g, '1')
  return kind && !body.includes('U') ? `${kind}-${body}` : null
}

/**
 * Reads the beginning of a short ID, spelled as freely as the whole: its letter, its hyphen and at least one character.
 * @returns the beginning as it is stored, or null when the text is none
 */
export function shortIdBeginning(text: string): string | null {
  if (text.length > 40) return null
  const typed = inHalfWidth(text).replace(/[\s\p{Cf}]|[.,;:…]$/gu, '')
  const [, letter = '', body = ''] = /^([kKiIlL1])[\p{Pd}\u2212]([a-zA-Z0-9]{1,6})$/u.exec(typed) ?? []
  // What is missing of it is nothing that could be read wrongly.
  const whole = normalizeShortId(letter + body.padEnd(6, '0'))
  return whole?.slice(0, 2 + body.length) ?? null
}

const inHalfWidth = (text: string) =>
  text.replace(/[\uFF01-\uFF5E]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0))

/**
 * Tries short IDs until one is free; two rows of a billion seldom meet, but a million rows do.
 * @param insert writes the row unless the short ID is taken, and returns what it wrote.
 * @throws when ten in a row were taken, which chance does not do.
 */
export async function untilFree(
  letter: ShortIdLetter,
  insert: (candidate: string) => Promise<readonly unknown[]>,
): Promise<string> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const candidate = shortId(letter)
    if ((await insert(candidate)).length > 0) return candidate
  }
  throw new Error('ten short IDs in a row were taken')
}
