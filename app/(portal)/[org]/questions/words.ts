import { asCode } from '@/components/ui/long-name'
import type { KeyQuestions, QuestionRow } from '@/lib/activations/questions'
import { displayUrl } from '@/lib/instances/url'
import { moment } from '@/lib/messages/dates'
import type { Language, Translate } from '@/lib/messages/translator'

interface Reader {
  t: Translate
  language: Language
  /** The person's own. */
  timeZone: string
}

/** What a question is about and what is known of who called, in sentences. */
export function questionWords(row: QuestionRow, { t, language, timeZone }: Reader) {
  const at = (when: Date) => moment(when, language, timeZone)
  const url = row.url ? displayUrl(row.url) : ''
  const facts = {
    installation: asCode(row.installationId),
    said: row.url ? 'yes' : 'no',
    url,
    glpi: row.glpiVersion ?? 'none',
    calls: row.calls,
    first: at(row.firstAt),
    last: at(row.lastAt),
  }
  return {
    subject: t(`questions.subject.${row.kind}`, { product: row.product, instance: row.instance ?? 'none' }),
    detail: t(`questions.detail.${row.kind}`, facts),
    beside: beside(row, t, at),
    /** What may be long in them. */
    names: [row.instance, row.installationId, url],
  }
}

/** What is asked of all who called with a key, and what is known of the newest. */
export function groupWords(rows: KeyQuestions, { t, language, timeZone }: Reader) {
  const [newest] = rows
  const at = (when: Date) => moment(when, language, timeZone)
  const url = newest.url ? displayUrl(newest.url) : ''
  const stranger = rows.find(({ kind }) => kind === 'installation')
  const onlyStrangers = rows.every(({ kind }) => kind === 'installation')
  const kinds = (['copy', 'address', 'installation'] as const).flatMap((kind) => {
    const count = rows.filter((row) => row.kind === kind).length
    return count > 0 && !onlyStrangers ? [t(`questions.group.kind.${kind}`, { count })] : []
  })
  const last = t('questions.group.newest', {
    installation: asCode(newest.installationId),
    said: newest.url ? 'yes' : 'no',
    url,
    glpi: newest.glpiVersion ?? 'none',
    last: at(newest.lastAt),
  })
  return {
    subject: t(`questions.group.${onlyStrangers ? 'strangers' : 'called'}`, {
      count: new Set(rows.map(({ installationId }) => installationId)).size,
      product: newest.product,
      // Who has the key, where somebody asked for it; what the others are about, their own lines say.
      instance: stranger?.instance ?? 'none',
    }),
    text: [...kinds, last, ...(stranger ? [beside(stranger, t, at)] : [])].join(' '),
    names: [stranger?.instance, newest.installationId, url],
  }
}

/** What the organization knows itself, to compare it with. */
function beside(row: QuestionRow, t: Translate, at: (when: Date) => string): string {
  if (row.kind === 'copy') return t('questions.copy_text', { open: row.answer ? 'no' : 'yes' })
  if (row.kind === 'address')
    return row.instanceUrl ? t('questions.known_address', { url: displayUrl(row.instanceUrl) }) : ''
  return t('questions.holder', {
    sort: row.holderLastAt ? 'called' : row.instanceId ? 'never' : 'none',
    at: row.holderLastAt ? at(row.holderLastAt) : '',
    glpi: row.holderVersion ?? 'none',
  })
}
