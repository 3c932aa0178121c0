import type { Visit } from '@/app/_request/session'
import { Section } from '@/components/ui/panel'
import type { OtherKey } from '@/lib/instances/others-keys'
import { moment } from '@/lib/messages/dates'

/** On a retired instance: what its GLPI had in use of keys that are not its own, and until when it may go on. */
export function OthersKeys({ visit: { t, session, language }, rows }: { visit: Visit; rows: OtherKey[] }) {
  if (rows.length === 0) return null
  return (
    <Section title={t('instance.others_title')} note={t('instance.others_note')}>
      <div className="panel prods">
        {rows.map(({ shortId, product, leaseEndsAt }) => (
          <article key={shortId} className="prod" aria-label={`${product} ${shortId}`}>
            <div>
              <b>{product}</b> <code>{shortId}</code>
            </div>
            <div>
              <p>{t('instance.others_until', { until: moment(leaseEndsAt, language, session.timeZone) })}</p>
            </div>
          </article>
        ))}
      </div>
    </Section>
  )
}
