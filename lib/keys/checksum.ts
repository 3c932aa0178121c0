/** The characters of Bech32 data by their value (BIP-173): no b, i, o and 1. */
export const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

export const prefixes = { subscription: 'gks', trial: 'gkt', permanent: 'gkp' } as const
export const keyLength = 36
/** Prefix and separator, such as `gks1`; behind it stand 26 characters of data and 6 of checksum. */
export const headLength = 4

const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const bech32mConstant = 0x2bc830a3
const headPlaces = Array.from({ length: headLength }, (_, index) => index)
const dataLength = keyLength - headLength

type Change = { index: number; by: number }
/** A key that a text is close to, and the 0-based places in which they differ. */
export type Repair = { key: string; places: number[] }
/** A key that a text is one character away from in length, and the 0-based places where that can be. */
export type Shift = { key: string; places: number[] }

/** What the five bits that a step pushes out do to the rest, for each of their 32 values. */
const pushedOut = Int32Array.from({ length: 32 }, (_, top) =>
  generator.reduce((sum, word, bit) => ((top >> bit) & 1 ? sum ^ word : sum), 0),
)

function step(sum: number, value: number): number {
  // Stryker disable next-line LogicalOperator: of 30 bits 5 are left, which the compiler does not know
  return ((sum & 0x1ffffff) << 5) ^ value ^ (pushedOut[sum >>> 25] ?? 0)
}

const heads = Object.values(prefixes).map((prefix) => {
  const codes = [...prefix].map((char) => char.charCodeAt(0))
  const expanded = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
  return { head: `${prefix}1`, sum: expanded.reduce(step, 1) }
})

// The checksum is linear: what one changed character adds to it depends on its place and on the change alone.
const effects = new Map<number, Change>()
for (let by = 1; by < 32; by++) {
  let effect = by
  for (let index = dataLength - 1; index >= 0; index--) {
    effects.set(effect, { index, by })
    effect = step(effect, 0)
  }
}

function findChanges(residue: number, limit: number): Change[] | null {
  if (residue === 0) return []
  if (limit < 1) return null
  const one = effects.get(residue)
  if (one) return [one]
  if (limit < 2) return null
  for (const [effect, first] of effects) {
    const second = effects.get(residue ^ effect)
    if (second) return [first, second]
  }
  return null
}

/**
 * Finds the key that differs from a text of the right length in the fewest characters. Two keys differ in at
 * least five places (BIP-173 and BIP-350), also when their prefixes differ, so if at most two characters of a
 * key were replaced, this is the key. A character outside the alphabet counts as one that was replaced.
 * @param chars 36 characters in lower case
 * @param limit how many characters may differ: 0, 1 or 2
 */
export function repair(chars: readonly string[], limit: 0 | 1 | 2): Repair | null {
  const values = chars.slice(headLength).map((char) => alphabet.indexOf(char))
  const unreadable = values.flatMap((value, index) => (value < 0 ? [index + headLength] : []))
  if (unreadable.length > limit) return null
  for (const { head, sum } of heads) {
    const wrongHead = headPlaces.filter((index) => chars[index] !== head[index])
    if (wrongHead.length + unreadable.length > limit) continue
    const data = values.map((value) => Math.max(value, 0))
    const changes = findChanges(data.reduce(step, sum) ^ bech32mConstant, limit - wrongHead.length)
    if (!changes) continue
    const places = new Set([...wrongHead, ...unreadable, ...changes.map(({ index }) => index + headLength)])
    if (places.size > limit) continue
    for (const { index, by } of changes) data[index] = (data[index] ?? 0) ^ by
    const key = head + data.map((value) => alphabet.charAt(value)).join('')
    return { key, places: [...places].sort((a, b) => a - b) }
  }
  return null
}

/**
 * Finds the keys that a text becomes when one character is put in.
 * @param chars 35 characters in lower case
 */
export function findMissing(chars: readonly string[]): Shift[] {
  return collect((place) => repair([...chars.slice(0, place), '?', ...chars.slice(place)], 1)?.key, keyLength)
}

/**
 * Finds the keys that a text becomes when one character is taken out.
 * @param chars 37 characters in lower case
 */
export function findExtra(chars: readonly string[]): Shift[] {
  return collect(
    (place) => (mayBeKey(chars, place) ? chars.toSpliced(place, 1).join('') : undefined),
    keyLength + 1,
  )
}

/**
 * Finds the keys that a text becomes when two characters are taken out.
 * @param chars 38 characters in lower case
 */
export function findTwoExtra(chars: readonly string[]): Shift[] {
  const shifts = new Map<string, Shift>()
  for (let one = 0; one < keyLength + 1; one++)
    for (let other = one + 1; other < keyLength + 2; other++) {
      if (!mayBeKey(chars, one, other)) continue
      const key = chars.filter((_, index) => index !== one && index !== other).join('')
      // The last: of "aaa" the first was meant.
      shifts.set(key, { key, places: [one, other] })
    }
  return [...shifts.values()]
}

/** Whether what one or two characters leave is a key; asked of 703 pairs, so that it makes nothing on its way. */
function mayBeKey(chars: readonly string[], one: number, other = Number.POSITIVE_INFINITY): boolean {
  const at = (index: number) => {
    const behindOne = index < one ? index : index + 1
    return chars[behindOne < other ? behindOne : behindOne + 1] ?? ''
  }
  const found = heads.find(({ head }) => headPlaces.every((index) => head[index] === at(index)))
  if (!found) return false
  let { sum } = found
  for (let index = headLength; index < keyLength; index++) {
    const value = alphabet.indexOf(at(index))
    if (value < 0) return false
    sum = step(sum, value)
  }
  return sum === bech32mConstant
}

function collect(attempt: (place: number) => string | undefined, count: number): Shift[] {
  const shifts = new Map<string, Shift>()
  for (let place = 0; place < count; place++) {
    const key = attempt(place)
    if (!key) continue
    const shift = shifts.get(key) ?? { key, places: [] }
    shift.places.push(place)
    shifts.set(key, shift)
  }
  return [...shifts.values()]
}
