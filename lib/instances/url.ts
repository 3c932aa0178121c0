import { isLookAlike, isReadable, showLabel } from '@/lib/instances/label'

/** Browsers and proxies carry addresses of this length. */
export const maxUrlLength = 2048

export type UrlRefusal = 'empty' | 'too_long' | 'not_a_url' | 'scheme' | 'user_name' | 'port' | 'host'

/** Nothing wrong, but to be said before it is saved. */
export type UrlWarning = 'look_alike' | 'test_copy'

export type UrlVerdict =
  | { ok: true; url: string; identity: string; host: string; warnings: UrlWarning[] }
  | { ok: false; because: UrlRefusal }

const edges = /^[\s\p{Cc}\p{Cf}]+|[\s\p{Cc}\p{Cf}]+$/gu
const ownScheme = /^https?:/i
/** `ftp://…`, `file:/…`, `javascript:…`; but neither `glpi.lan:8080` nor `admin:secret@glpi.lan`, which only lack theirs. */
const foreignScheme = /^[a-z][a-z\d+.-]*:(?!\d*$|\d+[/\\?#]|[^/\\?#]*@)/i
/** Stricter than the URL standard, which lets `"` and `;` pass: what DNS and intranets have, and IPv6. */
const hostShape = /^(?:\[[\da-f:]+\]|(?=.{1,253}$)[a-z\d_-]{1,63}(?:\.[a-z\d_-]{1,63})*)$/
/** What belongs to GLPI and not to its address. No folder of an installation ends in `.php`. */
const glpiPath = /\/(?:front|marketplace|plugins|ajax|[^/]+\.php)(?=\/|$).*$/

function tryUrl(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}

/** Without the dots that end it; null where that leaves no host. */
function cleanHost(hostname: string): string | null {
  const dotted = hostname.replace(/\.+$/, '')
  // Parsed again because `0x7f.1..` is a name to the URL standard, and an IPv4 address without its dots.
  const host = tryUrl(`https://${dotted}`)?.hostname ?? ''
  return hostShape.test(host) && host.split('.').every(isReadable) ? host : null
}

/**
 * The normal form of RFC 3986, section 6.2.2: two spellings of a path become one. Each `%` that encodes nothing is encoded
 * itself, first: else `%%32e` would become `%2e`, and that a dot segment.
 */
function normalizePath(pathname: string): string {
  return pathname
    .replace(/%(?![\da-f]{2})/gi, '%25')
    .replace(/%[\da-f]{2}/gi, (encoded) => {
      const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
      return /[\w.~-]/.test(character) ? character : encoded.toUpperCase()
    })
    .replace(/[^\w.~!$&'()*+,;=:@/%-]/g, (character) => {
      return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
    })
}

function cleanPath(pathname: string): string {
  return normalizePath(pathname)
    .replace(/\/{2,}/g, '/')
    .replace(glpiPath, '')
    .replace(/\/$/, '')
}

function whyUnreadable(withScheme: string): UrlRefusal {
  const authority = withScheme.replace(/^https?:[/\\]*/i, '').replace(/[/\\?#].*$/s, '')
  if (authority === '' || /\s/.test(authority)) return 'not_a_url'
  const withoutPort = authority.replace(/:[^:\]]*$/, '')
  return withoutPort !== authority && tryUrl(`https://${withoutPort}`) !== null ? 'port' : 'host'
}

/**
 * Reads the address of a GLPI as a person pastes it. Two addresses of one instance have the same `identity`.
 *
 * Without a scheme, https is meant. `identity` leaves out the scheme, and with it both default ports: `http://glpi.lan:443`
 * is `glpi.lan` too. Reading `url` or `identity` again gives the same `identity`.
 *
 * @param text at most 2048 characters
 * @returns `url`, to show and to store; `identity`, to compare (ASCII, unique within an organization); `host`, the part of
 *   `identity` before port and path
 * @see https://url.spec.whatwg.org/ for hosts and paths; RFC 3986, section 6.2.2, for percent-encodings
 */
export function parseInstanceUrl(text: string): UrlVerdict {
  if (text.length > maxUrlLength) return { ok: false, because: 'too_long' }
  const trimmed = text.replace(/[\t\n\r]/g, '').replace(edges, '')
  if (trimmed === '') return { ok: false, because: 'empty' }
  // A path alone would otherwise be read as a host: `https:///it` is `https://it/`.
  if (/^[/\\]/.test(trimmed)) return { ok: false, because: 'not_a_url' }
  if (!ownScheme.test(trimmed) && foreignScheme.test(trimmed)) return { ok: false, because: 'scheme' }
  const withScheme = ownScheme.test(trimmed) ? trimmed : `https://${trimmed}`
  const parsed = tryUrl(withScheme)
  if (parsed === null) return { ok: false, because: whyUnreadable(withScheme) }
  if (parsed.username !== '' || parsed.password !== '') return { ok: false, because: 'user_name' }
  return verdictOn(parsed)
}

function verdictOn(parsed: URL): UrlVerdict {
  const fullHost = cleanHost(parsed.hostname)
  const host = fullHost && cleanHost(fullHost.replace(/^(?:www\.)+/, ''))
  if (!fullHost || !host) return { ok: false, because: 'host' }
  // From `https://https://glpi.lan` and `https//glpi.lan`. A host of that name could not be told from a scheme.
  if (host === 'http' || host === 'https') return { ok: false, because: 'scheme' }
  const path = cleanPath(parsed.pathname)
  const port = parsed.port === '' ? '' : `:${parsed.port}`
  const url = `${parsed.protocol}//${fullHost}${port}${path}`
  if (url.length > maxUrlLength) return { ok: false, because: 'too_long' }
  const identity = `${host}${port === ':80' || port === ':443' ? '' : port}${path}`
  const warnings: UrlWarning[] = []
  if (host.split('.').some(isLookAlike)) warnings.push('look_alike')
  if (looksLikeTestCopy(identity)) warnings.push('test_copy')
  return { ok: true, url, identity, host, warnings }
}

/**
 * The host of an address as people read it: each label in Unicode, except look-alikes, which stay in Punycode.
 *
 * @param address an `identity` or a `url`
 * @returns the host without port and path; the address itself where it is none
 */
export function displayHost(address: string): string {
  const verdict = parseInstanceUrl(address)
  return verdict.ok ? verdict.host.split('.').map(showLabel).join('.') : address
}

/** An address as people read it: without its scheme, the host in Unicode where that is safe, with port and path. */
export function displayUrl(address: string): string {
  const verdict = parseInstanceUrl(address)
  if (!verdict.ok) return address
  return verdict.host.split('.').map(showLabel).join('.') + verdict.identity.slice(verdict.host.length)
}

const testWords =
  'tests?|testing|staging|pre-?prod(?:uction)?|recette|dev|devel|development|qa|uat|copy|copie|clone|sandbox'
const testCopy = new RegExp(`(?:^|[-_./\\d]|glpi)(?:${testWords})(?=$|[-_./:\\d]|glpi)`, 'i')

/**
 * Whether an address looks like that of a copy for tests: a word for it in the host or the path (`glpi-test.lan`,
 * `example.com/preprod`), not inside another word (`contest.example`). A hint only: members say what is a test.
 *
 * @param identity as `parseInstanceUrl` gives it
 */
export function looksLikeTestCopy(identity: string): boolean {
  // `.dev` is where many companies simply are.
  return testCopy.test(identity.replace(/\.dev(?=$|[:/])/, ''))
}
