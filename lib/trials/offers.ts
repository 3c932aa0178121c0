import { and, asc, desc, eq, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { products, suiteProducts } from '@/db/schema/catalog'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { isRevoked } from '@/lib/keys/filter'
import { timeZoneOf } from '@/lib/organizations/queries'
import {
  mayTry,
  mayTryAgain,
  type Owned,
  type TrialBefore,
  type TrialFacts,
  type TrialVerdict,
  type TryAgainVerdict,
} from './rules'

/** A product as it is offered for a trial. */
export type TrialProduct = Awaited<ReturnType<typeof offered>>[number]
type Place = Awaited<ReturnType<typeof places>>[number]

/** An instance, or the whole organization where it is null, with whether the product can be tried there. */
export interface TriedAt {
  instance: { id: string; label: string; shortId: string; glpiVersion: string | null } | null
  verdict: TrialVerdict
  /** Whether a further trial could be granted there. */
  again: TryAgainVerdict
}

export interface TrialOffer {
  product: TrialProduct
  places: TriedAt[]
}

interface Of {
  /** Null: all that are sold and need a key. */
  productIds: readonly string[] | null
  instanceIds: readonly string[]
}

/**
 * What can be tried and where, each with its verdict. A product whose keys are the whole organization's has one place: that.
 * An instance that is not the organization's is left out.
 */
export async function listTrialOffers(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  of: Of,
): Promise<TrialOffer[]> {
  const { found, known, judge } = await readOffers(tx, organizationId, now, of)
  return found.map((product) => ({
    product,
    places: product.everywhere
      ? [{ instance: null, ...judge(product, null) }]
      : known.map((instance) => ({ instance, ...judge(product, instance) })),
  }))
}

/** Whether one product can be tried, or tried again, in one place; undefined for a product or an instance that is not there. */
export async function trialVerdict(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  { productId, instanceId }: { productId: string; instanceId: string | null },
): Promise<(TriedAt & { product: TrialProduct }) | undefined> {
  const of = { productIds: [productId], instanceIds: instanceId ? [instanceId] : [] }
  const { found, known, judge } = await readOffers(tx, organizationId, now, of)
  const [product] = found
  const instance = instanceId ? known[0] : null
  if (!product || instance === undefined) return undefined
  return { product, instance, ...judge(product, instance) }
}

async function readOffers(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  { productIds, instanceIds }: Of,
) {
  const timeZone = await timeZoneOf(tx, organizationId)
  const found = await offered(tx, productIds)
  const ids = found.map(({ id }) => id)
  const known = await places(tx, organizationId, instanceIds)
  const suites = await suitesWith(tx, ids)
  const tried = await trialsOf(tx, organizationId, ids)
  const held = await keysHeld(tx, organizationId, [...ids, ...suites.map(({ suiteId }) => suiteId)])
  const judge = (product: TrialProduct, place: Place | null) => {
    const isHere = ({ instanceId }: { instanceId: string | null }) =>
      instanceId === null || instanceId === place?.id
    const ofProduct = suites.filter(({ productId }) => productId === product.id)
    const suiteIds = ofProduct.map(({ suiteId }) => suiteId)
    const facts: TrialFacts = {
      ...product,
      place: place && { retired: place.retiredAt !== null, copyOf: copyOf(place) },
      tried: tried.flatMap((one) => (one.productId === product.id ? [before(one, place)] : [])),
      owned: held.find((key) => key.productId === product.id && isHere(key)) ?? null,
      inSuite: held.find((key) => suiteIds.includes(key.productId) && isHere(key)) ?? null,
    }
    return { verdict: mayTry(facts, now, timeZone), again: mayTryAgain(facts, now, timeZone) }
  }
  return { found, known, judge }
}

const isOffered = and(eq(products.openSource, false), isNull(products.withdrawnAt))

function offered(tx: OrganizationTx, ids: readonly string[] | null) {
  return tx
    .select({
      id: products.id,
      name: products.name,
      description: products.description,
      kind: products.kind,
      permanent: sql<boolean>`${products.keyKind} = 'permanent'`,
      everywhere: sql<boolean>`${products.binding} = 'organization'`,
      openSource: products.openSource,
      withdrawn: sql<boolean>`${products.withdrawnAt} is not null`,
      trialDays: products.trialDays,
      onExpiry: products.onExpiry,
      freeFeatures: products.freeFeatures,
    })
    .from(products)
    .where(ids ? inArray(products.id, [...ids]) : isOffered)
    .orderBy(asc(products.name), asc(products.id))
}

const suitesWith = (tx: OrganizationTx, productIds: readonly string[]) =>
  tx
    .select({ suiteId: suiteProducts.suiteId, productId: suiteProducts.productId })
    .from(suiteProducts)
    .where(inArray(suiteProducts.productId, [...productIds]))

const originals = alias(instances, 'originals')

/** Of a retired instance the addresses that it had at its end too: it is the same GLPI, whatever it is called today. */
const identities = (instance: SQL) => sql<
  string[]
>`(select coalesce(array_agg(distinct a.url_identity), '{}') from ${instanceAddresses} a
    where a.organization_id = ${instances.organizationId} and a.instance_id = ${instance})`

function places(tx: OrganizationTx, organizationId: string, ids: readonly string[]) {
  return tx
    .select({
      id: instances.id,
      shortId: instances.shortId,
      label: instances.label,
      glpiVersion: instances.glpiVersion,
      retiredAt: instances.retiredAt,
      installationId: instances.installationId,
      identities: identities(sql`${instances.id}`),
      originalId: originals.id,
      original: originals.label,
    })
    .from(instances)
    .leftJoin(
      originals,
      and(
        eq(originals.organizationId, instances.organizationId),
        eq(originals.id, instances.testOfId),
        isNull(originals.retiredAt),
      ),
    )
    .where(and(eq(instances.organizationId, organizationId), inArray(instances.id, [...ids])))
    .orderBy(asc(instances.label), asc(instances.id))
}

const copyOf = ({ originalId, original }: Place) =>
  originalId && original !== null ? { id: originalId, label: original } : null

/** The trials of these products that the organization has had, the latest first: also those that were revoked. */
function trialsOf(tx: OrganizationTx, organizationId: string, productIds: readonly string[]) {
  return tx
    .select({
      keyId: keys.id,
      shortId: keys.shortId,
      productId: keys.productId,
      endsAt: keys.endsAt,
      revoked: sql<boolean>`${isRevoked}`,
      instanceId: keys.instanceId,
      instance: instances.label,
      installationId: instances.installationId,
      identities: identities(sql`${instances.id}`),
    })
    .from(keys)
    .leftJoin(
      instances,
      and(eq(instances.organizationId, keys.organizationId), eq(instances.id, keys.instanceId)),
    )
    .where(
      and(
        eq(keys.organizationId, organizationId),
        eq(keys.kind, 'trial'),
        inArray(keys.productId, [...productIds]),
      ),
    )
    .orderBy(desc(keys.issuedAt), desc(keys.id))
}

function before(trial: Awaited<ReturnType<typeof trialsOf>>[number], place: Place | null): TrialBefore {
  const { keyId, shortId, endsAt, instance, revoked } = trial
  const sameId = trial.installationId !== null && trial.installationId === place?.installationId
  const sameAddress = trial.identities.some((identity) => place?.identities.includes(identity))
  const here = trial.instanceId === (place?.id ?? null) || sameId || sameAddress
  return { keyId, shortId, endsAt, instance, here, revoked }
}

/** The keys of these products that are no trials' and were not taken back, those that work longest first. */
async function keysHeld(
  tx: OrganizationTx,
  organizationId: string,
  productIds: readonly string[],
): Promise<(Owned & { productId: string; instanceId: string | null })[]> {
  return tx
    .select({
      keyId: keys.id,
      shortId: keys.shortId,
      product: products.name,
      productId: keys.productId,
      instanceId: keys.instanceId,
      endsAt: keys.expiresAt,
    })
    .from(keys)
    .innerJoin(products, eq(products.id, keys.productId))
    .where(
      and(
        eq(keys.organizationId, organizationId),
        inArray(keys.productId, [...productIds]),
        or(eq(keys.kind, 'subscription'), eq(keys.kind, 'permanent')),
        sql`not ${isRevoked}`,
      ),
    )
    .orderBy(desc(keys.endsAt), desc(keys.id))
}
