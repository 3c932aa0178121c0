import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

export type Exit = { code: number | null; signal: NodeJS.Signals | null }

export type Running = {
  name: string
  pid: number
  exited: Promise<Exit>
  /** Resolves when the readiness address has answered 200, at once where there is none. */
  ready: Promise<void>
  /** Asks the process to stop, and kills it and its children `limit` milliseconds later. */
  stop(signal?: NodeJS.Signals, limit?: number): Promise<Exit>
}

export type ProcessOptions = {
  name: string
  command: [string, ...string[]]
  cwd?: string
  env?: Record<string, string | undefined>
  uid?: number
  gid?: number
  /** Where its output goes: line by line to a function, or into an open file. */
  output: ((line: string) => void) | number
  /** What the process gets when its parent is gone. */
  stopSignal?: NodeJS.Signals
  readyUrl?: string
  /** Milliseconds. */
  readyWithin?: number
}

// A killed parent runs no handler, so the child must notice by itself. Its standard input is a pipe that only the
// parent holds: when the parent is gone, however it ended, a waiting shell reads the end of the pipe and signals.
// `exec` keeps the process id, so the id that the caller sees is the program's own. The double fork keeps the
// waiting shell out of the program's children, since Postgres treats a child that it does not know as a crash.
const boundToParent = `
self=$$ signal=$1; shift
exec 3<&0 </dev/null
( ( read -r _ <&3 || kill -s "$signal" "$self" ) >/dev/null 2>&1 & )
exec 3<&-
exec "$@"`

/**
 * Starts a program that ends with this process, also when this process is killed. It leads a process group of its
 * own, so that Ctrl-C reaches only this process, which then stops its children in order.
 * @throws when the program cannot be started.
 */
export function startProcess(options: ProcessOptions): Running {
  const { name, output, stopSignal = 'SIGTERM' } = options
  const out = typeof output === 'number' ? output : 'pipe'
  const child = spawn('/bin/sh', ['-c', boundToParent, 'sh', stopSignal.slice(3), ...options.command], {
    cwd: options.cwd,
    // Next's types demand NODE_ENV of every environment, also of Postgres'.
    env: options.env as NodeJS.ProcessEnv,
    uid: options.uid,
    gid: options.gid,
    detached: true,
    stdio: ['pipe', out, out],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${name}: /bin/sh could not be started`)
  if (typeof output === 'function') forwardLines(child, output)
  // Both parents' ends may break at any moment of a stop; that the process ended is told by `exited`.
  child.stdin?.on('error', () => {})
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const ready = options.readyUrl ? untilReady(options, options.readyUrl, exited) : Promise.resolve()
  // Whoever does not wait for readiness learns of the failure by `exited`.
  ready.catch(() => {})
  return { name, pid, exited, ready, stop: (signal, limit) => stopProcess(pid, exited, signal, limit) }
}

function forwardLines(child: ChildProcess, output: (line: string) => void) {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', output)
  }
}

async function stopProcess(
  pid: number,
  exited: Promise<Exit>,
  signal: NodeJS.Signals = 'SIGTERM',
  limit = 10_000,
): Promise<Exit> {
  sendSignal(pid, signal)
  const kill = setTimeout(() => sendSignal(-pid, 'SIGKILL'), limit)
  const exit = await exited
  clearTimeout(kill)
  // What the program itself had started and left behind is in its group.
  sendSignal(-pid, 'SIGKILL')
  return exit
}

function sendSignal(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch {
    // It is gone already, which is what a signal is to achieve.
  }
}

async function untilReady(options: ProcessOptions, url: string, exited: Promise<Exit>): Promise<void> {
  const { name, readyWithin = 60_000 } = options
  const deadline = Date.now() + readyWithin
  let ended: Exit | undefined
  exited.then(
    (exit) => {
      ended = exit
    },
    () => {},
  )
  let last = 'no answer'
  while (Date.now() < deadline) {
    if (ended) throw new Error(`${name} ended before it was ready (${describeExit(ended)})`)
    last = await answerOf(url)
    if (last === '') return
    await wait(100)
  }
  throw new Error(`${name} was not ready within ${readyWithin / 1000} s: ${url} gave ${last}`)
}

/** Empty when the address answers 200, else what it gave. */
async function answerOf(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000), redirect: 'manual' })
    const body = await response.text()
    return response.status === 200 ? '' : `${response.status} ${body.slice(0, 200)}`
  } catch {
    return 'no answer'
  }
}

/** Says how a process ended, for people. */
export function describeExit({ code, signal }: Exit): string {
  return signal ? `signal ${signal}` : `exit code ${code}`
}

/** Stops processes at the same time and waits for all of them. */
export async function stopAll(running: Running[]): Promise<void> {
  await Promise.all(running.map((one) => one.stop()))
}

/** Resolves with the process that ends first. */
export function firstToEnd(
  running: Pick<Running, 'name' | 'exited'>[],
): Promise<{ name: string; exit: Exit }> {
  return Promise.race(running.map(async ({ name, exited }) => ({ name, exit: await exited })))
}

/**
 * Resolves with the first request to stop (Ctrl-C, SIGTERM, a closed terminal). Later ones are ignored: npm passes
 * on a Ctrl-C that the terminal has sent us already, and it must not cut the stop short.
 */
export function requestToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
  })
}
