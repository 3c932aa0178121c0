import { readFileSync, statSync } from 'node:fs'

let read = { modified: 0, offset: 0 }
let replaced: (() => Date) | undefined

/**
 * What time it is. The sandbox moves it through a file that holds an offset in milliseconds, which every process reads
 * (`SANDBOX_CLOCK_FILE`; `lib/env.ts` refuses it under a public address).
 */
export function now(): Date {
  if (replaced) return replaced()
  const file = process.env.SANDBOX_CLOCK_FILE
  return new Date(Date.now() + (file ? offsetIn(file) : 0))
}

/**
 * Puts another clock in this process's place, for a seed or a test that lives through a year: `sandbox/time.ts` is the
 * way to call it. Another process, such as the portal under a browser test, is moved by the file.
 * @param clock undefined: the usual one again.
 * @throws outside of tests and the sandbox: a key that is issued yesterday would be a lie that nobody can find.
 */
export function setClock(clock: (() => Date) | undefined) {
  if (process.env.NODE_ENV !== 'test' && !process.env.SANDBOX_CLOCK_FILE) {
    throw new Error('the clock can be set in tests and in the sandbox only')
  }
  replaced = clock
}

function offsetIn(file: string) {
  const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (modified !== read.modified) {
    read = { modified, offset: modified ? Number.parseInt(readFileSync(file, 'utf8'), 10) || 0 : 0 }
  }
  return read.offset
}
