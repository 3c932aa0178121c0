import { asOrganization } from '@/db/scope'
import type { Jobs } from '@/lib/jobs/jobs'
import { paidLateMail } from '@/lib/mail/paid-late'
import { sendOnce } from '@/lib/mail/send-once'
import { staffOf } from '@/lib/organizations/told'
import { linesPaidTwice } from './paid-twice'
import { findCheckout } from './queries'

/**
 * The job `mail.paid_late`: to each account manager of the organization, or where it has none to the admins.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendPaidLate({ organizationId, checkoutId }: Jobs['mail.paid_late']) {
  const found = await asOrganization(organizationId, async (tx) => {
    const checkout = await findCheckout(tx, organizationId, checkoutId)
    if (!checkout) return undefined
    const { currency, amount, charged, lines } = checkout
    const twice = await linesPaidTwice({ tx, organizationId }, checkoutId)
    const revoked = lines.filter(({ newKey, gone }) => gone && !newKey?.refundedAt).length
    return { currency, amount, charged, revoked, ...(await staffOf(tx, organizationId)), twice: twice.size }
  })
  if (!found) return
  const { told, ...about } = found
  for (const { personId, to, language } of told) {
    const make = () => paidLateMail({ to, language, ...about })
    await sendOnce({
      job: 'mail.paid_late',
      organizationId,
      about: `paid-late.${checkoutId}`,
      personId,
      to,
      make,
    })
  }
}
