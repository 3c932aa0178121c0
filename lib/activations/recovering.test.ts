import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test, vi } from 'vitest'
import { judge } from '@/lib/activations/check'
import { diagnose } from '@/lib/activations/diagnosis'
import { sayDiagnosis } from '@/lib/activations/diagnosis-phrases'
import { testKey } from '@/lib/activations/test-keys'
import { generateKey } from '@/lib/keys/format'
import { log } from '@/lib/log'
import { makeCatalog, productDatabase } from '@/sandbox/test/fixture'

await productDatabase({ RECOVERY: '1' })
beforeAll(makeCatalog)

const ask = (pasted: string) =>
  diagnose({ pasted }, { from: randomUUID(), personId: null, memberships: [], isStaff: false })
const key = generateKey('subscription')
const mistyped = key.slice(0, 20) + (key[20] === 'q' ? 'p' : 'q') + key.slice(21)

// The first of the file: what is told once a minute begins with it.
test('who guesses keys then is refused after 60 a minute, and told in the log, as ever', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {})
  const guess = () => judge({ key: generateKey('subscription'), from: '192.0.2.77' })
  for (let tries = 0; tries < 60; tries++)
    await expect(guess()).rejects.toMatchObject({ code: 'unavailable' })
  await expect(guess()).rejects.toMatchObject({ code: 'too_many' })
  vi.advanceTimersByTime(60_000)
  expect(warn.mock.calls).toEqual([[{ calls: 61 }, expect.stringContaining('nobody was given')]])
  vi.useRealTimers()
})

test.each([
  ['a mistyped key', mistyped, 'mistyped'],
  ['a key that was cut off', key.slice(0, 25), 'mistyped'],
  ['a test key', testKey('forms', 'expired'), 'expired'],
  ['the code of a refusal', '7QF3XM', 'case'],
  ['a short ID', 'K-7QF3XM', 'case'],
  ['an API token of the portal', `lkt_${'A'.repeat(43)}`, 'portal_token'],
  ['an address', 'https://glpi.example.com', 'address'],
  ['the name of a product', 'Forms Pro', 'product_name'],
])('after a restore %s is recognized as ever', async (_, pasted, code) => {
  const diagnosis = await ask(pasted)
  expect(diagnosis.code).toBe(code)
  for (const language of ['en', 'fr'] as const)
    expect(sayDiagnosis(diagnosis, { pasted }, language).lines.join('')).not.toBe('')
})

test.each([
  ['a whole key', key],
  ['what may be one that was brought along', 'ABCD-EFGH-1234-5678'],
  ['the same, in the form of a GLPI token', 'a1b2c3d4e5'.repeat(4)],
])('of %s nothing is said then', async (_, pasted) => {
  await expect(ask(pasted)).rejects.toMatchObject({ code: 'unavailable' })
})
