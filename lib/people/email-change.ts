import { and, desc, eq, or } from 'drizzle-orm'
import { emailChanges } from '@/db/schema/people'
import { asSystem, type SystemTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { type EmailChangeVerdict, mayConfirm, type Side } from './rules'
import { same, signInHmac } from './tokens'

export type EmailChange = typeof emailChanges.$inferSelect

/** The person's change that a link belongs to, and to which address it was sent; nobody else's. */
export async function ofLink(tx: SystemTx, personId: string, link: string) {
  const hmacs = { old: signInHmac('old_email', '', link), new: signInHmac('new_email', '', link) }
  const [change] = await tx
    .select()
    .from(emailChanges)
    .where(
      and(
        eq(emailChanges.personId, personId),
        or(eq(emailChanges.oldHmac, hmacs.old), eq(emailChanges.newHmac, hmacs.new)),
      ),
    )
  if (!change) return null
  const side: Side = same(change.oldHmac, hmacs.old) ? 'old' : 'new'
  return { change, side }
}

export interface LinkedChange {
  side: Side
  oldEmail: string
  newEmail: string
  /** Whether the other address has confirmed it: then this link makes the change. */
  last: boolean
  verdict: EmailChangeVerdict
}

/** What a link would confirm, without doing it: mail scanners open links, and people open them twice. */
export function changeOfLink(personId: string, link: string): Promise<LinkedChange | null> {
  return asSystem('what a link would confirm', async (tx) => {
    const found = await ofLink(tx, personId, link)
    if (!found) return null
    const { change, side } = found
    const { oldEmail, newEmail, oldConfirmedAt, newConfirmedAt } = change
    const last = (side === 'old' ? newConfirmedAt : oldConfirmedAt) !== null
    return { side, oldEmail, newEmail, last, verdict: mayConfirm(change, side, now()) }
  })
}

/** What the person asked for and has not confirmed at both addresses yet; null where its time is over too. */
export function openChange(personId: string): Promise<EmailChange | null> {
  return asSystem('an open change of address', async (tx) => {
    const [change] = await tx
      .select()
      .from(emailChanges)
      .where(eq(emailChanges.personId, personId))
      .orderBy(desc(emailChanges.createdAt), desc(emailChanges.id))
      .limit(1)
    if (!change) return null
    const open = (['old', 'new'] as const).some((side) => mayConfirm(change, side, now()).ok)
    return open ? change : null
  })
}
