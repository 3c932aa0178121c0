import type { Visit } from '@/app/_request/session'
import { env } from '@/lib/env'
import { firstDay, lastDay } from '@/lib/messages/dates'
import type { Payable } from '@/lib/payments/payable'

/** Of what is paid ahead, the days before that nobody has paid any more, and whom to write to. */
export function GapNote({ visit, one }: { visit: Visit; one: Pick<Payable, 'gap'> }) {
  const { t, language, organization } = visit
  if (!one.gap) return null
  return (
    <small className="whitespace-normal">
      {t('billing.gap', {
        first: firstDay(one.gap.startsAt, language, organization.timeZone),
        last: lastDay(one.gap.endsAt, language, organization.timeZone),
        support: env().SUPPORT_EMAIL,
      })}
    </small>
  )
}
