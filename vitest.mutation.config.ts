import { defineConfig } from 'vitest/config'

/** What Stryker runs (stryker.config.mjs): the tests of the files that it changes, none of which needs Postgres. */
export default defineConfig({
  resolve: { alias: { '@': import.meta.dirname } },
  test: {
    include: ['lib/access.test.ts', 'lib/*/rules.test.ts', 'lib/keys/{format,explain,mistyped}.test.ts'],
    testTimeout: 60_000,
  },
})
