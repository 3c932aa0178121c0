import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { Panel, Section } from '@/components/ui/panel'
import { moment } from '@/lib/messages/dates'
import type { PickUpPlace } from '@/lib/payments/pick-ups'
import type { RenewalWay } from '@/lib/payments/renewals'

/** How far a renewal has come, from the payment until the old key is no longer used, in the person's own time. */
export function Way({ visit, way }: { visit: Visit; way: RenewalWay }) {
  const { t, language, session, organization } = visit
  const { oldKey, newKey, steps, places } = way
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
        {places.length > 0 && (
          <ul className="mt-4" aria-label={t('keys.way.places')}>
            {places.map((place) => (
              <li key={`${place.where} ${place.instance} ${place.usesAt?.getTime() ?? 0}`}>
                <PickedUp visit={visit} place={place} />
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </Section>
  )
}

/** How far the new key has come in one place. */
function PickedUp({ visit, place }: { visit: Visit; place: PickUpPlace }) {
  const { t, language, session } = visit
  const { where, instance, test, pickUp, usesAt, fetchedAt } = place
  const since = usesAt ?? fetchedAt
  return (
    <>
      <b>{t('keys.way.place', { where, instance, test: String(test) })}</b> {t(`keys.way.pick_up.${pickUp}`)}
      {since && (
        <>
          {' '}
          <time dateTime={since.toISOString()}>{moment(since, language, session.timeZone)}</time>
        </>
      )}
    </>
  )
}
