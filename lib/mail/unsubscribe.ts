import { createHmac, timingSafeEqual } from 'node:crypto'
import { env } from '@/lib/env'
import { isId } from '@/lib/ids'
import { type MailKind, mailKinds } from './kinds'

/**
 * The end of an address that turns a kind of mails off for a person, without signing in. It is of no other use and never
 * ends: who finds an old mail wants no more of them just the same.
 */
export const unsubscribeToken = (personId: string, kind: MailKind) =>
  `${personId}.${kind}.${signature(personId, kind).toString('base64url')}`

/** Whose mails of which kind a token turns off; null where nobody of ours has made it. */
export function readUnsubscribeToken(token: string): { personId: string; kind: MailKind } | null {
  const [personId, named, signed = '', ...more] = token.split('.')
  const kind = mailKinds.find((one) => one === named)
  if (!isId(personId) || !kind || more.length > 0) return null
  const [given, ours] = [Buffer.from(signed, 'base64url'), signature(personId, kind)]
  return given.length === ours.length && timingSafeEqual(given, ours) ? { personId, kind } : null
}

/** The page that asks, and what a mail program posts to by its own button (RFC 8058). */
export const unsubscribePage = (token: string) => `/account/mails?token=${encodeURIComponent(token)}`
export const unsubscribeRoute = (token: string) => `/account/mails/off?token=${encodeURIComponent(token)}`

// The purpose comes first, as in `signInHmac`: what was signed for one serves no other.
const signature = (personId: string, kind: MailKind) =>
  createHmac('sha256', env().SIGN_IN_SECRET).update(`unsubscribe:${personId}:${kind}`).digest()
