/** The parameters of RFC 3492, section 5. */
const base = 36
const thresholdMin = 1
const thresholdMax = 26
const skew = 38
const damp = 700
const initialBias = 72
const initialCodePoint = 0x80

/** RFC 3492, section 6.1. */
function adapt(delta: number, codePoints: number, first: boolean): number {
  let rest = first ? Math.floor(delta / damp) : delta >> 1
  rest += Math.floor(rest / codePoints)
  let bias = 0
  while (rest > ((base - thresholdMin) * thresholdMax) >> 1) {
    rest = Math.floor(rest / (base - thresholdMin))
    bias += base
  }
  return bias + Math.floor(((base - thresholdMin + 1) * rest) / (rest + skew))
}

/** The value of a digit: a–z are 0–25, 0–9 are 26–35 (RFC 3492, section 5); NaN for anything else. */
function digitValue(character: string | undefined): number {
  if (character === undefined) return Number.NaN
  const value = parseInt(character, base)
  return value < 10 ? value + 26 : value - 10
}

/** Reads one variable-length integer from `position` on (RFC 3492, section 6.2); null when it is cut off or too large. */
function readInteger(text: string, position: number, bias: number): { value: number; next: number } | null {
  let value = 0
  let weight = 1
  for (let next = position, k = base; ; k += base) {
    const digit = digitValue(text[next++])
    value += digit * weight
    // Also catches NaN. No label that DNS can carry comes near 2^31.
    if (!(value < 2 ** 31)) return null
    const threshold = Math.min(Math.max(k - bias, thresholdMin), thresholdMax)
    if (digit < threshold) return { value, next }
    weight *= base - threshold
  }
}

/**
 * Decodes one label of an internationalized host name (RFC 3492, section 6.2).
 *
 * @param text the label without its `xn--`
 * @returns the label in Unicode, or null where it is no Punycode
 */
export function decodePunycode(text: string): string | null {
  const delimiter = text.lastIndexOf('-')
  const literal = text.slice(0, Math.max(delimiter, 0))
  if (!/^[\da-z-]*$/i.test(text)) return null
  const output = Array.from(literal, (character) => character.charCodeAt(0))
  let codePoint = initialCodePoint
  let index = 0
  let bias = initialBias
  for (let position = delimiter > 0 ? delimiter + 1 : 0; position < text.length; ) {
    const integer = readInteger(text, position, bias)
    if (integer === null) return null
    const before = index
    index += integer.value
    const length = output.length + 1
    bias = adapt(index - before, length, before === 0)
    codePoint += Math.floor(index / length)
    index %= length
    if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return null
    output.splice(index++, 0, codePoint)
    position = integer.next
  }
  return String.fromCodePoint(...output)
}
