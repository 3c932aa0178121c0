import type { Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { Notice } from '@/components/ui/notice'
import { may } from '@/lib/access'
import { env } from '@/lib/env'

/** On every page of a customer that one of the vendor's people sees: as whom they see it, and what comes of what they do. */
export async function StaffBanner({ visit }: { visit: Visit }) {
  const { organization, t } = visit
  const acts = may(organization.role, 'key.reveal')
  return (
    <Notice tone="soon" icon="eye" silent>
      <b>{t('shell.staff.banner', { organization: organization.name, vendor: env().VENDOR_NAME })}</b>{' '}
      {acts ? t('shell.staff.acts') : t('shell.staff.reads', { who: await whomToAsk(visit, 'key.reveal') })}
    </Notice>
  )
}
