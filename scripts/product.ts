import { fileURLToPath } from 'node:url'
import { type Running, startProcess } from '@/scripts/processes'

const root = fileURLToPath(new URL('..', import.meta.url))

export type Part = 'web' | 'worker'
export const parts: readonly Part[] = ['web', 'worker']

export type ProductOptions = {
  parts: readonly Part[]
  host: string
  port: number
  env: Record<string, string | undefined>
  print: (line: string) => void
}

/** Starts the processes of the built product. The environment is checked by each of them. */
export function startProduct(options: ProductOptions): Running[] {
  return options.parts.map((part) => (part === 'web' ? startWeb(options) : startWorker(options)))
}

function startWeb({ host, port, env, print }: ProductOptions): Running {
  return startProcess({
    name: 'web',
    command: [process.execPath, 'scripts/web.ts'],
    cwd: root,
    env: {
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      ...env,
      PORT: `${port}`,
      HOST: host,
    },
    output: (line) => print(`[web] ${line}`),
    readyUrl: `http://${reachable(host)}:${port}/api/ready`,
  })
}

function startWorker({ env, print }: ProductOptions): Running {
  return startProcess({
    name: 'worker',
    command: [process.execPath, '--import', 'tsx', 'lib/jobs/worker.ts'],
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
