import { createHmac } from 'node:crypto'
import { env } from '@/lib/env'

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Days after the last refusal for which its code opens the case. */
export const codeDays = 7

/**
 * What GLPI's administrator reads in a refusal and types into the portal: six characters of Crockford's base 32. The same
 * key refused to the same installation has the same code, so that a check writes nothing to have one; to a stranger it says
 * nothing, and in the portal it opens only what the organization itself may see.
 */
export function refusalCode(keyId: string, installationId: string): string {
  const hash = createHmac('sha256', env().KEY_FINGERPRINT_SECRET)
    .update(`refusal ${keyId} ${installationId}`)
    .digest()
  return Array.from(hash.subarray(0, 6), (byte) => crockford.charAt(byte & 31)).join('')
}

/** Reads a code as people type it: any case, with blanks or a hyphen, O for 0, I or L for 1. Null where it is none. */
export function normalizeRefusalCode(text: string): string | null {
  const typed = text
    .slice(0, 40)
    .replace(/[\s\p{Pd}]/gu, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
  return /^[0-9A-HJKMNP-TV-Z]{6}$/.test(typed) ? typed : null
}
