import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'

/** From the most that is written to nothing at all. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

const url = (schemes: string[], example: string) =>
  z
    .string({ error: `is missing; it looks like ${example}` })
    .trim()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), {
      error: `should look like ${example}`,
    })

// Copied from a page or a terminal that broke the line, a secret brings blanks along that none holds.
const withoutBlanks = (text: string) => text.replace(/\s/g, '')

const secret = z
  .string({ error: 'is missing; make one with: openssl rand -base64 32' })
  .transform(withoutBlanks)
  .refine((text) => /^[A-Za-z0-9+/]{43}=$/.test(text), {
    error: 'should be 32 bytes in base64; make one with: openssl rand -base64 32',
  })
  .transform((text) => Buffer.from(text, 'base64'))

const publicKey = (whence: string) =>
  z
    .string()
    .transform(withoutBlanks)
    .refine((text) => /^[A-Za-z0-9+/]{43}=$/.test(text), { error: `should be ${whence}` })
    .transform((text) => Buffer.from(text, 'base64'))

const keyRing = z
  .string({ error: 'is missing; it looks like 1:<32 bytes in base64>' })
  .transform((text) => withoutBlanks(text).split(','))
  .refine((entries) => entries.every((entry) => /^[1-9][0-9]{0,3}:[A-Za-z0-9+/]{43}=$/.test(entry)), {
    error: 'should be version:secret, several separated by commas, e.g. 1:<openssl rand -base64 32>',
  })
  .refine((entries) => new Set(entries.map((entry) => Number.parseInt(entry, 10))).size === entries.length, {
    error: 'names a version twice; each version has one secret',
  })
  .transform((entries) => new Map(entries.map((entry) => [Number.parseInt(entry, 10), ringSecret(entry)])))

const ringSecret = (entry: string) => Buffer.from(entry.slice(entry.indexOf(':') + 1), 'base64')

const Env = z.object({
  DATABASE_URL: url(['postgres', 'postgresql'], 'postgres://latchkey_app:password@host:5432/latchkey'),
  WORKER_DATABASE_URL: url(
    ['postgres', 'postgresql'],
    'postgres://latchkey_worker:password@host:5432/latchkey',
  ).optional(),
  KEY_SERVICE_DATABASE_URL: url(
    ['postgres', 'postgresql'],
    'postgres://latchkey_key_service:password@host:5432/latchkey',
  ).optional(),
  // Where the web process passes on what GLPI servers ask, when no proxy parts the paths.
  KEY_SERVICE_URL: url(['http', 'https'], 'http://127.0.0.1:3100').default('http://127.0.0.1:3100'),
  DATABASE_POOL_SIZE: z
    .string()
    .default('10')
    .refine((text) => /^\d{1,3}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= 200, {
      error: 'should be a whole number from 1 to 200',
    })
    .transform(Number),
  PUBLIC_URL: url(['http', 'https'], 'https://portal.example.com')
    // What is served under a path would have links that leave it out.
    .refine((text) => !URL.canParse(text) || new URL(text).href === `${new URL(text).origin}/`, {
      error: 'should be the address alone, with no path behind it, like https://portal.example.com',
    })
    .transform((text) => new URL(text).origin),
  KEY_RING: keyRing,
  // Of who signs leases; it opens nothing but the keys that they are signed with.
  LEASE_KEY_RING: keyRing.optional(),
  LEASE_ROOT_PUBLIC_KEY: publicKey('what npm run leases:root -- new prints').optional(),
  KEY_FINGERPRINT_SECRET: secret,
  SIGN_IN_SECRET: secret,
  // Where the archives of releases are: a folder, or an address that they are signed for (docs/operate.md).
  RELEASES_DIR: z.string().trim().optional(),
  RELEASES_BASE_URL: url(['http', 'https'], 'https://releases.example.com/latchkey').optional(),
  RELEASES_SECRET: secret.optional(),
  // The worker's alone: who serves requests has no use for it, and could sign what nobody wrote.
  AUDIT_SIGNING_KEY: secret.optional(),
  // All that verifying needs of it: an auditor can check what was signed, and sign nothing.
  AUDIT_PUBLIC_KEY: publicKey('what npm run audit:verify -- --public-key prints').optional(),
  AUDIT_HEADS_FILE: z.string().trim().optional(),
  SMTP_URL: url(['smtp', 'smtps'], 'smtp://user:password@mail.example.com:587'),
  MAIL_FROM: z
    .string({ error: 'is missing; it looks like Latchkey <portal@example.com>' })
    .trim()
    .refine((text) => /^[^<>\r\n]*<?[^@<>\s]+@[^@<>\s]+>?$/.test(text), {
      error: 'should look like Latchkey <portal@example.com>',
    }),
  VENDOR_NAME: z.string({ error: 'is missing; it is the name that customers know you by' }).trim().min(1),
  SUPPORT_EMAIL: z
    .string({ error: 'is missing; it is where customers write for help, like support@example.com' })
    .trim()
    .pipe(z.email({ error: 'should be an address like support@example.com' })),
  TRUSTED_PROXIES: z
    .string()
    .default('')
    .refine((text) => text.split(',').every((entry) => !entry.trim() || isNetwork(entry.trim())), {
      error: 'should be addresses or networks separated by commas, such as 10.0.0.0/8, 127.0.0.1',
    }),
  // All three or none: without them the vendor's people sign in by mail like everybody.
  STAFF_OIDC_ISSUER: url(['https', 'http'], 'https://login.example.com').optional(),
  STAFF_OIDC_CLIENT_ID: z.string().trim().optional(),
  STAFF_OIDC_CLIENT_SECRET: z.string().trim().optional(),
  // All payments go through Stripe; without a key the portal sells nothing, and names who does.
  STRIPE_SECRET_KEY: z
    .string()
    .transform(withoutBlanks)
    .refine((text) => /^(sk|rk)_(test|live)_\w+$/.test(text), {
      error: 'should be a secret or restricted key of Stripe, such as sk_live_…',
    })
    .optional(),
  // Several while one takes the place of another.
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .transform((text) => withoutBlanks(text).split(','))
    .refine((secrets) => secrets.every((secret) => /^whsec_\w+$/.test(secret)), {
      error: 'should be the signing secret of the webhook endpoint, whsec_…, several separated by commas',
    })
    .optional(),
  // The sandbox's stand-in.
  SANDBOX_STRIPE_URL: url(['http'], 'http://127.0.0.1:4001').optional(),
  LOG_LEVEL: z
    .string()
    .trim()
    .pipe(z.enum(logLevels, { error: `should be one of ${logLevels.join(', ')}` }))
    .default('info'),
  RECOVERY: z
    .enum(['0', '1'], { error: 'should be 1 after a restore from backup, else 0 or left out' })
    .default('0'),
  SANDBOX_CLOCK_FILE: z.string().optional(),
})

export type Env = z.infer<typeof Env>

let checked: Env | undefined

/**
 * The environment, checked once.
 * @throws Error naming each missing or malformed variable and what it should look like; values are never repeated.
 */
