import { eq, sql } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import type { OrganizationTx, SystemTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'
import { newId } from '@/lib/ids'
import type { Language } from '@/lib/messages/translator'

interface Known {
  email: string
  name: string | null
  /** For who is new, or was written to and has never come; others keep their own. */
  language: Language
}

/** The ID of the person with this address, who is made where there is none: sign-in mails go to known addresses only. */
export async function personWith(
  tx: OrganizationTx | SystemTx,
  { email, name, language }: Known,
  now: Date,
): Promise<string> {
  const person = { id: newId(now), email, name, language, createdAt: now }
  const ofNewcomer = sql`case when ${people.emailVerified} is null then excluded.language else ${people.language} end`
  // Also where it changes nothing, so that the row comes back whether it is new or not; and nothing of what others refer
  // to, such as a membership that is being written: that one would wait for this lock.
  const [known] = await tx
    .insert(people)
    .values(person)
    .onConflictDoUpdate({ target: people.email, set: { language: ofNewcomer } })
    .returning({ id: people.id })
  return known?.id ?? person.id
}

/** By what others know a person: their name, or their address where they have given none. */
export async function nameOf(tx: OrganizationTx | SystemTx, personId: string): Promise<string> {
  const [found] = await tx
    .select({ name: people.name, email: people.email })
    .from(people)
    .where(eq(people.id, personId))
  if (!found) throw new NotFound('person')
  return found.name || found.email
}
