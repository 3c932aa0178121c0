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
