import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Load, Loaded } from '@/bench/load'
import { describeExit, startProcess } from '@/scripts/processes'

const here = fileURLToPath(new URL('.', import.meta.url))
const megabyte = 1024 * 1024
// Linux counts in pages of this size and in ticks of this many milliseconds, on every architecture that Node runs on.
const pageBytes = 4096
const tickMilliseconds = 10

/** How long is measured: each thing so many seconds in each round. */
export interface Effort {
  rounds: number
  seconds: number
}

export interface Sample extends Loaded {
  /** Milliseconds of processor time of the server; unlike the clock it does not care what else the machine does. */
  processor: number
  /** The most memory that was resident, in megabytes, looked at twice a second. */
  resident: number
}

/** Loads a page and watches the process that answers. */
export async function loadPage(load: Load, server: { pid: number }): Promise<Sample> {
  const before = look(server.pid)
  let { resident } = before
  const watch = setInterval(() => {
    resident = Math.max(resident, look(server.pid).resident)
  }, 500)
  try {
    const loaded = await loadInItsProcess('load.ts', load)
    const after = look(server.pid)
    return {
      ...loaded,
      processor: after.processor - before.processor,
      resident: Math.max(resident, after.resident),
    }
  } finally {
    clearInterval(watch)
  }
}

/**
 * What came of a load, by a loader of this folder. It leaves that in a file: a process has ended before the last of what it
 * printed has come through.
 */
export async function loadInItsProcess(loader: string, load: object): Promise<Loaded> {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bench-'))
  const [todo, done] = [path.join(folder, 'todo.json'), path.join(folder, 'done.json')]
  const lines: string[] = []
  try {
    writeFileSync(todo, JSON.stringify(load))
    const running = startProcess({
      name: 'load',
      command: [process.execPath, path.join(here, loader), todo, done],
      output: (line) => lines.push(line),
      env: process.env,
    })
    const exit = await running.exited
    if (exit.code !== 0) throw new Error(`The load failed (${describeExit(exit)}): ${lines.join('\n')}`)
    // written by the loader
    return JSON.parse(readFileSync(done, 'utf8')) as Loaded
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What a process holds and has used; nothing where the system has no /proc. */
export function look(pid: number): { resident: number; processor: number } {
  if (process.platform !== 'linux') return { resident: 0, processor: 0 }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name before the last parenthesis may hold spaces. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [user = 0, system = 0] = fields.slice(11)
  const [residentPages = 0] = fields.slice(21)
  return {
    resident: (residentPages * pageBytes) / megabyte,
    processor: (user + system) * tickMilliseconds,
  }
}

export function quantile(values: number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN
}

export const median = (values: number[]) => quantile(values, 0.5)

/** Right answers a second. */
export const rate = ({ latencies, seconds }: Loaded) => latencies.length / seconds

/** A line for each sample in which an answer was wrong, by what was measured. */
export const wrongIn = (found: Map<string, Loaded[]>): string[] =>
  [...found].flatMap(([name, samples]) =>
    samples.filter(({ wrong }) => wrong > 0).map((one) => `${name}: ${one.firstWrong}`),
  )
