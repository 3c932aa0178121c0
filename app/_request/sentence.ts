import { may, type Permission, rolesThatMay } from '@/lib/access'
import { type DomainError, Forbidden } from '@/lib/errors'
import type { Translate } from '@/lib/messages/translator'

type Name = Parameters<Translate>[0]

/** A domain error for people, in their language. Every code that is thrown has its sentence (a test walks them). */
export function sentence(error: DomainError, t: Translate): string {
  if (error instanceof Forbidden) return forbidden(error, t)
  const values = Object.fromEntries(Object.entries(error.facts).map(([name, value]) => [name, String(value)]))
  const again = tryAgain(Number(error.facts.retryAfterSeconds ?? 60))
  // Of limits some have no name, as that on guesses.
  return t(`errors.${error.code}` as Name, { limit: '', points: '', ...values, ...again }) // checked by that test
}

/** How long to wait, for the sentence on limits: in the largest unit of which there are two, up to days. */
export function tryAgain(seconds: number) {
  const minutes = Math.max(1, Math.ceil(seconds / 60))
  if (minutes < 120) return { wait: minutes, unit: 'minutes' }
  const hours = Math.ceil(minutes / 60)
  return hours < 48 ? { wait: hours, unit: 'hours' } : { wait: Math.ceil(hours / 24), unit: 'days' }
}

/** What is wrong with one field. */
export function fieldSentence(code: string, t: Translate): string {
  const name = `errors.field.${code}` as Name // zod's own codes have no sentence of their own
  return t.has(name) ? t(name) : t('errors.field.invalid')
}

/** The roles that may: "an owner or a technical member"; of the vendor, where no member may. */
export function whoMay(permission: Permission, t: Translate): string {
  const roles = rolesThatMay(permission)
  if (roles.length === 0) return t(may('manager', permission) ? 'errors.role.manager' : 'errors.role.admin')
  return roles.map((role) => t(`errors.role.${role}`)).join(t('errors.or'))
}

/** @param who whom to ask: the roles that may, or people by name. */
export function forbidden(error: Forbidden, t: Translate, who = whoMay(permissionOf(error), t)): string {
  return t('errors.forbidden', {
    role: t(`errors.role.${String(error.facts.role)}` as Name), // a role of the table in access.ts
    who,
  })
}

/** What it is that they may not. */
export const permissionOf = (error: Forbidden) => error.facts.permission as Permission // it is thrown with one
