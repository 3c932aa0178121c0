import { DrizzleQueryError } from 'drizzle-orm/errors'
import { DatabaseError } from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { checkRole } from '@/db/check-role'
import { pool } from '@/db/client'
import { isUnchecked, setUnchecked } from '@/lib/answer'
import { type Env, env } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { checkRing } from '@/lib/keys/check-ring'
import { log } from '@/lib/log'
import { startOrExit } from '@/lib/start'

vi.mock('@/lib/env', async (original) => ({ ...(await original<object>()), env: vi.fn() }))
vi.mock('@/db/client', () => {
  const query = vi.fn()
  return { pool: () => ({ query }) }
})
vi.mock('@/db/check-role')
vi.mock('@/lib/keys/check-ring')

const down = new Error('connect ECONNREFUSED')
const query = vi.mocked(pool().query as () => Promise<unknown>) // of its many shapes, the one in use
// as: nothing else of it is read here
const envWith = (some: Partial<Env>) => some as Env
let written: string

beforeEach(() => {
  vi.useFakeTimers()
  vi.resetAllMocks()
  vi.mocked(env).mockReturnValue(envWith({ PUBLIC_URL: 'https://portal.example.com' }))
  query.mockResolvedValue({})
  setUnchecked(false)
  written = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += text
    return true
  })
  vi.spyOn(process, 'exit').mockImplementation(() => undefined as never) // it would not return
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

test('a start with a database checks role and key ring once', async () => {
  await startOrExit()
  await vi.advanceTimersByTimeAsync(10_000)
  expect([isUnchecked(), vi.getTimerCount()]).toEqual([false, 0])
  expect([query, checkRole, checkRing].map((called) => vi.mocked(called).mock.calls.length)).toEqual([
    1, 1, 1,
  ])
})

test.each([
  ['without a ring', undefined, 1],
  ['with one', new Map([[1, Buffer.alloc(32)]]), 0],
])('%s to sign with, a start says so once or not at all', async (_, ring, times) => {
  vi.spyOn(log, 'warn').mockImplementation(() => {})
  const PUBLIC_URL = 'https://portal.example.com'
  vi.mocked(env).mockReturnValue(envWith(ring ? { PUBLIC_URL, LEASE_KEY_RING: ring } : { PUBLIC_URL }))
  await startOrExit()
  await vi.advanceTimersByTimeAsync(10_000)
  const said = warnings().filter((line) => line.startsWith('LEASE_KEY_RING is missing'))
  expect(said).toHaveLength(times)
})

const warnings = () => vi.mocked(log.warn).mock.calls.map(([said]) => String(said))

test.each([
  ['http://portal.example.com', 'production', 1],
  ['http://192.0.2.10:3000', 'production', 1],
  ['https://portal.example.com', 'production', 0],
  ['http://localhost:3000', 'production', 0],
  ['http://portal.example.com', 'development', 0],
])('under %s in %s it warns of what http leaves open (%i times)', async (PUBLIC_URL, mode, times) => {
  vi.stubEnv('NODE_ENV', mode)
  vi.spyOn(log, 'warn').mockImplementation(() => {})
  vi.mocked(env).mockReturnValue(envWith({ PUBLIC_URL }))
  query.mockRejectedValueOnce(down)
  await startOrExit()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(isUnchecked()).toBe(false)
  expect(warnings().filter((line) => line.includes('cookies are not Secure'))).toHaveLength(times)
})

test('without one it goes on asking, and checks by itself as soon as the database answers', async () => {
  query.mockRejectedValueOnce(down).mockRejectedValueOnce(down)
  await startOrExit()
  expect(isUnchecked()).toBe(true)
  await vi.advanceTimersByTimeAsync(1_000)
  expect([isUnchecked(), vi.mocked(checkRole).mock.calls.length]).toEqual([true, 0])
  await vi.advanceTimersByTimeAsync(1_000)
  expect([isUnchecked(), vi.mocked(checkRing).mock.calls.length]).toEqual([false, 1])
  expect(process.exit).not.toHaveBeenCalled()
})

test('a database that goes again while it is checked is waited for', async () => {
  vi.mocked(checkRing).mockRejectedValueOnce(new Unavailable('database'))
  await startOrExit()
  expect(isUnchecked()).toBe(true)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(isUnchecked()).toBe(false)
})

test('what does not fit a database that comes late ends the process with the sentence', async () => {
  query.mockRejectedValueOnce(down)
  vi.mocked(checkRing).mockRejectedValueOnce(new Error('KEY_RING lacks version 1.'))
  await startOrExit()
  expect(process.exit).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(process.exit).toHaveBeenCalledExactlyOnceWith(1)
  expect(written).toContain('Latchkey does not start. KEY_RING lacks version 1.')
  expect(isUnchecked()).toBe(true)
})

test.each(['28000', '28P01', '3D000'])(
  'a database that lets nobody in (%s) is not waited for: the sentence names the command',
  async (code) => {
    const refused = new DatabaseError('role "latchkey_app" does not exist', 1, 'error')
    query.mockRejectedValueOnce(Object.assign(refused, { code }))
    await startOrExit()
    expect(process.exit).toHaveBeenCalledExactlyOnceWith(1)
    expect(written).toMatch(
      /^Latchkey does not start\. The database answers: role "latchkey_app" does not exist.*npm run db:migrate/,
    )
  },
)

test('one without the tables is not waited for either', async () => {
  const missing = new DatabaseError('relation "keys" does not exist', 1, 'error')
  const cause = Object.assign(missing, { code: '42P01' })
  vi.mocked(checkRing).mockRejectedValueOnce(new DrizzleQueryError('select', [], cause))
  await startOrExit()
  expect(process.exit).toHaveBeenCalledExactlyOnceWith(1)
  expect(written).toContain('The database answers: relation "keys" does not exist. Run npm run db:migrate')
})
