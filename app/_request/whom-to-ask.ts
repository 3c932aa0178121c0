import { asOrganization } from '@/db/scope'
import { may, type Permission } from '@/lib/access'
import { membersWhoMay } from '@/lib/organizations/queries'
import { whoMay } from './sentence'
import type { Visit } from './session'

const mostNamed = 3

/** The roles that may, and who they are: "an owner or a technical member (Camille Roux, Malik Benali)". */
export async function whomToAsk({ organization, t }: Visit, permission: Permission): Promise<string> {
  const roles = whoMay(permission, t)
  const { organizationId, role } = organization
  // Who may is not told, so nothing is asked.
  if (may(role, permission)) return roles
  const names = await asOrganization(organizationId, (tx) =>
    membersWhoMay(tx, organizationId, permission, mostNamed),
  )
  return names.length > 0 ? t('errors.who_named', { roles, names: names.join(', ') }) : roles
}
