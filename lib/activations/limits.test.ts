import { afterEach, expect, test, vi } from 'vitest'
import { log } from '@/lib/log'
import type { Checked } from './check'
import { takeTurn } from './limits'
import { ownerOf } from './programs'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const unknown: Checked = {
  ...{ code: 'unknown', notes: [], verdict: { ok: false, code: 'unknown', notes: [] } },
  ...{ key: null, fingerprint: null, found: null, product: null, ownProduct: null },
  ...{ mistakes: null, refusalCode: null, at: new Date('2026-11-22T08:00:00Z') },
}

test('who guesses tokens from one address is refused after 60 a minute, and nobody else', async () => {
  const guess = (from: string) => ownerOf('Bearer lkt_guessed', 'keys.read', from)
  for (let tries = 0; tries < 60; tries++)
    expect(await guess('192.0.2.1')).toEqual({ ok: false, code: 'no_token' })
  await expect(guess('192.0.2.1')).rejects.toMatchObject({ code: 'too_many' })
  expect(await guess('192.0.2.2')).toEqual({ ok: false, code: 'no_token' })
})

test('guessed keys are told in the log, once a minute and with how many they were', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {})
  for (const many of [3, 1]) {
    for (let tries = 0; tries < many; tries++) await takeTurn({ key: 'x', from: '192.0.2.3' }, unknown)
    expect(warn).not.toHaveBeenCalled()
    vi.advanceTimersByTime(60_000)
    expect(warn.mock.calls).toEqual([[{ calls: many }, expect.stringContaining('nobody was given')]])
    warn.mockClear()
  }
})
