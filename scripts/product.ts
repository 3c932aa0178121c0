import { fileURLToPath } from 'node:url'
import { type Running, startProcess } from '@/scripts/processes'

const root = fileURLToPath(new URL('..', import.meta.url))

export const parts = ['web', 'key-service', 'worker'] as const
export type Part = (typeof parts)[number]

export type ProductOptions = {
  parts: readonly Part[]
  host: string
  port: number
  /** Where the key service listens; 3100 unless said. */
  keyServicePort?: number
  env: Record<string, string | undefined>
  print: (line: string) => void
}

/** Starts the processes of the built product. The environment is checked by each of them. */
export function startProduct(options: ProductOptions): Running[] {
  return options.parts.map((part) => starts[part](options))
}

const usualPort = 3100

const starts: Record<Part, (options: ProductOptions) => Running> = {
  web: startWeb,
  'key-service': startKeyService,
  worker: startWorker,
}

function startWeb({ host, port, keyServicePort = usualPort, env, print }: ProductOptions): Running {
  return startProcess({
    name: 'web',
    command: [process.execPath, 'scripts/web.ts'],
    cwd: root,
    env: {
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      KEY_SERVICE_URL: `http://127.0.0.1:${keyServicePort}`,
      ...env,
      PORT: `${port}`,
      HOST: host,
    },
    output: (line) => print(`[web] ${line}`),
    readyUrl: `http://${reachable(host)}:${port}/api/ready`,
  })
}

/** Secrets that are not the key service's: it can give away no key that is stored, and sign in nobody. */
const notForKeyService = [
  ...['DATABASE_URL', 'WORKER_DATABASE_URL', 'DATABASE_OWNER_URL', 'KEY_RING', 'SIGN_IN_SECRET'],
  ...['AUDIT_SIGNING_KEY', 'SMTP_URL', 'STAFF_OIDC_CLIENT_SECRET'],
  ...['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'],
]

/** What must be given to it besides, and how it is made. */
const needed = {
  LEASE_KEY_RING:
    'LEASE_KEY_RING (make it with: echo "LEASE_KEY_RING=1:$(openssl rand -base64 32)"; docs/operate.md, "Leases")',
  KEY_SERVICE_DATABASE_URL: 'KEY_SERVICE_DATABASE_URL (.env.example explains it)',
}

export const keyServiceLacks = (env: Record<string, string | undefined>): string[] =>
  Object.entries(needed).flatMap(([name, how]) => (env[name]?.trim() ? [] : [how]))

function startKeyService({ keyServicePort = usualPort, parts, env, print }: ProductOptions): Running {
  const withheld = Object.fromEntries(notForKeyService.map((name) => [name, undefined]))
  // The web process passes calls on, and says whose they are.
  const proxies = parts.includes('web') ? '127.0.0.1,::1' : ''
  const host = env.KEY_SERVICE_HOST ?? '127.0.0.1'
  return startProcess({
    name: 'key-service',
    command: [process.execPath, '--import', './scripts/typescript.mjs', 'key-service/main.ts'],
    cwd: root,
    env: {
      NODE_ENV: 'production',
      ...env,
      ...withheld,
      KEY_SERVICE_HOST: host,
      KEY_SERVICE_PORT: `${keyServicePort}`,
      TRUSTED_PROXIES: [env.TRUSTED_PROXIES, proxies].filter(Boolean).join(','),
    },
    output: (line) => print(`[key-service] ${line}`),
    readyUrl: `http://${reachable(host)}:${keyServicePort}/api/v1/ping`,
  })
}

function startWorker({ env, print }: ProductOptions): Running {
  return startProcess({
    name: 'worker',
    command: [process.execPath, '--import', './scripts/typescript.mjs', 'lib/jobs/worker.ts'],
    cwd: root,
    env: { NODE_ENV: 'production', ...env },
    output: (line) => print(`[worker] ${line}`),
  })
}

/** The address at which a server that listens on `host` can be asked from this machine. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
