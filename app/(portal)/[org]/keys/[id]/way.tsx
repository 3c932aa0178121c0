import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { Panel, Section } from '@/components/ui/panel'
import { moment } from '@/lib/messages/dates'
import type { RenewalWay } from '@/lib/payments/renewals'

/** How far a renewal has come, from the payment until the old key is no longer used, in the person's own time. */
export function Way({ visit, way }: { visit: Visit; way: RenewalWay }) {
  const { t, language, session, organization } = visit
  const { oldKey, newKey, steps } = way
  const link = (id: string) => (chunks: ReactNode) => (
    <a className="link" href={`/${organization.slug}/keys/${id}`}>
      {chunks}
    </a>
  )
  return (
    <Section title={t('keys.way.title', { shortId: newKey.shortId })}>
      <Panel padded>
        <p>
          {t.rich('keys.way.sentence', {
            newShortId: newKey.shortId,
            oldShortId: oldKey.shortId,
            new: link(newKey.id),
            old: link(oldKey.id),
          })}
        </p>
        <ol className="way mt-4">
          {steps.map(({ step, at }) => (
            <li key={step} className={at ? 'done' : undefined}>
              <b>{t(`keys.way.${step}`)}</b>
              {at ? (
                <time dateTime={at.toISOString()}>{moment(at, language, session.timeZone)}</time>
              ) : (
                t('keys.way.not_yet')
              )}
            </li>
          ))}
        </ol>
      </Panel>
    </Section>
  )
}
