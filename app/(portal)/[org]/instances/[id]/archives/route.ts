import { Readable } from 'node:stream'
import { leadTo, wrongMethod } from '@/app/_request/plain'
import { currentSession, membershipIn } from '@/app/_request/session'
import { isStaffRole } from '@/lib/access'
import { downloadArchive } from '@/lib/activations/download-archive'
import { archives, openArchive, signedAddress } from '@/lib/catalog/archives'
import { now } from '@/lib/clock'
import { InvalidInput, NotFound, Unavailable } from '@/lib/errors'
import type { Session } from '@/lib/people/session'

interface Params {
  params: Promise<{ org: string; id: string }>
}

/**
 * The archive of a release, for an instance with a key of it: `?product=REFERENCE&version=VERSION`. A GET, since what is
 * elsewhere is found by a redirect, which the pages' policy forbids to forms. What is not to be had is said on the
 * instance's page.
 */
export async function GET(request: Request, { params }: Params) {
  const { org, id } = await params
  const page = `/${org}/instances/${id}`
  const session = await currentSession()
  if (!session) return leadTo(`/sign-in?to=${encodeURIComponent(page)}`, 307)
  const { searchParams } = new URL(request.url)
  const asked = {
    product: searchParams.get('product') ?? '',
    version: searchParams.get('version') ?? '',
  }
  const found = await archiveFor(session, org, { instanceId: id, ...asked })
  if ('problem' in found)
    return leadTo(found.problem === 'none' ? page : `${page}?problem=${found.problem}`, 307)
  const elsewhere = signedAddress(found.name, now())
  return elsewhere ? leadTo(elsewhere) : sent(found.name)
}

const other = wrongMethod(['GET', 'HEAD'])

export { other as DELETE, other as PATCH, other as POST, other as PUT }

/** The archive's name, for who may have it. Another's organization and what there is none of are `none` alike. */
async function archiveFor(
  session: Session,
  org: string,
  asked: { instanceId: string; product: string; version: string },
) {
  try {
    const organization = await membershipIn(org, 'archive.download', session)
    const name = (await archives())(asked.product, asked.version)
    if (!name) return { problem: 'none' }
    const kind = isStaffRole(organization.role) ? 'staff' : 'member'
    const by = {
      actor: { kind, personId: session.personId } as const,
      organizationId: organization.organizationId,
    }
    await downloadArchive(by, asked)
    return { name }
  } catch (error) {
    if (error instanceof NotFound || error instanceof InvalidInput) return { problem: 'none' }
    if (error instanceof Unavailable) return { problem: 'unavailable' }
    throw error
  }
}

async function sent(name: string) {
  const file = await openArchive(name)
  // Node's own stream of bytes, which TypeScript knows by another name.
  const body = Readable.toWeb(file.read(0, file.size - 1)) as ReadableStream<Uint8Array>
  return new Response(body, {
    headers: {
      'Content-Type': file.type,
      'Content-Length': String(file.size),
      'Content-Disposition': `attachment; filename="${name}"`,
      'Cache-Control': 'no-store',
    },
  })
}
