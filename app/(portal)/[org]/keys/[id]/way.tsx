import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { Panel, Section } from '@/components/ui/panel'
import { firstDay, lastDay, moment } from '@/lib/messages/dates'
import type { PickUpPlace } from '@/lib/payments/pick-ups'
import type { RenewalWay } from '@/lib/payments/renewals'

/** How far a renewal has come, from the payment until the old key is no longer used, in the person's own time. */
export function Way({ visit, way }: { visit: Visit; way: RenewalWay }) {
  const { t, language, session, organization } = visit
  const { oldKey, newKey, steps, places, returned } = way
  const link = (id: string) => (chunks: ReactNode) => (
    <a className="link" href={`/${organization.slug}/keys/${id}`}>
      {chunks}
    </a>
  )
  return (
    <Section title={t('keys.way.title', { shortId: newKey.shortId })}>
      <Panel padded>
        <p>
          {t.rich(returned ? 'keys.way.went_back' : 'keys.way.sentence', {
            newShortId: newKey.shortId,
            oldShortId: oldKey.shortId,
            new: link(newKey.id),
            old: link(oldKey.id),
            reason: returned?.reason ?? 'refunded',
            date: returned ? lastDay(returned.at, language, organization.timeZone) : '',
            counts: returned?.counts?.shortId ?? 'none',
            now: link(returned?.counts?.id ?? newKey.id),
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
              <li key={`${place.where} ${place.instance} ${place.product} ${place.usesAt?.getTime() ?? 0}`}>
                <PickedUp visit={visit} place={place} />
              </li>
            ))}
          </ul>
        )}
        {places.some(({ shared }) => shared) && <p className="mt-3">{t('keys.way.shared')}</p>}
      </Panel>
    </Section>
  )
}

/** How far the new key has come in one place. */
function PickedUp({ visit, place }: { visit: Visit; place: PickUpPlace }) {
  const { t, language, session } = visit
  const { where, instance, product, test, shared, pickUp, usesAt, byDay, fetchedAt } = place
  // Of several plugins together only one is meant, and it is not known which.
  const since = shared ? null : (usesAt ?? fetchedAt)
  return (
    <>
      <b>{t('keys.way.place', { where, instance, product: product ?? 'none', test: String(test) })}</b>{' '}
      {t(`keys.way.pick_up.${pickUp}`)}
      {since && (
        <>
          {' '}
          <time dateTime={since.toISOString()}>
            {byDay ? firstDay(since, language, 'UTC') : moment(since, language, session.timeZone)}
          </time>
        </>
      )}
    </>
  )
}
