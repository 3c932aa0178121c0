import { and, eq, inArray, or } from 'drizzle-orm'
import { memberships, organizations } from '@/db/schema/organizations'
import { checkouts } from '@/db/schema/payments'
import { people } from '@/db/schema/people'
import { asOrganization } from '@/db/scope'
import { rolesThatMay } from '@/lib/access'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { whichCome } from '@/lib/keys/rules'
import { keysThatCome } from '@/lib/keys/waiting'
import { keysReadyMail } from '@/lib/mail/keys-ready'
import { sendOnce } from '@/lib/mail/send-once'
import { findCheckout } from './queries'

/**
 * The job `mail.keys_ready`: a mail to each who may put keys into GLPI, and to who paid.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendKeysReady({ organizationId, checkoutId }: Jobs['mail.keys_ready']) {
  const found = await asOrganization(organizationId, async (tx) => {
    const [organization] = await tx
      .select({ name: organizations.name, slug: organizations.slug, timeZone: organizations.timeZone })
      .from(organizations)
      .where(eq(organizations.id, organizationId))
    const payer = tx
      .select({ id: checkouts.begunById })
      .from(checkouts)
      .where(and(eq(checkouts.organizationId, organizationId), eq(checkouts.id, checkoutId)))
    const told = await tx
      .select({ personId: people.id, to: people.email, language: people.language })
      .from(memberships)
      .innerJoin(people, eq(people.id, memberships.personId))
      .where(
        and(
          eq(memberships.organizationId, organizationId),
          or(inArray(memberships.role, rolesThatMay('key.reveal')), inArray(people.id, payer)),
        ),
      )
    const checkout = await findCheckout(tx, organizationId, checkoutId)
    const newIds = checkout?.lines.flatMap(({ newKey }) => newKey?.id ?? []) ?? []
    const come = await keysThatCome(tx, organizationId, newIds, now())
    return organization && checkout && { organization, told, lines: checkout.lines, come }
  })
  if (!found) return
  const { organization, told, lines, come } = found
  const keys = lines.flatMap(({ product, instance, endsAt, newKey, gone, oldKey, oldRevoked }) =>
    newKey && !gone
      ? [
          {
            product,
            instance,
            shortId: newKey.shortId,
            paidUntil: endsAt,
            oldUntil: !oldRevoked && oldKey?.expiresAt && oldKey.expiresAt > now() ? oldKey.expiresAt : null,
            comes: come.has(newKey.id),
          },
        ]
      : [],
  )
  // All of them were revoked before it was sent.
  if (keys.length === 0) return
  const { name, slug, timeZone } = organization
  const about = `keys-ready.${checkoutId}`
  for (const one of told) {
    const mail = { ...one, organization: name, slug, timeZone, checkoutId, keys, come: whichCome(keys) }
    await sendOnce({ job: 'mail.keys_ready', organizationId, about, ...one, make: () => keysReadyMail(mail) })
  }
}
