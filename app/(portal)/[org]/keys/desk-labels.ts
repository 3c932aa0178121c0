import type { ButtonNames } from '@/components/key-desk'
import type { Translate } from '@/lib/messages/translator'

/** The words of a `KeyDesk` and its buttons. */
export const deskLabels = (t: Translate) => ({
  byHand: t('keys.copy.by_hand'),
  working: t('keys.copy.working'),
  copy: t('keys.copy.copy'),
  copied: t('keys.copy.copied'),
  show: t('keys.copy.show'),
  hide: t('keys.copy.hide'),
  unreachable: t('keys.copy.unreachable'),
})

/** What the buttons of one key are called for a screen reader, to which "Copied" alone would not say of which. */
export const buttonNames = (t: Translate, key: { product: string; instance: string }): ButtonNames => ({
  copy: t('keys.copy.copy_label', key),
  copied: t('keys.copy.copied_label', key),
  show: t('keys.copy.show_label', key),
  hide: t('keys.copy.hide_label', key),
})
