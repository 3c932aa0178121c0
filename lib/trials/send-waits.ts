import { and, eq } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { requests } from '@/db/schema/requests'
import { asOrganization } from '@/db/scope'
import type { Jobs } from '@/lib/jobs/jobs'
import { sendOnce } from '@/lib/mail/send-once'
import { trialWaitsMail } from '@/lib/mail/trial-waits'

/** The job `mail.trial_waits`: unless it is decided by now. @throws when the mail server does not take it; it is then tried again. */
export async function sendTrialWaits({ organizationId, requestId }: Jobs['mail.trial_waits']) {
  const [found] = await asOrganization(organizationId, (tx) =>
    tx
      .select({
        to: people.email,
        language: people.language,
        personId: people.id,
        slug: organizations.slug,
        product: products.name,
        closedAt: requests.closedAt,
      })
      .from(requests)
      .innerJoin(people, eq(people.id, requests.askedById))
      .innerJoin(organizations, eq(organizations.id, requests.organizationId))
      .innerJoin(products, eq(products.id, requests.productId))
      .where(and(eq(requests.organizationId, organizationId), eq(requests.id, requestId))),
  )
  if (!found || found.closedAt) return
  const { to, personId } = found
  const about = `trial-waits.${requestId}`
  await sendOnce({
    job: 'mail.trial_waits',
    organizationId,
    about,
    personId,
    to,
    make: () => trialWaitsMail(found),
  })
}
