import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import path from 'node:path'
import { expect, test } from '@playwright/test'
import { newId } from '@/lib/ids'
import { newToken, signInHmac, tokenHash } from '@/lib/people/tokens'
import type { Running } from '@/scripts/processes'
import { type Customer, newCustomer } from './customer'
import { paths } from './doors'
import { type Answer, actionBody, builtActions, origin, send } from './send'
import { query } from './sign-in'
import { startWeb } from './web'

let customer: Customer

test.beforeAll(async () => {
  customer = await newCustomer('headers')
})

const others = [
  '/no/such/page',
  '/%ff',
  '/icon.svg',
  '/icons.svg',
  '/robots.txt',
  '/favicon.ico',
  '/_next/static/none.js',
  '/_next/image?url=/icon.svg&w=64&q=75',
  '/api/none',
  '//evil.example',
]

test('every answer carries the security headers: pages, routes, redirects, files, refusals', async () => {
  const asked = [...Object.values(paths).map(({ at }) => at(customer.slug, customer)), ...others]
  let answers = 0
  for (const as of [null, customer.people.owner]) {
    for (const address of asked) {
      for (const method of ['GET', 'POST']) {
        const answer = await send({ method, path: address, as })
        expect({ method, address, wrong: wrongHeaders(answer) }).toEqual({ method, address, wrong: [] })
        answers++
      }
    }
  }
  console.log(`${answers} answers`)
})

test('what is no request to begin with is answered with them too', async () => {
  const { host, hostname, port } = new URL(origin())
  for (const [sent, status] of [
    [`FOO / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 400],
    ['\x16\x03\x01\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: ${host}\r\nExpect: cake\r\n\r\n`, 417],
    ['CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n', 405],
    [`OPTIONS * HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 400],
    [`GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ] as const) {
    const socket = connect(Number(port), hostname, () => socket.write(sent))
    const [first] = await once(socket, 'data')
    socket.destroy()
    const [line = '', ...lines] = String(first).split('\r\n\r\n')[0]?.split('\r\n') ?? []
    const headers = Object.fromEntries(
      lines.map((one) => [one.split(': ')[0]?.toLowerCase(), one.split(': ').slice(1).join(': ')]),
    )
    expect({ sent, line, wrong: wrongHeaders({ headers }) }).toMatchObject({ sent, wrong: [] })
    expect(line).toContain(`HTTP/1.1 ${status} `)
  }
})

test('nobody has pictures made, which no page needs', async () => {
  for (const method of ['GET', 'POST'])
    expect((await send({ method, path: '/_next/image?url=/icon.svg&w=64&q=75' })).status).toBe(404)
})

test('who offers another protocol, or asks for a part that a file has not, gets what is there', async () => {
  const { text } = await send({ path: '/icons.svg' })
  const asked: Record<string, string>[] = [
    // What curl --http2 sends by itself.
    { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA' },
    {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'eA==',
    },
    { range: 'bytes=999999999-' },
    { range: 'bytes=0-1', 'if-range': '"x"' },
    { range: 'bytes=-0' },
  ]
  for (const headers of asked) {
    expect(await send({ path: '/icons.svg', headers })).toMatchObject({ status: 200, text })
    expect(await send({ path: '/sign-in', headers })).toMatchObject({ status: 200 })
  }
})

/** What every answer carries, to the letter; the nonce is each page's own. */
const wanted: Record<string, string> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
}
const policies = [
  "default-src 'none'; frame-ancestors 'none'",
  "default-src 'none'; script-src 'self' 'nonce' 'strict-dynamic'; style-src 'self' 'nonce'; img-src 'self' data:; " +
    "font-src 'self'; connect-src 'self'; form-action 'self' payments; base-uri 'none'; frame-ancestors 'none'",
]

/** Also what is not there at all has a line: `toEqual` takes a property that is undefined for none. */
function wrongHeaders({ headers }: Pick<Answer, 'headers'>): string[] {
  const policy = String(headers['content-security-policy'])
    .replace(/'nonce-[\w+/=]+'/g, "'nonce'")
    .replace("'self' https://checkout.stripe.com https://billing.stripe.com;", "'self' payments;")
    .replace(`'self' ${process.env.SANDBOX_STRIPE_URL};`, "'self' payments;")
  return [
    ...Object.keys(wanted).flatMap((name) =>
      headers[name] === wanted[name] ? [] : [`${name}: ${headers[name] ?? 'none'}`],
    ),
    ...(policies.includes(policy) ? [] : [policy]),
    ...(headers['x-powered-by'] ? ['x-powered-by'] : []),
  ]
}

test('no cache keeps what an organization’s members see', async () => {
  for (const [name, { permission, staff, at, method = 'GET', fields }] of Object.entries(paths)) {
    if (!permission || staff) continue
    const typed = new URLSearchParams(
      fields?.(customer.slug, customer).map(([field, value]) => [field, value]),
    )
    const { status, headers } = await send({
      method,
      path: at(customer.slug, customer),
      as: customer.people.owner,
      ...(method === 'POST' && {
        headers: { origin: origin(), 'content-type': 'application/x-www-form-urlencoded' },
        body: String(typed),
      }),
    })
    const kept = !headers['cache-control']?.includes('no-store')
    expect({ name, status, kept }).toEqual({ name, status: 200, kept: false })
  }
})

test('a page’s policy has a nonce of its own at each request', async () => {
  const nonces = new Set<string>()
  for (let visit = 0; visit < 20; visit++) {
    const { headers, text } = await send({ path: `/${customer.slug}/keys`, as: customer.people.owner })
    const nonce = /script-src 'self' 'nonce-([^']+)' 'strict-dynamic';/.exec(
      String(headers['content-security-policy']),
    )?.[1]
    expect(nonce).toBeTruthy()
    nonces.add(nonce ?? '')
    const scripts = text.match(/<script\b[^>]*>/g) ?? []
    expect(scripts.length).toBeGreaterThan(0)
    expect(scripts.filter((script) => !script.includes(`nonce="${nonce}"`))).toEqual([])
    expect(text).not.toMatch(/<[^>]+ (style|on[a-z]+)="/)
  }
  expect(nonces.size).toBe(20)
})

