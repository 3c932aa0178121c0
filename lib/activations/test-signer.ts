import { createPrivateKey } from 'node:crypto'
import { env } from '@/lib/env'
import { jwkOf, publicBytes, signKeySet } from './key-set'
import { type Signer, signStatement } from './sign'

/*
 * These two private keys are public on purpose. Everybody can sign with them, so that nobody trusts them but a build for
 * tests, which is given this root in place of the real one; and no lease of a test key is worth anything. The real keys
 * never sign for a test key: it is good for whoever knows its product's name.
 */
const root = privateKey('a15e8ff29fce5b10906ec8182bc6baebde274c7e7568a4c01311963cb8053e52')
const signing = privateKey('330af921a71f5d81fe19d63f2d17efdbd738085a83bbd8dbcf7d93b355a12d4c')

/** The root's public half, 32 bytes in base64, as a build for tests is given it. */
export const testRoot = publicBytes(root).toString('base64')

// Its kid is its hash like every other's: who verifies demands it, and a build for tests verifies by the same code.
const jwk = jwkOf(publicBytes(signing))

/** When the set was signed: it never changes. */
const signedAt = 1_790_000_000

export const testSigner: Signer = {
  sign: async (typ, claims) => signStatement(typ, claims, { kid: jwk.kid, privateKey: signing }),
  async published() {
    const set = { iss: env().PUBLIC_URL, version: 1, iat: signedAt, keys: [jwk] }
    return { version: set.version, jwks: set.keys, signed: await signKeySet(set, root) }
  },
}

/** @param seed in hex, the 32 bytes that an Ed25519 key is made of */
function privateKey(seed: string) {
  // PKCS #8 of RFC 8410, which ends with the seed.
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex')
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}
