import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { faults } from './test-faults'

/** A portal in small, which signs as the real one does, for the tests of the clients alone. */
export interface TestKey {
  code: string
  entitledUntil: number | null
  graceDays: number
  onExpiry: string
  onRevocation: string
  notes: string[]
}

interface Pair {
  kid: string
  x: string
  secret: KeyObject
}

export interface Reply {
  status: number
  headers: Record<string, string>
  body: string
}

export type Claims = Record<string, unknown>

export const hash = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('base64url')
export const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function makePair(prefix = ''): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const x = String(publicKey.export({ format: 'jwk' }).x)
  return { kid: prefix + hash(Buffer.from(x, 'base64url')).slice(0, 16), x, secret: privateKey }
}

/** @param header what its header says beside the usual, or in its place. */
export function signWith(pair: Pair, typ: string, claims: Claims, header: Claims = {}): string {
  const text = `${encode({ alg: 'EdDSA', kid: pair.kid, typ, ...header })}.${encode(claims)}`
  return `${text}.${sign(null, Buffer.from(text), pair.secret).toString('base64url')}`
}

const day = 86_400

/** The secret of every activation, in each answer: a client that has had one must show it. */
const told = 'kept apart'

export class TestPortal {
  /** The true time, in seconds. */
  time = 1_790_000_000
  issuer = 'https://portal.example'
  root = makePair('root-')
  signing = makePair()
  published = [this.signing]
  version = 1
  keys = new Map<string, TestKey>()
  /** Activations that are over. */
  forgotten = new Set<string>()
  /** The key of each activation, and when the place is free of those that were given back. */
  activations = new Map<string, string>()
  givenBack = new Map<string, number>()
  /** When the last offline file of an activation ends. */
  filesEnd = new Map<string, number>()
  /** What was asked, as in `POST /api/v1/activations`, with when. */
  calls: { call: string; at: number; body: Claims }[] = []
  /** What stands in the portal's way (see `faults`), and at which of its addresses. */
  fault: string | null = null
  faultAt = /./
  /** How long each answer over HTTP takes, in milliseconds. */
  slow = 0
  /** How many questions over HTTP it was answering at once. */
  mostAtOnce = 0
  #atOnce = 0
  /** The addresses that were asked for over HTTP, also while something stood in the way, and how much was sent. */
  seen: string[] = []
  sent = 0
  /** Puts another text in place of a statement, or changes an answer. */
  tamper: (json: Claims) => Claims = (json) => json
  /** Where it listens, once it does. */
  address: string | undefined
  #server: Server | undefined

  get rootPublicKey() {
    return Buffer.from(this.root.x, 'base64url').toString('base64')
  }

  addKey(key: string, facts: Partial<TestKey> = {}) {
    const usual = { entitledUntil: this.time + 365 * day, graceDays: 7, notes: [] }
    this.keys.set(key, { code: 'ok', onExpiry: 'read_only', onRevocation: 'disabled', ...usual, ...facts })
    return key
  }

  /** Takes the signing key back, as `leases:rotate -- --drop` does. */
  dropSigningKey() {
    this.signing = makePair()
    this.published = [this.signing]
    this.version++
  }

  /** A new signing key, published in a new list. */
  rotate() {
    this.signing = makePair()
    this.published = [...this.published.slice(-1), this.signing]
    this.version++
  }

  keySet(root = this.root, version = this.version) {
    const keys = this.published.map(({ x, kid }) => ({
      kty: 'OKP',
      crv: 'Ed25519',
      x,
      kid,
      use: 'sig',
      alg: 'EdDSA',
    }))
    return signWith(root, 'keys+jwt', { iss: this.issuer, version, iat: this.time, keys })
  }

  leaseClaims(key: string, installation: unknown, facts: TestKey) {
    const grace = this.time + facts.graceDays * day
    return {
      iss: this.issuer,
      sub: `activation of ${String(installation)}`,
      aud: 'formspro',
      jti: randomUUID(),
      iat: this.time,
      exp: Math.min(grace, facts.entitledUntil ?? grace),
      kind: 'subscription',
      binding: 'installation',
      environment: 'production',
      url: null,
      installation_id: installation,
      entitled_until: facts.entitledUntil,
      refresh_after: this.time + day,
      grace_until: grace,
      on_expiry: facts.onExpiry,
      on_revocation: facts.onRevocation,
      features: ['drawing'],
      versions: [],
      key_sha256: hash(key),
    }
  }

  offlineFile(key: string, installation: string, change: Claims = {}) {
    const facts = this.keys.get(key)
    if (!facts) throw new Error('no such key')
    const until = Math.min(facts.entitledUntil ?? Number.POSITIVE_INFINITY, this.time + 400 * day)
    const claims = { ...this.leaseClaims(key, installation, facts), refresh_after: null, grace_until: null }
    this.activations.set(claims.sub, key)
    this.filesEnd.set(claims.sub, Math.max(until, this.filesEnd.get(claims.sub) ?? 0))
    const lease = signWith(this.signing, 'offline+jwt', {
      ...claims,
      exp: until,
      entitled_until: until,
      ...change,
    })
    return JSON.stringify({ lease, key_set: this.keySet() })
  }

