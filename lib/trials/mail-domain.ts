import { disposableEmailBlocklistSet } from 'disposable-email-domains-js'
import providers from 'email-providers/all.json' with { type: 'json' }
import { getDomain } from 'tldts'

const publicDomains: ReadonlySet<string> = new Set(providers)
let blocked: ReadonlySet<string> | undefined

const hostOf = (email: string) => email.slice(email.lastIndexOf('@') + 1)

/** The registrable domain; where somebody lets out names below theirs, as hosters do, one of those. */
const registrable = (host: string) => getDomain(host, { allowPrivateDomains: true })

const isIn = (list: ReadonlySet<string>, email: string) => {
  const host = hostOf(email)
  return list.has(host) || list.has(registrable(host) ?? host)
}

/** Whether an address is one of those that are thrown away after a mail. */
export function isDisposable(email: string): boolean {
  blocked ??= disposableEmailBlocklistSet()
  return isIn(blocked, email)
}

/**
 * The domain by which an address belongs to an organization, such as `brightwater.example` of `grace@mail.brightwater.example`;
 * null where anybody may have an address, as at a public mail provider.
 * @param email in lower case
 */
export function ownDomain(email: string): string | null {
  if (isIn(publicDomains, email) || isDisposable(email)) return null
  return registrable(hostOf(email))
}
