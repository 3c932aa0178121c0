import { Notice } from '@/components/ui/notice'
import type { Translate } from '@/lib/messages/translator'
import type { SearchParams } from './address'

const reasons = [
  'wrong_characters',
  'swapped_characters',
  'missing_character',
  'extra_character',
  'extra_characters',
  'doubled_character',
  'stray_characters',
  'ambiguous',
  'wrong_length',
  'wrong_checksum',
] as const

/** These say where. */
const placed = /^(?!stray).*_characters?$/

/** `?mistyped=` of the address, as `lib/keys/mistyped.ts` makes it, in words; nothing where it says anything else. */
export function Mistyped({ query, t }: { query: SearchParams; t: Translate }) {
  const because = reasons.find((reason) => reason === query.mistyped)
  if (!because) return null
  const placeOf = (text: unknown) => (/^[1-9]\d?$/.test(String(text)) ? Number(text) : 0)
  const [place, also] = [placeOf(query.place), placeOf(query.also)]
  // Somebody wrote the address by hand.
  if (place === 0 && placed.test(because)) return null
  return (
    <Notice tone="soon">
      {t(`keys.mistyped.${because}`, { place, next: place + 1, also })}{' '}
      {query.q ? t('keys.mistyped.meant') : t('keys.mistyped.copy_again')}
    </Notice>
  )
}
