import { expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { begin, day, describeClients, key, otherKey } from './test-life'
import { TestPortal } from './test-portal'

describeClients(phpPath(), (client) => {
  test('an offline file works to its end without a network', async () => {
    const { portal, call, pass, live, start } = await begin(client)
    portal.addKey(key, { entitledUntil: start + 100 * day })
    const file = portal.offlineFile(key, 'glpi-1')
    expect(await call('useOfflineFile', file, key)).toMatchObject({
      refused: null,
      state: {
        entitled: true,
        offline: true,
        mode: 'full',
        until: start + 100 * day,
        network: { code: 'unasked' },
      },
    })
    await live(2)
    pass(98 * day - 1)
    expect((await call('state')).state).toMatchObject({ entitled: true })
    pass(1)
    expect((await call('check')).state).toMatchObject({ entitled: false, mode: 'read_only' })
    expect(portal.calls).toEqual([])
    expect(await call('useOfflineFile', file)).toMatchObject({ refused: 'over', state: { entitled: false } })
  })

  test('an offline file of another GLPI, key or root, or no such file, changes nothing', async () => {
    const { portal, call, state, machine } = await begin(client)
    portal.addKey(otherKey)
    await state('activate', key)
    const good = JSON.parse(portal.offlineFile(key, 'glpi-1'))
    const stranger = new TestPortal()
    stranger.addKey(key)
    const online = await portal.answer('POST', '/api/v1/activations', {
      key,
      product: 'formspro',
      installation_id: 'glpi-1',
    })
    const files: [string, string][] = [
      ['wrong_claims', portal.offlineFile(key, 'glpi-2')],
      ['wrong_claims', portal.offlineFile(otherKey, 'glpi-1')],
      ['wrong_claims', portal.offlineFile(key, 'glpi-1', { aud: 'other' })],
      [
        'no_offline_file',
        portal.offlineFile(key, 'glpi-1', { refresh_after: 1, grace_until: 2_000_000_000 }),
      ],
      ['untrusted_keys', stranger.offlineFile(key, 'glpi-1')],
      [
        'unknown_kid',
        JSON.stringify({ ...good, lease: JSON.parse(stranger.offlineFile(key, 'glpi-1')).lease }),
      ],
      ['wrong_header', JSON.stringify({ ...good, lease: JSON.parse(online.body).lease })],
      ['untrusted_keys', JSON.stringify({ lease: good.lease })],
      ...['', 'gibberish', '<html>', '[]', 'null', '5', 'true', '"text"'].map((text): [string, string] => [
        'no_offline_file',
        text,
      ]),
      ...[
        '{}',
        '{"lease":[1],"key_set":"x"}',
        '{"lease":"x","key_set":[1]}',
        '{"lease":null,"key_set":{"a":1}}',
      ].map((text): [string, string] => ['untrusted_keys', text]),
      ...[[1], [good.lease], { a: 1 }, 5, null, 'a.b.c'].map((lease): [string, string] => [
        'no_signature',
        JSON.stringify({ ...good, lease }),
      ]),
      ['no_offline_file', `{"lease":"${'x'.repeat(70_000)}"}`],
    ]
    const before = await state()
    for (const [refused, file] of files) {
      expect([file.slice(0, 60), (await call('useOfflineFile', file)).refused]).toEqual([
        file.slice(0, 60),
        refused,
      ])
    }
    expect(await state()).toEqual(before)
    machine.stored = null
    for (const [, file] of files.filter(
      ([, file]) => !file.includes(portal.offlineFile(otherKey, 'glpi-1')),
    )) {
      expect((await call('useOfflineFile', file, key)).state.entitled).toBe(false)
    }
  })

  test('an offline file with any bit flipped, cut, or joined is refused', async () => {
    const { portal, call, machine } = await begin(client)
    const file = portal.offlineFile(key, 'glpi-1')
    const accepted: string[] = []
    const offer = async (text: string) => {
      machine.stored = null
      const { state, refused } = await call('useOfflineFile', text, key)
      if (state.entitled || refused === null) accepted.push(text)
    }
    const places = [...file].map((_, at) => at)
    for (const at of places) {
      // All bits of all places in a run at full size; one of each place, another in each run, else.
      const bits = process.env.STRESS ? [0, 1, 2, 3, 4, 5, 6] : [Math.floor(Math.random() * 7)]
      for (const bit of bits) {
        const flipped = Buffer.from(file)
        flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at)
        await offer(flipped.toString('latin1'))
      }
    }
    const { lease, key_set } = JSON.parse(file)
    const [head, body, signature] = lease.split('.')
    for (const text of [
      `${lease}.`,
      `${lease}.${signature}`,
      `${head}.${body}`,
      `${lease}=`,
      `${head}.${body}.`,
      ` ${lease}`,
    ]) {
      await offer(JSON.stringify({ lease: text, key_set }))
    }
    // The last character of a signature has four bits that mean nothing: another spelling of the same signature.
    const spelled = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = spelled[spelled.indexOf(lease.at(-1)) + 1] ?? ''
    await offer(JSON.stringify({ lease: lease.slice(0, -1) + last, key_set }))
    expect(accepted).toEqual([])
    machine.stored = null
    expect((await call('useOfflineFile', file, key)).refused).toBe(null)
  })

  test('an offline file on a machine whose clock is behind still ends', async () => {
    const { portal, machine, call, pass, start } = await begin(client)
    portal.addKey(key, { entitledUntil: start + 10 * day })
    portal.fault = 'network'
    machine.wall -= 50 * day * 1000
    expect((await call('useOfflineFile', portal.offlineFile(key, 'glpi-1'))).state).toMatchObject({
      entitled: true,
      clockSuspect: true,
    })
    pass(10 * day)
    expect((await call('check')).state).toMatchObject({ entitled: false })
  })

  test('an offline file that claims more than 400 days ends after these', async () => {
    const { portal, call, start } = await begin(client)
    const file = portal.offlineFile(key, 'glpi-1', {
      entitled_until: start + 4000 * day,
      exp: start + 4000 * day,
    })
    expect(await call('useOfflineFile', file, key)).toMatchObject({ state: { until: start + 400 * day } })
  })
})
