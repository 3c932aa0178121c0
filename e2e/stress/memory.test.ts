import { expect, test } from '@playwright/test'
import { loadPage } from '@/bench/measure'
import { fetchPage, keysIn } from '@/bench/page'
import { heap, signIn, startBench } from '@/bench/product'

const minutes = 5

test(`[L3] the keys page under 16 connections for ${minutes} minutes keeps within 500 MB`, async ({
  browserName: _,
}, info) => {
  test.setTimeout((minutes + 20) * 60_000)
  const lines: string[] = []
  const bench = await startBench({ withBare: false, print: (line) => lines.push(line) })
  try {
    const cookie = await signIn(bench.postgres, 'owner@grand-groupe.example')
    const page = { name: 'keys', url: `${bench.portalUrl}/grand-groupe/keys`, cookie }
    const expected = keysIn(await fetchPage(page)).at(-1) ?? 'no key'
    const sample = await loadPage({ ...page, expected, connections: 16, seconds: minutes * 60 }, bench.web)
    const found = `${sample.latencies.length} requests with a heap of ${heap} MB, at most ${sample.resident.toFixed(0)} MB resident`
    info.annotations.push({ type: 'trials', description: found })
    process.stdout.write(`[L3] ${found}\n`)
    expect(sample.firstWrong).toBeUndefined()
    expect(sample.latencies.length).toBeGreaterThan(0)
    expect(sample.resident).toBeLessThanOrEqual(500)
  } finally {
    await bench.stop()
  }
})
