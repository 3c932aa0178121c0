import { vi } from 'vitest'

/*
 * Run before each test file, which so gets our own modules and the environment as new. What comes from npm is loaded
 * once in each worker: to load it for every file took longer than many of the tests.
 */
declare global {
  var untouched: NodeJS.ProcessEnv | undefined
}

globalThis.untouched ??= { ...process.env }
for (const name of Object.keys(process.env)) delete process.env[name]
Object.assign(process.env, globalThis.untouched)
vi.resetModules()
