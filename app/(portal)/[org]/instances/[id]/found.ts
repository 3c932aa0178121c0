import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { requireMember } from '@/app/_request/session'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { instanceDetail } from '@/lib/instances/detail'
import type { Translate } from '@/lib/messages/translator'

/** The instance that the address names; the page of what does not exist where the organization has none such. */
export async function foundInstance(tx: OrganizationTx, organizationId: string, id: string) {
  if (!isId(id)) notFound()
  return instanceDetail(tx, organizationId, id).catch((error: unknown) => {
    if (error instanceof NotFound) notFound()
    throw error
  })
}

type Found = Awaited<ReturnType<typeof foundInstance>>

/** A page's title that names the instance and what is done with it. */
export async function titleOf(
  params: Promise<{ org: string; id: string }>,
  say: (instance: Found, t: Translate) => string,
): Promise<Metadata> {
  const { org, id } = await params
  const { t, organization } = await requireMember(org)
  const { organizationId } = organization
  return {
    title: say(await asOrganization(organizationId, (tx) => foundInstance(tx, organizationId, id)), t),
  }
}

/** On a retired instance the page that changes it takes it back. */
export const editTitle = ({ label, retiredAt }: Found, t: Translate): string =>
  t(retiredAt ? 'instances.reinstate.title' : 'instances.edit.title', { label })
