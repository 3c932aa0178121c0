import { pool } from '@/db/client'
import { isRefused, isRetryable, unavailableWhenDown } from '@/db/failures'
import type { answerCodes, askedFor } from '@/db/schema/answer-codes'
import { Unavailable } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { log } from '@/lib/log'
import type { CheckNote, HandoverNote, QuestionKind } from './rules'

export type AskedFor = (typeof askedFor)[number]
export type AnswerCode = (typeof answerCodes)[number]

/** One answer that was given. Never the key itself. */
export interface Answered {
  at: Date
  organizationId: string
  keyId: string
  asked: AskedFor
  code: AnswerCode
  notes: readonly (CheckNote | HandoverNote)[]
  /** Where the key is good for this caller; null where it is not. */
  instanceId: string | null
  installationId: string | null
  url: string | null
  glpiVersion: string | null
  productVersion: string | null
  /** The plugin that said a version. */
  plugin?: { reference: string; version: string } | null
  question?: { kind: QuestionKind; refusalCode: string }
}

type Row = Record<string, string | number | readonly string[] | Record<string, string> | null>
type CountedRow = Row & { calls: number }
type Counted = Map<string, CountedRow>

const lists = ['checks', 'sightings', 'questions'] as const
/** What is to be written into one of the lists, where it is by its key. */
interface Entry {
  list: (typeof lists)[number]
  key: string
  row: CountedRow
}

const everyMilliseconds = 1_000
/** Of different callers within a second; beyond, answers are given and not kept. */
const mostRows = 20_000
/** In one statement: one that takes longer than Postgres is waited for would be tried again and again. */
const mostWritten = 500

/**
 * Gathers what is answered and writes it once a second in one statement, so that a check costs one read. What a crash
 * loses is at most that second.
 */
class History {
  private checks: Counted = new Map()
  private sightings: Counted = new Map()
  private questions: Counted = new Map()
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()
  private lost = 0

  note(answered: Answered) {
    if (this.checks.size >= mostRows) {
      this.lost++
      return
    }
    const { organizationId, keyId, installationId, instanceId, url, glpiVersion, productVersion } = answered
    const of = { organization_id: organizationId, key_id: keyId, installation_id: installationId }
    const versions = { url, glpi_version: glpiVersion }
    const at = answered.at.toISOString()
    const said = {
      asked: answered.asked,
      code: answered.code,
      notes: answered.notes,
      product_version: productVersion,
    }
    count(this.checks, { ...of, ...versions, ...said, instance_id: instanceId }, { at })
    if (answered.code === 'ok' && installationId && instanceId) {
      // What is downloaded is not installed yet.
      const isInstalled = answered.asked !== 'download'
      const { plugin } = answered
      const seen = {
        ...{ ...of, ...versions, product_version: isInstalled ? productVersion : null },
        product_versions: plugin && isInstalled ? { [plugin.reference]: plugin.version } : {},
        ...{ instance_id: instanceId, at, calls: 1 },
      }
      const key = `${keyId} ${installationId}`
      this.sightings.set(key, seenAgain(this.sightings.get(key), seen))
    }
    if (answered.question && installationId) {
      const { kind, refusalCode } = answered.question
      count(
        this.questions,
        { ...of, kind, refusal_code: refusalCode },
        { ...versions, id: newId(answered.at), at },
      )
    }
    this.timer ??= setTimeout(() => void this.flush(), everyMilliseconds)
  }

  /** Writes what has gathered. While the database is away it is kept, for as long as it fits. */
  async flush() {
    clearTimeout(this.timer)
    this.timer = undefined
    this.writing = this.writing.then(() => this.write())
    return this.writing
  }

  private async write() {
    if (this.lost > 0) log.warn({ lost: this.lost }, 'more was answered than the history keeps')
    this.lost = 0
    const gathered = lists.flatMap((list) => [...this[list]].map(([key, row]): Entry => ({ list, key, row })))
    this.checks = new Map()
    this.sightings = new Map()
    this.questions = new Map()
    const left: Entry[] = []
    for (let from = 0; from < gathered.length; from += mostWritten)
      left.push(...(await writeEntries(gathered.slice(from, from + mostWritten))))
    for (const entry of left) this.putBack(entry)
    if (left.length > 0) this.timer ??= setTimeout(() => void this.flush(), everyMilliseconds)
  }

  private putBack({ list, key, row }: Entry) {
    const later = this[list].get(key)
    // Of when an installation was seen, what came meanwhile is the newer.
    if (list === 'sightings') this.sightings.set(key, later ? seenAgain(row, later) : row)
    else this[list].set(key, { ...row, calls: row.calls + (later?.calls ?? 0) })
  }
}

/** Who does not say something, as record_checks() of the database takes it too, has said nothing against what is known. */
const seenAgain = (before: CountedRow | undefined, seen: CountedRow): CountedRow => ({
  ...seen,
  url: seen.url ?? before?.url ?? null,
  glpi_version: seen.glpi_version ?? before?.glpi_version ?? null,
  product_version: seen.product_version ?? before?.product_version ?? null,
  product_versions: { ...Object(before?.product_versions), ...Object(seen.product_versions) },
})

function count(rows: Counted, same: Row, first: Row) {
  const key = JSON.stringify(same)
  const known = rows.get(key)
  if (known) known.calls++
  else rows.set(key, { ...same, ...first, calls: 1 })
}

/**
 * Writes what has gathered, in one statement. One that Postgres cannot take for what stands in it is parted until the entry
 * is found, so that nobody can lose the others' entries.
 * @returns what is to be written later, since the database is away
 */
async function writeEntries(entries: Entry[]): Promise<Entry[]> {
  const [first] = entries
  if (!first) return []
  try {
    await writeBatch(JSON.stringify(batchOf(entries)))
    return []
  } catch (error) {
    if (error instanceof Unavailable) return entries
    if (!isRefused(error) || entries.length === 1) {
      const { list, row } = first
      log.error({ err: error, lost: entries.length, list, keyId: row.key_id }, 'answers could not be kept')
      return []
    }
    const half = Math.ceil(entries.length / 2)
    return [...(await writeEntries(entries.slice(0, half))), ...(await writeEntries(entries.slice(half)))]
  }
}

const batchOf = (entries: Entry[]) =>
  Object.fromEntries(
    lists.map((list) => [list, entries.filter((one) => one.list === list).map(({ row }) => row)]),
  )

async function writeBatch(batch: string, tries = 3): Promise<void> {
  try {
    await unavailableWhenDown(() => pool().query('select record_checks($1)', [batch]))
  } catch (error) {
    if (tries > 1 && isRetryable(error)) return writeBatch(batch, tries - 1)
    throw error
  }
}

/** The process's history of answers. */
export const history = new History()
