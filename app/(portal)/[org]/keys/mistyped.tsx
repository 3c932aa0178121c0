import { Notice } from '@/components/ui/notice'
import { explainKey } from '@/lib/keys/explain'
import { cleanMarks, findKeys, lastFour } from '@/lib/keys/format'
import type { Translate } from '@/lib/messages/translator'
import { type KeysAddress, keysHref, type SearchParams } from './address'

const reasons = [
  'wrong_characters',
  'swapped_characters',
  'missing_character',
  'extra_character',
  'doubled_character',
  'stray_characters',
  'ambiguous',
  'wrong_length',
  'wrong_checksum',
] as const

/**
 * Where a key leads that was typed into a search box, or into an address, which must not hold it: to the list of keys,
 * searched by the key's last four characters. Null where no key was typed.
 */
export function typedKeyHref(slug: string, address: KeysAddress): string | null {
  const [key] = findKeys(address.search)
  if (key) return keysHref(slug, { ...address, search: lastFour(key) })
  const mistyped = mistypedKey(address.search)
  return mistyped && `/${slug}/keys?${new URLSearchParams(mistyped)}`
}

const beginsAsKey = (text: string) =>
  /^gk[stp]1/.test(
    cleanMarks(text)
      .map(({ char }) => char)
      .join(''),
  )

/** What is wrong with it: why, and the place; with what finds the key that was meant. Null where it is no key at all. */
export function mistypedKey(text: string): { q: string; mistyped: string; place: string } | null {
  const said = explainKey(text)
  if (said.ok) return null
  // Many a GLPI is called glpi-something, which is not far from a key's beginning.
  if (!said.suggestion && !beginsAsKey(text)) return null
  const [first] = said.mistakes
  return {
    q: said.suggestion ? lastFour(said.suggestion) : '',
    mistyped: said.because,
    place: String(first?.placeInKey ?? first?.place ?? 0),
  }
}

/** `?mistyped=` of the address, as `mistypedKey` makes it, in words; nothing where it says anything else. */
export function Mistyped({ query, t }: { query: SearchParams; t: Translate }) {
  const because = reasons.find((reason) => reason === query.mistyped)
  if (!because) return null
  const place = /^\d{1,2}$/.test(String(query.place)) ? Number(query.place) : 0
  return (
    <Notice tone="soon">
      {t(`keys.mistyped.${because}`, { place })}{' '}
      {query.q ? t('keys.mistyped.meant') : t('keys.mistyped.copy_again')}
    </Notice>
  )
}
