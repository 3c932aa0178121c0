import { createHash } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { log } from '@/lib/log'
import type { Call, Checked } from './check'
import type { FoundKey } from './facts'
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

/** A key that is good where it is presented, and the call of an installation that says it is that one. */
const good = (id: string): Checked => ({
  ...unknown,
  ...{
    code: 'ok',
    verdict: { ok: true, code: 'ok', notes: [], state: 'active', place: null, binds: false, asks: null },
  },
  // as: of what is found the limits read these two
  found: {
    id,
    activation: { secretHash: createHash('sha256').update('the secret').digest('hex') },
  } as FoundKey,
})
const by = (more: Partial<Call>): Call => ({ key: 'x', installationId: 'one', from: '192.0.2.4', ...more })
const [theirs, wrong, fromGlpi] = [
  { secret: 'the secret' },
  { secret: 'another' },
  { fromGlpi: true },
] as const

async function usedUp(call: Call, key: Checked) {
  for (let turn = 0; turn < 600; turn++) await takeTurn(call, key)
  await expect(takeTurn(call, key)).rejects.toMatchObject({ code: 'too_many' })
}

test.each<[string, Partial<Call>, Partial<Call>[]]>([
  ['with another secret', wrong, [theirs, fromGlpi]],
  ['without a secret', {}, [theirs, fromGlpi]],
  ['by GLPI’s own routes', fromGlpi, [theirs, {}]],
])('[A6] a thief %s takes no turn of the installation that has the key', async (how, thief, others) => {
  const key = good(how)
  await usedUp(by(thief), key)
  for (const other of others) await takeTurn(by(other), key)
  // Nor in its own way, from elsewhere.
  await takeTurn(by({ ...thief, from: '192.0.2.5' }), key)
})

test('[A6] whoever has a network has one turn, however many addresses are in it', async () => {
  const key = good('one network')
  for (let turn = 0; turn < 600; turn++)
    await takeTurn(by({ ...fromGlpi, from: `2001:db8::${turn.toString(16)}` }), key)
  const call = by({ ...fromGlpi, from: '2001:db8::ffff:1' })
  await expect(takeTurn(call, key)).rejects.toMatchObject({ code: 'too_many' })
  await takeTurn(by({ ...fromGlpi, from: '2001:db8:0:1::1' }), key)
  console.log('[A6] 602 addresses')
})

test('all that a key is refused to have one turn, whatever they call themselves', async () => {
  const refused = { ...unknown, found: good('refused').found }
  for (let turn = 0; turn < 600; turn++) await takeTurn(by({ installationId: `thief ${turn}` }), refused)
  const another = takeTurn(by({ installationId: 'another' }), refused)
  await expect(another).rejects.toMatchObject({ code: 'too_many' })
  await takeTurn(by(theirs), good('refused'))
})
