import { sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'

/** A moment, or another of its row where that is later: the clock of the process that wrote it may be ahead of this one's. */
export const noEarlier = (moment: Date, than: AnyPgColumn) =>
  sql<Date>`greatest(${moment.toISOString()}::timestamptz, ${than})`
