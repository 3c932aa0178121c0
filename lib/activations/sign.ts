import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { now } from '@/lib/clock'
import { Unavailable } from '@/lib/errors'
import { open, type Sealed } from '@/lib/keys/vault'
import { log } from '@/lib/log'
import type { GivenBackClaims, HandoverClaims, LeaseClaims, TimeClaims, VerdictClaims } from './lease'
import { keyThatSigns, type Published, type PublishedKey } from './signing-keys'

/** What is signed, by the `typ` that its header has. */
interface Statements {
  'lease+jwt': LeaseClaims
  'handover+jwt': HandoverClaims
  'offline+jwt': LeaseClaims
  'verdict+jwt': VerdictClaims
  'given-back+jwt': GivenBackClaims
  'time+jwt': TimeClaims
}

export interface Signer {
  /**
   * Signs a statement with the key whose turn it is, as a compact JWS.
   * @throws Unavailable where no signing key is published.
   */
  sign<Typ extends keyof Statements>(typ: Typ, claims: Statements[Typ]): Promise<string>
  /** The newest set of keys, and its version. @throws Unavailable where none is published. */
  published(): Promise<Pick<Published, 'version' | 'signed' | 'jwks'>>
}

/**
 * A compact JWS (RFC 7515, section 3.1) by Ed25519 (RFC 8037). Verified by jose, and not made by it: it hands each
 * signature to another thread, which under load took six times as long as the signature.
 */
export function signStatement<Typ extends keyof Statements>(
  typ: Typ,
  claims: Statements[Typ],
  { kid, privateKey }: SigningKey,
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'EdDSA', kid, typ })}.${part(claims)}`
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
}

export interface SigningKey {
  kid: string
  privateKey: KeyObject
}

/** A new key is published an hour before it signs, so every process knows it by then. */
const keptMilliseconds = 60_000

/**
 * Signs with keys that it keeps in memory and reads again each minute; while they cannot be read, with those it has.
 * @param load reads what is published, in a scope of the caller's (`readPublished`).
 */
export function createSigner(load: () => Promise<Published | null>): Signer {
  const keyOf = privateKeys()
  let kept: Published | null = null
  let readAt: Date | null = null
  let reading: Promise<void> | null = null

  const read = async () => {
    try {
      const found = await load()
      // At once, so that a wrong ring is known before anything is to be signed.
      for (const key of found ? keysFrom(found.keys, now()) : []) keyOf(key)
      kept = found
    } catch (error) {
      if (!kept) throw error
      log.warn({ err: error }, 'the signing keys could not be read again; those at hand go on signing')
    }
    readAt = now()
  }
  const current = async (): Promise<Published> => {
    // Also where the sandbox turned the clock back.
    if (!readAt || Math.abs(now().getTime() - readAt.getTime()) >= keptMilliseconds) {
      reading ??= read().finally(() => {
        reading = null
      })
      await reading
    }
    if (!kept) {
      // Who publishes the first set should not have to wait for it.
      readAt = null
      throw new Unavailable('signing_key')
    }
    return kept
  }
  return {
    published: current,
    async sign(typ, claims) {
      const { keys } = await current()
      const key = keyThatSigns(keys, now())
      if (!key) throw new Unavailable('signing_key')
      return signStatement(typ, claims, { kid: key.kid, privateKey: keyOf(key) })
    },
  }
}

/** Those that sign now or later. */
function keysFrom(keys: readonly PublishedKey[], moment: Date) {
  const current = keyThatSigns(keys, moment)
  return keys.filter(({ signsFrom }) => !current || signsFrom >= current.signsFrom)
}

/** Opened once: to do it for each signature would take longer than the signature. */
function privateKeys() {
  const opened = new Map<string, KeyObject>()
  return (key: PublishedKey) => {
    const known = opened.get(key.kid) ?? importPrivate(key)
    opened.set(key.kid, known)
    return known
  }
}

function importPrivate({ kid, publicKey, ...sealed }: PublishedKey) {
  const d = openOrSay(sealed, kid)
  const key = { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url'), d }
  return createPrivateKey({ key, format: 'jwk' })
}

function openOrSay(sealed: Sealed, kid: string): string {
  try {
    return open(sealed, kid, 'LEASE_KEY_RING')
  } catch (cause) {
    throw new Error(
      `LEASE_KEY_RING does not open the signing key ${kid}, which is sealed under version ${sealed.ringVersion}.`,
      { cause },
    )
  }
}
