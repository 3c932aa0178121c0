import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { objectOf } from './statements'
import type { TimeKept } from './time'

/** Where the client's state lies. It holds the key: what stores it encrypts it, or is readable by GLPI's user alone. */
export interface Storage {
  load(): Promise<string | null>
  /** Whole or not at all: a state that is cut off is lost. */
  save(text: string): Promise<void>
  /**
   * Where the storage can hold others off, as a database's named lock does: calls one work after the other. Without it the
   * client looks again before it asks for a place; with it nobody comes in between.
   */
  alone?<T>(work: () => Promise<T>): Promise<T>
}

/** How the last try went, at one of the three things that an administrator is told of. */
export interface Found {
  code: string
  /** When, in seconds; null: never asked. */
  at: number | null
  /** What exactly was seen, for support. */
  why: string | null
}

export interface Verdict {
  code: string
  notes: string[]
  at: number
  /** The portal's page that solves it. */
  page: string | null
  /** Names this very case to the portal, where the key belongs to another GLPI. */
  refusalCode: string | null
}

export interface Next {
  key: string
  /** What its activation's secret is to be: kept before it is sent, so that it cannot be lost with the answer. */
  secret: string
  /** It was asked for, and nothing came that can be believed: it waits for the next planned call. */
  tried: boolean
}

/** What is kept between two calls. */
export interface Kept {
  /** Grows with each save, so that of two writers the slower one notices. */
  revision: number
  key: string | null
  /** What the portal handed out with the first lease; it tells this GLPI from a copy of its database. */
  secret: string | null
  /** What the portal handed over in place of `key`, until it has answered: the two are kept side by side. */
  next: Next | null
  /** The secrets that were had with earlier keys, by the hash of the key: a refund may bring one of them back. */
  secrets: Record<string, string>
  /** When a key was last taken over, in seconds. */
  tookOverAt: number | null
  keySet: string | null
  lease: string | null
  /** The list of keys by which the lease was verified when it came. */
  leaseKeySet: string | null
  verdict: Verdict | null
  network: Found
  service: Found
  time: TimeKept | null
  /** How often in a row the service was not reached, and when last (seconds). */
  failures: number
  triedAt: number
  /** What this machine's clock said at that try (milliseconds). */
  triedWall: number
  /** Somebody wants to give the place back, and the portal has not confirmed it: it is asked for nothing else. */
  givingBack: boolean
  /** The state was cut off or damaged, and began anew. */
  startedAnew: boolean
}

const unasked: Found = { code: 'unasked', at: null, why: null }

export const nothingKept: Kept = {
  revision: 0,
  key: null,
  secret: null,
  next: null,
  secrets: {},
  tookOverAt: null,
  keySet: null,
  lease: null,
  leaseKeySet: null,
  verdict: null,
  network: unasked,
  service: unasked,
  time: null,
  failures: 0,
  triedAt: 0,
  triedWall: 0,
  givingBack: false,
  startedAnew: false,
}

/** The text to store: the state, and a sum that tells a damaged one. */
export function sealKept(kept: Kept): string {
  const state = JSON.stringify(kept)
  return JSON.stringify({ sum: sumOf(state), state })
}

/** Reads what was stored. What is cut off or damaged counts as nothing, and that is said. */
export function readKept(text: string | null): Kept {
  if (text === null || text === '') return nothingKept
  const { sum, state } = objectOf(text) ?? {}
  const kept = typeof state === 'string' && sum === sumOf(state) ? objectOf(state) : null
  // The sum says that `sealKept` wrote it, so it is a Kept; a later version's further members do no harm.
  return kept ? { ...nothingKept, ...(kept as Partial<Kept>) } : { ...nothingKept, startedAnew: true }
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Keeps the state in a file, which a reader finds as it was before or as it is after, never half. */
export function fileStorage(path: string): Storage {
  return {
    load: async () => {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
        throw error
      }
    },
    save: async (text) => {
      const draft = `${path}.${process.pid}.new`
      await writeFile(draft, text, { mode: 0o600, flush: true })
      await rename(draft, path)
    },
  }
}
