import type { Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { displayUrl } from '@/lib/instances/url'
import { moment } from '@/lib/messages/dates'
import { reinstate } from '../../actions'

/** In the place of the forms, for an instance that was retired. */
export function Reinstate({
  visit: { t, session, organization, language },
  instance,
  retiredAt,
}: {
  visit: Visit
  instance: { id: string; label: string; addresses: { id: string; url: string }[] }
  retiredAt: Date
}) {
  return (
    <Panel padded>
      <ActionForm action={reinstate} hidden={{ organization: organization.slug, instanceId: instance.id }}>
        <p>{t('instances.reinstate.text', { date: moment(retiredAt, language, session.timeZone) })}</p>
        <ul className="bullets">
          {instance.addresses.map(({ id, url }) => (
            <li key={id}>
              <code translate="no">{displayUrl(url)}</code>
            </li>
          ))}
        </ul>
        <div className="row">
          <SubmitButton variant="primary" pendingText={t('shell.busy')}>
            {t('instances.reinstate.submit', { label: instance.label })}
          </SubmitButton>
        </div>
      </ActionForm>
    </Panel>
  )
}
