import { randomUUID } from 'node:crypto'
import type { Visit } from '@/app/_request/session'
import { AddressField } from '@/components/address-field'
import { ActionForm } from '@/components/form'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { furtherAddresses } from '@/lib/instances/rules'
import { displayUrl } from '@/lib/instances/url'
import { addFurtherAddress, removeFurtherAddress } from '../../actions'

interface Address {
  id: string
  ordinal: number
  url: string
}

/** The instance's addresses: what counts as it, and up to five more than the main one. */
export function Addresses({
  visit: { t, organization },
  instance,
}: {
  visit: Visit
  instance: { id: string; addresses: Address[] }
}) {
  const hidden = { organization: organization.slug, instanceId: instance.id }
  const left = furtherAddresses + 1 - instance.addresses.length
  return (
    <Section title={t('instances.addresses.title')}>
      <Panel>
        <p className="said">{t('instances.addresses.text')}</p>
        <ul className="todo">
          {instance.addresses.map(({ id, ordinal, url }) => (
            <li key={id} className="plain">
              <code translate="no">{displayUrl(url)}</code>
              {ordinal === 0 ? (
                <span className="hint">{t('instances.addresses.main')}</span>
              ) : (
                <Remove t={t} address={displayUrl(url)} hidden={{ ...hidden, addressId: id }} />
              )}
            </li>
          ))}
        </ul>
        <div className="said">
          {left > 0 ? (
            <ActionForm action={addFurtherAddress} hidden={{ ...hidden, idempotencyKey: randomUUID() }}>
              <AddressField
                label={t('instances.addresses.label')}
                hint={t('instances.addresses.left', { count: left })}
                compared={t('instances.field.url_compared')}
                warnings={{ look_alike: t('instances.field.url_look_alike') }}
              />
              <div className="row">
                <SubmitButton pendingText={t('shell.busy')}>{t('instances.addresses.add')}</SubmitButton>
              </div>
            </ActionForm>
          ) : (
            <p className="hint">{t('instances.addresses.full', { count: furtherAddresses })}</p>
          )}
        </div>
      </Panel>
    </Section>
  )
}

function Remove({ t, address, hidden }: { t: Visit['t']; address: string; hidden: Record<string, string> }) {
  return (
    <ActionForm action={removeFurtherAddress} hidden={hidden}>
      <SubmitButton
        small
        pendingText={t('shell.busy')}
        label={t('instances.addresses.remove_label', { address })}
      >
        {t('instances.addresses.remove')}
      </SubmitButton>
    </ActionForm>
  )
}
