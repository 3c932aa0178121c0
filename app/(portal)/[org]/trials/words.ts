import type { Translate } from '@/lib/messages/translator'

interface Ending {
  product: string
  onExpiry: 'read_only' | 'trial_mode' | 'disabled'
  freeFeatures: string[]
}

/** What becomes of the plugin at the end of a trial (DESIGN §2, rule 5): before it, or once it is over. */
export const endWords = (
  { product, onExpiry, freeFeatures }: Ending,
  when: 'end' | 'ended',
  t: Translate,
): string => t(`trials.${when}.${onExpiry}`, { product, features: freeFeatures.join(', ') || 'none' })
