import { lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import type { Language, Translate } from '@/lib/messages/translator'
import { instanceChanges } from './instance-changes'
import { isolated } from './isolated'
import type { AuditRow } from './queries'

type Name = Parameters<Translate>[0]

/** An audit entry as a sentence; every action of a command has one (a test walks them). */
export function auditSentence(
  row: AuditRow,
  { t, language, timeZone, vendor }: { t: Translate; language: Language; timeZone: string; vendor: string },
): string {
  const who = auditName(row, { t, vendor })
  if (row.outcome === 'refused') {
    const what = said(t, `audit.tried.${row.action}`, 'audit.unknown_tried', {})
    return t('audit.refused', { who: isolated(who), what })
  }
  const facts = Object.fromEntries(
    Object.entries(row.details).map(([name, value]) => [
      name,
      name === 'until' && typeof value === 'string'
        ? lastDay(new Date(value), language, timeZone)
        : name === 'starts' && typeof value === 'string'
          ? lastDay(new Date(Date.parse(value) + 86_400_000), language, timeZone)
          : name === 'amount' && typeof value === 'number'
            ? money(value, String(row.details.currency), language)
            : isolated(String(value ?? ''), name === 'url'),
    ]),
  )
  const noted = row.details.note ? 'yes' : 'no'
  const changes = row.action === 'instance.edit' ? instanceChanges(row.details, t) : ''
  const changed = changes ? 'yes' : 'no'
  const moved = row.details.before ? 'yes' : 'no'
  // Of a removal from before there were tokens: none ended.
  const more = {
    note: '',
    vat: '',
    tokens: '0',
    before: '',
    moved,
    noted,
    actor: row.actor,
    changes,
    changed,
  }
  return said(t, `audit.${row.action}`, 'audit.unknown', { ...more, ...facts, who: isolated(who) })
}

/** A trail outlives versions: an entry may have an action, or lack a fact, that this one does not foresee. */
function said(t: Translate, name: string, instead: Name, facts: Record<string, string>): string {
  try {
    return t(name as Name, facts) // the test says that the file has it for each command there is
  } catch {
    return t(instead, facts)
  }
}

/**
 * Who did it: a person, as they were called then, one of the vendor's, or the vendor where the portal did it by itself.
 * Older entries do not hold the name, and say the one of today.
 */
export function auditName(
  {
    actor,
    personName,
    personEmail,
    details,
  }: Pick<AuditRow, 'actor' | 'personName' | 'personEmail' | 'details'>,
  { t, vendor }: { t: Translate; vendor: string },
): string {
  const called = typeof details.actorName === 'string' ? details.actorName : personName
  // Anybody may call themselves what they like, but not speak as the vendor: their address is confirmed.
  const posing = actor !== 'staff' && plain(called ?? '').includes(plain(vendor))
  const name = (posing ? null : called) || personEmail
  if (name) return actor === 'staff' ? t('audit.staff', { name, vendor }) : name
  if (actor === 'glpi') return t('audit.glpi')
  if (actor === 'token') return t('audit.program', { name: String(details.token ?? '') })
  return actor === 'system' ? vendor : t('audit.somebody')
}

const plain = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
