import { createHash, randomBytes } from 'node:crypto'
import { membersOf, unsignedRefusal, wrongLease, wrongRefusal } from './answers'
import { nextOf, openHandover } from './handover'
import { ask, type Question, usualTimeout } from './http'
import type { Kept } from './kept'
import { boundedLease, type Ending, type Lease, readLease } from './lease'
import { type Checked, type Claims, isTime, type KeySet, verifyKeySet, verifyStatement } from './statements'
import { type Clock, setTime } from './time'

export interface Settings {
  /** The portal's address, as in `https://portal.example.com`: who signs. */
  portal: string
  /** Where the key service is called, where that is not the portal's address. */
  service?: string | undefined
  /** The root's public half (32 bytes in base64), compiled in: all trust begins here. */
  rootPublicKey: string
  product: string
  productVersion: string
  installationId: string
  glpiVersion?: string
  /** This GLPI's own address. */
  url?: string
  environment?: 'production' | 'test'
  /** What the plugin does while it has never had a lease. */
  withoutLease?: Ending
  /** Where it is left out, this machine's own. */
  clock?: Clock | undefined
  /** Where it is left out, Node's own; another one as for GLPI's proxy. */
  fetch?: typeof globalThis.fetch | undefined
  /** Milliseconds. */
  timeout?: number
}

/** With what was left out. */
export type WholeSettings = Settings & { clock: Clock; fetch: typeof globalThis.fetch }

/** How a question ended: with a lease, with a signed refusal, or without anything that can be believed. */
type Outcome = 'lease' | 'refusal' | 'nothing'

/** Talks to the portal, and notes in `kept` what can be believed of its answers. */
export class Exchange {
  private readonly failuresBefore: number
  /** The last answer was an unsigned 404. From something else it costs a question more, and nothing besides. */
  private notFound = false
  private keySetRead: { text: string | null; keySet: KeySet | null } | undefined

  constructor(
    private readonly settings: WholeSettings,
    readonly kept: Kept,
  ) {
    this.failuresBefore = kept.failures
  }

  /** The time as last observed, in seconds. */
  get now(): number {
    return Math.floor((this.kept.time?.high ?? 0) / 1000)
  }

  /**
   * The kept lease or offline file, verified anew: what lies in storage is believed as little as an answer. Where its key
   * has been dropped since, what was verified when it came still holds: nothing new is believed of that key, but this GLPI
   * has done nothing wrong.
   */
  get lease(): Lease | null {
    return this.readKept(this.keySet) ?? boundedLease(this.readKept(this.keySetOfLease))
  }

  private readKept(keySet: KeySet | null): Lease | null {
    const { lease: text, key } = this.kept
    if (text === null) return null
    const online = verifyStatement(text, 'lease+jwt', keySet)
    const checked = online.ok ? online : verifyStatement(text, 'offline+jwt', keySet)
    const lease = checked.ok && !this.wrongClaim(checked.claims, key) ? readLease(checked.claims) : null
    return lease && online.ok === (lease.online !== null) ? lease : null
  }

  /** Keeps a lease or offline file that has been verified, with the keys that it was verified by. */
  keepLease(text: string) {
    Object.assign(this.kept, { lease: text, leaseKeySet: this.kept.keySet })
  }

  /**
   * Asks for a lease. The portal answers the same activation for the same key and installation, however often.
   * @param secret that it is to have: kept before it is sent, it is not lost with the answer.
   */
  async activate(secret?: string): Promise<Outcome> {
    const { environment } = this.settings
    return this.send('/api/v1/activations', { environment, ...this.about, secret })
  }

  /**
   * Asks for a newer lease; where there is none, or the portal does not know its activation any more, for one.
   * @param isWanted whether nobody has given the place back meanwhile: then that is why it is not known any more.
   */
  async askForLease(isWanted: () => Promise<boolean>): Promise<Outcome> {
    const { lease } = this
    if (!lease?.online) return this.activate()
    const outcome = await this.send(`/api/v1/activations/${encodeURIComponent(lease.activation)}/refresh`, {
      ...this.about,
      lease: lease.id,
      secret: this.kept.secret ?? undefined,
    })
    const activates = outcome === 'nothing' && this.notFound && (await isWanted())
    return activates ? this.activate() : outcome
  }

