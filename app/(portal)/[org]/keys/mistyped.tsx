import { Notice } from '@/components/ui/notice'
import type { Translate } from '@/lib/messages/translator'
import type { SearchParams } from './address'

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

/** `?mistyped=` of the address, as `lib/keys/mistyped.ts` makes it, in words; nothing where it says anything else. */
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
