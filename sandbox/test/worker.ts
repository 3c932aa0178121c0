import { expect } from 'vitest'
import { type Running, startProcess } from '@/scripts/processes'

/** The worker as a process of its own, once it is ready. Whoever starts it stops it. */
export async function startWorker(changes: Record<string, string> = {}): Promise<Running> {
  const lines: string[] = []
  const worker = startProcess({
    name: 'worker',
    command: [process.execPath, '--import', './scripts/typescript.mjs', 'lib/jobs/worker.ts'],
    env: { ...process.env, ...changes },
    output: (line) => lines.push(line),
  })
  await expect
    .poll(() => lines.join('\n'), { timeout: 90_000, interval: 20 })
    .toContain('the worker is ready')
  return worker
}
