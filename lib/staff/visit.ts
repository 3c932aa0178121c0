import { createHash } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { organizations } from '@/db/schema/organizations'
import { asStaff } from '@/db/scope'
import { now } from '@/lib/clock'
import { command } from '@/lib/command'
import type { Membership } from '@/lib/people/session'
import { standing } from './role'

const hour = 3_600_000

/** Recorded where the organization's members read it. */
const openOrganization = command('organization.visit', z.object({}), async ({ audit }) => audit({}), {
  once: true,
})

/** The organization of that name as one of the staff sees it; null where there is none, or the person is no staff. */
export function organizationFor(personId: string, slug: string): Promise<Membership | null> {
  return asStaff(personId, async (tx) => {
    const [found] = await tx.select().from(organizations).where(eq(organizations.slug, slug))
    const role = found && (await standing(tx, found.id, personId))
    if (!found || !role) return null
    return { organizationId: found.id, slug, name: found.name, timeZone: found.timeZone, role }
  })
}

/**
 * Notes that one of the staff looks at an organization: one entry in each hour, however many pages they open. The hour is
 * the request's identity, so that pages that load at the same moment are one as well.
 */
export async function recordVisit(personId: string, organizationId: string) {
  const when = Math.floor(now().getTime() / hour)
  const idempotencyKey = uuidOf(`${organizationId} ${when}`)
  await openOrganization({ actor: { kind: 'staff', personId }, organizationId, idempotencyKey }, {})
}

/** A UUIDv8 (RFC 9562, section 5.8) that is the same for the same text. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
