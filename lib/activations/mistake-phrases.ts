import { keyLength } from '@/lib/keys/checksum'
import type { Mistake } from '@/lib/keys/explain'
import type { Translate } from '@/lib/messages/translator'
import type { ChangedKey } from './changed-key'
import { isWide, isWideLetter, type Stray } from './recognize'

interface Mistakes {
  mistakes: readonly Mistake[]
  strays: readonly Stray[]
  cut: ChangedKey['cut']
}

/**
 * What is wrong with a pasted key, a sentence for each place: the check page, the API and GLPI's routes say it alike.
 * @param most of them; then, how many more there are
 */
export function sayMistakes({ mistakes, strays, cut }: Mistakes, most: number, t: Translate): string[] {
  const said = [
    ...(cut ? [sayCut(cut, t)] : []),
    ...strays.map(({ place, found }) => sayStray(place, found, t)),
    ...mistakes.filter(isSaid).map((mistake) => sayMistake(mistake, t)),
  ]
  const more = said.length - most
  return more > 0 ? [...said.slice(0, most), t('check.mistake.more', { count: more })] : said
}

function sayCut({ length, begins }: NonNullable<ChangedKey['cut']>, t: Translate): string {
  // Of one that is short by a character, or too long, nobody can say which part it is.
  if (length >= keyLength - 1) return t('check.mistake.length', { length, of: keyLength })
  return t('check.mistake.cut', { length, of: keyLength, part: begins ? 'rest' : 'beginning' })
}

const sayStray = (place: number, found: string, t: Translate) =>
  t(isWideLetter(found) ? 'check.mistake.wide' : 'check.mistake.stray', { place, found: nameOf(found, t) })

/** Of two that are swapped the first stands for both. */
const isSaid = ({ what }: Mistake, index: number, all: readonly Mistake[]) =>
  what !== 'swapped' || all[index - 1]?.what !== 'swapped'

function sayMistake({ what, place, found, expected, likely }: Mistake, t: Translate): string {
  const character = nameOf(found ?? '', t)
  if (what === 'stray') return sayStray(place, found ?? '', t)
  if (what === 'wrong' && likely)
    return t('check.mistake.likely', { place, found: character, likely: nameOf(likely, t) })
  const right = expected ? nameOf(expected, t) : 'none'
  return t(`check.mistake.${what}`, { place, next: place + 1, found: character, expected: right })
}

/** A character in words, also one that nobody sees. */
export function nameOf(character: Stray['found'], t: Translate): string {
  if (character === ' ') return t('check.character.space')
  if (character === '\n' || character === '\r') return t('check.character.break')
  if (character === '\t') return t('check.character.tab')
  if (/\p{Zs}/u.test(character)) return t('check.character.no_break_space')
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  if (/[\p{C}\p{DI}\u2800]/u.test(character)) return t('check.character.unseen', { code })
  if (isWide(character)) return t('check.character.wide', { character })
  if (/["'\p{Pi}\p{Pf}]/u.test(character)) return t('check.character.quote', { character })
  return t('check.character.other', { character })
}
