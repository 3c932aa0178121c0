import type { IconName } from '@/components/ui/icon'
import type { Tone } from '@/components/ui/state'
import type { Translate } from '@/lib/messages/translator'
import type { RequestRow } from '@/lib/organizations/requests'
import type { RequestState } from '@/lib/organizations/rules'

/** What is asked for, as a heading. */
export const whatIsAsked = (
  { kind, product, organization }: Pick<RequestRow, 'kind' | 'product' | 'organization'>,
  t: Translate,
): string => t('requests.what', { kind, product: product ?? '', organization })

/** The name, which anybody may choose, never without the address. */
export const whoAsked = ({ asker, email }: Pick<RequestRow, 'asker' | 'email'>): string =>
  asker === email ? email : `${asker} (${email})`

export const requestLooks: Record<RequestState, { tone: Tone; icon: IconName }> = {
  open: { tone: 'soon', icon: 'clock' },
  asked_back: { tone: 'info', icon: 'arrow-left-right' },
  approved: { tone: 'ok', icon: 'check' },
  declined: { tone: 'bad', icon: 'ban' },
  withdrawn: { tone: 'calm', icon: 'undo-2' },
}
