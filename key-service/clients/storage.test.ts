import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
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
