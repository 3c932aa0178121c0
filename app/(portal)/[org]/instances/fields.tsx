import type { ReactNode } from 'react'
import { AddressField } from '@/components/address-field'
import { CheckboxField, SelectField, TextField } from '@/components/form'
import type { productionInstances } from '@/lib/instances/queries'
import type { Translate } from '@/lib/messages/translator'

/** More than these and a list is no help: the copy's original is then named by its ID. */
export const mostOriginals = 200

interface Stated {
  id: string
  label: string
  environment: 'production' | 'test'
  testOf: { id: string; shortId: string } | null
  glpiVersion: string | null
  asksPortal: boolean
}

/** What members say about an instance. `before`: the instance that is changed; without one, its address is asked too. */
export function InstanceFields({
  t,
  originals,
  before,
}: {
  t: Translate
  originals: Awaited<ReturnType<typeof productionInstances>>
  before?: Stated
}): ReactNode {
  return (
    <>
      <TextField
        name="label"
        label={t('instances.field.label')}
        hint={t('instances.field.label_hint')}
        initial={before?.label}
        required
        maxLength={200}
        autoComplete="off"
      />
      {!before && <MainAddress t={t} />}
      <SelectField
        name="environment"
        label={t('instances.field.environment')}
        initial={before?.environment}
        options={[
          { value: 'production', text: t('instances.field.production') },
          { value: 'test', text: t('instances.field.test') },
        ]}
      />
      <Original t={t} originals={originals.filter(({ id }) => id !== before?.id)} before={before} />
      <TextField
        name="glpiVersion"
        label={t('instances.field.glpi_version')}
        hint={t('instances.field.glpi_version_hint')}
        initial={before?.glpiVersion ?? undefined}
        maxLength={50}
        autoComplete="off"
      />
      {before && <AsksPortal t={t} checked={before.asksPortal} />}
    </>
  )
}

const AsksPortal = ({ t, checked }: { t: Translate; checked: boolean }) => (
  <div>
    <CheckboxField
      name="asksPortal"
      label={t('instances.field.asks_portal')}
      hint={t('instances.field.asks_portal_hint')}
      checked={checked}
    />
    <a className="link" href="/help/glpi">
      {t('glpi.asks.title')}
    </a>
  </div>
)

function MainAddress({ t }: { t: Translate }) {
  return (
    <AddressField
      label={t('instances.field.url')}
      hint={t('instances.field.url_hint')}
      compared={t('instances.field.url_compared')}
      warnings={{
        look_alike: t('instances.field.url_look_alike'),
        test_copy: t('instances.field.url_test_copy'),
      }}
    />
  )
}

function Original({
  t,
  originals,
  before,
}: {
  t: Translate
  originals: { id: string; shortId: string; label: string }[]
  before: Stated | undefined
}) {
  const label = t('instances.field.test_of')
  if (originals.length > mostOriginals) {
    return (
      <TextField
        name="testOfId"
        label={label}
        hint={t('instances.field.test_of_id_hint')}
        initial={before?.testOf?.shortId}
        maxLength={40}
        autoComplete="off"
      />
    )
  }
  return (
    <SelectField
      name="testOfId"
      label={label}
      hint={t('instances.field.test_of_hint')}
      initial={before?.testOf?.id ?? ''}
      options={[
        { value: '', text: t('instances.field.test_of_none') },
        ...originals.map((original) => ({
          value: original.id,
          text: `${original.label} (${original.shortId})`,
        })),
      ]}
    />
  )
}
