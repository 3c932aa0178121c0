/*
 * What the large seed lacks for the bench: one of the vendor's staff, and the audit trail of years, a million entries in
 * all. Run in a process of its own, with the portal's environment; what is there already is left alone.
 */
import '@/sandbox/node-version'
import { count, eq, max } from 'drizzle-orm'
import { closePool } from '@/db/client'
import { auditEntries } from '@/db/schema/audit'
import { keys } from '@/db/schema/keys'
import { organizations } from '@/db/schema/organizations'
import { asOrganization, asSystem } from '@/db/scope'
import { addStaff } from '@/lib/staff/add'
import { newLedger, note, writeLedger } from '@/sandbox/seed/ledger'

export const benchStaff = 'bench@northwind.example'

const wanted = 1_000_000
const atOnce = 20_000

if (import.meta.main) {
  try {
    await addStaff({ actor: { kind: 'system' } }, { email: benchStaff, role: 'admin' })
    await lengthenTrail()
  } finally {
    await closePool()
  }
}

async function lengthenTrail() {
  const { organization, missing } = await asSystem('bench', async (tx) => {
    const [organization] = await tx.select().from(organizations).where(eq(organizations.slug, 'grand-groupe'))
    const [found] = await tx.select({ entries: count() }).from(auditEntries)
    return { organization, missing: wanted - (found?.entries ?? 0) }
  })
  if (!organization) throw new Error('the large seed has grand-groupe')
  for (let left = missing; left > 0; left -= atOnce)
    await lengthen(organization.id, organization.timeZone, Math.min(left, atOnce))
}

/** That keys were seen in use, a second apart. */
async function lengthen(organizationId: string, timeZone: string, entries: number) {
  await asOrganization(organizationId, async (tx) => {
    const own = eq(keys.organizationId, organizationId)
    const seen = await tx.select({ id: keys.id, instanceId: keys.instanceId }).from(keys).where(own)
    const [last] = await tx
      .select({ at: max(auditEntries.at) })
      .from(auditEntries)
      .where(eq(auditEntries.organizationId, organizationId))
    const ledger = newLedger({ organizationId, timeZone, takeShortId: () => '' })
    for (let n = 1; n <= entries; n++) {
      const key = seen[n % seen.length]
      if (!key || !last?.at) throw new Error('it has keys, and a trail')
      note(ledger, 'key.note_seen', new Date(last.at.getTime() + n * 1_000), {
        keyId: key.id,
        ...(key.instanceId && { instanceId: key.instanceId }),
      })
    }
    await writeLedger(tx, ledger)
  })
}
