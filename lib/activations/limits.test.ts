import { createHash } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { log } from '@/lib/log'
import type { Call, Checked } from './check'
import type { FoundKey } from './facts'
import { takeGuess, takeProgramTurn, takeTurn } from './limits'
import { ownerOf } from './programs'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const unknown: Checked = {
  ...{ code: 'unknown', notes: [], verdict: { ok: false, code: 'unknown', notes: [] } },
  ...{ key: null, fingerprint: null, found: null, product: null, ownProduct: null },
  ...{ fault: null, refusalCode: null, at: new Date('2026-11-22T08:00:00Z') },
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
  // as: of what is found the limits read these
  found: {
    id,
    activation: { secretHash: createHash('sha256').update('the secret').digest('hex') },
    places: [] as FoundKey['places'],
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

/** The same key where it is refused: to nobody that is known, to who has it in use, or to the installation of its instance. */
function refusedTo(id: string, who: 'nobody' | 'its activation' | 'its instance'): Checked {
  const { found } = good(id)
  if (!found) throw new Error('it was found')
  // as: of a place the limits read this one
  const places = [{ installationId: 'one' }] as FoundKey['places']
  const activation = who === 'its activation' ? found.activation : null
  return { ...unknown, found: { ...found, activation, places: who === 'its activation' ? [] : places } }
}

test.each(['its activation', 'its instance'] as const)(
  'who has a key, known by %s, is told that it has ended or moved, however many strangers ask',
  async (known) => {
    const id = `ended, ${known}`
    for (let turn = 0; turn < 601; turn++) {
      const asked = takeTurn(by({ installationId: `made up ${turn}` }), refusedTo(id, 'nobody'))
      if (turn < 600) await asked
      else await expect(asked).rejects.toMatchObject({ code: 'too_many' })
    }
    for (const how of [{}, fromGlpi, theirs]) await takeTurn(by(how), refusedTo(id, known))
    // Who says that it is the one, and is elsewhere, uses up its own turn as well.
    await usedUp(by({ from: '192.0.2.9' }), refusedTo(id, known))
    await takeTurn(by({}), refusedTo(id, known))
  },
)

test.each([
  ['keys', () => takeTurn({ key: 'x', from: guesser() }, unknown)],
  ['keys, after a restore', () => takeGuess(guesser())],
  ['tokens', () => ownerOf('Bearer lkt_guessed', 'keys.read', guesser())],
])('[A6] guessing %s is counted by the network, however many addresses are in it', async (_what, guess) => {
  network++
  for (let tries = 0; tries < 60; tries++) await guess()
  await expect(guess()).rejects.toMatchObject({ code: 'too_many' })
  network++
  await guess()
  console.log('[A6] 62 addresses')
})

let [network, address] = [0, 0]
const guesser = () => `2001:db8:a6:${network.toString(16)}::${(++address).toString(16)}`

test('a good token has its turns as well: more than a program needs, and not without end', async () => {
  for (let turn = 0; turn < 600; turn++) await takeProgramTurn('a token', `192.0.2.${turn % 200}`)
  await expect(takeProgramTurn('a token', '192.0.2.201')).rejects.toMatchObject({ code: 'too_many' })
  // Nobody else's.
  await takeProgramTurn('another token', '192.0.2.1')
})

test('all strangers that a key is refused to have one turn, whatever they call themselves', async () => {
  const refused = refusedTo('refused', 'nobody')
  for (let turn = 0; turn < 600; turn++) await takeTurn(by({ installationId: `thief ${turn}` }), refused)
  const another = takeTurn(by({ installationId: 'another' }), refused)
  await expect(another).rejects.toMatchObject({ code: 'too_many' })
  await takeTurn(by(theirs), good('refused'))
})

test('[A7] of a key without a GLPI 60 made-up installations a minute are heard, and the one that it then has', async () => {
  const { found, ...key } = good('unbound')
  if (!found) throw new Error('it was found')
  const unbound = { ...key, found: { ...found, activation: null } }
  const claim = (one: string) => takeTurn(by({ installationId: one }), unbound)
  for (let one = 0; one < 60; one++) await claim(`made up ${one}`)
  await expect(claim('made up 60')).rejects.toMatchObject({
    code: 'too_many',
    facts: { retryAfterSeconds: expect.any(Number) },
  })
  // Who was heard is heard again, as is whoever says no installation, and the one that the key comes to have.
  await claim('made up 0')
  await takeTurn({ key: 'x', from: '192.0.2.7' }, unbound)
  await takeTurn(by({ installationId: 'the one' }), good('unbound'))
  console.log('[A7] 64 calls')
})