  private get about() {
    const { product, productVersion, installationId, glpiVersion, url } = this.settings
    return {
      product,
      installation_id: installationId,
      product_version: productVersion,
      glpi_version: glpiVersion,
      url: url || undefined,
    }
  }

  private async send(address: string, about: Claims): Promise<Outcome> {
    const { kept } = this
    const nonce = randomBytes(16).toString('base64url')
    const json = await this.ask({ method: 'POST', address, body: { key: kept.key, ...about, nonce } })
    if (!json) return 'nothing'
    const granted = typeof json.lease === 'string'
    const statement = granted ? json.lease : json.signed
    const checked = await this.verify(statement, granted ? 'lease+jwt' : 'verdict+jwt')
    if (!checked.ok) return this.unbelieved(unsignedRefusal(json) ?? checked.because)
    const { claims } = checked
    if (claims.nonce !== nonce) return this.unbelieved('wrong_nonce')
    const wrong = this.wrongClaim(claims, kept.key) ?? (granted ? wrongLease(claims) : wrongRefusal(claims))
    if (wrong) return this.unbelieved(wrong)
    this.believed(Number(claims.iat))
    this.noteVerdict(granted, claims, json)
    await this.noteHandover(json.handover, nonce)
    if (!granted) return 'refusal'
    this.keepLease(String(statement))
    const { secret } = membersOf(json.activation)
    if (typeof secret === 'string') kept.secret = secret
    return 'lease'
  }

  /** Keeps the key that is handed over in place of the kept one; what is not for this very question is passed over. */
  private async noteHandover(statement: unknown, nonce: string) {
    const { key } = this.kept
    if (typeof statement !== 'string' || key === null) return
    const checked = await this.verify(statement, 'handover+jwt')
    if (!checked.ok || checked.claims.nonce !== nonce || this.wrongClaim(checked.claims, key)) return
    const next = openHandover(checked.claims, key)
    if (next !== null) this.kept.next = nextOf(this.kept, next)
  }

  /** The notes, the page and the refusal code are for showing; the verdict itself is signed. */
  private noteVerdict(granted: boolean, claims: Claims, json: Claims) {
    const beside = granted ? membersOf(json.verdict) : json
    const notes = granted ? beside.notes : claims.notes
    const ours = typeof beside.page === 'string' && beside.page.startsWith(`${this.issuer}/`)
    const { refusal_code: code } = json
    this.kept.verdict = {
      code: granted ? 'ok' : String(claims.code),
      notes: Array.isArray(notes) ? notes.map(String) : [],
      at: Number(claims.iat),
      page: ours ? String(beside.page) : null,
      refusalCode: typeof code === 'string' && /^\w{6}$/.test(code) ? code : null,
    }
  }

  /** Asks the portal for the time; false where nothing came that can be believed. */
  async askForTime(): Promise<boolean> {
    const nonce = randomBytes(16).toString('base64url')
    const json = await this.ask({ method: 'GET', address: `/api/v1/time?nonce=${nonce}` })
    if (!json) return false
    const checked = await this.verify(json.signed, 'time+jwt')
    const { iss, iat, nonce: repeated } = checked.ok ? checked.claims : {}
    const good = iss === this.issuer && repeated === nonce && isTime(iat)
    if (good) this.believed(iat)
    else this.unbelieved(checked.ok ? 'wrong_claims' : checked.because)
    return good
  }

  /**
   * Gives the place back; the answer, which must be signed, says when another GLPI may have it (seconds). The portal
   * answers the same however often it is asked. Null: there was no answer of the portal.
   */
  async giveBack(lease: Lease): Promise<number | null> {
    const { product, installationId } = this.settings
    // An offline file may have been taken without its key: then nobody can be asked.
    if (this.kept.key === null) return null
    const nonce = randomBytes(16).toString('base64url')
    const json = await this.ask({
      method: 'DELETE',
      address: `/api/v1/activations/${encodeURIComponent(lease.activation)}`,
      headers: { 'X-Registration-Key': this.kept.key },
      body: { installation_id: installationId, product, nonce, secret: this.kept.secret ?? undefined },
    })
    if (!json) return null
    const checked = await this.verify(json.signed, 'given-back+jwt')
    const claims: Claims = checked.ok ? checked.claims : {}
    const { iat, sub, frees_at: freesAt } = claims
    const ours = claims.nonce === nonce && !this.wrongClaim(claims, this.kept.key) && sub === lease.activation
    if (ours && isTime(iat) && isTime(freesAt)) {
      this.believed(iat)
      return freesAt
    }
    this.unbelieved(unsignedRefusal(json) ?? (checked.ok ? 'wrong_claims' : checked.because))
    return null
  }