test('no redirect leaves the portal (30 tried)', async () => {
  const evil = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/%09/evil.example',
    '/%5Cevil.example',
    'javascript:alert(1)',
    '///evil.example',
    'https:evil.example',
    '/..//evil.example',
    '@evil.example',
  ]
  let tried = 0
  for (const address of evil) {
    for (const path of [
      `/sign-in?to=${encodeURIComponent(address)}`,
      address.startsWith('/') ? address : `/${address}`,
      `/${customer.slug}/keys/?to=${encodeURIComponent(address)}`,
    ]) {
      for (const as of [null, customer.people.owner]) {
        const { headers } = await send({ path, as, headers: { 'x-forwarded-host': 'evil.example' } })
        const { location } = headers
        if (location) expect({ path, to: new URL(location, origin()).origin }).toEqual({ path, to: origin() })
      }
      tried++
    }
  }
  expect(tried).toBe(30)
})

test.describe('under an https address', () => {
  let web: Running
  let port: number
  const lines: string[] = []
  const publicUrl = 'https://portal.latchkey.example'

  test.beforeAll(async () => {
    const own = { SANDBOX_CLOCK_FILE: undefined, SANDBOX_STRIPE_URL: undefined }
    const env = { PUBLIC_URL: publicUrl, ...own, LOG_LEVEL: 'trace' }
    const started = await startWeb(env, (line) => void lines.push(line))
    web = started.web
    port = started.port
  })

  test.afterAll(() => web.stop())

  function ask(
    method: string,
    address: string,
    headers: Record<string, string> = {},
    body = '',
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        { hostname: '127.0.0.1', port, method, path: address, headers, agent: false },
        (response) => {
          let text = ''
          response.on('data', (chunk) => (text += chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  test('answers demand https, and cookies are Secure, HttpOnly, SameSite=Lax and of this host alone', async () => {
    for (const address of [...Object.values(paths).map(({ at }) => at(customer.slug, customer)), ...others]) {
      const { headers } = await ask('GET', address)
      expect({ address, hsts: headers['strict-transport-security'] }).toEqual({
        address,
        hsts: 'max-age=63072000; includeSubDomains',
      })
    }
    const cookies: string[] = []
    const host = new URL(publicUrl).host
    for (const { id, name } of builtActions()) {
      const fields = name.endsWith('chooseTheme')
        ? ([['theme', 'dark']] as const)
        : name.endsWith('chooseLanguage')
          ? ([['language', 'fr']] as const)
          : name.endsWith('askForMail')
            ? ([['email', 'cookie@e2e.example']] as const)
            : null
      if (!fields) continue
      const { headers, body } = actionBody('script', id, fields, name.endsWith('askForMail'))
      const answer = await ask(
        'POST',
        '/sign-in',
        { ...headers, origin: publicUrl, host, 'content-length': String(Buffer.byteLength(body)) },
        body,
      )
      cookies.push(...(answer.headers['set-cookie'] ?? []))
    }
    expect(cookies.map((cookie) => cookie.split('=')[0]).sort()).toEqual([
      '__Host-browser',
      '__Host-language',
      '__Host-theme',
    ])
    for (const cookie of cookies) {
      for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=lax']) {
        expect(cookie.toLowerCase()).toContain(attribute.toLowerCase())
      }
      expect(cookie).not.toMatch(/domain=/i)
    }
    // The session under its name here, and not under the one of plain http.
    const { token } = customer.people.owner
    expect((await ask('GET', `/${customer.slug}/keys`, { cookie: `__Host-session=${token}` })).status).toBe(
      200,
    )
    expect((await ask('GET', `/${customer.slug}/keys`, { cookie: `session=${token}` })).status).toBe(307)
  })

  test('the session’s cookie is Secure and of this host alone', async () => {
    const [id, browser, code] = [newId(), newToken(), '123456']
    await query(
      `insert into sign_ins (id, email, browser_hash, code_hmac, link_hmac, tries, language, created_at, expires_at)
       values ($1, $2, $3, $4, $5, 0, 'en', now(), now() + interval '10 minutes')`,
      [id, customer.people.viewer.email, tokenHash(browser), signInHmac('code', id, code), tokenHash(id)],
    )
    const action = builtActions().find(({ name }) => name.endsWith('signInWithCode'))
    const { headers, body } = actionBody('script', action?.id ?? '', [['code', code]], true)
    const own = { cookie: `__Host-browser=${browser}`, origin: publicUrl, host: new URL(publicUrl).host }
    const length = { 'content-length': String(Buffer.byteLength(body)) }
    const answer = await ask('POST', '/sign-in/code', { ...headers, ...own, ...length }, body)
    const cookie = answer.headers['set-cookie']?.find((one) => one.startsWith('__Host-session='))
    const attributes = cookie?.toLowerCase().split('; ')
    expect(attributes).toEqual(expect.arrayContaining(['path=/', 'httponly', 'secure', 'samesite=lax']))
    expect(cookie).not.toMatch(/domain=/i)
  })

  test('no secret stands in a log, an answer, an address or the build', async () => {
    const { token } = customer.people.owner
    const cookie = `__Host-session=${token}`
    const secrets = secretsOf(customer)
    const answers: Answer[] = []
    for (const address of [...Object.values(paths).map(({ at }) => at(customer.slug, customer)), ...others]) {
      for (const method of ['GET', 'POST', 'PUT'])
        answers.push(await ask(method, address, { cookie, origin: publicUrl }))
    }
    const reveal = builtActions().find(({ name }) => name.endsWith('keys/actions.ts reveal'))
    const [key] = customer.keys
    const { headers, body } = actionBody(
      'script',
      reveal?.id ?? '',
      [
        ['organization', customer.slug],
        ['reveal', `copied ${key?.id}`],
      ],
      true,
    )
    const revealed = await ask(
      'POST',
      `/${customer.slug}/keys`,
      {
        ...headers,
        cookie,
        origin: publicUrl,
        host: new URL(publicUrl).host,
        'content-length': String(Buffer.byteLength(body)),
      },
      body,
    )
    expect(revealed.text).toContain(key?.characters)
    // What cannot be read is logged, without what it held.
    for (const broken of ['[', '["$K1"]']) {
      await ask(
        'POST',
        '/sign-in',
        {
          cookie,
          origin: publicUrl,
          'next-action': reveal?.id ?? '',
          'content-type': 'text/plain',
          'content-length': String(broken.length + token.length),
        },
        broken + token,
      )
    }
    expect(lines.length).toBeGreaterThan(0)
    const log = lines.join('\n')
    for (const [name, secret] of secrets) {
      expect({ name, inLog: log.includes(secret) }).toEqual({ name, inLog: false })
      const leaking = answers.filter(
        ({ text, headers }) => text.includes(secret) || JSON.stringify(headers).includes(secret),
      )
      expect({ name, answers: leaking.length }).toEqual({ name, answers: 0 })
    }
    const root = path.join(import.meta.dirname, '../.next')
    const files = globSync('{static,server}/**/*.{js,json,html,rsc,css,map,meta}', { cwd: root })
    expect(files.length).toBeGreaterThan(50)
    for (const file of files) {
      const text = readFileSync(path.join(root, file), 'utf8')
      for (const [name, secret] of secrets)
        expect({ file, name, found: text.includes(secret) }).toEqual({ file, name, found: false })
    }
    console.log(
      `${secrets.length} secrets, ${lines.length} lines of log, ${answers.length} answers, ${files.length} files of the build`,
    )
  })
})

function secretsOf({ keys, people }: Customer): [string, string][] {
  const variables = [
    'KEY_RING',
    'KEY_FINGERPRINT_SECRET',
    'SIGN_IN_SECRET',
    'DATABASE_URL',
    'DATABASE_OWNER_URL',
    'WORKER_DATABASE_URL',
  ]
  return [
    ...variables.flatMap((name): [string, string][] => {
      const value = (process.env[name] ?? '').replace(/^1:/, '')
      return value ? [[name, value]] : []
    }),
    ...keys.map(({ shortId, characters }): [string, string] => [`key ${shortId}`, characters]),
    ...Object.entries(people).map(([role, { token }]): [string, string] => [`session of ${role}`, token]),
  ]
}
