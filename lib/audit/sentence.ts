import { lastDay } from '@/lib/messages/dates'
import type { Language, Translate } from '@/lib/messages/translator'
import type { AuditRow } from './queries'

type Name = Parameters<Translate>[0]

/** An audit entry as a sentence; every action of a command has one (a test walks them). */
export function auditSentence(
  row: AuditRow,
  { t, language, timeZone, vendor }: { t: Translate; language: Language; timeZone: string; vendor: string },
): string {
  const who = row.personName ?? row.personEmail ?? (row.actor === 'system' ? vendor : t('audit.somebody'))
  if (row.outcome === 'refused')
    return t('audit.refused', { who, what: t(`audit.tried.${row.action}` as Name) })
  const facts = Object.fromEntries(
    Object.entries(row.details).map(([name, value]) => [
      name,
      name === 'until' && typeof value === 'string'
        ? lastDay(new Date(value), language, timeZone)
        : isolated(String(value ?? '')),
    ]),
  )
  return t(`audit.${row.action}` as Name, { ...facts, who: isolated(who) }) // the test says that the file has it
}

/** Text of any direction, kept from turning the sentence around it (UAX #9, FSI and PDI). */
const isolated = (text: string) => (/[\u0590-\u08FF\uFB1D-\uFEFC]/u.test(text) ? `\u2068${text}\u2069` : text)
