import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '@/sandbox/ports'
import { setEnvironment } from '@/sandbox/test/fixture'

setEnvironment('postgres://latchkey_app:x@127.0.0.1:1/none')

test.each([
  ['TRUSTED_PROXIES', 'should be addresses or networks'],
  ['PUBLIC_URL', 'should look like https://portal.example.com'],
])('a start under a malformed %s says which variable it is, and shows no stack', (name, said) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/web.ts'], {
    cwd: path.join(import.meta.dirname, '..'),
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production', PORT: '4701', HOST: '127.0.0.1', [name]: 'canary' },
    timeout: 50_000,
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^Latchkey does not start\. The environment is not complete/)
  expect(stderr).toContain(`  ${name} ${said}`)
  expect(stderr).not.toMatch(/canary|\n\s+at /)
})

/** In place of Next: what it is asked. */
const echo = `import { registerHooks } from 'node:module'
const next = 'export default () => ({ prepare() {}, getRequestHandler: () => (request, response) => response.end(JSON.stringify(request.headers)) })'
registerHooks({ resolve: (name, context, further) =>
  name === 'next' ? { url: 'data:text/javascript,' + encodeURIComponent(next), shortCircuit: true } : further(name, context) })`

test('the part of an archive that a GLPI asks for is asked of the key service; Next is asked for no part', async () => {
  const keyService = createServer((request, response) => response.end(JSON.stringify(request.headers)))
  await once(keyService.listen(0, '127.0.0.1'), 'listening')
  // as: it listens on a port
  const behind = (keyService.address() as AddressInfo).port
  const port = await freePort()
  const started = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(echo)}`, 'scripts/web.ts'],
    {
      cwd: path.join(import.meta.dirname, '..'),
      env: {
        ...process.env,
        ...{ NODE_ENV: 'production', PORT: String(port), HOST: '127.0.0.1' },
        KEY_SERVICE_URL: `http://127.0.0.1:${behind}`,
      },
    },
  )
  const exited = once(started, 'exit')
  const ask = async (at: string) =>
    (await fetch(`http://127.0.0.1:${port}${at}`, { headers: { Range: 'bytes=5-9' } })).json()
  try {
    await expect.poll(() => ask('/api/v1/ping').catch(() => null), { timeout: 30_000 }).not.toBeNull()
    expect(await ask('/api/marketplace/plugin/forms/download/3.2.0/forms.tgz')).toMatchObject({
      range: 'bytes=5-9',
    })
    expect(await ask('/api/health')).not.toHaveProperty('range')
  } finally {
    started.kill()
    await exited
    keyService.close()
  }
})
