import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { begin, describeClients, key, otherKey } from './test-life'
import { fileStorage } from './typescript/kept'

const php = phpPath()
const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs PHP with the client's file storage as `$storage`; answers what it printed. */
function inPhp(file: string, program: string): string {
  const client = path.join(import.meta.dirname, 'php/Latchkey.php')
  const begin = `require '${client}'; $storage = new Latchkey\\FileStorage('${file}');`
  const { status, stdout } = spawnSync(php ?? '', ['-r', begin + program], { encoding: 'utf8' })
  return status === 0 ? stdout : `failed: ${stdout}`
}

test.skipIf(!php)(
  'a file holds the state whole, for its owner alone, and each client reads what the other wrote',
  async () => {
    const file = path.join(folder, 'state.json')
    const storage = fileStorage(file)
    expect(await storage.load()).toBe(null)
    expect(inPhp(file, 'var_dump($storage->load());')).toBe('NULL\n')
    await storage.save('{"a":1}')
    expect(await storage.load()).toBe('{"a":1}')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(inPhp(file, 'echo $storage->load(); $storage->save("of PHP");')).toBe('{"a":1}')
    expect(await storage.load()).toBe('of PHP')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['state.json'])
  },
)

test.skipIf(!php)('what cannot be written leaves the state as it was, and is said', async () => {
  const file = path.join(folder, 'state.json')
  writeFileSync(file, 'before')
  await expect(fileStorage(path.join(folder, 'missing/state.json')).save('x')).rejects.toThrow('ENOENT')
  expect(inPhp(path.join(folder, 'missing/state.json'), '$storage->save("x");')).toContain('failed')
  await expect(fileStorage(folder).load()).rejects.toThrow('EISDIR')
  expect(readFileSync(file, 'utf8')).toBe('before')
})

describeClients(phpPath(), (client) => {
  test('what cannot be opened is not written over, until a key that works is entered', async () => {
    const { portal, machine, call, state } = await begin(client)
    await state('activate', key)
    const sealed = machine.stored
    for (const verb of ['check', 'checkNow', 'giveBack'] as const) {
      machine.stored = 'what another key has encrypted'
      expect((await call(verb)).state).toMatchObject({ startedAnew: true, entitled: false })
      expect(machine.stored).toBe('what another key has encrypted')
    }
    expect(await call('useOfflineFile', 'gibberish')).toMatchObject({ state: { startedAnew: true } })
    expect(machine.stored).toBe('what another key has encrypted')
    // The right key is put back.
    machine.stored = sealed
    expect(await state('check')).toMatchObject({ startedAnew: false, entitled: true, key: { code: 'ok' } })
    machine.stored = 'what another key has encrypted'
    // Mistyped, ended, or entered while the network is away: each says what it is, and changes nothing.
    portal.addKey(otherKey, { code: 'expired' })
    for (const [pasted, code] of [
      ['gks1mistyped', 'unknown'],
      [otherKey, 'expired'],
    ] as const) {
      const said = { key: { code }, service: { code: 'ok' }, startedAnew: true, entitled: false }
      expect(await state('activate', pasted)).toMatchObject(said)
      expect(machine.stored).toBe('what another key has encrypted')
    }
    portal.fault = 'network'
    const said = { key: null, network: { code: 'unreachable' }, startedAnew: true }
    expect(await state('activate', key)).toMatchObject(said)
    expect(machine.stored).toBe('what another key has encrypted')
    machine.stored = sealed
    expect(await state()).toMatchObject({ startedAnew: false, entitled: true })
    portal.fault = null
    machine.stored = 'what another key has encrypted'
    expect(await state('activate', key)).toMatchObject({ startedAnew: false, entitled: true })
    machine.stored = 'what another key has encrypted'
    const file = portal.offlineFile(key, 'glpi-1')
    expect(await call('useOfflineFile', file, key)).toMatchObject({ refused: null })
    expect(await state()).toMatchObject({ startedAnew: false, entitled: true, offline: true })
  })

  test('a state that is cut off or damaged begins anew, and says so', async () => {
    const { machine, state } = await begin(client)
    await state('activate', key)
    const whole = machine.stored ?? ''
    for (const text of [
      whole.slice(0, -1),
      whole.slice(0, 40),
      '{',
      'null',
      whole.replace('1790000', '1790001'),
    ]) {
      machine.stored = text
      expect(await state('check')).toMatchObject({
        startedAnew: true,
        entitled: false,
        key: null,
        mode: 'disabled',
      })
      expect(await state()).toMatchObject({ startedAnew: true })
    }
    expect(await state('activate', key)).toMatchObject({ startedAnew: false, entitled: true })
    machine.stored = ''
    expect(await state()).toMatchObject({ startedAnew: false, entitled: false })
  })

  test('what a person did while the cron was asking is kept', async () => {
    const { portal, machine, state } = await begin(client)
    portal.addKey(otherKey)
    await state('activate', key)
    const before = machine.stored
    await state('activate', otherKey)
    const after = machine.stored
    // The cron has read the state before the other key came, and saves after it.
    machine.stored = before
    machine.meanwhile = after
    expect(await state('checkNow')).toMatchObject({ key: { code: 'ok' }, entitled: true })
    expect(portal.calls.at(-1)?.body.key).toBe(key)
    expect(machine.stored).toBe(after)
    // A person's own deed goes before what the cron has found.
    machine.stored = after
    machine.meanwhile = before
    await state('activate', otherKey)
    await state('checkNow')
    expect(portal.calls.at(-1)?.body.key).toBe(otherKey)
  })
})
