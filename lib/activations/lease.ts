import { createHash } from 'node:crypto'

/*
 * What a GLPI is told in signed statements. Times are whole seconds, as RFC 7519 has them; names are those of the protocol.
 */

const day = 86_400
/** After these a GLPI asks again. */
const refreshAfter = day
/** An offline file never outlives these (DESIGN §2, rule 4), and with it nothing that a signing key has signed. */
export const longestDays = 400
const statementSeconds = 300

type EndBehaviour = 'read_only' | 'trial_mode' | 'disabled'

export interface LeaseFacts {
  /** The origin of PUBLIC_URL. */
  issuer: string
  activationId: string
  /** By which the next refresh names this lease. */
  leaseId: string
  product: {
    reference: string
    graceDays: number
    onExpiry: EndBehaviour
    onRevocation: EndBehaviour
    freeFeatures: readonly string[]
    releases: readonly { version: string; glpiMin: string; glpiMax: string | null }[]
  }
  key: {
    kind: 'subscription' | 'trial' | 'permanent'
    binding: 'url' | 'installation' | 'organization'
    /** Null: never. */
    expiresAt: Date | null
    sha256: string
  }
  instance: { environment: 'production' | 'test'; url: string | null; installationId: string }
  /** What the request gave to be repeated. */
  nonce?: string | undefined
}

/** The payload of `lease+jwt` and of `offline+jwt`. */
export interface LeaseClaims {
  iss: string
  sub: string
  aud: string
  jti: string
  iat: number
  exp: number
  kind: LeaseFacts['key']['kind']
  binding: LeaseFacts['key']['binding']
  environment: LeaseFacts['instance']['environment']
  url: string | null
  installation_id: string
  entitled_until: number | null
  refresh_after: number | null
  grace_until: number | null
  on_expiry: EndBehaviour
  on_revocation: EndBehaviour
  features: readonly string[]
  versions: readonly { version: string; glpi_min: string; glpi_max: string | null }[]
  key_sha256: string
  nonce?: string
}

/** A lease: to be refreshed after a day, good without contact for the product's grace, and never past the key's end. */
export function leaseClaims(facts: LeaseFacts, now: Date): LeaseClaims {
  const iat = seconds(now)
  const end = endOf(facts)
  const graceUntil = iat + facts.product.graceDays * day
  return {
    ...standing(facts, iat),
    exp: Math.min(graceUntil, end ?? graceUntil),
    entitled_until: end,
    refresh_after: iat + refreshAfter,
    grace_until: graceUntil,
  }
}

/** What stands in an offline activation file: good to the key's end, at most 400 days, and never refreshed. */
export function offlineClaims(facts: LeaseFacts, now: Date): LeaseClaims {
  const iat = seconds(now)
  const latest = iat + longestDays * day
  const end = Math.min(endOf(facts) ?? latest, latest)
  return {
    ...standing(facts, iat),
    exp: end,
    entitled_until: end,
    refresh_after: null,
    grace_until: null,
  }
}

/** What each short-lived statement about a presented key says. */
interface StatementFacts {
  issuer: string
  statementId: string
  product: string
  installationId: string | null
  /** Of the key that was presented. */
  keySha256: string
  nonce?: string | undefined
}

function statement(facts: StatementFacts, now: Date) {
  const iat = seconds(now)
  return {
    iss: facts.issuer,
    aud: facts.product,
    jti: facts.statementId,
    iat,
    exp: iat + statementSeconds,
    installation_id: facts.installationId,
    key_sha256: facts.keySha256,
    ...asked(facts.nonce),
  }
}

export interface VerdictFacts extends StatementFacts {
  valid: boolean
  code: string
  notes: readonly string[]
}

/** The payload of `verdict+jwt`: what is said of a key, so that nobody between says it in our place. */
export const verdictClaims = (facts: VerdictFacts, now: Date) => ({
  ...statement(facts, now),
  valid: facts.valid,
  code: facts.code,
  notes: facts.notes,
})

export interface GivenBackFacts extends StatementFacts {
  activationId: string
  freesAt: Date
}

/** The payload of `given-back+jwt`: that an activation has ended, and from when on another installation may have its place. */
export const givenBackClaims = (facts: GivenBackFacts, now: Date) => ({
  ...statement(facts, now),
  sub: facts.activationId,
  frees_at: seconds(facts.freesAt),
})

export interface HandoverFacts extends StatementFacts {
  activationId: string
  /** The presented key's row and that of the key within, for which it was sealed (lib/keys/hand-over.ts). */
  keyId: string
  nextKeyId: string
  sealed: Buffer
}

/** The payload of `handover+jwt`: the key that takes over, which only who has the presented one can open. */
export const handoverClaims = (facts: HandoverFacts, now: Date) => ({
  ...statement(facts, now),
  sub: facts.activationId,
  key_id: facts.keyId,
  next_key_id: facts.nextKeyId,
  sealed_key: facts.sealed.toString('base64url'),
})

/** The payload of `time+jwt`, for a GLPI whose own clock looks wrong. */
export function timeClaims(issuer: string, nonce: string | undefined, now: Date) {
  return { iss: issuer, iat: seconds(now), ...asked(nonce) }
}

export type VerdictClaims = ReturnType<typeof verdictClaims>
export type GivenBackClaims = ReturnType<typeof givenBackClaims>
export type HandoverClaims = ReturnType<typeof handoverClaims>
export type TimeClaims = ReturnType<typeof timeClaims>

/** How a statement names the key that it is about: who reads it learns no key. */
export const keySha256 = (key: string) => createHash('sha256').update(key).digest('base64url')

const seconds = (moment: Date) => Math.floor(moment.getTime() / 1_000)
const endOf = ({ key }: LeaseFacts) => key.expiresAt && seconds(key.expiresAt)
const asked = (nonce: string | undefined) => (nonce === undefined ? {} : { nonce })

function standing({ product, key, instance, ...facts }: LeaseFacts, iat: number) {
  return {
    iss: facts.issuer,
    sub: facts.activationId,
    aud: product.reference,
    jti: facts.leaseId,
    iat,
    kind: key.kind,
    binding: key.binding,
    environment: instance.environment,
    url: instance.url,
    installation_id: instance.installationId,
    on_expiry: product.onExpiry,
    on_revocation: product.onRevocation,
    features: product.freeFeatures,
    versions: product.releases.map(({ version, glpiMin, glpiMax }) => ({
      version,
      glpi_min: glpiMin,
      glpi_max: glpiMax,
    })),
    key_sha256: key.sha256,
    ...asked(facts.nonce),
  }
}
