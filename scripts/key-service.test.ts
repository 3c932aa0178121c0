import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { isForKeyService, keyServicePaths } from './key-service'

test('the proxy of compose.yaml hands the key service the same paths as the web process does', () => {
  const text = readFileSync(path.join(import.meta.dirname, '../Caddyfile'), 'utf8')
  const [, paths, to] = /@glpi path (.*)\n\s*reverse_proxy @glpi (\S+)\n/.exec(text) ?? []
  expect(paths?.split(' ')).toEqual(keyServicePaths)
  expect(to).toBe('key-service:3100')
})

test.each([
  ['/api/v1/activations', true],
  ['/api/v1/time?nonce=12345678', true],
  ['/api/registration/info', true],
  ['/api/marketplace/plugins', true],
  ['/api/glpi-plugins/plugins', true],
  ['/api/ping', true],
  ['/api/ping?x=/', true],
  ['/api/openapi.json', true],
  ['/.well-known/jwks.json', true],
  ['/', false],
  ['/api/health', false],
  ['/api/pinged', false],
  ['/api/v10/x', false],
  ['/acme/api/v1/activations', false],
  ['/x?/api/v1/activations', false],
])('%s is the key service’s: %s', (url, wanted) => {
  expect(isForKeyService(url)).toBe(wanted)
})
