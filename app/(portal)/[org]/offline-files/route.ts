import { actingAs, fromOwnPage, organizationOf } from '@/app/_request/act'
import { attempted } from '@/app/_request/attempt'
import { leadTo, missing, wrongMethod } from '@/app/_request/plain'
import { currentSession } from '@/app/_request/session'
import { issueOfflineFile } from '@/lib/activations/offline'
import { env } from '@/lib/env'
import { Forbidden, InvalidInput, NotFound, Refused, Unavailable } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { findKeys } from '@/lib/keys/format'
import type { Session } from '@/lib/people/session'

/** Who has typed or kept this address: files are fetched from the page of an instance. */
export async function GET(_request: Request, { params }: { params: Promise<{ org: string }> }) {
  return leadTo(`/${(await params).org}/instances`)
}

/**
 * The offline activation file of one installation. A POST, because it takes the key's place. What goes wrong is said on the
 * page that asked, with what was typed there.
 */
export async function POST(request: Request, { params }: { params: Promise<{ org: string }> }) {
  const { org } = await params
  const form = await request.formData().catch(() => null)
  const instanceId = form?.get('instanceId')
  // What a page sends names its own organization, and its instance.
  if (!form || form.get('organization') !== org || !isId(instanceId)) return missing()
  const page = `/${org}/instances/${instanceId}/offline`
  if (!(await fromOwnPage())) {
    await attempted('offline_file.issue', null, 'wrong_origin')
    return missing()
  }
  const session = await currentSession()
  if (!session) {
    await attempted('offline_file.issue', null, 'signed_out')
    return leadTo(`/sign-in?to=${encodeURIComponent(page)}`)
  }
  // The page says so itself.
  if (!env().LEASE_KEY_RING) return leadTo(page)
  try {
    return await file(form, session, instanceId)
  } catch (error) {
    // The page was made before the role changed; now it says whom to ask.
    if (error instanceof Forbidden) return leadTo(page)
    // What no button of ours sends, such as another's organization; of a key that is no more the page says so.
    if (error instanceof NotFound && error.facts.what !== 'key') return missing()
    return leadTo(`${page}?${new URLSearchParams({ problem: problemOf(error), ...typedIn(form) })}`)
  }
}

const other = wrongMethod(['GET', 'HEAD', 'POST'])

export { other as DELETE, other as PATCH, other as PUT }

async function file(form: FormData, session: Session, instanceId: string) {
  const organization = await organizationOf('offline_file.issue', form, session)
  const [keyId = '', product] = String(form.get('key')).split(' ')
  const formId = form.get('formId')
  const { text, shortId } = await issueOfflineFile(actingAs(session, organization, form), {
    keyId,
    instanceId,
    installationId: String(form.get('installationId')),
    ...(product ? { product } : {}),
    ...(isId(formId) ? { formId } : {}),
  })
  const name = ['latchkey', shortId, ...(product ? [product] : [])].join('-')
  return new Response(text, {
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Disposition': `attachment; filename="${name}.json"`,
      'Cache-Control': 'no-store',
    },
  })
}

/** @throws what is none of those that the page has a sentence for */
function problemOf(error: unknown): string {
  if (error instanceof Unavailable) return 'unavailable'
  if (error instanceof InvalidInput) {
    const wrong = error.fields.installationId
    return wrong === 'holds_a_key' || wrong === 'holds_a_token' ? wrong : wrong ? 'installation' : 'key'
  }
  if (error instanceof NotFound) return 'key'
  if (error instanceof Refused) return error.code === 'bound_elsewhere' ? error.code : 'key'
  throw error
}

/** Goes into an address, where no key may stand: one that was pasted into the wrong field is left out. */
function typedIn(form: FormData) {
  const [key, installation] = ['key', 'installationId'].map((name) => String(form.get(name)).slice(0, 100))
  const typed = { key: key ?? '', installation: installation ?? '' }
  return Object.values(typed).some((text) => findKeys(text).length > 0) ? {} : typed
}
