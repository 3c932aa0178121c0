import type { Visit } from '@/app/_request/session'
import { State } from '@/components/ui/state'
import type { Seen } from '@/lib/activations/calls'
import { contactOf, keptDays } from '@/lib/activations/rules'
import { ago, moment } from '@/lib/messages/dates'

/** By the key: when it was last seen on an instance, how often it was refused to somebody, and what is open about that. */
export interface Contacts {
  seen: ReadonlyMap<string, Seen>
  refused: ReadonlyMap<string, number>
  /** How many questions are open about it. */
  asked: ReadonlyMap<string, number>
}

/** What is known of the GLPI that has a key: when it was last seen, as what, and how long it goes on alone. */
export function Contact({
  visit,
  seen,
  refused,
  asked,
  now,
  works,
}: {
  visit: Visit
  seen: Seen | undefined
  refused: number | undefined
  asked: number | undefined
  now: Date
  /** Of a key that works no more it is no trouble that nobody calls. */
  works: boolean
}) {
  const { t, language, session } = visit
  return (
    <>
      {seen && (
        <p>
          <time dateTime={seen.lastAt.toISOString()} title={moment(seen.lastAt, language, session.timeZone)}>
            {t('calls.seen', {
              ago: ago(seen.lastAt, now, language),
              glpi: seen.glpiVersion ?? 'none',
              plugin: seen.productVersion ?? 'none',
            })}
          </time>
        </p>
      )}
      {seen && works && <Alone visit={visit} seen={seen} now={now} />}
      {refused !== undefined && <p>{t('calls.refused', { calls: refused, days: keptDays })}</p>}
      {asked !== undefined && (
        <p>
          <a className="link" href={`/${visit.organization.slug}/questions`}>
            {t('calls.asked', { count: asked })}
          </a>
        </p>
      )}
    </>
  )
}

function Alone({ visit: { t, language, session }, seen, now }: { visit: Visit; seen: Seen; now: Date }) {
  const say = (at: Date | null) => (at ? moment(at, language, session.timeZone) : '')
  const [at, until] = [say(seen.lastAt), say(seen.leaseEndsAt)]
  const contact = contactOf(seen, now)
  if (contact === 'given_back')
    return <p>{t('calls.given_back', { at: say(seen.givenBackAt), until: say(seen.freesAt) })}</p>
  if (contact === 'stopped')
    return (
      <>
        <p>
          <State tone="bad" icon="x">
            {t('calls.stopped', { at })}
          </State>
        </p>
        <p>{t('calls.stopped_hint', { until })}</p>
      </>
    )
  return (
    <>
      {contact === 'silent' && (
        <>
          <p>
            <State tone="soon" icon="clock">
              {t('calls.silent', { at })}
            </State>
          </p>
          <p>{t('calls.silent_hint')}</p>
        </>
      )}
      {until && <p>{t('calls.until', { until })}</p>}
    </>
  )
}
