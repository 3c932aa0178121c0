import { pool } from '@/db/client'
import { isRetryable, unavailableWhenDown } from '@/db/failures'
import { Unavailable } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { log } from '@/lib/log'
import type { CheckCode, CheckNote, QuestionKind } from './rules'

/** What was asked, as the history names it. */
export type AskedFor =
  | 'validate'
  | 'activate'
  | 'refresh'
  | 'give_back'
  | 'registration'
  | 'marketplace'
  | 'download'

/** One answer that was given. Never the key itself. */
export interface Answered {
  at: Date
  organizationId: string
  keyId: string
  asked: AskedFor
  code: CheckCode
  notes: readonly CheckNote[]
  /** Where the key is good for this caller; null where it is not. */
  instanceId: string | null
  installationId: string | null
  url: string | null
  glpiVersion: string | null
  productVersion: string | null
  question?: { kind: QuestionKind; refusalCode: string }
}

type Row = Record<string, string | number | readonly string[] | null>
type Counted = Map<string, Row & { calls: number }>

const everyMilliseconds = 1_000
/** Of different callers within a second; beyond, answers are given and not kept. */
const mostRows = 20_000

/**
 * Gathers what is answered and writes it once a second in one statement, so that a check costs one read. What a crash
 * loses is at most that second.
 */
class History {
  private checks: Counted = new Map()
  private sightings = new Map<string, Row>()
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
      const seen = { ...of, ...versions, product_version: productVersion, instance_id: instanceId, at }
      this.sightings.set(`${keyId} ${installationId}`, seen)
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
    if (this.checks.size === 0) return
    const { checks, sightings, questions } = this
    this.checks = new Map()
    this.sightings = new Map()
    this.questions = new Map()
    const batch = JSON.stringify({
      checks: [...checks.values()],
      sightings: [...sightings.values()],
      questions: [...questions.values()],
    })
    try {
      await writeBatch(batch)
    } catch (error) {
      if (!(error instanceof Unavailable)) {
        log.error({ err: error }, 'answers could not be kept')
        return
      }
      this.checks = together(checks, this.checks)
      // What came meanwhile is the newer.
      this.sightings = new Map([...sightings, ...this.sightings])
      this.questions = together(questions, this.questions)
      this.timer ??= setTimeout(() => void this.flush(), everyMilliseconds)
    }
  }
}

function count(rows: Counted, same: Row, first: Row) {
  const key = JSON.stringify(same)
  const known = rows.get(key)
  if (known) known.calls++
  else rows.set(key, { ...same, ...first, calls: 1 })
}

function together(earlier: Counted, later: Counted): Counted {
  for (const [key, row] of later) {
    const known = earlier.get(key)
    earlier.set(key, known ? { ...known, calls: known.calls + row.calls } : row)
  }
  return earlier
}

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
