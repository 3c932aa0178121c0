import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember } from '@/app/_request/session'
import { Portal } from '@/app/(portal)/portal'
import { LinkButton } from '@/components/ui/button'
import { Empty } from '@/components/ui/notice'
import { Pager } from '@/components/ui/pager'
import { PageHead, Panel } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { listActivity, peopleOfActivity } from '@/lib/audit/activity'
import { env } from '@/lib/env'
import type { Translate } from '@/lib/messages/translator'
import { activityHref, filterOf, parseActivity } from './address'
import { ActivityFilters } from './filters'
import { ActivityTable } from './table'

const pageSize = 50
const mostPeople = 200

interface Props {
  params: Promise<{ org: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'activity.read')
  return t('activity.title')
})

export default organizationPage(ActivityPage)

async function ActivityPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'activity.read')
  const { session, organization, t } = visit
  const { organizationId, slug } = organization
  const address = parseActivity(await searchParams)
  const filter = filterOf(address, organizationId, session.timeZone)
  const { data, needs } = await read(visit, (tx) =>
    Promise.all([
      listActivity(tx, filter, { cursor: address.cursor, size: pageSize }),
      peopleOfActivity(tx, organizationId, mostPeople),
    ]),
  )
  const [list, people] = data
  const beside = (cursor: typeof list.next, text: string) =>
    cursor && { href: activityHref(slug, address, { cursor }), text }
  return (
    <Portal visit={visit} current="activity" needs={needs}>
      <PageHead
        title={t('activity.title')}
        sentence={t('activity.sentence')}
        actions={
          may(organization.role, 'activity.export') && (
            <LinkButton icon="download" href={activityHref(slug, address, {}, '/export')}>
              {t('activity.export')}
            </LinkButton>
          )
        }
      />
      <ActivityFilters slug={slug} address={address} people={people} vendor={env().VENDOR_NAME} t={t} />
      {list.rows.length > 0 ? (
        <>
          <ActivityTable visit={visit} rows={list.rows} />
          <Pager
            label={t('activity.pages')}
            summary={t('activity.shown', { count: list.rows.length })}
            previous={beside(list.previous, t('activity.newer'))}
            next={beside(list.next, t('activity.older'))}
          />
        </>
      ) : (
        <NoMatch slug={slug} t={t} />
      )}
    </Portal>
  )
}

/** Never for want of entries: adding the first member is one. */
function NoMatch({ slug, t }: { slug: string; t: Translate }) {
  return (
    <Panel>
      <Empty
        icon="search"
        title={t('activity.no_match_title')}
        actions={<LinkButton href={`/${slug}/activity`}>{t('activity.no_match_all')}</LinkButton>}
      >
        {t('activity.no_match_text')}
      </Empty>
    </Panel>
  )
}
