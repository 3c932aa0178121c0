/*
 * What the connectivity test printed on a GLPI server (lib/activations/connectivity-command.ts), and what it means. One
 * line of words and numbers: no key and no password of a proxy is in it.
 */

export const connectivityFindings = [
  'no_curl',
  'proxy_name',
  'proxy_connect',
  'proxy_auth',
  'proxy_refused',
  'dns',
  'tcp_refused',
  'tcp_timeout',
  'incomplete',
  'clock',
  'certificate',
  'tls',
  'service',
  'no_answer',
  'not_portal',
  'ok',
] as const
/** In the order in which they are asked; the first that holds is the answer. */
export type ConnectivityFinding = (typeof connectivityFindings)[number]

export interface Connectivity {
  finding: ConnectivityFinding
  /** By how many seconds the server's clock is ahead of the portal's; null where that was not to be had. */
  clockSeconds: number | null
  /** The status of the answer; null where there was none. */
  http: number | null
  /** Which proxy it went through, and who says so; null of an older line, which says neither. */
  way: { via: string | null; from: 'glpi' | 'environment' | 'none' } | null
}

/** What the verification of a lease forgives (docs/verify-a-lease.md). */
const forgivenSeconds = 300
// A terminal may have broken the line, and its prompt may stand around it.
const line = /latchkey-test\s+v1((?:\s+[a-z]+=[a-z0-9+.:_-]+)+)/i

/** Reads the test's line out of whatever was pasted; null where there is none. */
export function readConnectivity(text: string): Connectivity | null {
  const [, said] = line.exec(text) ?? []
  if (!said) return null
  const pairs = said
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .map((pair) => pair.split('='))
  const fields: Fields = Object.fromEntries(pairs)
  const clockSeconds = /^[+-]\d{1,10}s$/.test(fields.clock ?? '')
    ? Number.parseInt(fields.clock ?? '', 10)
    : null
  const status = Number(fields.http)
  const http = status >= 100 && status <= 599 ? status : null
  return { finding: findingOf(fields, clockSeconds, http), clockSeconds, http, way: wayOf(fields) }
}

function wayOf({ via, from }: Fields): Connectivity['way'] {
  if (from !== 'glpi' && from !== 'environment' && from !== 'none') return null
  return { via: via && via !== 'none' ? via : null, from }
}

type Fields = Partial<
  Record<'via' | 'from' | 'curl' | 'dns' | 'tcp' | 'tls' | 'proxy' | 'answer' | 'clock' | 'http', string>
>

function findingOf(fields: Fields, clockSeconds: number | null, http: number | null): ConnectivityFinding {
  const { dns, tcp, tls, answer } = fields
  const wrongClock = clockSeconds !== null && Math.abs(clockSeconds) > forgivenSeconds
  if (fields.curl === 'missing') return 'no_curl'
  const proxy = findingOfProxy(fields, http)
  if (proxy) return proxy
  if (dns === 'fail') return 'dns'
  if (tcp === 'refused') return 'tcp_refused'
  if (tcp === 'timeout') return 'tcp_timeout'
  const isWhole = /^(?:[+-]\d{1,10}s|unknown)$/.test(fields.clock ?? '')
  if (tls === 'cert' && !isWhole) return 'incomplete'
  // A certificate is good for a time, which another clock takes for over, or not begun.
  if (tls === 'cert') return wrongClock ? 'clock' : 'certificate'
  if (tls === 'fail') return 'tls'
  // It ends with the clock: what stands before may be cut as well.
  if (!isWhole) return 'incomplete'
  if (http === null) return 'no_answer'
  if (http >= 500 || http === 429) return 'service'
  if (answer !== 'ok') return 'not_portal'
  return wrongClock ? 'clock' : 'ok'
}

function findingOfProxy({ proxy }: Fields, http: number | null): ConnectivityFinding | null {
  if (proxy === 'name' || proxy === 'connect' || proxy === 'auth' || proxy === 'refused')
    return `proxy_${proxy}`
  return http === 407 ? 'proxy_auth' : null
}
