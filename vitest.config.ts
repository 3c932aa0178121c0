import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { '@': import.meta.dirname } },
  test: {
    include: ['{lib,db,sandbox,scripts,key-service,app,components}/**/*.test.{ts,tsx}'],
    globalSetup: 'sandbox/test/cluster.ts',
    setupFiles: 'sandbox/test/fresh.ts',
    isolate: false,
    // One more than there are cores, since many wait: for a lease to end, a process to stop.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', ['json', { outputFile: '.reports/unit.json' }]],
    // Generous, so that a busy machine does not fail a test; STRESS=1 runs the same files at full size.
    testTimeout: process.env.STRESS ? 3_600_000 : 60_000,
    hookTimeout: 60_000,
  },
})
