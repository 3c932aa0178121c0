import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { memberships, organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { staff, staffRole } from '@/db/schema/staff'
import type { SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { personWith } from '@/lib/organizations/person'
import { withdrawInvitationsOf, withdrawInvitationsTo } from '@/lib/organizations/withdraw'
import { holdBackStaff, keepAnAdmin } from './role'

const AddStaff = z.object({
  email: z
    .string('required')
    .trim()
    .max(254, 'email')
    .pipe(z.email('email'))
    .transform((email) => email.toLowerCase()),
  name: z.string().trim().max(200, 'too_long').default(''),
  role: z.enum(staffRole.enumValues, 'required'),
})

/**
 * Makes somebody one of the vendor's staff, or gives one of them another role; who is that already is left alone. A name
 * is taken for a person who has none.
 * @throws Refused `staff_self` for an admin who would change their own role: somebody else must be left who can;
 * `staff_last_admin` for the only admin's, whoever asks; `staff_is_member` for who belongs to organizations.
 */
export const addStaff = vendorCommand(
  'staff.add',
  AddStaff,
  async ({ tx, now, personId: byId, audit, unchanged }, { email, name, role }) => {
    const personId = await personWith(tx, { email, name: name || null, language: 'en' }, now)
    if (personId === byId) throw new Refused('staff_self')
    await holdBackStaff(tx, personId)
    const named = name
      ? await tx
          .update(people)
          .set({ name })
          .where(and(eq(people.id, personId), isNull(people.name)))
          .returning({ id: people.id })
      : []
    const [before] = await tx.select().from(staff).where(eq(staff.personId, personId))
    if (before?.role === role && !before.endedAt && named.length === 0) {
      unchanged()
      return { personId, changed: false }
    }
    if (role !== 'admin') await keepAnAdmin(tx, personId)
    if (!before || before.endedAt) await beNoMember(tx, personId, email, now)
    // Who comes back comes anew.
    const back = before?.endedAt ? { addedAt: now, endedAt: null } : {}
    await tx
      .insert(staff)
      .values({ personId, role, addedAt: now })
      .onConflictDoUpdate({ target: staff.personId, set: { role, ...back } })
    if (role !== 'admin') await withdrawInvitationsOf(tx, personId, byId, now)
    audit({ details: { person: personId, role } })
    return { personId, changed: true }
  },
)

/**
 * Who works for the vendor acts as staff alone (docs/decisions/0011), and joins by no invitation of before either. That
 * nobody becomes a member meanwhile, `holdBackStaff` sees to.
 * @throws Refused `staff_is_member`
 */
async function beNoMember(tx: SystemTx, personId: string, email: string, now: Date) {
  const found = await tx
    .select({ name: organizations.name })
    .from(memberships)
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(eq(memberships.personId, personId))
    .orderBy(organizations.name)
  if (found.length > 0)
    throw new Refused('staff_is_member', { email, organizations: found.map(({ name }) => name).join(', ') })
  await withdrawInvitationsTo(tx, email, now)
}
