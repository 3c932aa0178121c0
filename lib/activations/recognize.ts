import { cleanMarks, findKeys, parseKey } from '@/lib/keys/format'
import { aVersion, nameJoint, namesAlone, namesWithin } from './named'

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

/** Of what is that, hardly anything is known. */
export const isVague = (what: NotKey) => what === 'other' || what === 'text'

export interface Recognized {
  what: NotKey
  /** Of a `case`: what opens it in the portal, refusal codes and short IDs, joined; of a `masked` key, its end. */
  opens?: string
  /** Of a `case`: nothing else was pasted. */
  isAlone?: true
}

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
  ['glpi_token', /^[A-Za-z0-9]{40}$/],
  // Within a sentence, a command or a header; without a digit it may be anything.
  ['glpi_token', /(?<![A-Za-z0-9])(?=[A-Za-z]*\d)[A-Za-z0-9]{40}(?![A-Za-z0-9])/],
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
  const alone = namesAlone(text)
  if (alone.length > 0) return { what: 'case', opens: alone.join(nameJoint), isAlone: true }
  const [found] = patterns.find(([, pattern]) => pattern.test(text)) ?? []
  if (found) return { what: found }
  const within = namesWithin(text)
  if (within.length > 0) return { what: 'case', opens: within.join(nameJoint) }
  return { what: text.split(/\s+/).filter((word) => /\p{L}{2}/u.test(word)).length > 2 ? 'text' : 'other' }
}

/** The 32 bytes of `glpicrypt.key`, as a browser or an editor makes text of them. */
function isBytes(pasted: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return pasted.length <= 80 && /[\0-\x08\x0e-\x1f\x7f-\x9f\ufffd]/.test(pasted)
}

/** What does not belong to the key in a pasted text. */
export interface Stray {
  /** The key's character after which it stands, counted from 1; of one in another width, which of them it is. */
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
  let place = 0
  const strays: Stray[] = []
  for (const [at, found] of chars.entries()) {
    const isOwn = kept.has(at)
    if (isOwn || isWideLetter(found)) place++
    const isSecondOfBreak = found === '\n' && chars[at - 1] === '\r'
    if (at >= first && at <= last && !isOwn && !isSecondOfBreak) strays.push({ found, place })
  }
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

/** As East Asian keyboards type it. */
export const isWide = (char: string) => /[\uff01-\uff5e]/.test(char)

/** One of the key's own, but for its width. */
export const isWideLetter = (char: string) => /[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]/.test(char)
