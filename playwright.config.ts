import { defineConfig } from '@playwright/test'
import { browserOptions } from '@/sandbox/browser'

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.test.ts',
  globalSetup: './sandbox/test/portal.ts',
  fullyParallel: true,
  workers: 3,
  retries: 0,
  // For a machine of 2 cores that does something else as well; what is fast waits no longer.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: [['list'], ['json', { outputFile: '.reports/e2e.json' }]],
  use: {
    // Both from the global setup: the processes that run tests are started after it, and read this file again.
    baseURL: process.env.PUBLIC_URL,
    launchOptions: browserOptions(),
    screenshot: 'only-on-failure',
    // No trace: it takes a sixth of the processor's time, and what was on the page is written down without it.
  },
})
