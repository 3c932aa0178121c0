import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { setClientAddress, trustedProxies } from './client-address'

/** The headers that Next sees of a request from a peer. */
function seen(peer: string | undefined, headers: IncomingHttpHeaders, proxies: string): IncomingHttpHeaders {
  const request = { headers: { ...headers }, socket: { remoteAddress: peer } }
  setClientAddress(request, trustedProxies(proxies))
  return request.headers
}

const claimed = '203.0.113.9'

test.each([
  ['nobody is trusted', '198.51.100.1', claimed, '', '198.51.100.1'],
  ['the peer is no proxy of ours', '198.51.100.1', claimed, '10.0.0.0/8', '198.51.100.1'],
  ['an IPv4 peer on an IPv6 socket', '::ffff:198.51.100.1', claimed, '', '198.51.100.1'],
  ['a proxy names one', '10.0.0.1', claimed, '10.0.0.0/8', claimed],
  ['a proxy on an IPv6 socket names one', '::ffff:10.0.0.1', claimed, '10.0.0.1', claimed],
  ['a proxy adds to what was made up', '10.0.0.1', `1.1.1.1, ${claimed}`, '10.0.0.1', claimed],
  ['two proxies', '10.0.0.1', `1.1.1.1, ${claimed}, 10.0.0.2`, '10.0.0.1, 10.0.0.2', claimed],
  ['only proxies of ours', '10.0.0.1', '10.0.0.2', '10.0.0.0/8', '10.0.0.1'],
  ['a proxy that names nobody', '10.0.0.1', '', '10.0.0.1', '10.0.0.1'],
  ['an IPv6 proxy', 'fd00::1', '2001:db8::7', 'fd00::/8', '2001:db8::7'],
  ['no peer any more', undefined, claimed, '', 'unknown'],
])('the address that counts: %s', (_case, peer, forwarded, proxies, wanted) => {
  const headers = seen(peer, { 'x-forwarded-for': forwarded }, proxies)
  expect(headers).toEqual({ 'x-forwarded-for': wanted })
})

test('what else a sender or a proxy says of host and address does not reach Next', () => {
  const forged = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-port': '1',
    'x-forwarded-proto': 'https',
    'x-real-ip': claimed,
    forwarded: `for=${claimed};host=evil.example`,
    host: 'portal.example',
  }
  for (const proxies of ['', '10.0.0.1']) {
    expect(seen('10.0.0.1', forged, proxies)).toEqual({
      host: 'portal.example',
      'x-forwarded-for': '10.0.0.1',
    })
  }
})
