import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

type Holder = { pid: number; identity: string; about: string }

/** Whether a process of this id runs, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  // One that has ended keeps its id until its parent asks how; in a container nobody may ever ask.
  return process.platform !== 'linux' || statFields(pid)[0] !== 'Z'
}

/** The fields of /proc/<pid>/stat from the state on. The name before it, in parentheses, may itself hold spaces. */
function statFields(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/**
 * What tells a process from a later one of the same id: when it started. In a container ids begin at 1 each time, so
 * that after a restart some process has the id of the one that died. Empty when there is no such process.
 */
export function identityOf(pid: number): string {
  if (!isAlive(pid)) return ''
  try {
    if (process.platform === 'linux') {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      const startTime = statFields(pid)[19]
      return startTime ? `${boot} ${startTime}` : ''
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

export type Lock = { taken: true; release(): void } | { taken: false; pid: number; about: string }

/**
 * Takes the lock that `file` stands for. A lock whose holder is gone is taken over.
 * @param about what the holder wants others to know, such as its address.
 */
export function takeLock(file: string, about: string): Lock {
  mkdirSync(path.dirname(file), { recursive: true })
  const mine: Holder = { pid: process.pid, identity: identityOf(process.pid), about }
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(mine), { flag: 'wx', mode: 0o600 })
      return { taken: true, release: () => rmSync(file, { force: true }) }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const holder = readHolder(file)
    if (holder && holder.identity !== '' && identityOf(holder.pid) === holder.identity) {
      return { taken: false, pid: holder.pid, about: holder.about }
    }
    rmSync(file, { force: true })
  }
}

/** Who holds the lock, whether it still runs or not. */
function readHolder(file: string): Holder | undefined {
  try {
    const holder: Holder = JSON.parse(readFileSync(file, 'utf8'))
    return holder
  } catch {
    return undefined
  }
}