  /** What is wrong with a statement: another's, or made for another; null: nothing. */
  wrongClaim({ iss, aud, installation_id: installation, key_sha256: hash }: Claims, key: string | null) {
    const ours = iss === this.issuer && aud === this.settings.product
    const mine = installation === this.settings.installationId
    const ofKey = key === null || hash === createHash('sha256').update(key).digest('base64url')
    return ours && mine && ofKey ? null : 'wrong_claims'
  }

  /** Verifies a statement by the keys that are kept. */
  read(statement: unknown, typ: string): Checked {
    return verifyStatement(statement, typ, this.keySet)
  }

  /** Keeps a list of keys that the root has signed; else says what is wrong with it. */
  adoptKeySet(text: unknown): 'untrusted_keys' | 'older_keys' | null {
    const keySet = this.readKeySet(text)
    if (!keySet) return 'untrusted_keys'
    // An older list may hold a key that has been stolen since.
    if (keySet.version < (this.keySet?.version ?? 0)) return 'older_keys'
    this.kept.keySet = String(text)
    return null
  }

  /** Verifies a statement; where its key is unknown, the list of keys is fetched once. */
  private async verify(statement: unknown, typ: string): Promise<Checked> {
    const checked = this.read(statement, typ)
    if (checked.ok || checked.because !== 'unknown_kid') return checked
    const json = await this.ask({ method: 'GET', address: '/.well-known/jwks.json' })
    const untrusted = json ? this.adoptKeySet(json.signed) : 'no_keys'
    return untrusted ? { ok: false, because: untrusted } : this.read(statement, typ)
  }

  private async ask(question: Question): Promise<Claims | null> {
    const { portal, service = portal, fetch, timeout = usualTimeout } = this.settings
    const address = service.replace(/\/+$/, '') + question.address
    const answer = await ask({ ...question, address }, fetch, timeout)
    this.notFound = answer.ok && answer.status === 404 && answer.json.signed === undefined
    if (answer.ok || answer.at === 'service') this.kept.network = { code: 'ok', at: this.now, why: null }
    if (answer.ok) return answer.json
    if (answer.at === 'service') this.unbelieved(`${answer.why} ${answer.status}`)
    else {
      this.kept.network = { code: 'unreachable', at: this.now, why: answer.why }
      this.kept.service = { code: 'unasked', at: this.now, why: null }
      this.countFailure()
    }
    return null
  }

  private believed(issuedAt: number) {
    const { kept } = this
    kept.time = setTime(issuedAt, this.settings.clock)
    kept.service = { code: 'ok', at: issuedAt, why: null }
    kept.failures = 0
  }

  /** Something answered that is not the service, or not as agreed. It says nothing about the key. */
  private unbelieved(why: string): 'nothing' {
    // Where the network broke off while the keys were fetched, that is what an administrator should see to.
    if (this.kept.network.code === 'ok') this.kept.service = { code: 'unreachable', at: this.now, why }
    this.countFailure()
    return 'nothing'
  }

  private countFailure() {
    this.kept.failures = this.failuresBefore + 1
    this.kept.triedAt = this.now
    this.kept.triedWall = this.kept.time?.wall ?? 0
  }

  private get issuer(): string {
    return new URL(this.settings.portal).origin
  }

  private get keySet(): KeySet | null {
    const { keySet: text } = this.kept
    if (this.keySetRead?.text !== text) {
      this.keySetRead = { text, keySet: this.readKeySet(text) }
    }
    return this.keySetRead.keySet
  }

  private get keySetOfLease(): KeySet | null {
    const { leaseKeySet: text, keySet } = this.kept
    return text === null || text === keySet ? null : this.readKeySet(text)
  }

  private readKeySet(text: unknown): KeySet | null {
    return verifyKeySet(text, this.settings.rootPublicKey, this.issuer)
  }
}
