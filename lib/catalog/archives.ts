import { createHmac } from 'node:crypto'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { env } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { log } from '@/lib/log'

/*
 * The files that releases are installed from: REFERENCE-VERSION with one of these endings, in the folder RELEASES_DIR; or
 * with the first of them at RELEASES_BASE_URL. Their names are made from the catalog, never from what somebody asks for.
 */
const types = { '.tar.bz2': 'application/x-bzip2', '.tgz': 'application/gzip', '.zip': 'application/zip' }
type Ending = keyof typeof types
// the keys of that object
const endings = Object.keys(types) as Ending[]

/** How long an address at RELEASES_BASE_URL is good: to begin a download, not to hand it around. */
const signedSeconds = 300

/**
 * The archives that there are.
 * @returns the name of a release's archive, null where it has none
 * @throws Unavailable where the folder cannot be read
 */
export async function archives(): Promise<(reference: string, version: string) => string | null> {
  const { RELEASES_DIR, RELEASES_BASE_URL } = env()
  if (RELEASES_BASE_URL) return (reference, version) => `${reference}-${version}.tar.bz2`
  if (!RELEASES_DIR) return () => null
  const there = new Set(await readable(() => readdir(RELEASES_DIR)))
  return (reference, version) =>
    endings.map((ending) => `${reference}-${version}${ending}`).find((name) => there.has(name)) ?? null
}

export interface ArchiveFile {
  size: number
  type: string
  /** From the first byte to the last, both included; it closes the file. */
  read(first: number, last: number): Readable
  close(): Promise<void>
}

/** Opens an archive of that folder. @param name as `archives` gave it. @throws Unavailable */
export async function openArchive(name: string): Promise<ArchiveFile> {
  const file = await readable(() => open(path.join(env().RELEASES_DIR ?? '', name)))
  const { size } = await file.stat()
  return {
    size,
    type: types[endings.find((ending) => name.endsWith(ending)) ?? '.zip'],
    read: (first, last) => streamOf(file, first, last),
    close: () => file.close(),
  }
}

const streamOf = (file: FileHandle, start: number, end: number) => file.createReadStream({ start, end })

/**
 * Where an archive is fetched elsewhere, for a few minutes; null where it is a file here. The signature is HMAC-SHA256 over
 * the path, a line break and the second in which it ends.
 */
export function signedAddress(name: string, now: Date): string | null {
  const { RELEASES_BASE_URL, RELEASES_SECRET } = env()
  if (!RELEASES_BASE_URL) return null
  if (!RELEASES_SECRET) throw new Error('RELEASES_SECRET is missing; .env.example explains it')
  const address = new URL(`${RELEASES_BASE_URL.replace(/\/+$/, '')}/${name}`)
  const expires = Math.floor(now.getTime() / 1_000) + signedSeconds
  const signature = createHmac('sha256', RELEASES_SECRET)
    .update(`${address.pathname}\n${expires}`)
    .digest('base64url')
  address.search = `?expires=${expires}&signature=${signature}`
  return address.href
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    log.error({ err: error }, 'RELEASES_DIR could not be read')
    throw new Unavailable('releases')
  }
}
