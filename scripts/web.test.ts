import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
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
