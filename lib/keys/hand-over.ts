import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { and, eq, or, sql } from 'drizzle-orm'
import { sealedKeys } from '@/db/schema/handovers'
import type { OrganizationTx } from '@/db/scope'
import { log } from '@/lib/log'
import { parseKey } from './format'
import { open } from './vault'

/*
 * Handing a renewal's key over: it is sealed under the string of the key before, so that the key service, which sees that
 * string in a call and stores none, can pass it on and open nothing by itself. How it is sealed is part of the protocol
 * (docs/verify-a-lease.md): a change needs another `info`.
 */

const info = 'latchkey handover 1'
const nonceLength = 12
const tagLength = 16

/** Which of two keys is sealed under which, by the IDs of their rows. */
export interface Pair {
  underId: string
  keyId: string
}

/**
 * Seals a key under the string of another one: AES-256-GCM under HKDF-SHA256 of that string, with both IDs as associated
 * data. @returns nonce, cipher text and tag in one
 */
export function sealUnder(under: string, key: string, pair: Pair): Buffer {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', derived(under), nonce).setAAD(dataOf(pair))
  return Buffer.concat([nonce, cipher.update(key, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** @throws where it was sealed under another key, or for another pair */
export function openUnder(under: string, sealed: Buffer, pair: Pair): string {
  const decipher = createDecipheriv('aes-256-gcm', derived(under), sealed.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
    .setAAD(dataOf(pair))
    .setAuthTag(sealed.subarray(-tagLength))
  const text = Buffer.concat([decipher.update(sealed.subarray(nonceLength, -tagLength)), decipher.final()])
  return text.toString('utf8')
}

// Without a salt: what goes in has 130 random bits (RFC 5869, 3.1).
const derived = (key: string) => Buffer.from(hkdfSync('sha256', key, '', info, 32))
const dataOf = ({ underId, keyId }: Pair) => Buffer.from(`${underId}.${keyId}`)

/** As many terms may be paid ahead; beyond, somebody pastes. */
const mostKeys = 12

interface Issued {
  organizationId: string
  id: string
  /** The key itself. */
  key: string
  termId: string
  now: Date
}

/**
 * Seals a new key and the earlier ones of its subscription that still work under one another, in the caller's transaction:
 * forward for who has the key before, back for who has this one when its money goes back. What was brought along from
 * elsewhere may be short enough to be guessed from a copy of the database, so nothing is sealed under it. A key that does
 * not open (the ring lacks its version) keeps back no key that was paid: then somebody pastes it, and the log says so.
 */
export async function sealForEachOther(tx: OrganizationTx, issued: Issued): Promise<void> {
  const { organizationId, now } = issued
  const rows = (await earlierKeys(tx, issued)).flatMap((earlier) => {
    const old = opened(earlier)
    if (!old || !parseKey(old).ok) return []
    const forward = { underId: earlier.id, keyId: issued.id }
    const back = { underId: issued.id, keyId: earlier.id }
    return [
      { ...forward, cipher: sealUnder(old, issued.key, forward) },
      { ...back, cipher: sealUnder(issued.key, old, back) },
    ].map((row) => ({ ...row, organizationId, sealedAt: now }))
  })
  if (rows.length > 0) await tx.insert(sealedKeys).values(rows)
}

type Stored = { id: string; shortId: string; cipher: Buffer; ringVersion: number }

function opened(stored: Stored): string | null {
  try {
    return open(stored, stored.id)
  } catch (err) {
    log.warn({ err, shortId: stored.shortId }, 'a renewal is not handed over: the key before does not open')
    return null
  }
}

/** Those whose money went back as well: it may be paid again. And that of the trial from which the first one took over. */
async function earlierKeys(tx: OrganizationTx, { organizationId, id, termId, now }: Issued) {
  const { rows } = await tx.execute<Stored>(sql`
    select k.id, k.short_id as "shortId", k.cipher, k.ring_version as "ringVersion"
    from terms its
    join terms t on t.organization_id = ${organizationId} and t.subscription_id = its.subscription_id
    join keys own on own.organization_id = ${organizationId} and own.term_id = t.id
    join keys k on k.organization_id = ${organizationId} and k.id <> ${id}
      and (k.id = own.id or (k.id = own.follows_id and k.kind = 'trial'))
      and k.superseded_at is null and k.expires_at > ${now.toISOString()}::timestamptz
    where its.organization_id = ${organizationId} and its.id = ${termId}
      and not exists (select from revocations r where r.organization_id = ${organizationId} and r.key_id = k.id
        and r.restored_at is null and r.reason not in ('refunded', 'disputed'))
    order by t.ordinal desc limit ${mostKeys}`)
  return rows
}

/** Removes what is sealed under a key that strangers may have, in the caller's transaction, and that key under others. */
export async function forgetSealed(tx: OrganizationTx, organizationId: string, keyId: string) {
  await tx
    .delete(sealedKeys)
    .where(
      and(
        eq(sealedKeys.organizationId, organizationId),
        or(eq(sealedKeys.underId, keyId), eq(sealedKeys.keyId, keyId)),
      ),
    )
}
