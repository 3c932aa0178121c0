import { organizationTitle } from '@/app/_request/organization-page'
import { requireMember } from '@/app/_request/session'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { instanceDetail } from '@/lib/instances/detail'
import type { Translate } from '@/lib/messages/translator'

/** The instance that the address names. @throws NotFound where the organization has none such. */
export async function foundInstance(tx: OrganizationTx, organizationId: string, id: string) {
  if (!isId(id)) throw new NotFound('instance')
  return instanceDetail(tx, organizationId, id)
}

type Found = Awaited<ReturnType<typeof foundInstance>>

/** A page's title that names the instance and what is done with it. */
export const instanceTitle = (say: (instance: Found, t: Translate) => string) =>
  organizationTitle(async ({ params }: { params: Promise<{ org: string; id: string }> }) => {
    const { org, id } = await params
    const { t, organization } = await requireMember(org)
    const { organizationId } = organization
    return say(await asOrganization(organizationId, (tx) => foundInstance(tx, organizationId, id)), t)
  })

/** On a retired instance the page that changes it takes it back. */
export const editTitle = ({ label, retiredAt }: Found, t: Translate): string =>
  t(retiredAt ? 'instances.reinstate.title' : 'instances.edit.title', { label })
