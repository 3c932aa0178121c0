import { asOrganization } from '@/db/scope'
import { may, type Permission } from '@/lib/access'
import type { Forbidden } from '@/lib/errors'
import type { Translate } from '@/lib/messages/translator'
import { membersWhoMay } from '@/lib/organizations/queries'
import type { Membership } from '@/lib/people/session'
import { forbidden, permissionOf, whoMay } from './sentence'
import type { Visit } from './session'

const mostNamed = 3

/** The roles that may, and who they are: "an owner or a technical member (Camille Roux, Malik Benali)". */
export async function whomToAsk(
  { organization, t }: Pick<Visit, 'organization' | 't'>,
  permission: Permission,
): Promise<string> {
  const roles = whoMay(permission, t)
  const { organizationId, role } = organization
  // Who may is not told, so nothing is asked.
  if (may(role, permission)) return roles
  const names = await asOrganization(organizationId, (tx) =>
    membersWhoMay(tx, organizationId, permission, mostNamed),
  )
  return names.length > 0 ? t('errors.who_named', { roles, names: names.join(', ') }) : roles
}

/** What somebody may not, and who may, by name. */
export async function forbiddenSentence(
  error: Forbidden,
  organization: Membership,
  t: Translate,
): Promise<string> {
  return forbidden(error, t, await whomToAsk({ organization, t }, permissionOf(error)))
}
