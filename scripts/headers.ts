import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

const secure = process.env.PUBLIC_URL?.trim().startsWith('https:') ?? false
// The development server alone builds stack traces by eval and styles inline.
const development = process.env.NODE_ENV === 'development'
/** Where a form's answer may lead: who pays without JavaScript follows it to Stripe's pages. */
const payments =
  process.env.SANDBOX_STRIPE_URL?.trim() || 'https://checkout.stripe.com https://billing.stripe.com'
const strictest = "default-src 'none'; frame-ancestors 'none'"

/**
 * The security headers, which every answer carries; a page's policy names the nonce of its own scripts. Set before Next
 * and not in its `proxy.ts`, which would run a request of its own for each (measured: a tenth of a page's time).
 * https://nextjs.org/docs/app/guides/content-security-policy
 */
export function setHeaders(request: IncomingMessage, response: ServerResponse) {
  const policy = isPage(request.url ?? '') ? pagePolicy() : strictest
  // Next takes the nonce of its scripts from here, and only from here: what the client sent under this name is gone.
  request.headers['content-security-policy'] = policy
  delete request.headers['content-security-policy-report-only']
  for (const [name, value] of Object.entries(securityHeaders(policy))) response.setHeader(name, value)
}

export const securityHeaders = (policy = strictest) => ({
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  ...(secure && { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' }),
})

const isPage = (url: string) =>
  !/^\/(api\/|_next\/|icon\.svg|icons\.svg|robots\.txt|\.well-known\/)/.test(url)

function pagePolicy(): string {
  const nonce = Buffer.from(randomUUID()).toString('base64')
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ''}`,
    `style-src 'self' ${development ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    `form-action 'self' ${payments}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