export function env(): Env {
  checked ??= parseEnv(process.env)
  return checked
}

/**
 * For a command whose caller need not have, or must not have, the product's secrets: only these variables are read and
 * kept, and the others are not there for anybody in this process.
 * @throws Error as `env` does
 */
export function keepOnly(...names: (keyof Env)[]) {
  const result = Env.pick(allOf(names)).safeParse(given(process.env))
  if (!result.success) throw incomplete(linesOf(result.error))
  // as: whoever reads another one would have to be named here
  checked = result.data as Env
}

const allOf = (names: (keyof Env)[]) =>
  // as: fromEntries forgets what its names are
  Object.fromEntries(names.map((name) => [name, true])) as Partial<Record<keyof Env, true>>

/** Parses an environment without keeping it. Empty variables count as missing. */
export function parseEnv(variables: Record<string, string | undefined>): Env {
  const result = Env.safeParse(given(variables))
  const lines = result.success ? contradictions(result.data) : linesOf(result.error)
  if (result.success && lines.length === 0) return result.data
  throw incomplete(lines)
}

const given = (variables: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => value?.trim()))

const linesOf = ({ issues }: z.ZodError) => issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)

const incomplete = (lines: string[]) =>
  new Error(
    `The environment is not complete (.env.example explains each variable):\n${lines.map((line) => `  ${line}`).join('\n')}`,
  )

/** What each variable alone does not show. */
function contradictions(env: Env): string[] {
  const lines = oidcContradictions(env)
  if (env.SANDBOX_CLOCK_FILE && !isLoopback(new URL(env.PUBLIC_URL).hostname)) {
    lines.push(
      'SANDBOX_CLOCK_FILE moves the clock and is for the sandbox alone; remove it, or set PUBLIC_URL to a loopback address',
    )
  }
  if (env.RELEASES_BASE_URL && !env.RELEASES_SECRET)
    lines.push('RELEASES_SECRET is missing; what stands at RELEASES_BASE_URL is signed for with it')
  lines.push(...stripeContradictions(env))
  const names = new Map<string, string>()
  for (const [name, bytes] of secretsOf(env)) {
    const secret = bytes.toString('base64')
    const same = names.get(secret)
    if (isGuessable(bytes))
      lines.push(
        `${name} can be guessed: it was typed, or has an order; make one with: openssl rand -base64 32`,
      )
    // Who learns one would have the other as well, and changing one would change both.
    else if (same) lines.push(`${name} is the same as ${same}; each needs a secret of its own`)
    names.set(secret, name)
  }
  return lines
}

