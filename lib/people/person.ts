import { eq } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import type { SystemTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'

/** Who asks for something of their own, held until the commit: what one person changes of themselves goes one by one. */
export async function lockPerson(tx: SystemTx, personId: string | null) {
  if (!personId) throw new TypeError('only a person has an account')
  // Not `update`: that would keep out every row that refers to the person, such as an audit entry.
  const [person] = await tx.select().from(people).where(eq(people.id, personId)).for('no key update')
  if (!person) throw new NotFound('person')
  return person
}
