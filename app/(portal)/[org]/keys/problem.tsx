import { tryAgain } from '@/app/_request/sentence'
import { Notice } from '@/components/ui/notice'
import { revealsPerHour } from '@/lib/keys/reveal'
import type { Translate } from '@/lib/messages/translator'

type Query = Record<string, string | string[] | undefined>

/** Why a file was not handed out: `?problem=`, set by keys/file/route.ts, which cannot answer in place. */
export function Problem({ query, t }: { query: Query; t: Translate }) {
  const { problem, minutes } = query
  if (problem === 'too_many') {
    const again = tryAgain(60 * Math.min(Number(minutes) || 1, 60))
    const facts = { limit: 'reveal', points: revealsPerHour, ...again }
    return <Notice tone="bad">{t('errors.too_many', facts)}</Notice>
  }
  if (problem === 'unavailable') return <Notice tone="bad">{t('errors.unavailable')}</Notice>
  return null
}
