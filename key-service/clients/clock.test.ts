import { expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { begin, day, describeClients, hour, key } from './test-life'
import { signWith, type TestPortal } from './test-portal'

describeClients(phpPath(), (client) => {
  test('turning the clock back wins nothing, with a steady clock and without', async () => {
    for (const steady of [{ boot: 'first', ms: 0 }, null]) {
      const { portal, machine, pass, state } = await begin(client)
      machine.steady = steady
      await state('activate', key)
      portal.fault = 'network'
      for (let hours = 0; hours < 8 * 24; hours++) {
        pass(hour)
        await state('check')
        machine.wall -= hour * 1000
      }
      expect(await state()).toMatchObject(steady ? { entitled: false } : { clockSuspect: true })
      // Without a steady clock, setting it back each hour cannot be told from hours that last minutes; once is noticed.
      if (steady) continue
      machine.wall = portal.time * 1000
      expect(await state('check')).toMatchObject({ entitled: false })
      machine.wall -= 6 * day * 1000
      pass(hour)
      expect(await state('check')).toMatchObject({ entitled: false, clockSuspect: true })
    }
  })

  test('after the clock was turned back, time goes on from the latest that was seen', async () => {
    const { portal, machine, live, state } = await begin(client)
    machine.steady = null
    await state('activate', key)
    portal.fault = 'network'
    await live(3)
    machine.wall -= 2 * day * 1000
    expect(await live(3)).toMatchObject({ entitled: true, clockSuspect: true })
    expect(await live(1.1)).toMatchObject({ entitled: false })
  })

  test('a machine that was off knows by its clock for how long', async () => {
    const { portal, machine, pass, live, state } = await begin(client)
    await state('activate', key)
    portal.fault = 'network'
    await live(1)
    pass(5.9 * day)
    machine.steady = { boot: 'second', ms: 3 * day * 1000 }
    expect(await state('check')).toMatchObject({ entitled: true, mode: 'grace', clockSuspect: false })
    pass(0.2 * day)
    expect(await state()).toMatchObject({ entitled: false, clockSuspect: false })
  })

  test('a clock that is wrong is corrected by the portal’s time, which is asked for', async () => {
    const { portal, machine, state, start } = await begin(client)
    machine.wall += 400 * day * 1000
    expect(await state('activate', key)).toMatchObject({ entitled: true, until: start + 7 * day })
    expect(await state()).toMatchObject({ entitled: true, clockSuspect: false })
    machine.wall -= 800 * day * 1000
    expect(await state()).toMatchObject({ entitled: true, clockSuspect: true })
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: false })
    expect(portal.calls.at(-1)?.call).toBe('GET /api/v1/time')
    machine.wall += 100 * day * 1000
    expect(await state()).toMatchObject({ entitled: false, clockSuspect: true })
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: false })
  })

  test.each([
    [
      'of yesterday',
      (portal: TestPortal) => ({ iss: portal.issuer, iat: portal.time - day, nonce: 'of yesterday' }),
    ],
    ['without a nonce', (portal: TestPortal) => ({ iss: portal.issuer, iat: portal.time })],
  ])('a time %s is none', async (_name, claims) => {
    const { portal, machine, state } = await begin(client)
    await state('activate', key)
    machine.wall -= hour * 1000
    portal.tamper = () => ({ signed: signWith(portal.signing, 'time+jwt', claims(portal)) })
    expect(await state('check')).toMatchObject({ clockSuspect: true, service: { code: 'unreachable' } })
    const { issuer } = portal
    portal.tamper = (json) => json
    portal.issuer = 'https://other.example'
    machine.settings = { portal: issuer }
    expect(await state('checkNow')).toMatchObject({ clockSuspect: true, service: { code: 'unreachable' } })
    portal.issuer = issuer
    expect(await state('checkNow')).toMatchObject({ clockSuspect: false, service: { code: 'ok' } })
  })

  test.each([
    ['with a steady clock', { boot: 'first', ms: 5_000 }],
    ['without one', null],
  ])(
    'a failed try that the clock put days ahead holds off nothing once it is set right: %s',
    async (_name, steady) => {
      const { portal, machine, pass, state } = await begin(client)
      machine.steady = steady && { ...steady }
      await state('activate', key)
      portal.tamper = () => ({})
      machine.wall += 8 * day * 1000
      expect(await state('check')).toMatchObject({ entitled: false, clockSuspect: steady !== null })
      machine.wall -= 8 * day * 1000
      pass(60)
      // While no answer can be believed, one try is made at once, and the next after its pause.
      const tries = () => portal.calls.length
      const before = tries()
      await state('check')
      const once = tries()
      expect(once).toBeGreaterThan(before)
      pass(60)
      await state('check')
      expect(tries()).toBe(once)
      machine.wall -= hour * 1000
      portal.tamper = (json) => json
      expect(await state('check')).toMatchObject({ entitled: true, mode: 'full', clockSuspect: false })
    },
  )

  test('offline, one wrong reading of a clock without a steady one beside it ends with a fresh file', async () => {
    const { portal, machine, call, pass, state, start } = await begin(client)
    portal.fault = 'network'
    portal.addKey(key, { entitledUntil: null, onExpiry: 'trial_mode' })
    machine.steady = null
    const first = portal.offlineFile(key, 'glpi-1')
    await call('useOfflineFile', first, key)
    pass(10 * day)
    machine.wall += 730 * day * 1000
    expect(await state('check')).toMatchObject({ entitled: false, mode: 'trial_mode' })
    const fresh = portal.offlineFile(key, 'glpi-1')
    // The clock is still wrong: then nobody can say that the file is not over, and it is not used up by that.
    expect(await call('useOfflineFile', fresh)).toMatchObject({ refused: 'over' })
    machine.wall -= 730 * day * 1000
    pass(hour)
    expect(await state('check')).toMatchObject({ entitled: false, clockSuspect: true })
    // The file that was used proves no time; one that is newer does.
    expect(await call('useOfflineFile', first)).toMatchObject({ refused: 'over' })
    expect(await call('useOfflineFile', fresh)).toMatchObject({
      refused: null,
      state: { entitled: true, clockSuspect: false, until: start + 410 * day },
    })
    pass(day)
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: false })
    // The time that it proves is not forgotten again.
    machine.wall -= 300 * day * 1000
    expect(await state('check')).toMatchObject({ clockSuspect: true })
    for (let days = 0; days < 398; days++) {
      pass(day)
      expect((await state('check')).entitled).toBe(true)
    }
    pass(day)
    expect(await state('check')).toMatchObject({ entitled: false })
    expect(await call('useOfflineFile', fresh)).toMatchObject({ refused: 'over' })
  })

  test('asleep for a day, and its clock set back a day afterwards, it has won nothing', async () => {
    const { portal, machine, live, state, start } = await begin(client)
    portal.addKey(key, { entitledUntil: null })
    await state('activate', key)
    portal.fault = 'network'
    await live(5)
    // The steady clock stands still meanwhile, as some do.
    portal.time += day
    machine.wall += day * 1000
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: true })
    machine.wall -= day * 1000
    await live((start + 7 * day - portal.time - hour) / day)
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: true })
    expect(await live(1.1 / 24)).toMatchObject({ entitled: false })
    portal.fault = null
    expect(await live(0.1)).toMatchObject({ entitled: true, clockSuspect: false })
  })

  test('offline, with a steady clock as well, only a fresh file ends one wrong reading', async () => {
    const { portal, machine, call, pass, state } = await begin(client)
    portal.fault = 'network'
    await call('useOfflineFile', portal.offlineFile(key, 'glpi-1'), key)
    machine.wall += 730 * day * 1000
    expect(await state('check')).toMatchObject({ clockSuspect: true, entitled: false })
    machine.wall -= 730 * day * 1000
    pass(hour)
    expect(await state('check')).toMatchObject({ clockSuspect: true, entitled: false })
    const fresh = portal.offlineFile(key, 'glpi-1')
    expect(await call('useOfflineFile', fresh)).toMatchObject({ refused: null, state: { entitled: true } })
    expect(await state('check')).toMatchObject({ clockSuspect: false, entitled: true })
  })

  test('with an offline file the cron asks nobody, also where the clock looks wrong; the set-up page asks the time', async () => {
    const { portal, machine, call, state, live } = await begin(client)
    await call('useOfflineFile', portal.offlineFile(key, 'glpi-1'), key)
    machine.wall -= day * 1000
    expect(await live(2)).toMatchObject({ clockSuspect: true, entitled: true, offline: true })
    expect(portal.seen).toEqual([])
    expect(await state('checkNow')).toMatchObject({ clockSuspect: false, entitled: true })
    expect(portal.calls.at(-1)?.call).toBe('GET /api/v1/time')
  })

  test('a clock without a steady one beside it is wrong until it agrees again, and time goes on meanwhile', async () => {
    const { portal, machine, live, state, start } = await begin(client)
    machine.steady = null
    await state('activate', key)
    portal.fault = 'network'
    await live(3)
    machine.wall -= 2 * day * 1000
    expect(await live(1)).toMatchObject({ clockSuspect: true, entitled: true })
    machine.wall += 2 * day * 1000
    expect(await live(1)).toMatchObject({ clockSuspect: false, entitled: true })
    // Set right it has not set time forward: the grace is as long as it was.
    expect(await live((start + 7 * day - portal.time - hour) / day)).toMatchObject({ entitled: true })
    expect(await live(2 / 24)).toMatchObject({ entitled: false })
  })
})
