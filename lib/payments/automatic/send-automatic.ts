import { and, eq, sql } from 'drizzle-orm'
import { automaticCharges } from '@/db/schema/automatic-renewals'
import { invoices } from '@/db/schema/invoices'
import { prices } from '@/db/schema/payments'
import { people } from '@/db/schema/people'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { automaticEndedMail, chargeFailedMail } from '@/lib/mail/automatic'
import { sendOnce } from '@/lib/mail/send-once'
import { toldBy } from '@/lib/organizations/told'
import { listPayable } from '@/lib/payments/payable'
import { type AutomaticRow, findAutomatic } from './queries'

/**
 * The job `mail.automatic_ended`: the receipt, to each who pays. Of what nobody had finished switching on nothing is said.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendAutomaticEnded({ organizationId, renewalId }: Jobs['mail.automatic_ended']) {
  const found = await asOrganization(organizationId, async (tx) => {
    const row = await findAutomatic(tx, organizationId, renewalId)
    if (!row?.endedAt || (!row.startedAt && row.ended !== 'over' && row.ended !== 'by_member'))
      return undefined
    const facts = await factsOf(tx, row)
    const [by] = await tx
      .select({ who: sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})` })
      .from(people)
      .where(row.endedById ? eq(people.id, row.endedById) : sql`false`)
    return facts && { ...facts, endedAt: row.endedAt, reason: row.ended ?? '', who: by?.who ?? null }
  })
  if (!found) return
  const { told, ...facts } = found
  const about = `automatic-ended.${renewalId}`
  for (const one of told)
    await sendOnce({
      job: 'mail.automatic_ended',
      organizationId,
      about,
      ...one,
      make: () => automaticEndedMail({ ...one, ...facts }),
    })
}

/**
 * The job `mail.charge_failed`: to each who pays, once per invoice; not where it is paid meanwhile.
 * @throws as `sendAutomaticEnded` does
 */
export async function sendChargeFailed({ organizationId, invoiceId }: Jobs['mail.charge_failed']) {
  const found = await asOrganization(organizationId, async (tx) => {
    const [charge] = await tx
      .select({
        renewalId: automaticCharges.renewalId,
        checkoutId: automaticCharges.checkoutId,
        status: invoices.status,
        payUrl: invoices.hostedUrl,
        invoiced: { total: invoices.total, tax: invoices.tax, reverseCharge: invoices.reverseCharge },
      })
      .from(automaticCharges)
      .innerJoin(
        invoices,
        and(
          eq(invoices.organizationId, automaticCharges.organizationId),
          eq(invoices.id, automaticCharges.invoiceId),
        ),
      )
      .where(
        and(eq(automaticCharges.organizationId, organizationId), eq(automaticCharges.invoiceId, invoiceId)),
      )
    const row = charge && (await findAutomatic(tx, organizationId, charge.renewalId))
    if (!row || charge.status !== 'open') return undefined
    const facts = await factsOf(tx, row)
    const { payUrl, invoiced, checkoutId } = charge
    return facts && { ...facts, payUrl, invoiced, checkoutId }
  })
  if (!found) return
  const { told, checkoutId, ...facts } = found
  // Ours: Stripe's IDs hold what no `sent_mails.about` may.
  const about = `charge-failed.${checkoutId}`
  for (const one of told)
    await sendOnce({
      job: 'mail.charge_failed',
      organizationId,
      about,
      ...one,
      make: () => chargeFailedMail({ ...one, ...facts }),
    })
}

async function factsOf(tx: OrganizationTx, row: AutomaticRow) {
  const { organizationId, subscriptionId, priceId, amount, currency } = row
  const { organization, told } = await toldBy(tx, organizationId, 'automatic.begin')
  const at = now()
  const { payable } = await listPayable(tx, organizationId, at, { subscriptionIds: [subscriptionId] })
  const [price] = await tx
    .select({ taxBehavior: prices.taxBehavior })
    .from(prices)
    .where(eq(prices.id, priceId))
  const [one] = payable
  if (!one || !price) return undefined
  const { product, instance, shortId, termEndsAt, keyExpiresAt } = one
  const of = { product, instance, shortId, termEndsAt, keyExpiresAt, at, amount, currency }
  return { told, ...organization, ...of, taxBehavior: price.taxBehavior }
}
