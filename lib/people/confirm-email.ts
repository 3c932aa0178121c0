import { and, eq, inArray, isNull, ne } from 'drizzle-orm'
import { z } from 'zod'
import { isTaken } from '@/db/failures'
import { emailChanges, people, sessions } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import type { SystemTx } from '@/db/scope'
import { holdChain } from '@/lib/audit/append'
import { vendorCommand } from '@/lib/command'
import { Conflict, NotFound, Refused } from '@/lib/errors'
import { withdrawInvitationsTo } from '@/lib/organizations/withdraw'
import { type EmailChange, ofLink } from './email-change'
import { lockPerson } from './person'
import { mayConfirm } from './rules'
import { tokenHash } from './tokens'

const ConfirmEmail = z.object({
  link: z.string().max(200),
  /** The session that asks: of the person's, the one that goes on. */
  sessionToken: z.string().max(200),
})

/**
 * Confirms a change of address at one side, by the link that was mailed there, good once and for the person who asked
 * alone. With the second side the address changes, in the same transaction: the person's other sessions end, and so do
 * sign-in mails and open invitations to the address of before.
 * @throws NotFound for a link of somebody else's change too; Refused with the verdict of `mayConfirm` or `too_many`;
 * Conflict `email_taken` where the new address has become somebody else's meanwhile: nothing is changed then.
 */
export const confirmEmail = vendorCommand(
  'account.confirm_email',
  ConfirmEmail,
  async ({ tx, personId, now, audit }, { link, sessionToken }) => {
    const person = await lockPerson(tx, personId)
    const found = await ofLink(tx, person.id, link)
    if (!found) throw new NotFound('email_change')
    const { change, side } = found
    const verdict = mayConfirm(change, side, now)
    if (!verdict.ok) throw new Refused(verdict.because)
    const confirmed = side === 'old' ? { oldConfirmedAt: now } : { newConfirmedAt: now }
    await tx.update(emailChanges).set(confirmed).where(eq(emailChanges.id, change.id))
    const facts = { person: person.id, change: change.id, side }
    const made = side === 'old' ? change.newConfirmedAt !== null : change.oldConfirmedAt !== null
    if (made) await make(tx, change, sessionToken, now)
    audit({ details: made ? { ...facts, from: change.oldEmail, to: change.newEmail } : facts })
    return { made }
  },
  {
    limits: (_, personId) =>
      personId
        ? [{ name: 'confirm_email', key: personId, points: 100, perSeconds: 3_600, countsRefused: true }]
        : [],
  },
)

async function make(
  tx: SystemTx,
  { personId, oldEmail, newEmail }: EmailChange,
  sessionToken: string,
  now: Date,
) {
  await withdrawInvitationsTo(tx, oldEmail, now)
  await endSignInsTo(tx, oldEmail, now)
  const here = tokenHash(sessionToken).toString('base64url')
  await tx.delete(sessions).where(and(eq(sessions.userId, personId), ne(sessions.sessionToken, here)))
  // The address is in a unique index, so its change keeps out each new reference to the person, also an audit entry's.
  await holdChain(tx, null)
  try {
    await tx.update(people).set({ email: newEmail, emailVerified: now }).where(eq(people.id, personId))
  } catch (error) {
    if (isTaken(error)) throw new Conflict('email_taken')
    throw error
  }
}

/**
 * One that is being completed at this moment holds its row, and waits for the person's: it is left alone, and then finds
 * nobody with its address.
 */
async function endSignInsTo(tx: SystemTx, email: string, now: Date) {
  const open = tx
    .select({ id: signIns.id })
    .from(signIns)
    .where(and(eq(signIns.email, email), isNull(signIns.usedAt)))
    .for('update', { skipLocked: true })
  await tx.update(signIns).set({ usedAt: now }).where(inArray(signIns.id, open))
}
