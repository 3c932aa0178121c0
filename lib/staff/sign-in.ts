import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { people } from '@/db/schema/people'
import { vendorCommand } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { languages } from '@/lib/messages/translator'
import { beginSession } from '@/lib/people/begin-session'
import { deviceOf } from '@/lib/people/device'
import { signsInByProvider } from '@/lib/people/person'

const SignInStaff = z.object({
  /** The address that the provider has confirmed. */
  email: z
    .string()
    .max(254)
    .transform((email) => email.toLowerCase()),
  browser: z.string().min(40),
  /** The browser's User-Agent header; what is kept of it is little. */
  device: z.string().max(500).transform(deviceOf),
  /** What was chosen in this browser, where anything was: it becomes the person's. */
  language: z.enum(languages).nullable(),
})

/**
 * Signs in one of the staff whom the vendor's provider has vouched for. It makes nobody one of the staff: an admin does.
 * @throws Refused `not_staff` for an address that is nobody's of the staff, or no longer
 */
export const signInStaff = vendorCommand(
  'sign_in.staff',
  SignInStaff,
  async (scope, { email, browser, device, language }) => {
    const { tx, audit } = scope
    const [person] = await tx.select().from(people).where(eq(people.email, email)).for('no key update')
    if (!person || !(await signsInByProvider(tx, person.id))) throw new Refused('not_staff')
    const session = await beginSession(scope, person, browser, device)
    const changed = language && language !== person.language ? { language } : {}
    if (changed.language) await tx.update(people).set(changed).where(eq(people.id, person.id))
    audit({ details: { person: person.id, by: 'provider', ...changed } })
    return session
  },
)
