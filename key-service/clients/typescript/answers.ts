import { readLease } from './lease'
import { type Claims, isObject, isTime } from './statements'

/* What may be made of an answer of the portal's. */

export function wrongLease(claims: Claims): string | null {
  return readLease(claims)?.online ? null : 'wrong_claims'
}

export function wrongRefusal({ iat, valid, code }: Claims): string | null {
  const refuses = valid === false && typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) && code !== 'ok'
  return refuses && isTime(iat) ? null : 'wrong_claims'
}

/**
 * What the portal refused of the question, as in `invalid_input url`, a mistake of the plugin or of its settings; or that it
 * lacks the activation's secret. It is not signed and says nothing about the key, so it is only shown; what is no field's
 * name might be anybody's text.
 */
export function unsignedRefusal({ code, fields, signed }: Claims): string | null {
  if (code === 'secret_needed' && signed === undefined) return code
  if (code !== 'invalid_input' || signed !== undefined || !isObject(fields)) return null
  const names = Object.keys(fields).filter((name) => /^[a-z_]{1,40}$/.test(name))
  return names.length > 0 ? `invalid_input ${names.slice(0, 5).join(' ')}` : null
}

export function membersOf(value: unknown): Claims {
  return isObject(value) ? value : {}
}
