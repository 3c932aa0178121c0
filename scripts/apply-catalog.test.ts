import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'

const database = await productDatabase()
const folder = mkdtempSync(path.join(tmpdir(), 'catalog-'))
afterAll(() => rmSync(folder, { recursive: true }))
const example = readFileSync('docs/catalog.example.yaml', 'utf8')

function apply(text: string, ...options: string[]) {
  const file = path.join(folder, 'catalog.yaml')
  writeFileSync(file, text)
  return applyFile(file, ...options)
}
function applyFile(path: string, ...options: string[]) {
  const run = spawnSync(
    process.execPath,
    ['--import', './scripts/typescript.mjs', 'scripts/apply-catalog.ts', path, ...options],
    {
      encoding: 'utf8',
      env: process.env,
    },
  )
  return { status: run.status, said: run.stdout + run.stderr }
}
const count = async () => (await rowsOf(database, 'select id from products')).length

test('catalog:apply says what it would change, changes it when told to, and then has nothing to do', async () => {
  const first = apply(example)
  expect(first.status).toBe(0)
  expect(first.said).toContain('+ formspro\n+ formspro 3.0.0\n')
  expect(first.said).toContain('Nothing was changed yet.')
  expect(await count()).toBe(0)
  expect(apply(example, '--yes')).toMatchObject({
    status: 0,
    said: expect.stringContaining('Done: 11 changes.'),
  })
  expect(await count()).toBe(6)
  const changed = apply(
    example.replace('trial_days: 15', 'trial_days: 30').replace(/ {2}- reference: fieldsplus.*/s, ''),
  )
  expect(changed.said).toContain('~ formspro: trial_days 15 → 30')
  expect(changed.said).toContain('Not in the file, and left as they are: fieldsplus.')
  expect(apply(example, '--yes').said).toBe('The catalog says this already.\n')
})

test.each(['scripts', 'scripts/no-such-file.yaml'])('what is no file, %s, is told so', (path) => {
  expect(applyFile(path)).toMatchObject({
    status: 1,
    said: expect.stringContaining(`${path} is no file that can be read. Name one: npm run catalog:apply`),
  })
})

test('a mistake is told with its line, and ends with 1', () => {
  const { status, said } = apply(example.replace('grace', '').replace('kind: suite', 'kind: bundle'), '--yes')
  expect(status).toBe(1)
  expect(said).toMatch(/^line \d+: products 3, kind: /)
  expect(apply('products: [', '--yes')).toMatchObject({ status: 1, said: expect.stringMatching(/^line 1: /) })
  expect(apply('hello', '--yes')).toMatchObject({
    status: 1,
    said: expect.stringMatching(/^A catalog file has one field, products: .*\.\n$/),
  })
})
