import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { env } from '@/lib/env'

/*
 * The file of signed heads: where each audit chain ended at some hour, signed by a key that the database does not hold.
 * A line of JSON per signature, and each names the line before it, so that none can be taken out of their middle.
 */

/** The end of a chain; null is the vendor's own. */
export type SignedHead = [organizationId: string | null, sequence: number, hash: string]

export interface Statement {
  at: string
  /** SHA-256 of the line before it; null at the beginning of a file. */
  previous: string | null
  /** Of the whole database, and not only of the chains that this line is about. */
  chains: number
  entries: number
  heads: SignedHead[]
}

export interface SignedLine {
  number: number
  /** Null where it is not signed by our key. */
  statement: Statement | null
  /** Whether it follows the signed line before it. */
  linked: boolean
  hash: string
}

/** What RFC 8410, sections 7 and 4, has before the 32 bytes of an Ed25519 key, private and public. */
const beforeKey = Buffer.from('302e020100300506032b657004220420', 'hex')
const beforePublicKey = Buffer.from('302a300506032b6570032100', 'hex')

/** @throws Error when the environment has no key. */
function privateKey() {
  const { AUDIT_SIGNING_KEY } = env()
  if (!AUDIT_SIGNING_KEY) throw new Error('AUDIT_SIGNING_KEY is missing; .env.example explains it')
  return createPrivateKey({
    key: Buffer.concat([beforeKey, AUDIT_SIGNING_KEY]),
    format: 'der',
    type: 'pkcs8',
  })
}

/** The public part of AUDIT_SIGNING_KEY, as AUDIT_PUBLIC_KEY has it. @throws Error when the environment has no key. */
export const publicPart = () =>
  createPublicKey(privateKey())
    .export({ format: 'der', type: 'spki' })
    .subarray(beforePublicKey.length)
    .toString('base64')

/** What signatures are checked with. @throws Error when the environment has neither part of the key. */
function publicKey() {
  const { AUDIT_PUBLIC_KEY, AUDIT_SIGNING_KEY } = env()
  if (AUDIT_PUBLIC_KEY)
    return createPublicKey({
      key: Buffer.concat([beforePublicKey, AUDIT_PUBLIC_KEY]),
      format: 'der',
      type: 'spki',
    })
  if (AUDIT_SIGNING_KEY) return createPublicKey(privateKey())
  throw new Error('AUDIT_PUBLIC_KEY is missing, and so is AUDIT_SIGNING_KEY; .env.example explains them')
}

/** @throws Error when the environment names no file, the key is missing, its parts do not belong together, or nobody may write there. */
export async function checkHeadsFile(): Promise<string> {
  const { AUDIT_HEADS_FILE, AUDIT_PUBLIC_KEY } = env()
  if (!AUDIT_HEADS_FILE) throw new Error('AUDIT_HEADS_FILE is missing; .env.example explains it')
  if (AUDIT_PUBLIC_KEY && AUDIT_PUBLIC_KEY.toString('base64') !== publicPart())
    throw new Error(
      'AUDIT_PUBLIC_KEY is not the public part of AUDIT_SIGNING_KEY; leave it out, the worker needs it not',
    )
  privateKey()
  await (await open(AUDIT_HEADS_FILE, 'a')).close()
  return AUDIT_HEADS_FILE
}

export function signedLine(statement: Statement): string {
  const signature = sign(null, Buffer.from(JSON.stringify(statement)), privateKey()).toString('base64url')
  return JSON.stringify({ statement, signature })
}

export const lineHash = (line: string) => createHash('sha256').update(line).digest('hex')

/** Appends a line so that it survives a power cut once this has returned. */
export async function appendLine(file: string, line: string) {
  const handle = await open(file, 'a+')
  try {
    const { size } = await handle.stat()
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(size - 1, 0))
    // A line whose writer was killed half-way is closed, and is then one that nobody has signed.
    const torn = size > 0 && buffer.toString() !== '\n'
    await handle.appendFile(`${torn ? '\n' : ''}${line}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Reads a file of signed heads.
 * @param before the hash of the last line of the file that this one goes on from, where there is one.
 */
export async function* readSignedLines(file: string, before: string | null): AsyncGenerator<SignedLine> {
  const key = publicKey()
  let previous: string | null = null
  let number = 0
  const input = createReadStream(file)
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1
    const statement = parseLine(line, key)
    const linked =
      statement !== null &&
      (statement.previous === previous || (previous === null && statement.previous === before))
    const hash = lineHash(line)
    if (statement) previous = hash
    yield { number, statement, linked, hash }
  }
}

function parseLine(line: string, publicKey: ReturnType<typeof createPublicKey>): Statement | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return null
  }
  // what is not of this shape was not signed by us, and what we signed is
  const { statement, signature } = (parsed ?? {}) as { statement?: Statement; signature?: string }
  if (!statement || typeof signature !== 'string') return null
  const signed = verify(
    null,
    Buffer.from(JSON.stringify(statement)),
    publicKey,
    Buffer.from(signature, 'base64url'),
  )
  return signed ? statement : null
}
