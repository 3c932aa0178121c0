import type { Visit } from '@/app/_request/session'
import { BuyLink } from '@/app/(portal)/[org]/billing/buy/link'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { may } from '@/lib/access'
import type { instanceDetail } from '@/lib/instances/detail'
import { displayUrl } from '@/lib/instances/url'
import { inUse } from '@/lib/keys/order'
import type { KeyRow } from '@/lib/keys/queries'
import { lastDay } from '@/lib/messages/dates'
import { AllAsFile } from './keys'

interface Props {
  visit: Visit
  instance: Awaited<ReturnType<typeof instanceDetail>>
  rows: KeyRow[]
}

/** Which instance it is: its name, addresses, GLPI version and short ID; and what can be done with it. */
export function Head({ visit, instance, rows }: Props) {
  const { organization, t } = visit
  const [main, ...further] = instance.addresses
  return (
    <PageHead
      title={instance.label}
      sentence={
        <>
          {main && <code>{displayUrl(main.url)}</code>} · {t(`instance.${instance.environment}`)} ·{' '}
          {instance.glpiVersion
            ? t('instance.glpi', { version: instance.glpiVersion })
            : t('instance.glpi_unknown')}{' '}
          · <code className="id">{instance.shortId}</code>
          {further.map(({ id, url }) => (
            <span key={id} className="block">
              {t('instance.further')} <code>{displayUrl(url)}</code>
            </span>
          ))}
        </>
      }
      actions={
        <>
          {may(organization.role, 'subscription.start') && !instance.retiredAt && (
            <LinkButton icon="plus" href={`/${organization.slug}/keys/new?instance=${instance.id}`}>
              {t('staff.issue.link')}
            </LinkButton>
          )}
          {!instance.retiredAt && <BuyLink visit={visit} instanceId={instance.id} />}
          <AllAsFile visit={visit} rows={rows} />
          <EditLink visit={visit} instance={instance} />
        </>
      }
    />
  )
}

function EditLink({ visit: { t, organization }, instance }: Omit<Props, 'rows'>) {
  const { retiredAt } = instance
  if (!may(organization.role, retiredAt ? 'instance.reinstate' : 'instance.edit')) return null
  return (
    <LinkButton
      icon={retiredAt ? 'undo-2' : 'pencil'}
      href={`/${organization.slug}/instances/${instance.id}/edit`}
    >
      {retiredAt ? t('instances.reinstate.submit', { label: instance.label }) : t('instance.edit')}
    </LinkButton>
  )
}

/** What is to be known of it before its keys are: that it is retired, that it is a copy. */
export function Standing({ visit, instance, rows }: Props) {
  const { organization, language, t } = visit
  const { retiredAt, testOf } = instance
  return (
    <>
      {retiredAt && (
        <Notice tone="calm" silent>
          {t('instance.retired', {
            date: lastDay(retiredAt, language, organization.timeZone),
            keys: rows.length,
            working: rows.filter(inUse).length,
          })}
        </Notice>
      )}
      {testOf && (
        <Notice tone="info" silent>
          <a className="link" href={`/${organization.slug}/instances/${testOf.id}`}>
            <LongNames names={[testOf.label]}>{t('instance.test_of', { label: testOf.label })}</LongNames>
          </a>
        </Notice>
      )}
    </>
  )
}
