import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { memberships, organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { assignments } from '@/db/schema/staff'
import type { SystemTx } from '@/db/scope'
import { memberRoles } from '@/lib/access'
import { appendAudit } from '@/lib/audit/append'
import { command, vendorCommand } from '@/lib/command'
import { Email } from '@/lib/email'
import { Conflict, InvalidInput, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { oneLine } from '@/lib/one-line'
import { nameOf, personWith } from './person'
import { parseSlug } from './slug'
import { worksForVendor } from './vendor'

/** The time zones that an organization may have. */
export const timeZones: ReadonlySet<string> = new Set([...Intl.supportedValuesOf('timeZone'), 'UTC'])

const CreateOrganization = z.object({
  name: z.string('required').transform(oneLine).pipe(z.string().min(1, 'required').max(200, 'too_long')),
  slug: z.string('required'),
  timeZone: z.string('required').refine((zone) => timeZones.has(zone), 'time_zone'),
  /** Who is to be invited with it: whoever cannot be is known before there is an organization. */
  email: Email.optional(),
})

/**
 * Creates an organization. An account manager who does is assigned to it, which its members read; an admin needs no
 * assignment.
 * @throws InvalidInput for a slug that the portal needs itself; Conflict `slug_taken`; Refused `works_for_vendor`.
 */
export const createOrganization = vendorCommand(
  'organization.create',
  CreateOrganization,
  async ({ tx, now, personId, role, audit }, { name, slug, timeZone, email }) => {
    if (email) await refuseVendor(tx, email)
    const verdict = parseSlug(slug)
    if (!verdict.ok) throw new InvalidInput({ slug: `slug_${verdict.because}` })
    const organization = { id: newId(now), slug: verdict.slug, name, timeZone, createdAt: now }
    const created = await tx
      .insert(organizations)
      .values(organization)
      .onConflictDoNothing()
      .returning({ id: organizations.id })
    if (created.length === 0) throw new Conflict('slug_taken', { slug: verdict.slug })
    if (role === 'staff' && personId) {
      await tx.insert(assignments).values({ organizationId: organization.id, personId, assignedAt: now })
      const details = { name: await nameOf(tx, personId), staff: personId }
      await appendAudit(tx, { organizationId: organization.id, actor: 'staff', personId, at: now }, [
        { action: 'assignment.add', outcome: 'done', details },
      ])
    }
    audit({ details: { slug: verdict.slug, name } })
    return { organizationId: organization.id, slug: verdict.slug }
  },
  { once: true },
)

async function refuseVendor(tx: SystemTx, email: string) {
  const [known] = await tx.select({ id: people.id }).from(people).where(eq(people.email, email))
  if (known && (await worksForVendor(tx, known.id))) throw new Refused('works_for_vendor', { email })
}

const AddMember = z.object({
  email: z.email('email').transform((email) => email.toLowerCase()),
  name: z.string().transform(oneLine).pipe(z.string().max(200, 'too_long')).nullable().default(null),
  role: z.enum(memberRoles, 'required'),
  language: z.enum(['en', 'fr']).default('en'),
})

/**
 * Adds a person to the organization, known or new.
 * @throws Conflict `already_member`; Refused `works_for_vendor`.
 */
export const addMember = command(
  'member.add',
  AddMember,
  async ({ tx, organizationId, now, audit }, { email, name, role, language }) => {
    const personId = await personWith(tx, { email, name, language }, now)
    if (await worksForVendor(tx, personId)) throw new Refused('works_for_vendor', { email })
    const added = await tx
      .insert(memberships)
      .values({ organizationId, personId, role, createdAt: now })
      .onConflictDoNothing()
      .returning({ role: memberships.role })
    if (added.length === 0) throw new Conflict('already_member', { email })
    audit({ details: { name: name ?? email, role } })
    return { personId }
  },
  { once: true },
)
