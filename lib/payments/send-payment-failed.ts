import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { paymentFailedMail } from '@/lib/mail/payment-failed'
import { sendOnce } from '@/lib/mail/send-once'
import { toldBy } from '@/lib/organizations/told'
import { failedPayments } from './failed-payments'
import { listPayable } from './payable'

/**
 * The job `mail.payment_failed`: to each who pays, and to who began it; not of what is paid otherwise meanwhile.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendPaymentFailed({ organizationId, checkoutId }: Jobs['mail.payment_failed']) {
  const at = now()
  const found = await asOrganization(organizationId, async (tx) => {
    const [failed] = await failedPayments(tx, organizationId, at, checkoutId)
    if (!failed) return undefined
    const subscriptionIds = failed.lines.flatMap(({ subscriptionId }) => subscriptionId ?? [])
    const { payable } = await listPayable(tx, organizationId, at, { subscriptionIds })
    const bySubscription = new Map(payable.map((one) => [one.subscriptionId, one]))
    const lines = failed.lines.map(({ product, instance, subscriptionId }) => ({
      ...{ product, instance, renews: bySubscription.get(subscriptionId ?? '') ?? null },
    }))
    return { ...(await toldBy(tx, organizationId, 'checkout.begin', failed.begunById)), failed, lines }
  })
  if (!found) return
  const { told, organization, failed, lines } = found
  const facts = { ...organization, ...failed, lines, at }
  const about = `payment-failed.${checkoutId}`
  for (const one of told)
    await sendOnce({
      job: 'mail.payment_failed',
      organizationId,
      about,
      ...one,
      make: () => paymentFailedMail({ ...one, ...facts }),
    })
}
