import { once } from 'node:events'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

export const staffClient = { id: 'latchkey', secret: 'a-client-secret-of-the-tests' }

/**
 * A real OpenID Connect provider, which takes whoever types an address at its word; `unconfirmed@…` has an address that
 * it has not confirmed.
 * @param redirectUri where it may send its people back to
 */
export async function startStaffProvider(port: number, redirectUri: string) {
  const issuer = `http://localhost:${port}`
  const provider = new Provider(issuer, {
    clients: [{ client_id: staffClient.id, client_secret: staffClient.secret, redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unconfirmed@') }),
    }),
    pkce: { required: () => true },
    cookies: { keys: ['a cookie key of the tests'] },
  })
  const server = createServer(provider.callback())
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    issuer,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
