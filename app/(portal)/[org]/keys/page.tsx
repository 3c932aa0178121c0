import { redirect } from 'next/navigation'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Portal } from '@/app/(portal)/portal'
import { LinkButton, mailTo } from '@/components/ui/button'
import { Empty } from '@/components/ui/notice'
import { Pager } from '@/components/ui/pager'
import { PageHead, Panel } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { env } from '@/lib/env'
import type { Speaking } from '@/lib/keys/phrases'
import { type Cursor, countKeys, filterChoices, listKeys } from '@/lib/keys/queries'
import type { Translate } from '@/lib/messages/translator'
import { type KeysAddress, keysHref, parseAddress, type SearchParams, typedKeyHref } from './address'
import { Filters } from './filters'
import { MaskedNotice } from './masked'
import { Mistyped } from './mistyped'
import { NoMatch } from './no-match'
import { Problem } from './problem'
import { KeyTable } from './table'

const pageSize = 50
const mostInstances = 60

interface Props {
  params: Promise<{ org: string }>
  searchParams: Promise<SearchParams>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('keys.title')
})

export default organizationPage(KeysPage)

async function KeysPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org)
  const { organization, language, t } = visit
  const query = await searchParams
  const address = parseAddress(query)
  const { organizationId, slug, timeZone } = organization
  const typed = typedKeyHref(slug, address)
  if (typed) redirect(typed)
  const filter = { organizationId, ...address }
  const { data, needs, at } = await read(visit, (tx, now) =>
    Promise.all([
      countKeys(tx, organizationId, now),
      listKeys(tx, filter, { ...address, size: pageSize }, now),
      filterChoices(tx, organizationId, address.instanceId, mostInstances),
    ]),
  )
  const [counts, list, choices] = data
  const speaking: Speaking = { t, language, timeZone, now: at }
  const beside = (cursor: Cursor | undefined, text: string) =>
    cursor && { href: keysHref(slug, address, { cursor }), text }
  return (
    <Portal visit={visit} current="keys" needs={needs}>
      <Head visit={visit} address={address} counts={counts} />
      {counts.keys > 0 && <Filters slug={slug} address={address} choices={choices} t={t} />}
      <Problem query={query} t={t} />
      <Mistyped query={query} t={t} />
      {counts.keys > 0 && <MaskedNotice visit={visit} />}
      <Panel>
        {list.rows.length > 0 && <KeyTable visit={visit} rows={list.rows} speaking={speaking} />}
        {counts.keys === 0 && <NoKeys t={t} />}
        {counts.keys > 0 && list.rows.length === 0 && <NoMatch slug={slug} address={address} t={t} />}
      </Panel>
      {list.rows.length > 0 && (
        <Pager
          label={t('keys.list.pages')}
          summary={t('keys.list.shown', { count: list.rows.length })}
          previous={beside(list.previous, t('keys.list.previous'))}
          next={beside(list.next, t('keys.list.next'))}
        />
      )}
    </Portal>
  )
}

function Head({
  visit: { t, organization },
  address,
  counts,
}: {
  visit: Visit
  address: KeysAddress
  counts: Awaited<ReturnType<typeof countKeys>>
}) {
  const { slug, role } = organization
  return (
    <PageHead
      title={t('keys.title')}
      sentence={t('keys.sentence', counts)}
      actions={
        <>
          {may(role, 'subscription.start') && (
            <LinkButton icon="plus" href={`/${slug}/keys/new`}>
              {t('staff.issue.link')}
            </LinkButton>
          )}
          {counts.keys > 0 && (
            <LinkButton icon="download" href={keysHref(slug, address, {}, '/export')}>
              {t('keys.list.export')}
            </LinkButton>
          )}
        </>
      }
    />
  )
}

function NoKeys({ t }: { t: Translate }) {
  const support = env().SUPPORT_EMAIL
  return (
    <Empty icon="key" title={t('keys.list.none_title')}>
      {t.rich('keys.list.none_text', { support, mail: mailTo(support) })}
    </Empty>
  )
}
