import { type SQL, sql } from 'drizzle-orm'
import type { QueryConfig, QueryResultRow } from 'pg'
import { pool } from '@/db/client'
import { unavailableWhenDown } from '@/db/failures'
import { readInstant, readInstantOrNull } from '@/db/read-instant'
import { readTogether } from '@/db/read-together'
import type { OrganizationTx } from '@/db/scope'
import type { KeyFacts } from '@/lib/keys/rules'
import { line } from './line'
import type { CheckedKey, Place } from './rules'

/** What `check_key()` of the database says of a key, for one caller. */
export interface FoundKey extends KeyFacts {
  id: string
  organizationId: string
  shortId: string
  kind: CheckedKey['kind']
  binding: CheckedKey['binding']
  productId: string
  startsAt: Date
  firstSeenAt: Date | null
  revokedReason: string | null
  organization: { name: string; slug: string; timeZone: string }
  places: Place[]
  /** A newer key that works follows it; asked where it has expired (`isFollowed`). */
  followed: boolean
  /** The caller's, where it has one that was not given back. */
  activation: { id: string; instanceId: string; environment: Place['environment']; secretHash: string } | null
}

// A type and not an interface, which drizzle does not take for a row.
type Row = {
  key_id: string
  organization_id: string
  short_id: string
  kind: CheckedKey['kind']
  binding: CheckedKey['binding']
  product_id: string
  starts_at: Date | string
  expires_at: Date | string | null
  term_ends_at: Date | string | null
  renewed_at: Date | string | null
  replaced_at: Date | string | null
  first_seen_at: Date | string | null
  revoked: string | null
  organization: string
  slug: string
  time_zone: string
  places: (Omit<Place, 'freeFrom' | 'copyUntil'> & Record<'freeFrom' | 'copyUntil', string | null>)[]
  activation: FoundKey['activation']
}

/** Who asks, as far as it decides where a key may be used. */
export interface Caller {
  installationId: string | undefined
  /** The address's identity (lib/instances/url.ts). */
  address: string | undefined
}

/**
 * Who comes on top of these waits here, for as long as Postgres goes on answering: a thousand servers that ask in one
 * moment. In the pool's own queue a busy Postgres and a silent one would look the same.
 */
const atOnce = { reads: line(16), writes: line(8) }

/** Outside any transaction, which would take twice as long again. @throws Unavailable */
const read = <T extends QueryResultRow>(query: QueryConfig) =>
  atOnce.reads(() => unavailableWhenDown(() => readTogether<T>(query)))

/** The same on a connection of its own: who writes waits for the disk, and the others not for it. @throws Unavailable */
const write = <T extends QueryResultRow>(query: QueryConfig) =>
  atOnce.writes(() => unavailableWhenDown(async () => (await pool().query<T>(query)).rows))

/**
 * Looks a key up in whatever organization has it: one statement.
 * @param fingerprint of lib/keys/vault.ts
 * @throws Unavailable
 */
export async function findKey(fingerprint: Buffer, caller: Caller): Promise<FoundKey | null> {
  const [row] = await read<Row>({
    name: 'check_key',
    text: 'select * from check_key($1, $2, $3)',
    values: [fingerprint, caller.installationId ?? null, caller.address ?? null],
  })
  return row ? foundKey(row) : null
}

/** The same within a transaction: what was committed before its locks were had. */
export async function findKeyIn(tx: OrganizationTx, fingerprint: Buffer, caller: Caller) {
  const call: SQL = sql`select * from check_key(${fingerprint}, ${caller.installationId ?? null}, ${caller.address ?? null})`
  const { rows } = await tx.execute<Row>(call)
  const [row] = rows
  return row ? foundKey(row) : null
}

/** Whether a key is followed by one that works, however many terms later. @throws Unavailable */
export async function isFollowed(keyId: string, at: Date): Promise<boolean> {
  const [row] = await read<{ followed: boolean }>({
    name: 'key_is_followed',
    text: 'select key_is_followed($1, $2) as followed',
    values: [keyId, at],
  })
  return row?.followed ?? false
}

/**
 * Notes a lease that is given to an activation, for one product.
 * @param named the ID of the lease that the caller has
 * @returns whether another installation with its ID has had a lease meanwhile; null where the activation is no more
 * @throws Unavailable
 */
export async function noteLease(noted: {
  activationId: string
  keyId: string
  product: string
  named: string | undefined
  given: { id: string; endsAt: Date; at: Date }
  /** The caller has shown the activation's secret. */
  proved?: boolean
}): Promise<boolean | null> {
  const { activationId, keyId, product, named, given, proved = false } = noted
  const [row] = await write<{ copied: boolean | null }>({
    name: 'refresh_activation',
    text: 'select refresh_activation($1, $2, $3, $4, $5, $6, $7, $8) as copied',
    values: [activationId, keyId, named ?? null, given.id, given.endsAt, given.at, product, proved],
  })
  return row?.copied ?? null
}

/**
 * The key that an activation is given in place of its own, and notes that it was.
 * @param isPaid its own is paid, and the next one is wanted; else the newest that works, also an earlier one
 * @returns sealed under its own (lib/keys/hand-over.ts); null where there is none
 * @throws Unavailable
 */
export async function findHandover(asked: {
  activationId: string
  keyId: string
  isPaid: boolean
  at: Date
}) {
  const { activationId, keyId, isPaid, at } = asked
  const [row] = await write<{ key_id: string; sealed: Buffer }>({
    name: 'hand_over',
    text: 'select key_id, sealed from hand_over($1, $2, $3, $4)',
    values: [activationId, keyId, isPaid, at],
  })
  return row ? { keyId: row.key_id, sealed: row.sealed } : null
}

/**
 * The products that an installation has a working key of, whichever of its keys it presents; by their IDs.
 * @param installationId of a GLPI in which that key is good: to any other the answer is none
 * @throws Unavailable
 */
export async function findEntitled(keyId: string, installationId: string, at: Date): Promise<Set<string>> {
  const rows = await read<{ id: string }>({
    name: 'entitled_products',
    text: 'select entitled_products($1, $2, $3) as id',
    values: [keyId, installationId, at],
  })
  return new Set(rows.map(({ id }) => id))
}

function foundKey(row: Row): FoundKey {
  return {
    id: row.key_id,
    organizationId: row.organization_id,
    shortId: row.short_id,
    kind: row.kind,
    binding: row.binding,
    productId: row.product_id,
    startsAt: readInstant(row.starts_at),
    expiresAt: readInstantOrNull(row.expires_at),
    termEndsAt: readInstantOrNull(row.term_ends_at),
    renewedAt: readInstantOrNull(row.renewed_at),
    replacedAt: readInstantOrNull(row.replaced_at),
    firstSeenAt: readInstantOrNull(row.first_seen_at),
    revoked: row.revoked !== null,
    revokedReason: row.revoked,
    organization: { name: row.organization, slug: row.slug, timeZone: row.time_zone },
    places: row.places.map((place) => ({
      ...place,
      freeFrom: readInstantOrNull(place.freeFrom),
      copyUntil: readInstantOrNull(place.copyUntil),
    })),
    followed: false,
    activation: row.activation,
  }
}
