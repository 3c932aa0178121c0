import { and, eq, inArray, sql } from 'drizzle-orm'
import { z } from 'zod'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { memberships } from '@/db/schema/organizations'
import { isStaffRole } from '@/lib/access'
import { command, type Scope } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { at } from './issue'
import { open } from './vault'

/** How many keys a person may be handed out in an hour. */
export const revealsPerHour = 100

const RevealKeys = z.object({
  keyIds: z
    .array(z.uuid('not_found').toLowerCase())
    .min(1, 'required')
    .max(100, 'too_long')
    .transform((ids) => [...new Set(ids)]),
  how: z.enum(['shown', 'copied', 'downloaded']),
})

/**
 * Hands out whole keys: the one way that they leave the server. Each is audited, and a person may do it a hundred
 * times an hour, each key of a file counted. Where staff do, the owners are told by mail.
 * @throws Forbidden for who sees keys masked; NotFound; Refused `too_many`.
 */
export const revealKeys = command(
  'key.reveal',
  RevealKeys,
  async (scope, { keyIds, how }) => {
    const { tx, organizationId, audit } = scope
    const rows = await tx
      .select({
        id: keys.id,
        shortId: keys.shortId,
        product: products.name,
        instanceId: keys.instanceId,
        instance: instances.label,
        glpiVersion: instances.glpiVersion,
        asksPortal: instances.asksPortal,
        binding: keys.binding,
        termEndsAt: keys.termEndsAt,
        expiresAt: keys.expiresAt,
        cipher: keys.cipher,
        ringVersion: keys.ringVersion,
        /** Of a suite, the plugins that it unlocks; null for others. */
        contains: sql<string[] | null>`(select array_agg(p.name order by p.name) from suite_products s
          join products p on p.id = s.product_id where s.suite_id = keys.product_id)`,
        /** The newer key, where one waits to take this one's place. */
        waiting: sql<
          string | null
        >`(select n.short_id from keys n where n.organization_id = keys.organization_id
          and n.follows_id = keys.id and n.first_seen_at is null and n.refunded_at is null)`,
      })
      .from(keys)
      .innerJoin(products, eq(products.id, keys.productId))
      .leftJoin(instances, eq(instances.id, keys.instanceId))
      .where(and(eq(keys.organizationId, organizationId), inArray(keys.id, keyIds)))
      .orderBy(products.name, keys.id)
    if (rows.length < new Set(keyIds).size) throw new NotFound('key')
    for (const { id, shortId, product, instanceId, instance } of rows) {
      audit({ keyId: id, ...at(instanceId), details: { shortId, product, instance, how } })
    }
    if (isStaffRole(scope.role)) await tellOwners(scope, rows)
    return rows.map(({ cipher, ringVersion, ...row }) => ({
      ...row,
      asksPortal: row.asksPortal ?? false,
      key: open({ cipher, ringVersion }, row.id),
    }))
  },
  {
    about:
      ({ keyIds }) =>
      async (tx, organizationId) => {
        const known = await tx
          .select({ keyId: keys.id, instanceId: keys.instanceId })
          .from(keys)
          .where(and(eq(keys.organizationId, organizationId), inArray(keys.id, keyIds)))
        const [first] = known
        if (!first || known.some(({ instanceId }) => instanceId !== first.instanceId)) return {}
        return { ...at(first.instanceId), ...(known.length === 1 ? { keyId: first.keyId } : {}) }
      },
    limits: ({ keyIds }, personId) => [
      {
        name: 'reveal',
        key: personId ?? 'system',
        points: revealsPerHour,
        perSeconds: 3_600,
        cost: keyIds.length,
      },
    ],
  },
)

async function tellOwners(
  { tx, organizationId, personId, now }: Scope,
  rows: { shortId: string; product: string }[],
) {
  if (!personId) return
  const owners = await tx
    .select({ id: memberships.personId })
    .from(memberships)
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.role, 'owner')))
  const change = { organizationId, changeId: newId(now), byPersonId: personId, at: now.toISOString() }
  const revealed = rows.map(({ shortId, product }) => `${shortId}, ${product}`)
  for (const { id } of owners) await enqueue(tx, 'mail.key_revealed', { ...change, memberId: id, revealed })
}
