import { expect, test } from '@playwright/test'
import { loadPage } from '@/bench/measure'
import { fetchPage, keysIn } from '@/bench/page'
import { heap, signIn, startBench } from '@/bench/product'
import { newSession } from './customer'
import { query } from './sign-in'
import { startWeb } from './web'

// The short form sees what each request leaves behind, and not what adds up over minutes or with 200,000 keys.
const stress = Boolean(process.env.STRESS)
const seconds = stress ? 300 : 20

test(`[L3] the keys page under 16 connections for ${seconds} s keeps within 500 MB${stress ? '' : ' (short form)'}`, async () => {
  test.setTimeout(stress ? 25 * 60_000 : 120_000)
  const { server, url, cookie, stop } = stress ? await onLargeSeed() : await onSmallSeed()
  try {
    const page = { name: 'keys', url, cookie }
    const expected = keysIn(await fetchPage(page)).at(-1) ?? 'no key'
    const sample = await loadPage({ ...page, expected, connections: 16, seconds }, server)
    const found = `${sample.latencies.length} requests in ${seconds} s with a heap of ${heap} MB, at most ${sample.resident.toFixed(0)} MB resident`
    console.log(`[L3] ${found}${stress ? '' : ' (short form)'}`)
    expect(sample.firstWrong).toBeUndefined()
    expect(sample.latencies.length).toBeGreaterThan(0)
    expect(sample.resident).toBeLessThanOrEqual(500)
  } finally {
    await stop()
  }
})

async function onLargeSeed() {
  const bench = await startBench({ withBare: false, print: () => {} })
  const { web: server, stop } = bench
  try {
    const cookie = await signIn(bench.postgres, 'owner@grand-groupe.example')
    return { server, url: `${bench.portalUrl}/grand-groupe/keys`, cookie, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function onSmallSeed() {
  const [owner] = await query(`select id from people where email = 'camille@morlanges.example'`)
  const cookie = `session=${await newSession(owner?.id)}`
  const { web: server, url } = await startWeb({
    NODE_OPTIONS: `--max-old-space-size=${heap}`,
    // It is memory that is tried: beside other tests nobody is to be refused for want of a connection.
    DATABASE_POOL_SIZE: '16',
  })
  return { server, url: `${url}/ville-de-morlanges/keys`, cookie, stop: () => server.stop() }
}
