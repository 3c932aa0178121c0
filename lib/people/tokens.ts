import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import { env } from '@/lib/env'

/** 32 random bytes: what a session cookie, a browser cookie and a sign-in link carry. */
export const newToken = () => randomBytes(32).toString('base64url')

/** Six digits, evenly chosen. */
export const newCode = () => String(randomInt(1_000_000)).padStart(6, '0')

/** A token has 256 bits of its own, so a plain hash will do. */
export const tokenHash = (token: string) => createHash('sha256').update(token).digest()

/**
 * A code has 20 bits: only a secret outside the database keeps its stored form from being tried out. The kind keeps what
 * was made for one purpose from serving another: `old_email` and `new_email` are the links that confirm a change,
 * `network` where somebody asked from.
 */
export const signInHmac = (
  kind: 'code' | 'link' | 'old_email' | 'new_email' | 'network',
  signInId: string,
  secret: string,
) => createHmac('sha256', env().SIGN_IN_SECRET).update(`${kind}:${signInId}:${secret}`).digest()

/** Compares in a time that does not tell where they differ. */
export const same = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)