  /** Answers as the portal does; without regard to what stands in the way. */
  answer(method: string, address: string, body: Claims): Reply {
    const url = new URL(address, this.issuer)
    this.calls.push({ call: `${method} ${url.pathname}`, at: this.time, body })
    if (url.pathname === '/.well-known/jwks.json') return this.#json(200, { keys: [], signed: this.keySet() })
    if (url.pathname === '/api/v1/time') {
      const claims = { iss: this.issuer, iat: this.time, nonce: url.searchParams.get('nonce') }
      return this.#json(200, { signed: signWith(this.signing, 'time+jwt', claims) })
    }
    if (body.product === undefined && method === 'POST') return this.#json(400, { code: 'required' })
    const [, id] = /activations\/(.+)\/refresh/.exec(url.pathname) ?? []
    if (id && this.forgotten.has(decodeURIComponent(id))) return this.#json(404, { code: 'not_found' })
    if (method === 'DELETE')
      return this.#giveBack(decodeURIComponent(url.pathname.split('/').at(-1) ?? ''), body)
    return this.#activation(method, body)
  }

  #giveBack(id: string, { nonce, installation_id: installation, secret }: Claims): Reply {
    const key = this.activations.get(id)
    if (key === undefined) return this.#json(404, { code: 'unknown_activation' })
    if (secret !== told) return this.#json(403, { code: 'secret_needed' })
    const freesAt = this.givenBack.get(id) ?? Math.max(this.time + 7 * day, this.filesEnd.get(id) ?? 0)
    this.givenBack.set(id, freesAt)
    this.forgotten.add(id)
    const about = { iss: this.issuer, sub: id, aud: 'formspro', jti: randomUUID(), iat: this.time }
    const whose = { exp: this.time + 300, installation_id: installation, key_sha256: hash(key), nonce }
    const claims = { ...about, ...whose, frees_at: freesAt }
    const signed = signWith(this.signing, 'given-back+jwt', claims)
    return this.#json(200, { frees_at: new Date(freesAt * 1000).toISOString(), signed })
  }

  #activation(method: string, body: Claims): Reply {
    const { key, nonce, installation_id: installation } = body
    const facts = this.keys.get(String(key))
    const over = facts?.entitledUntil && facts.entitledUntil <= this.time ? 'expired' : 'ok'
    const code = facts ? (facts.code === 'ok' ? over : facts.code) : 'unknown'
    const page = `${this.issuer}/keys`
    if (code === 'ok' && facts && method === 'POST') {
      const lease = { ...this.leaseClaims(String(key), installation, facts), nonce }
      this.activations.set(lease.sub, String(key))
      this.forgotten.delete(lease.sub)
      this.givenBack.delete(lease.sub)
      return this.#json(200, {
        activation: { id: lease.sub, environment: 'production', secret: told },
        lease: signWith(this.signing, 'lease+jwt', lease),
        verdict: { valid: true, code, notes: facts.notes, page },
      })
    }
    const claims = {
      iss: this.issuer,
      aud: 'formspro',
      jti: randomUUID(),
      iat: this.time,
      exp: this.time + 300,
    }
    const about = {
      installation_id: installation,
      key_sha256: hash(String(key)),
      valid: false,
      code,
      notes: [],
      nonce,
    }
    const signed = signWith(this.signing, 'verdict+jwt', { ...claims, ...about })
    const refusal = code === 'bound_elsewhere' ? { refusal_code: '7QF3XM' } : {}
    return this.#json(403, { code, signed, page, ...refusal })
  }

  #json(status: number, json: Claims): Reply {
    return {
      status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(this.tamper(json)),
    }
  }

  /** Stands in for `fetch`, without a network in between. */
  fetch: typeof fetch = async (address, { method = 'GET', body } = {}) => {
    const fault = this.faultAt.test(String(address)) ? this.fault : null
    if (fault === 'network') throw new TypeError('fetch failed')
    const read = typeof body === 'string' ? JSON.parse(body) : {}
    const { status, headers, body: text } = faults[fault ?? ''] ?? this.answer(method, String(address), read)
    return new Response(text, { status, headers })
  }

  /** Listens, for a client that is no part of this process. */
  async listen() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.listen(0, '127.0.0.1', resolve)
    await promise
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the test portal has no port')
    this.address = `http://127.0.0.1:${address.port}`
  }

  async #serve(request: IncomingMessage, response: ServerResponse) {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce)
    response.on('close', () => this.#atOnce--)
    let text = ''
    for await (const chunk of request) text += chunk
    const { method = 'GET', url = '/' } = request
    this.seen.push(url)
    if (this.slow > 0) await setTimeout(this.slow)
    const fault = this.faultAt.test(url) ? this.fault : null
    if (fault === 'network') return request.socket.destroy()
    if (fault === 'hang') return
    const reply = faults[fault ?? ''] ?? this.answer(method, url, text ? JSON.parse(text) : {})
    response.writeHead(reply.status, reply.headers)
    if (fault === 'hang_within') response.write(reply.body.slice(0, 10))
    else if (fault === 'endless') this.#sendOn(response)
    else response.end(reply.body)
  }

  /** Sends for as long as somebody listens, up to 64 MB. */
  #sendOn(response: ServerResponse) {
    const part = 'x'.repeat(65_536)
    while (this.sent < 64_000_000) {
      this.sent += part.length
      if (!response.write(part)) return response.once('drain', () => this.#sendOn(response))
    }
    response.end()
  }

  close() {
    this.#server?.closeAllConnections()
    this.#server?.close()
  }
}
