import { decodePunycode } from '@/lib/instances/punycode'

/**
 * Writing systems in which a label may be shown: the recommended scripts of Unicode (UAX #31, table 5). Japanese,
 * Korean and Chinese each mix several (UTS #39, section 5.1). A label in any other script stays in Punycode.
 */
const writingSystems = [
  ...['Latin', 'Greek', 'Cyrillic', 'Armenian', 'Georgian', 'Hebrew', 'Arabic', 'Thaana', 'Ethiopic'],
  ...['Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam'],
  ...['Sinhala', 'Thai', 'Lao', 'Tibetan', 'Myanmar', 'Khmer'],
  ...['Han Hiragana Katakana', 'Han Hangul', 'Han Bopomofo'],
].map((scripts) => {
  const classes = `${scripts} Common Inherited`.split(' ').map((script) => `\\p{Script_Extensions=${script}}`)
  return new RegExp(`^[${classes.join('')}]+$`, 'u')
})

/** Cyrillic letters that a reader takes for Latin ones: `аррӏе` is in one script and still a look-alike. */
const latinInCyrillic = /^[асԁеһіјӏорԛѕԝхуѵ\d-]+$/u

/**
 * A label's Unicode text; null where it claims to be Punycode and is none. It must encode to the same label again: engines
 * let labels pass that the URL standard refuses, among them some that decode to a control character or to plain ASCII.
 */
function readLabel(label: string): string | null {
  if (!label.startsWith('xn--')) return label
  const text = decodePunycode(label.slice('xn--'.length))
  if (!text) return null
  try {
    return new URL(`https://${text}`).hostname === label ? text : null
  } catch {
    return null
  }
}

/** Whether a label in lower-case ASCII is one that a host may have, as far as its Punycode goes. */
export function isReadable(label: string): boolean {
  return readLabel(label) !== null
}

/**
 * How one label of a host is shown to people: in Unicode where it can be told from another, else in Punycode.
 *
 * @param label a label in lower-case ASCII, as a URL parser leaves it
 */
export function showLabel(label: string): string {
  const text = readLabel(label)
  if (text === null || latinInCyrillic.test(text) || !writingSystems.some((one) => one.test(text)))
    return label
  return text
}

/** Whether a label could be taken for another: mixed scripts, or wholly another script's look-alikes of Latin letters. */
export function isLookAlike(label: string): boolean {
  return label.startsWith('xn--') && showLabel(label) === label
}
