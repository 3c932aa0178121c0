export default {
  mutate: ['lib/access.ts', 'lib/**/rules.ts', 'lib/keys/{format,explain,mistyped}.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  coverageAnalysis: 'perTest',
  thresholds: { high: 95, low: 90, break: 90 },
  // A file that is not there: it would read tsconfig.json by the compiler's API, which TypeScript 7 has not.
  tsconfigFile: 'no-tsconfig.json',
  ignorePatterns: ['**', '!lib/**', '!vitest.mutation.config.ts', '!package.json'],
  concurrency: 2,
  timeoutMS: 20_000,
  reporters: ['clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: '.reports/mutation.html' },
  jsonReporter: { fileName: '.reports/mutation.json' },
}
