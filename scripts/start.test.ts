import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { newSecrets } from '@/sandbox/environment'

const root = path.join(import.meta.dirname, '..')
const text = (file: string) => readFileSync(path.join(root, file), 'utf8')

/** A worker that waits: for a database that is not there. */
const waiting = {
  ...newSecrets(),
  DATABASE_URL: 'postgres://latchkey_app:x@127.0.0.1:1/none',
  WORKER_DATABASE_URL: 'postgres://latchkey_worker:x@127.0.0.1:1/none',
  PUBLIC_URL: 'http://localhost:4700',
  SMTP_URL: 'smtp://127.0.0.1:1',
  MAIL_FROM: 'Latchkey <portal@latchkey.example>',
  VENDOR_NAME: 'Northwind Plugins',
  SUPPORT_EMAIL: 'support@latchkey.example',
  AUDIT_HEADS_FILE: '/dev/null',
}

test('who stops npm stops the product: the start and what it has started end', async () => {
  const npm = spawn('npm', ['run', 'worker'], {
    cwd: root,
    env: { ...process.env, ...waiting },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const { pid } = npm
  if (pid === undefined) throw new Error('npm could not be started')
  try {
    const lines: string[] = []
    createInterface({ input: npm.stdout }).on('line', (line) => lines.push(line))
    const waits = () => lines.find((line) => line.startsWith('[worker] {'))
    await expect.poll(waits, { timeout: 50_000 }).toContain('the database does not answer')
    let closed = false
    // Its output is held open by whatever it has started.
    npm.once('close', () => {
      closed = true
    })
    npm.kill('SIGTERM')
    await expect.poll(() => closed, { timeout: 15_000 }).toBe(true)
    expect(lines).toContain('Stopping (SIGTERM).')
  } finally {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // All of the group has ended, as it should.
    }
  }
}, 90_000)

test('without a ring for leases nothing is started, and one line says which and how it is made', async () => {
  const started = (part: string[], env: Record<string, string>) =>
    promisify(execFile)(
      process.execPath,
      ['--import', './scripts/typescript.mjs', 'scripts/start.ts', ...part],
      {
        cwd: root,
        env: { ...process.env, ...waiting, ...env },
      },
    ).then(
      () => ({ code: 0, stdout: '' }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    )
  const KEY_SERVICE_DATABASE_URL = 'postgres://latchkey_key_service:x@127.0.0.1:1/none'
  const ring =
    'LEASE_KEY_RING (make it with: echo "LEASE_KEY_RING=1:$(openssl rand -base64 32)"; docs/operate.md, "Leases")'
  expect(await started([], { LEASE_KEY_RING: ' ', KEY_SERVICE_DATABASE_URL })).toEqual({
    code: 1,
    stdout: `Nothing was started. The key service needs ${ring}. Or start the others alone: npm run web, npm run worker.\n`,
  })
  expect(await started(['key-service'], { LEASE_KEY_RING: '', KEY_SERVICE_DATABASE_URL: '' })).toEqual({
    code: 1,
    stdout: `Nothing was started. The key service needs ${ring}, and KEY_SERVICE_DATABASE_URL (.env.example explains it).\n`,
  })
}, 60_000)

test('in a container signals reach the start itself: no npm stands before it', () => {
  expect(text('Dockerfile')).toMatch(
    /^CMD \["node_modules\/\.bin\/node", "--import", "\.\/scripts\/typescript\.mjs", "scripts\/start\.ts"\]$/m,
  )
  for (const part of ['web', 'key-service', 'worker'])
    expect(text('compose.yaml')).toContain(
      `command: [node_modules/.bin/node, --import, ./scripts/typescript.mjs, scripts/start.ts, ${part}]`,
    )
})
