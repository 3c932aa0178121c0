import { and, eq, isNull, or } from 'drizzle-orm'
import { z } from 'zod'
import { emailChanges } from '@/db/schema/people'
import type { SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { Email } from '@/lib/email'
import { InvalidInput } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { sealText } from '@/lib/keys/vault'
import { lockPerson } from './person'
import { emailChangeMinutes } from './rules'
import { newToken, signInHmac } from './tokens'

/**
 * Asks for another address, which must be confirmed at both. One that belongs to somebody else does the very same, up to
 * a job that then tells them instead, so neither the answer nor its time tells whose it is. What was asked for before is
 * taken back.
 * @throws InvalidInput `email_same`; Refused `too_many`: five an hour of each person, and to each address.
 */
export const requestEmail = vendorCommand(
  'account.request_email',
  z.object({ email: Email }),
  async ({ tx, personId, now, audit }, { email }) => {
    const person = await lockPerson(tx, personId)
    if (email === person.email) throw new InvalidInput({ email: 'email_same' })
    await withdrawOpen(tx, person.id, now)
    const id = newId(now)
    const links = { old: newToken(), new: newToken() }
    await tx.insert(emailChanges).values({
      id,
      personId: person.id,
      oldEmail: person.email,
      newEmail: email,
      oldHmac: signInHmac('old_email', '', links.old),
      newHmac: signInHmac('new_email', '', links.new),
      createdAt: now,
      expiresAt: new Date(now.getTime() + emailChangeMinutes * 60_000),
    })
    for (const side of ['old', 'new'] as const) {
      const sealed = sealText(links[side], `${id}.${side}`)
      await enqueue(tx, 'mail.email_change', { changeId: id, side, sealed })
    }
    audit({ details: { person: person.id, change: id } })
  },
  {
    once: true,
    limits: ({ email }, personId) =>
      personId
        ? [
            // Its refusals stand in the vendor's chain, of which nothing is ever taken.
            { name: 'change_email', key: personId, points: 5, perSeconds: 3_600, countsRefused: true },
            { name: 'change_email_address', key: email, points: 5, perSeconds: 3_600 },
          ]
        : [],
  },
)

/** Takes back what was asked for: both links stop working. Where nothing is open, nothing is done. */
export const withdrawEmail = vendorCommand(
  'account.withdraw_email',
  z.object({}),
  async ({ tx, personId, now, audit, unchanged }) => {
    const person = await lockPerson(tx, personId)
    const change = await withdrawOpen(tx, person.id, now)
    if (!change) return unchanged()
    audit({ details: { person: person.id, change } })
  },
)

/** @returns the one that was open */
async function withdrawOpen(tx: SystemTx, personId: string, now: Date): Promise<string | undefined> {
  const [withdrawn] = await tx
    .update(emailChanges)
    .set({ withdrawnAt: now })
    .where(
      and(
        eq(emailChanges.personId, personId),
        isNull(emailChanges.withdrawnAt),
        or(isNull(emailChanges.oldConfirmedAt), isNull(emailChanges.newConfirmedAt)),
      ),
    )
    .returning({ id: emailChanges.id })
  return withdrawn?.id
}
