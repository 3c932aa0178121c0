import { asCode } from '@/components/ui/long-name'
import type { AuditRow } from '@/lib/audit/queries'
import { auditSentence } from '@/lib/audit/sentence'
import { env } from '@/lib/env'
import { displayUrl } from '@/lib/instances/url'
import { type Language, translator } from '@/lib/messages/translator'

/** What may be long in the sentence of an entry: who did it, and the names that it tells. What somebody gave as a reason is read whole. */
export const namesOf = ({
  personName,
  personEmail,
  details: { note, reason, ...told },
}: AuditRow): string[] =>
  [personName, personEmail, ...Object.values(told)].filter((one) => typeof one === 'string')

/** What happened, as a sentence, with an address as people read it. */
export function entrySentence(row: AuditRow, language: Language, timeZone: string): string {
  return sentenceOf(row, row.details, language, timeZone)
}

/** The same for a page, which sets installation IDs as code. */
export function entryLine(row: AuditRow, language: Language, timeZone: string): string {
  const { details } = row
  const ids = ['installation', 'before'].flatMap((name) =>
    typeof details[name] === 'string' && details[name] ? [[name, asCode(details[name])]] : [],
  )
  return sentenceOf(row, { ...details, ...Object.fromEntries(ids) }, language, timeZone)
}

function sentenceOf(row: AuditRow, told: AuditRow['details'], language: Language, timeZone: string): string {
  const { url } = told
  const details = typeof url === 'string' ? { ...told, url: displayUrl(url) } : told
  const speaking = { t: translator(language), language, timeZone, vendor: env().VENDOR_NAME }
  return auditSentence({ ...row, details }, speaking)
}
