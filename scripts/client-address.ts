import type { IncomingMessage } from 'node:http'
import { BlockList, isIPv6 } from 'node:net'

/**
 * Forwarding headers count only from a proxy that the operator named: from anybody else they are a claim. The address
 * goes on in `x-forwarded-for`, alone; everything else that a proxy says is taken out.
 */
export function setClientAddress(
  { headers, socket }: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } },
  trusted: BlockList,
) {
  const peer = socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'unknown'
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter(Boolean)
  const isTrusted = (address: string) =>
    address !== 'unknown' && trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  // From the right, the first address that is no proxy of ours; what stands left of it could be made up.
  const client = isTrusted(peer) ? forwarded.findLast((address) => !isTrusted(address)) : undefined
  for (const name of [
    'x-forwarded-host',
    'x-forwarded-port',
    'x-forwarded-proto',
    'forwarded',
    'x-real-ip',
  ]) {
    delete headers[name]
  }
  headers['x-forwarded-for'] = client ?? peer
}

/** Reads TRUSTED_PROXIES: addresses and networks, separated by commas. */
export function trustedProxies(text: string): BlockList {
  const list = new BlockList()
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (!entry) continue
    const [address = '', bits] = entry.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits) list.addSubnet(address, Number(bits), family)
    else list.addAddress(address, family)
  }
  return list
}
