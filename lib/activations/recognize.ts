import { normalizeShortId } from '@/lib/ids'
import { cleanMarks, findKeys, parseKey } from '@/lib/keys/format'
import { normalizeRefusalCode } from './refusal-code'

/** What a pasted text can be that is no registration key; `text` is prose in which none stands. */
export const notKeys = [
  'portal_token',
  'statement',
  'certificate',
  'glpicrypt',
  'case',
  'masked',
  'glpi_verdict',
  'unreached',
  'foreign_secret',
  'email',
  'address',
  'glpi_token',
  'version',
  'text',
  'other',
] as const
export type NotKey = (typeof notKeys)[number]

export interface Recognized {
  what: NotKey
  /** Of a `case`: the refusal code or short ID that opens it in the portal; of a `masked` key, its end. */
  opens?: string
}

const aVersion = /^(?:glpi\s*v?\d{1,3}|v?\d{1,3}\.\d{1,4})(?:\.\d{1,4}){0,3}(?:-\w+)?$/i
/** A key of which the portal shows the beginning and the end, or the end alone, as a line of a list with what stands before it. */
const hidden =
  /^(?:gk[stp]1[a-z0-9]{0,12}|K-[A-Z0-9]{6}\s(?:.{0,80}\s)?)?\s*(?:[•…*]|\.{3})[\s•…*.]*([a-z0-9]{4})$/i

