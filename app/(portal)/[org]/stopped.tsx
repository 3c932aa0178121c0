import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Dot, State } from '@/components/ui/state'
import type { QuietInstance } from '@/lib/activations/contacts'
import { testAnchor } from '@/lib/activations/diagnosis-phrases'
import { moment } from '@/lib/messages/dates'

interface Props {
  visit: Visit
  one: QuietInstance
}

/** A line of what needs doing: which plugins of an instance stopped, since when, and how they go on. */
export function Stopped({ visit: { t, organization, language, session }, one }: Props) {
  const { id, label, products, lastAt, until } = one
  const say = (at: Date | null) => (at ? moment(at, language, session.timeZone) : '')
  const words = { products: products.join(', '), instance: label, at: say(lastAt), until: say(until) }
  const b = (chunks: ReactNode) => (
    <b>
      <LongNames names={[label]}>{chunks}</LongNames>
    </b>
  )
  const test = (chunks: ReactNode) => (
    <a className="link" href={`/check#${testAnchor}`}>
      {chunks}
    </a>
  )
  return (
    <li>
      <Dot tone="bad" icon="triangle-exclamation-point" />
      <div>
        {t.rich('overview.stopped', { ...words, b })}
        <p>{t.rich('overview.stopped_detail', { ...words, test })}</p>
      </div>
      <LinkButton
        small
        href={`/${organization.slug}/instances/${id}`}
        label={t('overview.stopped_label', words)}
      >
        {t('overview.see')}
      </LinkButton>
    </li>
  )
}

/** The same beside an instance's keys, in a word and the day. */
export function QuietState({ visit: { t, language, session }, one: { contact, lastAt } }: Props) {
  const at = moment(lastAt, language, session.timeZone)
  return contact === 'stopped' ? (
    <State tone="bad" icon="triangle-exclamation-point">
      {t('calls.stopped', { at })}
    </State>
  ) : (
    <State tone="soon" icon="clock">
      {t('calls.silent', { at })}
    </State>
  )
}