function oidcContradictions(env: Env): string[] {
  const { STAFF_OIDC_ISSUER, STAFF_OIDC_CLIENT_ID, STAFF_OIDC_CLIENT_SECRET } = env
  const given = { STAFF_OIDC_ISSUER, STAFF_OIDC_CLIENT_ID, STAFF_OIDC_CLIENT_SECRET }
  const missing = Object.entries(given).flatMap(([name, value]) => (value ? [] : [name]))
  if (missing.length === 3) return []
  if (missing.length > 0)
    return missing.map((name) => `${name} is missing; staff's sign-in by OIDC needs all of STAFF_OIDC_*`)
  const issuer = new URL(STAFF_OIDC_ISSUER ?? '')
  return issuer.protocol === 'http:' && !isLoopback(issuer.hostname)
    ? ['STAFF_OIDC_ISSUER should begin with https: who reads along would sign in as your people']
    : []
}

function stripeContradictions(env: Env): string[] {
  const { STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, SANDBOX_STRIPE_URL, PUBLIC_URL } = env
  const lines: string[] = []
  if (STRIPE_SECRET_KEY && !STRIPE_WEBHOOK_SECRET)
    lines.push('STRIPE_WEBHOOK_SECRET is missing; without it nothing that is paid would be heard of')
  if (!STRIPE_SECRET_KEY && STRIPE_WEBHOOK_SECRET)
    lines.push('STRIPE_SECRET_KEY is missing; STRIPE_WEBHOOK_SECRET alone sells nothing')
  const hosts = SANDBOX_STRIPE_URL ? [SANDBOX_STRIPE_URL, PUBLIC_URL] : []
  if (
    hosts.some((host) => !isLoopback(new URL(host).hostname)) ||
    (STRIPE_SECRET_KEY?.includes('_live_') && SANDBOX_STRIPE_URL)
  )
    lines.push(
      'SANDBOX_STRIPE_URL plays Stripe and is for the sandbox alone; remove it, or set both addresses to loopback ones and a test key',
    )
  return lines
}

function secretsOf(env: Env): [name: string, secret: Buffer][] {
  const { AUDIT_SIGNING_KEY, RELEASES_SECRET } = env
  const optional: [string, Buffer | undefined][] = [
    ['AUDIT_SIGNING_KEY', AUDIT_SIGNING_KEY],
    ['RELEASES_SECRET', RELEASES_SECRET],
  ]
  const ring = (name: string, versions: Iterable<[number, Buffer]>) =>
    [...versions].map(([version, secret]): [string, Buffer] => [`${name}'s version ${version}`, secret])
  return [
    ...ring('KEY_RING', env.KEY_RING),
    ...ring('LEASE_KEY_RING', env.LEASE_KEY_RING ?? []),
    ['KEY_FINGERPRINT_SECRET', env.KEY_FINGERPRINT_SECRET],
    ['SIGN_IN_SECRET', env.SIGN_IN_SECRET],
    ...optional.flatMap(([name, secret]): [string, Buffer][] => (secret ? [[name, secret]] : [])),
  ]
}

/**
 * Whether 32 bytes are what somebody typed, an alphabet, a counter or one thing again and again. Chance makes such bytes
 * less than once in ten billion times: of 32 random ones some 30 differ, and so do the steps from each to the next.
 */
function isGuessable(secret: Buffer): boolean {
  const bytes = [...secret]
  const written = secret.toString('base64').replace('=', '')
  const letters = [...Buffer.from(written)]
  const isTyped = /^[ -~]*$/.test(secret.toString('latin1')) || /^(?:[a-z\d]*|[A-Z\d]*)$/.test(written)
  return isTyped || [bytes, stepsOf(bytes), letters, stepsOf(letters)].some((row) => new Set(row).size <= 16)
}

const stepsOf = (row: number[]) => row.slice(1).map((value, index) => (value - (row[index] ?? 0) + 256) % 256)

function isNetwork(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
  return longest > 0 && fits && rest.length === 0
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
