import { notFound } from 'next/navigation'
import { actingAs, fromOwnPage, organizationOf } from '@/app/_request/act'
import { attempted } from '@/app/_request/attempt'
import { currentSession } from '@/app/_request/session'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { DomainError, Forbidden, InvalidInput, NotFound, Unavailable } from '@/lib/errors'
import { keyFile } from '@/lib/keys/file'
import { revealKeys } from '@/lib/keys/reveal'
import { translator } from '@/lib/messages/translator'
import { safeReturnTo } from '@/lib/people/rules'
import type { Session } from '@/lib/people/session'

/**
 * One key, or all keys of an instance, as a text file. A POST, because handing out keys is recorded. What goes wrong is
 * said on the page that asked.
 */
export async function POST(request: Request, { params }: { params: Promise<{ org: string }> }) {
  try {
    if (!(await fromOwnPage())) {
      await attempted('key.reveal', null, 'wrong_origin')
      notFound()
    }
    const session = await currentSession()
    if (!session) {
      await attempted('key.reveal', null, 'signed_out')
      return see(`/sign-in?to=${encodeURIComponent(pageOf(request))}`)
    }
    return await file(request, session, (await params).org)
  } catch (error) {
    // The page was made before the role changed; now it is masked and says whom to ask.
    if (error instanceof Forbidden) return see(pageOf(request))
    // What no button of ours sends: a body that is no form, another's key.
    if (error instanceof TypeError || error instanceof NotFound || error instanceof InvalidInput) notFound()
    if (error instanceof Unavailable) return see(problem(request, { problem: 'unavailable' }))
    if (!(error instanceof DomainError) || error.code !== 'too_many') throw error
    const minutes = Math.ceil(Number(error.facts.retryAfterSeconds) / 60)
    return see(problem(request, { problem: 'too_many', minutes: String(minutes) }))
  }
}

async function file(request: Request, session: Session, slug: string) {
  const form = await request.formData()
  // What a page sends names its own organization.
  if (form.get('organization') !== slug) notFound()
  const organization = await organizationOf('key.reveal', form, session)
  const keyIds = form.getAll('keyId').map(String)
  const { language } = session
  const t = translator(language)
  const found = await revealKeys(actingAs(session, organization, form), { keyIds, how: 'downloaded' })
  const speaking = { t, language, timeZone: organization.timeZone, now: now() }
  const about = { organization: organization.name, person: session.name ?? session.email }
  const { text, name } = keyFile(found, about, speaking)
  return new Response(text, {
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Disposition': `attachment; filename="${name}"`,
      'Cache-Control': 'no-store',
    },
  })
}

const see = (path: string) => new Response(null, { status: 303, headers: { Location: path } })

/** The page whose button was pressed; the list of keys where the browser does not say. */
function pageOf(request: Request): string {
  const { origin } = new URL(env().PUBLIC_URL)
  const list = new URL(request.url).pathname.replace(/\/file$/, '')
  const referrer = request.headers.get('referer')
  if (!referrer || !URL.canParse(referrer) || new URL(referrer).origin !== origin) return list
  return safeReturnTo(new URL(referrer).pathname, origin) ?? list
}

const problem = (request: Request, facts: Record<string, string>) =>
  `${pageOf(request)}?${new URLSearchParams(facts)}`
