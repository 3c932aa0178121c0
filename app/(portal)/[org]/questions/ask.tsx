import type { Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { LongNames } from '@/components/ui/long-names'

/** Whom to ask, for who may not answer. */
export async function Ask({ visit }: { visit: Visit }) {
  const { who, names } = await whomToAsk(visit, 'question.answer')
  return (
    <p className="mt-3 text-muted">
      <LongNames names={names}>{visit.t('questions.ask', { who })}</LongNames>
    </p>
  )
}
