import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { setEnvironment } from '@/sandbox/test/fixture'

setEnvironment('postgres://latchkey_app:x@127.0.0.1:1/none')

test.each([
  ['SANDBOX_CLOCK_FILE', 'Set SANDBOX_CLOCK_FILE'],
  ['DATABASE_URL', 'DATABASE_URL is missing'],
  ['SANDBOX_LEASE_ROOT', 'Set SANDBOX_LEASE_ROOT'],
])('without %s the seed says so, and shows no stack', (name, said) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', './scripts/typescript.mjs', 'sandbox/seed/seed.ts'],
    {
      cwd: path.join(import.meta.dirname, '../..'),
      encoding: 'utf8',
      env: {
        ...process.env,
        NODE_ENV: 'development',
        SANDBOX_CLOCK_FILE: '/nowhere/clock',
        [name]: undefined,
      },
      timeout: 50_000,
    },
  )
  expect(status).toBe(1)
  expect(stdout).toMatch(/^Nothing was seeded/)
  expect(stdout).toContain(said)
  expect(stdout + stderr).not.toMatch(/\n\s+at /)
})
