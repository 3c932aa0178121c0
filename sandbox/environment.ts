import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { Postgres } from '@/sandbox/postgres'

export type Environment = Record<string, string>

const secret = () => randomBytes(32).toString('base64')

/**
 * The root that signs which keys leases are signed with. A vendor keeps its private half offline; the sandbox is its own
 * vendor, and hands it to the seed and to tests as base64 of PKCS #8.
 */
function newLeaseRoot(): Environment {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return {
    SANDBOX_LEASE_ROOT: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    LEASE_ROOT_PUBLIC_KEY: Buffer.from(x, 'base64url').toString('base64'),
  }
}

/** Secrets as the product wants them. Keys that are stored under a ring can be opened with that ring alone. */
export function newSecrets(): Environment {
  return {
    KEY_RING: `1:${secret()}`,
    KEY_FINGERPRINT_SECRET: secret(),
    SIGN_IN_SECRET: secret(),
    AUDIT_SIGNING_KEY: secret(),
    LEASE_KEY_RING: `1:${secret()}`,
    ...newLeaseRoot(),
  }
}

/** The secrets in `file`. Those that it lacks, all of them at first, are made and added. */
export function keptSecrets(file: string): Environment {
  const kept = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const secrets: Environment = {}
  for (const [name, fresh] of Object.entries(newSecrets())) secrets[name] = kept[name] ?? fresh
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`)
  const text = `# Made for the demo alone. Its data can be read only with these.\n${lines.join('')}`
  // Aside and renamed: half a file would mean other secrets than the data was written with.
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return secrets
}

/** What the stand-in for Stripe signs its events with. */
export const webhookSecret = 'whsec_sandbox'

/** What the product's processes are started with. */
export function productEnvironment(options: {
  postgres: Postgres
  secrets: Environment
  publicUrl: string
  smtpPort: number
  clockFile: string
  headsFile: string
  releasesDir: string
  stripeUrl: string
}): Environment {
  const { postgres, secrets, publicUrl, smtpPort } = options
  return {
    ...secrets,
    DATABASE_OWNER_URL: postgres.ownerUrl,
    DATABASE_URL: postgres.url('latchkey', 'latchkey_app'),
    WORKER_DATABASE_URL: postgres.url('latchkey', 'latchkey_worker'),
    KEY_SERVICE_DATABASE_URL: postgres.url('latchkey', 'latchkey_key_service'),
    PUBLIC_URL: publicUrl,
    // Over connections that stay: the sandbox's mail server waits a tenth of a second before it greets.
    SMTP_URL: `smtp://127.0.0.1:${smtpPort}?pool=true`,
    MAIL_FROM: 'Latchkey <portal@latchkey.example>',
    VENDOR_NAME: 'Northwind Plugins',
    AUDIT_HEADS_FILE: options.headsFile,
    // Holds an offset in milliseconds; absent, the time is the real one.
    SANDBOX_CLOCK_FILE: options.clockFile,
    SUPPORT_EMAIL: 'support@latchkey.example',
    RELEASES_DIR: options.releasesDir,
    STRIPE_SECRET_KEY: 'sk_test_sandbox',
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    SANDBOX_STRIPE_URL: options.stripeUrl,
  }
}
