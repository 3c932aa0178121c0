import { afterEach, expect, test, vi } from 'vitest'
import { now, setClock } from '@/lib/clock'
import { at } from '@/sandbox/time'

const moment = new Date('2024-02-29T12:00:00Z')

afterEach(() => {
  vi.unstubAllEnvs()
  setClock(undefined)
})

test('what runs at another moment finds the clock standing there', async () => {
  const seen = await at(moment, async () => {
    const first = now()
    await Promise.resolve()
    return [first, now()]
  })
  expect(seen).toEqual([moment, moment])
  expect(now().getTime()).toBeGreaterThan(moment.getTime())
})

test('the time is the usual one again when the work fails', async () => {
  const failing = at(moment, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
  expect(now().getTime()).toBeGreaterThan(moment.getTime())
})

test('two moments at once are refused, since there is one clock', async () => {
  const nested = at(moment, () => at(new Date(0), async () => now()))
  await expect(nested).rejects.toThrow('Already at another moment')
})

test('a moment that is none is refused', async () => {
  await expect(at(new Date('soon'), async () => now())).rejects.toThrow(RangeError)
})

test('outside of tests and the sandbox the clock cannot be set', () => {
  vi.stubEnv('NODE_ENV', 'production')
  vi.stubEnv('SANDBOX_CLOCK_FILE', undefined)
  expect(() => setClock(() => moment)).toThrow('in tests and in the sandbox only')
})
