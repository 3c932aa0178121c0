import { normalizeShortId } from '@/lib/ids'
import { normalizeRefusalCode } from './refusal-code'

/** A version, which may look like a code. */
export const aVersion = /^(?:glpi\s*v?\d{1,3}|v?\d{1,3}\.\d{1,4})(?:\.\d{1,4}){0,3}(?:-\w+)?$/i

/** The refusal code or short ID that a text is, or that the portal's address in it ends in; null where it may be a word. */
export function namedAlone(pasted: string): string | null {
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

/** The same within a sentence: a short ID with its hyphen, or what is called a code there. */
export function namedWithin(pasted: string): string | null {
  const [shortId] = /(?<![\p{L}\p{N}-])[KI]\p{Pd}[A-Z0-9]{6}(?![\p{L}\p{N}-])/iu.exec(pasted) ?? []
  if (shortId) return normalizeShortId(shortId)
  for (const [, after = ''] of pasted.matchAll(/(?<!\p{L})code(?!\p{L})(?=(.{0,40}))/giu))
    for (const [typed] of after.matchAll(/(?<![\p{L}\p{N}-])[A-Z0-9]{6}(?![\p{L}\p{N}-])/giu)) {
      const code = isMixed(typed) && !aVersion.test(typed) ? normalizeRefusalCode(typed) : null
      if (code) return code
    }
  return null
}

/** Digits alone are a number, and letters alone a word, but those that only a code has: no I, L, O or U, and none small. */
const isMixed = (typed: string) =>
  /[a-z]/i.test(typed) && (/\d/.test(typed) || /^[A-HJKMNP-TV-Z]{6}$/.test(typed))

/** Reads a code or a short ID as people type it, or paste it with the message around it; null where there is none. */
export function normalizeNamed(typed: string): string | null {
  const text = bare(typed)
  return normalizeShortId(text) ?? normalizeRefusalCode(text) ?? namedAlone(typed) ?? namedWithin(typed)
}

const bare = (text: string) => text.trim().replace(/^[\p{P}\p{S}]+|[\p{P}\p{S}]+$/gu, '')
