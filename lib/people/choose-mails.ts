import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { people } from '@/db/schema/people'
import { vendorCommand } from '@/lib/command'
import { InvalidInput } from '@/lib/errors'
import { type MailKind, mailKinds } from '@/lib/mail/kinds'
import { readUnsubscribeToken } from '@/lib/mail/unsubscribe'
import { lockPerson } from './person'

const ChooseMails = z.object({
  /** Of the kinds that can be turned off, those that the person wants. */
  wanted: z.array(z.enum(mailKinds, 'invalid')).max(mailKinds.length),
})

/** Says which mails the person gets, of those that are about neither money nor security. */
export const chooseMails = vendorCommand(
  'account.choose_mails',
  ChooseMails,
  async ({ tx, personId, audit, unchanged }, { wanted }) => {
    const person = await lockPerson(tx, personId)
    const muted = mailKinds.filter((kind) => !wanted.includes(kind))
    if (sameKinds(person.mutedMails, muted)) return unchanged()
    await tx.update(people).set({ mutedMails: muted }).where(eq(people.id, person.id))
    audit({ details: { person: person.id, muted: muted.join(', ') } })
  },
)

const MuteMails = z.object({ token: z.string().max(200) })

/**
 * Turns a kind of mails off by the link of one of them: signed by us, and good as often as it is asked.
 * @throws InvalidInput for what is none of ours
 */
export const muteMails = vendorCommand(
  'account.mute_mails',
  MuteMails,
  async ({ tx, audit, unchanged }, { token }) => {
    const asked = readUnsubscribeToken(token)
    // Recorded nowhere: whoever has no name could fill the trail with such.
    if (!asked) throw new InvalidInput({ token: 'invalid' })
    const person = await lockPerson(tx, asked.personId)
    if (person.mutedMails.includes(asked.kind)) return unchanged()
    const muted = mailKinds.filter((kind) => kind === asked.kind || person.mutedMails.includes(kind))
    await tx.update(people).set({ mutedMails: muted }).where(eq(people.id, person.id))
    audit({ details: { person: person.id, muted: muted.join(', ') } })
  },
)

const sameKinds = (a: readonly MailKind[], b: readonly MailKind[]) =>
  a.length === b.length && a.every((kind) => b.includes(kind))
