import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'

const database = await productDatabase()
const folder = mkdtempSync(path.join(tmpdir(), 'leases-'))
afterAll(() => rmSync(folder, { recursive: true }))
const fileOf = (name: string) => path.join(folder, name)

/** Runs a script as a process of its own, as an operator does. */
async function run(script: string, args: string[], env: Record<string, string | undefined>) {
  const command = ['--import', './scripts/typescript.mjs', `scripts/${script}.ts`, ...args]
  // The root's machine has nothing but what a shell needs.
  const bare: Record<string, string | undefined> = { PATH: process.env.PATH, ...env }
  return promisify(execFile)(process.execPath, command, { env: { NODE_ENV: 'test', ...bare } }).then(
    ({ stdout, stderr }) => ({ code: 0, printed: stdout, said: stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      printed: stdout,
      said: stderr,
    }),
  )
}
const root = (...args: string[]) => run('lease-root', args, {})
const portal = ({ publicKey, ...env }: { publicKey: string } & Record<string, string>, ...args: string[]) => {
  const { DATABASE_URL, PUBLIC_URL, LEASE_KEY_RING } = process.env
  const given = { DATABASE_URL, PUBLIC_URL, LEASE_KEY_RING, LEASE_ROOT_PUBLIC_KEY: publicKey, ...env }
  return run('rotate-leases', args, given)
}

test('from nothing to a signing key, the root being elsewhere', async () => {
  const made = await root('new', fileOf('root.pem'))
  expect(made.code).toBe(0)
  expect(statSync(fileOf('root.pem')).mode & 0o777).toBe(0o600)
  const [, publicKey = ''] = /^LEASE_ROOT_PUBLIC_KEY=(\S{44})$/m.exec(made.printed) ?? []
  const before = readFileSync(fileOf('root.pem'), 'utf8')
  expect(await root('new', fileOf('root.pem'))).toMatchObject({
    code: 1,
    said: expect.stringContaining('is there already'),
  })
  expect(readFileSync(fileOf('root.pem'), 'utf8')).toBe(before)

  const request = fileOf('request.json')
  const asked = await portal({ publicKey }, '--request', request)
  expect(asked).toMatchObject({ code: 0, printed: expect.stringContaining('version 1, 1 keys') })
  const signed = await root('sign', request, '--key', fileOf('root.pem'))
  expect(signed).toMatchObject({
    code: 0,
    said: expect.stringContaining('Signed version 1 for http://localhost:41400'),
  })
  // As npm prints it, without --silent.
  writeFileSync(fileOf('signed'), `\n> latchkey@0.1.0 leases:root\n> node x.ts sign\n\n${signed.printed}`)
  const published = await portal({ publicKey }, '--publish', fileOf('signed'))
  expect(published).toMatchObject({ code: 0, printed: expect.stringContaining('Version 1 is published.') })
  expect(await rowsOf(database, 'select version from key_sets')).toEqual([{ version: 1 }])
  expect((await portal({ publicKey }, '--publish', fileOf('signed'))).printed).toBe(
    'Version 1 is published already.\n',
  )

  const [{ kid = '' } = {}] = await rowsOf<{ kid: string }>(database, 'select kid from signing_keys')
  const dropped = await portal(
    { publicKey },
    '--drop',
    kid,
    '--reason',
    'A backup was stolen.',
    '--request',
    request,
  )
  expect(dropped.printed).toContain(`${kid} is left out from now on.`)
  expect(dropped.printed).toContain('version 2, 1 keys')
  expect(readFileSync(request, 'utf8')).not.toContain(kid)
  const unknown = await portal({ publicKey }, '--drop', 'x', '--reason', 'A backup was stolen.')
  expect(unknown).toMatchObject({ code: 1, printed: 'There is no signing key of that name.\n' })

  const other = await root('new', fileOf('other.pem'))
  await portal({ publicKey }, '--request', request)
  writeFileSync(fileOf('signed'), (await root('sign', request, '--key', fileOf('other.pem'))).printed)
  expect(other.code).toBe(0)
  expect(await portal({ publicKey }, '--publish', fileOf('signed'))).toMatchObject({
    code: 1,
    printed: 'This is no set of signing keys that the root in LEASE_ROOT_PUBLIC_KEY has signed.\n',
  })
  expect(await rowsOf(database, 'select version from key_sets')).toEqual([{ version: 1 }])
  const LEASE_KEY_RING = `${process.env.LEASE_KEY_RING},2:${Buffer.from(before).subarray(40, 72).toString('base64')}`
  const ring = await portal({ publicKey, LEASE_KEY_RING }, '--ring')
  expect(ring.printed).toBe('All signing keys are under version 2 of LEASE_KEY_RING (2 were changed).\n')
}, 240_000)

test('what is wrong is said in a sentence, with a code for scripts', async () => {
  writeFileSync(fileOf('nonsense'), 'nonsense')
  const wrong = [
    [() => root(), /^Usage: /],
    [() => root('sign', fileOf('nonsense')), /^Usage: /],
    [() => root('new', fileOf('no/such/folder')), /^Nothing was made: /],
    [
      () => root('sign', fileOf('nonsense'), '--key', fileOf('nonsense')),
      /is no request of npm run leases:rotate\.$/m,
    ],
    [() => portal({ publicKey: '' }, '--nonsense'), /Usage: /],
    [() => portal({ publicKey: '' }, '--drop', 'x'), /^Name the key and the reason\.\nUsage: /],
    [
      () => portal({ publicKey: '' }, '--drop', 'x', '--reason', '   '),
      /^Name the key and the reason\.\nUsage: /,
    ],
    [
      () => portal({ publicKey: '' }, '--drop', 'x', '--reason', 'x'.repeat(501)),
      /^A reason has 500 characters at the most\.\nUsage: /,
    ],
    [() => portal({ publicKey: '' }, '--publish', fileOf('none')), /is no file that can be read\.$/m],
    [() => portal({ publicKey: '' }, '--publish', fileOf('nonsense')), /^LEASE_ROOT_PUBLIC_KEY is missing; /],
    [() => portal({ publicKey: '', LEASE_KEY_RING: '' }), /^LEASE_KEY_RING is missing; /],
    [
      () => portal({ publicKey: '', DATABASE_URL: 'postgres://latchkey_app:x@127.0.0.1:1/none' }),
      /^The database cannot be reached; /m,
    ],
  ] as const
  for (const [start, expected] of wrong) {
    const { code, printed, said } = await start()
    expect(code, printed + said).toBe(1)
    expect(printed + said).toMatch(expected)
    expect(printed + said).not.toMatch(/\n\s+at /)
  }
}, 240_000)
