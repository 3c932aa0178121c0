import { leadTo, missing } from '@/app/_request/plain'
import { InvalidInput } from '@/lib/errors'
import { unsubscribePage } from '@/lib/mail/unsubscribe'
import { muteMails } from '@/lib/people/choose-mails'

const tokenOf = (request: Request) => new URL(request.url).searchParams.get('token') ?? ''

/**
 * What a mail program posts to by its own button (RFC 8058): without a cookie, an Origin or a person who looks on, and answered
 * by no redirect. All it can do is what the link says.
 */
export async function POST(request: Request) {
  try {
    await muteMails({ actor: { kind: 'stranger' } }, { token: tokenOf(request) })
  } catch (error) {
    if (error instanceof InvalidInput) return missing()
    throw error
  }
  return new Response(null, { status: 200, headers: { 'Cache-Control': 'no-store' } })
}

/** A mail program without that button opens the address instead: it leads to the page that asks. */
export const GET = (request: Request) => leadTo(unsubscribePage(tokenOf(request).slice(0, 200)))
