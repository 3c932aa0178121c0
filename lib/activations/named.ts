import { normalizeShortId } from '@/lib/ids'
import { normalizeRefusalCode } from './refusal-code'

/** A version, which may look like a code. */
export const aVersion = /^(?:glpi\s*v?\d{1,3}|v?\d{1,3}\.\d{1,4})(?:\.\d{1,4}){0,3}(?:-\w+)?$/i

/** The refusal code or short ID that a text is, or that the portal's address in it ends in; null where it may be a word. */
function namedAlone(pasted: string): string | null {
  const [, inAddress] = /\/open\/([\w-]{6,10})(?![\w-])/.exec(pasted) ?? []
  const typed = inAddress ?? bare(pasted)
  // Letters alone are a word ("plugin", "keyword"), unless they are written as codes are.
  if (!inAddress && !/\d/.test(typed) && typed !== typed.toUpperCase()) return null
  if (aVersion.test(typed)) return null
  const shortId = normalizeShortId(typed)
  // Without its hyphen an instance's is many a word as well.
  const isShortId = shortId?.startsWith('K') || /^[iIlL1]\p{Pd}/u.test(typed)
  return shortId && isShortId ? shortId : normalizeRefusalCode(typed)
}

/** What joins several names in an address, in none of which it stands. */
export const nameJoint = '.'
const mostNames = 5

/**
 * The names that a text is made of, or that the portal's addresses in it end in: whoever pastes two messages of GLPI has two
 * codes. None where it may be words.
 */
export function namesAlone(pasted: string): string[] {
  const alone = namedAlone(pasted)
  const inAddresses = [...pasted.matchAll(/\/open\/[\w-]{6,10}(?![\w-])/g)].map(([text]) => namedAlone(text))
  if (alone) return unique([alone, ...inAddresses])
  const parts = pasted.split(/[\s,;]+/).filter((part) => part && !/^(?:and|or|et|ou|&)$/i.test(part))
  const names = parts.map(namedAlone)
  return names.includes(null) ? [] : unique(names)
}

/** The same within a sentence: short IDs with their hyphen, and what is called a code there. */
export function namesWithin(pasted: string): string[] {
  const shortIds = pasted.match(/(?<![\p{L}\p{N}-])[KI]\p{Pd}[A-Z0-9]{6}(?![\p{L}\p{N}-])/giu) ?? []
  const codes = [...pasted.matchAll(/(?<!\p{L})codes?(?!\p{L})(?=(.{0,40}))/giu)].flatMap(([, after = '']) =>
    (after.match(/(?<![\p{L}\p{N}-])[A-Z0-9]{6}(?![\p{L}\p{N}-])/giu) ?? []).map((typed) =>
      isMixed(typed) && !aVersion.test(typed) ? normalizeRefusalCode(typed) : null,
    ),
  )
  return unique([...shortIds.map(normalizeShortId), ...codes])
}

const unique = (names: readonly (string | null)[]) =>
  [...new Set(names)].filter((name) => name !== null).slice(0, mostNames)

/** Digits alone are a number, and letters alone a word, but those that only a code has: no I, L, O or U, and none small. */
const isMixed = (typed: string) =>
  /[a-z]/i.test(typed) && (/\d/.test(typed) || /^[A-HJKMNP-TV-Z]{6}$/.test(typed))

/** Reads the codes and short IDs that people type, or paste with the message around them; none where there are none. */
export function normalizeNames(typed: string): string[] {
  const text = bare(typed)
  const one = normalizeShortId(text) ?? normalizeRefusalCode(text)
  const alone = one ? [one] : namesAlone(typed)
  return alone.length > 0 ? alone : namesWithin(typed)
}

/** The first of them. */
export const normalizeNamed = (typed: string): string | null => normalizeNames(typed)[0] ?? null

const bare = (text: string) => text.trim().replace(/^[\p{P}\p{S}]+|[\p{P}\p{S}]+$/gu, '')
