import { organizationTitle } from '@/app/_request/organization-page'
import { requireMember } from '@/app/_request/session'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import type { Translate } from '@/lib/messages/translator'
import { type Member, memberOf, ownerVerdict } from '@/lib/organizations/member'

/** The member that the address names, and whether the organization could do without them. @throws NotFound */
export async function foundMember(tx: OrganizationTx, organizationId: string, id: string) {
  if (!isId(id)) throw new NotFound('member')
  const member = await memberOf(tx, organizationId, id)
  return { member, verdict: await ownerVerdict(tx, organizationId, member) }
}

export const nameOf = ({ name, email }: Pick<Member, 'name' | 'email'>) => name || email

/** A page's title that names the member and what is done with them. */
export const memberTitle = (say: (t: Translate, name: string) => string) =>
  organizationTitle(async ({ params }: { params: Promise<{ org: string; id: string }> }) => {
    const { org, id } = await params
    const { t, organization } = await requireMember(org, 'member.read')
    const { organizationId } = organization
    const { member } = await asOrganization(organizationId, (tx) => foundMember(tx, organizationId, id))
    return say(t, nameOf(member))
  })
