import { asOrganization } from '@/db/scope'
import { isStaffRole, may, type Permission, rolesThatMay } from '@/lib/access'
import type { Forbidden } from '@/lib/errors'
import type { Translate } from '@/lib/messages/translator'
import { membersWhoMay } from '@/lib/organizations/queries'
import type { Membership } from '@/lib/people/session'
import { accountManagersOf, admins } from '@/lib/staff/queries'
import { forbidden, permissionOf, whoMay } from './sentence'
import type { Visit } from './session'

const mostNamed = 3

/** In words, with the names that stand in them. */
interface Asked {
  who: string
  names: string[]
}

/**
 * The roles that may, and who they are: "an owner or a technical member (Camille Roux, Malik Benali)". Staff, and members
 * where none of them may, are told who of the vendor does; also staff are told the members where nobody of the vendor may.
 */
export async function whomToAsk(
  { organization, t }: Pick<Visit, 'organization' | 't'>,
  permission: Permission,
): Promise<Asked> {
  const { organizationId, role } = organization
  if ((isStaffRole(role) && may('admin', permission)) || rolesThatMay(permission).length === 0)
    return staffToAsk(organization, permission, t)
  const roles = whoMay(permission, t)
  // Who may is not told, so nothing is asked.
  if (may(role, permission)) return { who: roles, names: [] }
  const names = await asOrganization(organizationId, (tx) =>
    membersWhoMay(tx, organizationId, permission, mostNamed),
  )
  return named(roles, names, t)
}

/** Who is assigned to it; where nobody is, or what is asked for takes more, the admins. */
async function staffToAsk({ organizationId }: Membership, permission: Permission, t: Translate) {
  const [managers, others] = await asOrganization(organizationId, async (tx) => [
    may('manager', permission) ? await accountManagersOf(tx, organizationId) : [],
    await admins(tx),
  ])
  if (managers.length > 0) return named(t('errors.role.manager'), managers.slice(0, mostNamed), t)
  return named(t('errors.role.admin'), others.slice(0, mostNamed), t)
}

const named = (roles: string, names: string[], t: Translate): Asked => ({
  who: names.length > 0 ? t('errors.who_named', { roles, names: names.join(', ') }) : roles,
  names,
})

/** What somebody may not, and who may, by name. */
export async function forbiddenSentence(
  error: Forbidden,
  organization: Membership,
  t: Translate,
): Promise<string> {
  const { who } = await whomToAsk({ organization, t }, permissionOf(error))
  return forbidden(error, t, who)
}
