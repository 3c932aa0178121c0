import type { Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { may } from '@/lib/access'
import { env } from '@/lib/env'

/** On every page of a customer that one of the vendor's people sees: as whom they see it, and what comes of what they do. */
export async function StaffBanner({ visit }: { visit: Visit }) {
  const { organization, t } = visit
  const { who, names } = await whomToAsk(visit, 'key.reveal')
  const acts = may(organization.role, 'key.reveal')
  return (
    <Notice tone="soon" icon="eye" silent>
      <b>
        <LongNames names={[organization.name]}>
          {t('shell.staff.banner', { organization: organization.name, vendor: env().VENDOR_NAME })}
        </LongNames>
      </b>{' '}
      <LongNames names={names}>{acts ? t('shell.staff.acts') : t('shell.staff.reads', { who })}</LongNames>
    </Notice>
  )
}
