import { sql } from 'drizzle-orm'
import { auditHeads } from '@/db/schema/audit'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import { log } from '@/lib/log'
import {
  appendLine,
  checkHeadsFile,
  lineHash,
  readSignedLines,
  type SignedHead,
  signedLine,
} from './signed-heads'

/** So that no line grows with the number of customers, nor past what collectors of logs take. */
const headsPerLine = 100

/**
 * The job `sign_audit_heads`: signs where each audit chain ends that has grown since it was last signed, into a file and
 * the log. Whoever can write the database can write a chain anew, but cannot sign it. Run twice, it signs once more.
 */
export async function signHeads() {
  const file = await checkHeadsFile()
  const known = await lastSigned(file)
  const heads = await asSystem('sign the ends of the audit chains', (tx) =>
    tx.select().from(auditHeads).orderBy(sql`${auditHeads.organizationId} nulls first`),
  )
  const ends = heads.map(
    ({ organizationId, sequence, hash }): SignedHead => [organizationId, sequence, hash.toString('hex')],
  )
  warnOfShorter(known.heads, ends)
  const changed = ends.filter((end) => String(known.heads.get(end[0])) !== String(end))
  const counts = { chains: ends.length, entries: ends.reduce((sum, [, sequence]) => sum + sequence, 0) }
  let { previous } = known
  // A line also when nothing changed: an hour without one tells that somebody took it away, or that nobody signed.
  for (let from = 0; from === 0 || from < changed.length; from += headsPerLine) {
    const line = signedLine({
      at: now().toISOString(),
      previous,
      ...counts,
      heads: changed.slice(from, from + headsPerLine),
    })
    await appendLine(file, line)
    log.info({ signed: line }, 'the ends of the audit chains were signed')
    previous = lineHash(line)
  }
}

async function lastSigned(file: string) {
  const heads = new Map<string | null, SignedHead>()
  let previous: string | null = null
  for await (const { statement, hash } of readSignedLines(file, null)) {
    if (!statement) continue
    previous = hash
    for (const head of statement.heads) heads.set(head[0], head)
  }
  return { heads, previous }
}

/** What can be told without reading the chains; `npm run audit:verify` reads them. */
function warnOfShorter(known: Map<string | null, SignedHead>, ends: SignedHead[]) {
  const found = new Map(ends.map((end) => [end[0], end]))
  for (const [organizationId, sequence, hash] of known.values()) {
    const [, now = 0, nowHash] = found.get(organizationId) ?? []
    if (now > sequence || (now === sequence && nowHash === hash)) continue
    log.error(
      { organizationId, signed: sequence, now },
      'an audit chain is not what was signed before; npm run audit:verify says more',
    )
  }
}
