import { describe, expect, test } from 'vitest'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem } from '@/sandbox/test/fixture'
import { keyOf, sold } from '@/sandbox/test/sold'
import { keysIn, realPortal } from './test-real'

const { database, fixture, clients, begin } = await realPortal()
const by = () => bySystem(fixture.organizationId)

/** Renews, and says the new key. */
async function renewed(subscriptionId: string) {
  const { keyId } = await renewSubscription(by(), { subscriptionId, months: 12 })
  return { keyId, key: await keyOf(database, keyId) }
}

describe.each(clients)('the %s client and the real key service', (_, client) => {
  test('after a renewal nobody pastes: the plugin goes on with the new key by itself', async () => {
    const { key, subscriptionId, url } = await sold(database, fixture)
    const { state, live, machine } = await begin(client, url)
    await state('activate', key)
    const next = await renewed(subscriptionId)
    expect(await live(2)).toMatchObject({ entitled: true, mode: 'full', key: { code: 'ok', notes: [] } })
    expect(keysIn(machine)).toMatchObject({ key: next.key, next: null })
    expect((await state()).tookOverAt).toBeGreaterThan(0)
  })
})
