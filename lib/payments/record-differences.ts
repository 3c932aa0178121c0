import { inArray, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { paymentDifferences } from '@/db/schema/payments'
import { vendorCommand } from '@/lib/command'
import { newId } from '@/lib/ids'
import { type Difference, differenceKinds } from './differences'

const RecordDifferences = z.object({
  found: z.array(
    z.object({ kind: z.enum(differenceKinds), subject: z.string(), checkoutId: z.uuid().nullable() }),
  ),
})

/** Makes the open differences those that were found: new ones begin, and those that are no longer so are gone. */
export const recordDifferences = vendorCommand(
  'stripe.compare',
  RecordDifferences,
  async ({ tx, now, audit, unchanged }, { found }) => {
    const open = isNull(paymentDifferences.goneAt)
    const before = await tx.select().from(paymentDifferences).where(open).for('update')
    const names = new Set(found.map(nameOf))
    const gone = before.filter((one) => !names.has(nameOf(one))).map(({ id }) => id)
    if (gone.length > 0)
      await tx.update(paymentDifferences).set({ goneAt: now }).where(inArray(paymentDifferences.id, gone))
    let begun = 0
    for (const one of found) {
      const { rowCount } = await tx
        .insert(paymentDifferences)
        .values({ id: newId(now), ...one, foundAt: now })
        .onConflictDoNothing()
      begun += rowCount ?? 0
    }
    if (begun + gone.length === 0) return unchanged()
    audit({ details: { begun, gone: gone.length } })
  },
)

const nameOf = ({ kind, subject }: Pick<Difference, 'kind' | 'subject'>) => `${kind} ${subject}`
