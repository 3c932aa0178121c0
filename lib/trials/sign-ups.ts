import { and, eq } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { organizations } from '@/db/schema/organizations'
import { requests } from '@/db/schema/requests'
import { trialSignUps } from '@/db/schema/trials'
import { asSystem } from '@/db/scope'

export type SignUp = NonNullable<Awaited<ReturnType<typeof signUpOf>>>

/** What has become of somebody's own confirmed sign-up; undefined for another's. */
export function signUpOf(personId: string, signUpId: string) {
  return asSystem('what became of a sign-up', async (tx) => {
    const [found] = await tx
      .select({
        id: trialSignUps.id,
        outcome: trialSignUps.outcome,
        begunAt: trialSignUps.begunAt,
        keyId: trialSignUps.keyId,
        requestId: trialSignUps.requestId,
        /** Of what was asked: it is decided, or was taken back. */
        requestClosedAt: requests.closedAt,
        product: products.name,
        productId: products.id,
        organizationId: organizations.id,
        organization: organizations.name,
        slug: organizations.slug,
      })
      .from(trialSignUps)
      .innerJoin(products, eq(products.id, trialSignUps.productId))
      .leftJoin(organizations, eq(organizations.id, trialSignUps.organizationId))
      .leftJoin(
        requests,
        and(
          eq(requests.organizationId, trialSignUps.organizationId),
          eq(requests.id, trialSignUps.requestId),
        ),
      )
      .where(and(eq(trialSignUps.id, signUpId), eq(trialSignUps.personId, personId)))
    return found
  })
}
