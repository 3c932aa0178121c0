import type { Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { may } from '@/lib/access'

/** Who sees keys masked is told who can copy one. */
export async function MaskedNotice({ visit }: { visit: Visit }) {
  const { organization, t } = visit
  if (may(organization.role, 'key.reveal')) return null
  const { who, names } = await whomToAsk(visit, 'key.reveal')
  return (
    <Notice tone="calm" silent>
      <LongNames names={names}>
        {t('keys.copy.no_permission', { role: t(`shell.role.${organization.role}`), who })}
      </LongNames>
    </Notice>
  )
}