/** What GLPI and its community edition are called, by who has them and looks for their key; with the offer of GLPI's makers. */
const glpiItself =
  /^(?:the |l['’])?(?:glpi|(?:glpi )?(?:community|open[ -]source|free)(?: edition| version)?(?: of glpi)?|(?:glpi )?(?:(?:édition|version) )?(?:communautaire|libre)(?: de glpi)?|glpi[ -]?network)$/iu

export const isGlpiItself = (pasted: string) => glpiItself.test(pasted.trim())

const patterns: [NotKey, RegExp][] = [
  ['portal_token', /(?<![\w-])lkt_[\w-]{43}(?![\w-])/],
  // A lease, an offline file or another signed statement: three parts, of which the first begins as `{"` does.
  ['statement', /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/],
  ['certificate', /-----BEGIN [A-Z ]+-----/],
  // 32 random bytes, in base 64 or hexadecimal.
  ['glpicrypt', /^(?:[A-Za-z0-9+/]{43}=|[0-9a-f]{64})$/i],
  ['glpicrypt', /(?:^|[\s/\\\p{P}])glpicrypt\.key(?:[.~][\w.~-]*)?[\s\p{P}]*$/iu],
  // Its own words for an answer without any: in English, and as far as they are known in French.
  ['glpi_verdict', /the registration key (?:is (?:in)?valid|refers to a terminated subscription)/i],
  [
    'glpi_verdict',
    /la clé d['’]enregistrement (?:est (?:in)?valide|n['’]est pas valide|.{0,30}abonnement)/iu,
  ],
  // GitHub, GitLab, Stripe, Amazon, Slack, Google and npm mark theirs so.
  [
    'foreign_secret',
    /(?<![\w-])(?:gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|[rs]k_(?:live|test)_\w{16,}|whsec_\w{16,}|AKIA[A-Z0-9]{16}|xox[abprs]-[\w-]{10,}|AIza[\w-]{35}|npm_\w{30,})(?![\w-])/,
  ],
  /*
   * What GLPI writes where no answer came (`GLPINetwork::getRegistrationInformations`, `showForConfig`), in its English and,
   * as far as it is known, its French; the log has more around it.
   */
  ['unreached', /unable to fetch\s(?:registration|offers) information/i],
  ['unreached', /services website seems not available from your network/i],
  [
    'unreached',
    /impossible d(?:e |['’])\p{L}+ les informations (?:d['’]enregistrement|de l['’]enregistrement)/iu,
  ],
  ['unreached', /site (?:web )?des services .{0,40}(?:semble|paraît).{0,20}(?:indisponible|pas disponible)/i],
  // GLPI makes its tokens, and its installation ID, of 40 letters and digits.
  ['glpi_token', /^(?:(?:authorization|app-token|session-token|user_token)[:\s]+)*[A-Za-z0-9]{40}$/i],
  ['email', /^[^\s@]+@[^\s@]+\.[^\s@]+$/],
  ['address', /^(?:https?:\/\/\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:[:/]\S*)?)$/i],
  ['version', aVersion],
]

/** Says what a text is in which no registration key was found. */
export function recognize(pasted: string): Recognized {
  const text = pasted.trim()
  if (isBytes(pasted)) return { what: 'glpicrypt' }
  const [, end] = hidden.exec(text) ?? []
  if (end) return { what: 'masked', opens: end.toLowerCase() }
  const opens = caseIn(text)
  if (opens) return { what: 'case', opens }
  const [found] = patterns.find(([, pattern]) => pattern.test(text)) ?? []
  if (found) return { what: found }
  return { what: text.split(/\s+/).filter((word) => /\p{L}{2}/u.test(word)).length > 2 ? 'text' : 'other' }
}

/** The 32 bytes of `glpicrypt.key`, as a browser or an editor makes text of them. */
function isBytes(pasted: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return pasted.length <= 80 && /[\0-\x08\x0e-\x1f\x7f-\x9f\ufffd]/.test(pasted)
}

/** A refusal code or a short ID, by itself or in the portal's address that a refusal names. */
function caseIn(text: string): string | null {
  const [, said] = /^(?:the )?(?:refusal )?code(?: de refus)?[\s:]+([\w-]{6,10})$/i.exec(text) ?? []
  const [, inAddress] = /\/open\/([\w-]{6,10})(?![\w-])/.exec(text) ?? []
  const typed = inAddress ?? said ?? text
  // Letters alone are a word ("plugin", "keyword"), unless they are written as codes are.
  if (!inAddress && !/\d/.test(typed) && typed !== typed.toUpperCase()) return null
  if (aVersion.test(typed)) return null
  const shortId = normalizeShortId(typed)
  // Without its hyphen an instance's is many a word as well.
  const isShortId = shortId?.startsWith('K') || /^[iIlL1]\p{Pd}/u.test(typed)
  return shortId && isShortId ? shortId : normalizeRefusalCode(typed)
}

/** What does not belong to the key in a pasted text, by its place, counted from 1 in characters. */
export interface Stray {
  place: number
  found: string
}

/**
 * What stands around and within a key that is right but for that. Line breaks at the ends do not count: a paste brings them
 * along.
 * @returns `text` where it is words, in which places say nothing; null for what is no key
 */
export function strayIn(pasted: string): Stray[] | 'text' | null {
  const kept = keptOf(pasted)
  if (!kept) return null
  const chars = [...pasted]
  const isBreak = (char: string | undefined) => char === '\n' || char === '\r'
  const first = chars.findIndex((char) => !isBreak(char))
  const last = chars.findLastIndex((char) => !isBreak(char))
  const strays = chars
    .map((found, at) => ({ found, place: at + 1 }))
    .filter(({ place }) => place > first && place <= last + 1 && !kept.has(place - 1))
    .filter(({ found }, index, all) => !(found === '\n' && all[index - 1]?.found === '\r'))
  const isWord = ({ found }: Stray) => /[\p{L}\p{N}]/u.test(found) && !isWide(found)
  return strays.some(isWord) ? 'text' : strays
}

/** The places of a key's own characters; null where there is none, or words stand between them. */
function keptOf(pasted: string): Set<number> | null {
  if (parseKey(pasted).ok) return new Set(cleanMarks(pasted).map(({ at }) => at))
  // In groups, or as another keyboard types it.
  const [key] = findKeys(pasted)
  const chars = [...pasted]
  const letters = chars.filter((char) => /[\p{L}\p{N}]/u.test(char))
  if (!key || letters.join('').normalize('NFKC').toLowerCase() !== key) return null
  return new Set(chars.flatMap((char, at) => (/[a-z0-9]/i.test(char) ? [at] : [])))
}

/** A letter or digit as East Asian keyboards type it. */
export const isWide = (char: string) => /[\uff01-\uff5e]/.test(char)
