import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { people } from '@/db/schema/people'
import { vendorCommand } from '@/lib/command'
import { InvalidInput } from '@/lib/errors'
import { findKeys } from '@/lib/keys/format'
import { languages } from '@/lib/messages/translator'
import { oneLine } from '@/lib/one-line'
import { timeZones } from '@/lib/organizations/create'
import { lockPerson } from './person'

const EditAccount = z.object({
  /** Empty: the address stands in its place. */
  name: z
    .string()
    .transform(oneLine)
    .pipe(z.string().max(200, 'too_long'))
    // A name is shown to others, and recorded: nobody's key belongs in it.
    .refine((name) => findKeys(name).length === 0, 'name_key')
    .transform((name) => name || null),
  language: z.enum(languages, 'required'),
  timeZone: z.string('required'),
})

/** Changes what the person is called, and the language and time zone of their pages and mails. */
export const editAccount = vendorCommand(
  'account.edit',
  EditAccount,
  async ({ tx, personId, audit, unchanged }, changed) => {
    const person = await lockPerson(tx, personId)
    const { name, language, timeZone } = person
    if (changed.name === name && changed.language === language && changed.timeZone === timeZone)
      return unchanged()
    // The one of before may be from another list of zones than this process has.
    if (changed.timeZone !== timeZone && !timeZones.has(changed.timeZone))
      throw new InvalidInput({ timeZone: 'time_zone' })
    await tx.update(people).set(changed).where(eq(people.id, person.id))
    audit({ details: { person: person.id, ...changed } })
  },
)
