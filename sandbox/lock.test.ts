import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { identityOf, takeLock } from '@/sandbox/lock'

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('one holder at a time, and the next one after it', () => {
  const file = path.join(folder, 'a.lock')
  const first = takeLock(file, 'http://localhost:3000')
  expect(takeLock(file, 'another')).toEqual({
    taken: false,
    pid: process.pid,
    about: 'http://localhost:3000',
  })
  if (first.taken) first.release()
  expect(takeLock(file, 'another').taken).toBe(true)
})

test('the lock of a process that is gone is taken over, also when its id is in use again', () => {
  const file = path.join(folder, 'b.lock')
  writeFileSync(
    file,
    JSON.stringify({ pid: process.pid, identity: `${identityOf(process.pid)}0`, about: 'gone' }),
  )
  expect(takeLock(file, 'mine').taken).toBe(true)
  expect(JSON.parse(readFileSync(file, 'utf8')).about).toBe('mine')
})

test('a lock that was cut short while it was written holds nobody off', () => {
  const file = path.join(folder, 'c.lock')
  writeFileSync(file, '')
  expect(takeLock(file, 'mine').taken).toBe(true)
})
