import { rowsOf } from '@/sandbox/test/fixture'
import type { TestDatabase } from './database'

/**
 * Does what waits, as the worker does, until nothing waits; what fails stays. Without a worker's process a test says when.
 * @param tasks by their names; the others stay
 * @returns the names of what was done, in order
 */
export async function runJobs(
  database: TestDatabase,
  // What a job is given is the task's own to know.
  tasks: Record<string, (payload: never) => Promise<unknown>>,
): Promise<string[]> {
  const done: string[] = []
  const failed: string[] = []
  for (;;) {
    const [job] = await rowsOf<{ id: string; name: string; payload: never }>(
      database,
      `select j.id, t.identifier as name, j.payload from graphile_worker._private_jobs j
       join graphile_worker._private_tasks t on t.id = j.task_id
       where t.identifier = any($1) and j.id <> all($2::bigint[]) order by j.id limit 1`,
      [Object.keys(tasks), failed],
    )
    if (!job) return done
    try {
      await tasks[job.name]?.(job.payload)
    } catch (error) {
      // As the worker does: it is tried again, another time.
      if (!(error instanceof Error) || error.name !== 'Unavailable') throw error
      failed.push(job.id)
      continue
    }
    await rowsOf(database, 'delete from graphile_worker._private_jobs where id = $1', [job.id])
    done.push(job.name)
  }
}
