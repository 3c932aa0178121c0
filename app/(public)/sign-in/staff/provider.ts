import { cookies } from 'next/headers'
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import { z } from 'zod'
import { cookieName, cookieOptions } from '@/app/_request/session'
import { env } from '@/lib/env'
import { log } from '@/lib/log'

/*
 * The vendor's own OpenID Connect provider, which knows its people: the code flow with PKCE, state and nonce, as OpenID
 * Connect Core 1.0 (3.1) and RFC 9700 (2.1) have it.
 */

/** Why nobody was signed in; the sign-in page says it. */
export type ProviderProblem = 'cancelled' | 'expired' | 'unavailable' | 'unconfirmed' | 'not_staff'

const seconds = 600
const Asked = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string().nullable(),
})

let discovered: Promise<Configuration> | undefined

/** What the provider says of itself; asked once per process, and again after a failure. */
function provider(): Promise<Configuration> | null {
  const { STAFF_OIDC_ISSUER, STAFF_OIDC_CLIENT_ID, STAFF_OIDC_CLIENT_SECRET } = env()
  if (!STAFF_OIDC_ISSUER || !STAFF_OIDC_CLIENT_ID || !STAFF_OIDC_CLIENT_SECRET) return null
  const issuer = new URL(STAFF_OIDC_ISSUER)
  discovered ??= discovery(issuer, STAFF_OIDC_CLIENT_ID, STAFF_OIDC_CLIENT_SECRET, undefined, {
    // The environment lets only a loopback address go without.
    execute: issuer.protocol === 'http:' ? [allowInsecureRequests] : [],
    timeout: 10,
  }).catch((error: unknown) => {
    discovered = undefined
    throw error
  })
  return discovered
}

const redirectUri = () => `${env().PUBLIC_URL}/sign-in/staff/callback`
const askedCookie = () => cookieName('staff-sign-in')

/**
 * Where the provider asks who somebody is. What its answer is checked against stays in this browser.
 * @returns null where there is no provider
 */
export async function beginAtProvider(returnTo: string | null): Promise<URL | ProviderProblem | null> {
  const asking = provider()
  if (!asking) return null
  const config = await asking.catch(unreachable)
  if (!config) return 'unavailable'
  const asked = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier(), returnTo }
  const value = Buffer.from(JSON.stringify(asked)).toString('base64url')
  ;(await cookies()).set(askedCookie(), value, { ...cookieOptions(), maxAge: seconds })
  return buildAuthorizationUrl(config, {
    redirect_uri: redirectUri(),
    scope: 'openid email',
    state: asked.state,
    nonce: asked.nonce,
    code_challenge: await calculatePKCECodeChallenge(asked.verifier),
    code_challenge_method: 'S256',
  })
}

/**
 * Whom the provider has vouched for, by the answer that it sent the browser back with. Good once: the cookie goes.
 * @param search of the address that was called, such as `?code=…&state=…`
 */
export async function endAtProvider(
  search: string,
): Promise<{ email: string; returnTo: string | null } | ProviderProblem | null> {
  const asking = provider()
  if (!asking) return null
  const asked = await takeAsked()
  const state = new URLSearchParams(search).get('state')
  if (!asked || state !== asked.state) return 'expired'
  const config = await asking.catch(unreachable)
  if (!config) return 'unavailable'
  try {
    const claims = await claimsOf(config, search, asked)
    // Otherwise anybody who may name an address there could be an admin here.
    if (typeof claims.email !== 'string' || claims.email_verified !== true) return 'unconfirmed'
    return { email: claims.email, returnTo: asked.returnTo }
  } catch (error) {
    if (error instanceof AuthorizationResponseError && error.error === 'access_denied') return 'cancelled'
    return unreachable(error) ?? 'unavailable'
  }
}

async function claimsOf(config: Configuration, search: string, asked: z.infer<typeof Asked>) {
  // By the portal's own address, whatever host the request named.
  const tokens = await authorizationCodeGrant(config, new URL(redirectUri() + search), {
    pkceCodeVerifier: asked.verifier,
    expectedState: asked.state,
    expectedNonce: asked.nonce,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (!claims) throw new TypeError('the provider sent no ID token')
  // Some providers tell the address only when asked for it.
  return claims.email ? claims : fetchUserInfo(config, tokens.access_token, claims.sub)
}

async function takeAsked() {
  const jar = await cookies()
  const value = jar.get(askedCookie())?.value
  jar.delete({ name: askedCookie(), ...cookieOptions() })
  try {
    return Asked.parse(JSON.parse(Buffer.from(value ?? '', 'base64url').toString()))
  } catch {
    return null
  }
}

function unreachable(error: unknown): null {
  const said = error instanceof Error ? error.message : String(error)
  log.warn({ error: said }, 'the provider of the staff did not answer as it should')
  return null
}
