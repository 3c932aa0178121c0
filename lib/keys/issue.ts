import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import type { OrganizationTx, SystemTx } from '@/db/scope'
import { command } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { newId, untilFree } from '@/lib/ids'
import { generateKey, type Kind, lastFour } from './format'
import { Note, noteOf } from './free-text'
import { sealForEachOther } from './hand-over'
import { fingerprint, seal } from './vault'

export type Product = typeof products.$inferSelect

/** Nothing is chosen until somebody chooses it. */
export const ProductId = z.string('required').min(1, 'required').pipe(z.uuid('not_found'))

const IssuePermanentKey = z.object({
  productId: ProductId,
  instanceId: z.uuid('not_found').nullable(),
  note: Note.optional(),
})

/**
 * Issues a permanent key of a legacy product. Staff say why.
 * @throws Refused `not_permanent` when the product's keys belong to terms.
 */
export const issuePermanentKey = command(
  'key.issue',
  IssuePermanentKey,
  async (scope, { productId, instanceId, note }) => {
    const { tx, organizationId, now, audit } = scope
    const written = await noteOf(scope, note)
    const product = await productToIssue(tx, productId)
    if (product.keyKind !== 'permanent') throw new Refused('not_permanent', { product: product.name })
    const key = await writeKey(tx, {
      organizationId,
      product,
      kind: 'permanent',
      instanceId,
      startsAt: now,
      expiresAt: null,
      now,
    })
    const details = { shortId: key.shortId, product: product.name, ...(written && { note: written }) }
    audit({ keyId: key.id, ...at(instanceId), details })
    return { keyId: key.id, shortId: key.shortId }
  },
  { once: true },
)

interface NewKey {
  organizationId: string
  product: Product
  kind: Kind
  /** Null for a product that is bound to the whole organization. */
  instanceId: string | null
  term?: { id: string; endsAt: Date }
  /** The key that this one takes over from. */
  followsId?: string
  /** Of a trial: which of its product in the organization it is; the first where it is left out. */
  trialOrdinal?: number
  startsAt: Date
  expiresAt: Date | null
  /** It is paid already: it is issued also where the instance was retired meanwhile, whose key it takes over from. */
  paid?: true
  now: Date
}

/**
 * Makes a key and writes its row, in the caller's transaction. The string itself stays in the vault, and where its product
 * hands renewals over also sealed under the key before.
 * @throws NotFound for an instance that is not this organization's, or retired; Refused `needs_instance` or
 * `needs_no_instance` where the product is bound otherwise.
 */
export async function writeKey(tx: OrganizationTx, made: NewKey) {
  const { organizationId, product, kind, instanceId, now } = made
  const bound = product.binding === 'organization'
  if (bound !== (instanceId === null)) throw new Refused(bound ? 'needs_no_instance' : 'needs_instance')
  if (instanceId && !made.paid) await requireInstance(tx, organizationId, instanceId)
  const id = newId(now)
  const key = generateKey(kind)
  const row = {
    id,
    organizationId,
    productId: product.id,
    kind,
    binding: product.binding,
    instanceId,
    termId: made.term?.id ?? null,
    termEndsAt: made.term?.endsAt ?? null,
    followsId: made.followsId ?? null,
    ...(made.trialOrdinal && { trialOrdinal: made.trialOrdinal }),
    issuedAt: now,
    startsAt: made.startsAt,
    expiresAt: made.expiresAt,
    ...seal(key, id),
    fingerprint: fingerprint(key),
    lastFour: lastFour(key),
  }
  const shortId = await untilFree('K', (candidate) =>
    tx
      .insert(keys)
      .values({ ...row, shortId: candidate })
      .onConflictDoNothing({ target: keys.shortId })
      .returning({ shortId: keys.shortId }),
  )
  if (made.followsId && made.term && product.handsOver)
    await sealForEachOther(tx, { organizationId, id, key, termId: made.term.id, now })
  return { id, shortId }
}

/** @throws NotFound; Refused `open_source` since such a product needs no key, `withdrawn` when it is no longer sold. */
export async function productToIssue(tx: OrganizationTx | SystemTx, productId: string): Promise<Product> {
  const [product] = await tx.select().from(products).where(eq(products.id, productId))
  if (!product) throw new NotFound('product')
  if (product.openSource) throw new Refused('open_source', { product: product.name })
  if (product.withdrawnAt) throw new Refused('withdrawn', { product: product.name })
  return product
}

/** The part of an audit entry that says where. */
export const at = (instanceId: string | null) => (instanceId ? { instanceId } : {})

/** What was paid is issued, whatever has become of the product since. @throws NotFound */
export async function productPaidFor(tx: OrganizationTx, productId: string): Promise<Product> {
  const [product] = await tx.select().from(products).where(eq(products.id, productId))
  if (!product) throw new NotFound('product')
  return product
}

async function requireInstance(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const [instance] = await tx
    .select({ retiredAt: instances.retiredAt })
    .from(instances)
    .where(and(eq(instances.organizationId, organizationId), eq(instances.id, instanceId)))
    .for('share')
  if (!instance || instance.retiredAt) throw new NotFound('instance')
}
