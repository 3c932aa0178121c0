import { and, eq, isNull } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import { staff } from '@/db/schema/staff'
import type { SystemTx } from '@/db/scope'
import { env } from '@/lib/env'
import { NotFound } from '@/lib/errors'

/** Who asks for something of their own, held until the commit: what one person changes of themselves goes one by one. */
export async function lockPerson(tx: SystemTx, personId: string | null) {
  if (!personId) throw new TypeError('only a person has an account')
  // Not `update`: that would keep out every row that refers to the person, such as an audit entry.
  const [person] = await tx.select().from(people).where(eq(people.id, personId)).for('no key update')
  if (!person) throw new NotFound('person')
  return person
}

/** Whether it is one of the staff, and the vendor has a provider that knows them: no mail signs them in then. */
export async function signsInByProvider(tx: SystemTx, personId: string): Promise<boolean> {
  if (!env().STAFF_OIDC_ISSUER) return false
  const found = await tx
    .select({ personId: staff.personId })
    .from(staff)
    .where(and(eq(staff.personId, personId), isNull(staff.endedAt)))
  return found.length > 0
}
