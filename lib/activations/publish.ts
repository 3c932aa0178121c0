import { and, eq, gt, isNotNull, isNull, lte, sql } from 'drizzle-orm'
import { z } from 'zod'
import { keySets, signingKeys } from '@/db/schema/signing-keys'
import type { SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { env } from '@/lib/env'
import { Refused } from '@/lib/errors'
import { mayPublish, rootKidOf, verifiedKeySet } from './key-set'
import { longestDays } from './lease'
import { lockSigningKeys, nextSet } from './rotate'

/** Processes read what is published once a minute, and GLPIs when they meet a key that they do not know. */
const publishedAhead = 3_600_000
/** Clocks differ, and a GLPI forgives some minutes: a day more is surely enough. */
const lastsAfterwards = (longestDays + 1) * 86_400_000

const PublishKeySet = z.object({ signed: z.string().trim().max(100_000) })

/**
 * Publishes a set of keys that the root has signed. Its new key signs from an hour later on, or at once where it is the
 * first; the one before stops then, and stays in the sets until the last of its leases has ended.
 * @throws Refused `set_not_by_root`, `set_outdated` when another set was published since or nothing waits, or
 * `set_not_as_requested`.
 * @returns also whose offline files a dropped key has signed and nobody has fetched anew; asked again, whose are left
 */
export const publishKeySet = vendorCommand(
  'leases.publish',
  PublishKeySet,
  async ({ tx, now, audit, unchanged }, { signed }) => {
    const root = env().LEASE_ROOT_PUBLIC_KEY
    if (!root) throw new Error('LEASE_ROOT_PUBLIC_KEY is missing; .env.example explains it')
    const set = await verifiedKeySet(signed, root)
    if (!set) throw new Refused('set_not_by_root')
    await lockSigningKeys(tx)
    const [same] = await tx.select().from(keySets).where(eq(keySets.signed, signed))
    if (same) {
      unchanged()
      return { version: set.version, signsFrom: null, toFetchAnew: await filesOfDropped(tx, now) }
    }
    const next = await nextSet(tx, now)
    const known = await tx
      .select({ kid: signingKeys.kid })
      .from(signingKeys)
      .where(isNull(signingKeys.droppedAt))
    const verdict = mayPublish(set, next, new Set(known.map(({ kid }) => kid)))
    if (!verdict.ok) throw new Refused(verdict.because)
    const signsFrom = await letSign(tx, now)
    await tx
      .insert(keySets)
      .values({ version: set.version, signed, rootKid: rootKidOf(root), createdAt: now })
    audit({ details: { version: set.version, kid: next.waiting, keys: set.keys.length } })
    return { version: set.version, signsFrom, toFetchAnew: await filesOfDropped(tx, now) }
  },
)

/**
 * Ends the turn of the key that signs, and begins that of the one that waits: at once where no other is left that could sign
 * in the hour before.
 */
async function letSign(tx: SystemTx, now: Date): Promise<Date> {
  const next = new Date(now.getTime() + publishedAhead)
  const after = (end: Date) => new Date(end.getTime() + lastsAfterwards)
  const signing = and(isNotNull(signingKeys.signsFrom), isNull(signingKeys.stopsAt))
  const stops = sql`greatest(${now.toISOString()}::timestamptz, ${signingKeys.signsFrom} + interval '1 second')`
  await tx
    .update(signingKeys)
    .set({ stopsAt: stops, lastExpiresAt: after(next) })
    .where(and(signing, isNotNull(signingKeys.droppedAt)))
  await tx
    .update(signingKeys)
    .set({ stopsAt: next, lastExpiresAt: after(next) })
    .where(signing)
  const [left] = await tx
    .select({ kid: signingKeys.kid })
    .from(signingKeys)
    .where(
      and(lte(signingKeys.signsFrom, now), isNull(signingKeys.droppedAt), gt(signingKeys.lastExpiresAt, now)),
    )
    .limit(1)
  const signsFrom = left ? next : now
  await tx
    .update(signingKeys)
    .set({ signsFrom })
    .where(and(isNull(signingKeys.signsFrom), isNull(signingKeys.droppedAt)))
  return signsFrom
}

/**
 * Whose offline files a dropped key has signed, where none was fetched since: the installation never hears of it, and stops
 * when its GLPI meets a newer set.
 */
async function filesOfDropped(tx: SystemTx, now: Date) {
  const { rows } = await tx.execute<{ organization: string; slug: string; installations: number }>(sql`
    select o.name as organization, o.slug, count(distinct f.installation_id)::int as installations
    from offline_files f
      join organizations o on o.id = f.organization_id
      join signing_keys s on s.dropped_at is not null and f.issued_at >= s.signs_from and f.issued_at < s.stops_at
    where f.gone_at is null and f.works_until > ${now.toISOString()}::timestamptz
      and not exists (select from offline_files n where n.organization_id = f.organization_id and n.key_id = f.key_id
        and n.product_id is not distinct from f.product_id
        and n.installation_id = f.installation_id and n.issued_at >= s.stops_at)
    group by o.id, o.name, o.slug order by o.name`)
  return rows
}
