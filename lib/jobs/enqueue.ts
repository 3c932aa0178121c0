import { sql } from 'drizzle-orm'
import type { OrganizationTx, SystemTx } from '@/db/scope'
import type { Jobs } from './jobs'

/**
 * Adds a job in the caller's transaction: it exists exactly when the change does.
 * @param options.jobKey an identity: a second job under it replaces the first while that waits.
 * @param options.runAt not before this moment; at once where it is left out.
 */
export async function enqueue<Task extends keyof Jobs>(
  tx: OrganizationTx | SystemTx,
  task: Task,
  payload: Jobs[Task],
  options: { jobKey?: string; runAt?: Date } = {},
) {
  const runAt = options.runAt?.toISOString() ?? null
  await tx.execute(
    sql`select enqueue_job(${task}, ${JSON.stringify(payload)}::json, ${options.jobKey ?? null}, ${runAt}::timestamptz)`,
  )
}
