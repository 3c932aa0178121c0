import { organizationPage } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { MayNot } from '@/app/(portal)/[org]/may-not'
import { Portal } from '@/app/(portal)/portal'
import { Done } from '@/components/done'
import { LinkButton, mailTo } from '@/components/ui/button'
import { Empty, Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import type { OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { catalog } from '@/lib/activations/catalog'
import { listOfflineFiles, type OfflineFileRow, offlineInstallation } from '@/lib/activations/offline-files'
import { env } from '@/lib/env'
import { isId } from '@/lib/ids'
import { dueFirst, inUse } from '@/lib/keys/order'
import { listKeys } from '@/lib/keys/queries'
import { moment } from '@/lib/messages/dates'
import { foundInstance, instanceTitle } from '../found'
import { FetchForm, fileChoices, Steps } from './fetch-form'
import { FileTable } from './file-table'

const mostFiles = 100
const mostKeys = 100

type Query = Record<string, string | string[] | undefined>

interface Props {
  params: Promise<{ org: string; id: string }>
  searchParams: Promise<Query>
}

export const generateMetadata = instanceTitle(({ label }, t) => t('offline.title', { label }))

export default organizationPage(OfflinePage)

async function OfflinePage({ params, searchParams }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { t, organization, language, session } = visit
  const { organizationId, slug, role } = organization
  const query = await searchParams
  const { data, needs, at } = await read(visit, async (tx, now) => {
    const instance = await foundInstance(tx, organizationId, id)
    const places = instance.testOf ? [id, instance.testOf.id] : [id]
    return {
      instance,
      freesAt: isId(query.gone) ? (await offlineInstallation(tx, organizationId, query.gone)).freesAt : null,
      files: await listOfflineFiles(tx, organizationId, id, mostFiles + 1),
      keys: dueFirst(
        (await Promise.all(places.map((place) => usableKeys(tx, organizationId, place, now)))).flat(),
      ),
    }
  })
  const { instance, freesAt, files, keys } = data
  return (
    <Portal visit={visit} current="instances" needs={needs}>
      <PageHead
        title={t('offline.title', { label: instance.label })}
        sentence={t('offline.sentence')}
        actions={
          <LinkButton href={`/${slug}/instances/${id}`}>
            {t('offline.back', { label: instance.label })}
          </LinkButton>
        }
      />
      {freesAt && (
        <Done>{t('offline.done.gone', { until: moment(freesAt, language, session.timeZone) })}</Done>
      )}
      {may(role, 'offline_file.issue') ? (
        <Fetch
          visit={visit}
          instance={instance}
          choices={fileChoices(keys, await catalog(), visit, at)}
          query={query}
        />
      ) : (
        <MayNot visit={visit} permission="offline_file.issue" />
      )}
      <Files visit={visit} files={files} now={at} />
    </Portal>
  )
}

/** Of a renewed key the new one alone: the file of the old one would end sooner. */
async function usableKeys(tx: OrganizationTx, organizationId: string, instanceId: string, now: Date) {
  const filter = { organizationId, state: 'current', instanceId } as const
  const { rows } = await listKeys(tx, filter, { sort: 'product', size: mostKeys }, now)
  return rows.filter((row) => inUse(row) && row.state !== 'renewed')
}

function Fetch(props: Parameters<typeof FetchForm>[0] & { instance: { retiredAt: Date | null } }) {
  const { visit, instance, choices } = props
  const { t } = visit
  const { VENDOR_NAME: vendor, SUPPORT_EMAIL: support, LEASE_KEY_RING } = env()
  if (!LEASE_KEY_RING)
    return (
      <Notice tone="calm" silent>
        {t.rich('offline.not_set_up', { vendor, support, mail: mailTo(support) })}
      </Notice>
    )
  if (instance.retiredAt || choices.length === 0)
    return (
      <Notice tone="calm" silent>
        {t(instance.retiredAt ? 'offline.retired' : 'offline.no_key')}
      </Notice>
    )
  return (
    <Section title={t('offline.fetch')}>
      <Panel padded>
        <FetchForm {...props} />
      </Panel>
      <Steps t={t} />
    </Section>
  )
}

function Files({ visit, files, now }: { visit: Visit; files: OfflineFileRow[]; now: Date }) {
  const { t } = visit
  return (
    <Section title={t('offline.list')}>
      {files.length === 0 ? (
        <Panel>
          <Empty icon="file-text" title={t('offline.none_title')}>
            {t('offline.none_text')}
          </Empty>
        </Panel>
      ) : (
        <FileTable visit={visit} files={files.slice(0, mostFiles)} now={now} />
      )}
      {files.length > mostFiles && (
        <p className="mt-3 text-muted">{t('offline.more', { count: mostFiles })}</p>
      )}
    </Section>
  )
}
