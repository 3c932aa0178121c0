import { sql } from 'drizzle-orm'
import { expect, test, vi } from 'vitest'
import { pool } from '@/db/client'
import { asSystem } from '@/db/scope'
import { Unavailable } from '@/lib/errors'
import { productDatabase } from '@/sandbox/test/fixture'

await productDatabase({ DATABASE_POOL_SIZE: '10' })

/*
 * The limits that keep a page from waiting for ever. Asked for, not waited for: a test that measures a wait can only
 * say that it was not too short on a machine that does something else as well.
 */
test('[L5] a connection is waited for two seconds at the most, and there are as many as were asked for', () => {
  const { connectionTimeoutMillis, max } = pool().options
  expect({ connectionTimeoutMillis, max }).toEqual({ connectionTimeoutMillis: 2_000, max: 10 })
  console.log('[L5] 2 settings')
})

test('[L5] Postgres itself ends what takes too long: a statement, a wait for a lock, a transaction left open', async () => {
  const limits = {
    statement_timeout: '10s',
    lock_timeout: '5s',
    idle_in_transaction_session_timeout: '15s',
  }
  // On as many connections as there are, each of which was opened with them.
  const seen = await Promise.all(
    Array.from({ length: 10 }, () =>
      asSystem('a test', async (tx) => {
        const found: Record<string, unknown> = {}
        for (const name of Object.keys(limits)) {
          const { rows } = await tx.execute<Record<string, string>>(`show ${name}`)
          found[name] = rows[0]?.[name]
        }
        return found
      }),
    ),
  )
  for (const found of seen) expect(found).toEqual(limits)
  console.log(`[L5] ${seen.length} connections, ${Object.keys(limits).length} settings each`)
})

test('[L5] a Postgres that hangs is unavailable after 12 seconds, and its connection is not used again', async () => {
  let backend = 0
  const asked = asSystem('a test', async (tx) => {
    const { rows } = await tx.execute<{ pid: number }>('select pg_backend_pid() as pid')
    backend = rows[0]?.pid ?? 0
    process.kill(backend, 'SIGSTOP')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const [answer] = await Promise.allSettled([
      tx.execute(sql`select 1`).then(() => 'answered'),
      vi.advanceTimersByTimeAsync(12_000),
    ])
    vi.useRealTimers()
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  })
  try {
    await expect(asked).rejects.toBeInstanceOf(Unavailable)
  } finally {
    process.kill(backend, 'SIGCONT')
  }
  const { rows } = await asSystem('a test', (tx) => tx.execute('select pg_backend_pid() as pid'))
  expect(rows[0]?.pid).not.toBe(backend)
  console.log('[L5] 1 trial')
})
