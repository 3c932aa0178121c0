import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { requireStaff, type StaffVisit } from '@/app/_request/staff'
import { Done } from '@/components/done'
import { Button } from '@/components/ui/button'
import { Select } from '@/components/ui/field'
import { Empty } from '@/components/ui/notice'
import { Pager } from '@/components/ui/pager'
import { PageHead, Panel } from '@/components/ui/panel'
import { asStaff } from '@/db/scope'
import { type ListPlace, placeIn, placeText } from '@/lib/activations/list-place'
import { now } from '@/lib/clock'
import { isId } from '@/lib/ids'
import type { RequestRow } from '@/lib/organizations/requests'
import { organizationsOf } from '@/lib/staff/queries'
import {
  closedRequests,
  countRequests,
  decidersOf,
  openRequests,
  type QueueFilter,
} from '@/lib/staff/requests'
import { StaffFrame } from '../frame'
import { Closed } from './closed'
import { Request } from './request'

/** Each with its form. */
const pageSize = 50
const kinds = ['trial_time', 'second_trial', 'trial', 'join'] as const
const answers = ['approved', 'declined', 'asked_back'] as const

interface Props {
  searchParams: Promise<{ of?: unknown; kind?: unknown; after?: unknown; done?: unknown }>
}

export const generateMetadata = organizationTitle(async (_props: Props) => {
  const { t } = await requireStaff('request.read')
  return t('requests.title')
})

export default organizationPage(RequestsPage)

/** What members ask staff to decide, in whatever organization: what waits, the oldest first, and what was decided of late. */
async function RequestsPage({ searchParams }: Props) {
  const visit = await requireStaff('request.read')
  const { t, role } = visit
  const query = await searchParams
  const after = placeIn(query.after, isId)
  const kind = kinds.find((one) => one === query.kind) ?? null
  const at = now()
  const { mine, all, open, closed, deciders, waiting } = await readQueue(visit, {
    of: query.of,
    kind,
    after,
    at,
  })
  const shown = open.slice(0, pageSize)
  const last = open.length > pageSize ? shown.at(-1) : undefined
  const here = `/staff/requests?${new URLSearchParams({ of: all ? 'all' : 'mine', ...(kind && { kind }) })}`
  const done = answers.find((one) => one === query.done)
  const acts = (slug: string) => role === 'admin' || mine.some((one) => one.slug === slug)
  return (
    <StaffFrame visit={visit} current="requests">
      <PageHead title={t('requests.title')} sentence={t('requests.sentence', { count: waiting })} />
      {done && <Done>{t(`requests.done.${done}`)}</Done>}
      <Filters visit={visit} all={all} kind={kind} />
      {shown.map((request) => (
        <Request
          key={request.id}
          visit={visit}
          request={request}
          now={at}
          acts={acts(request.slug)}
          deciders={deciders(request.organizationId)}
        />
      ))}
      {shown.length === 0 && <Nothing visit={visit} all={all} />}
      <Pages visit={visit} here={here} count={shown.length} isFirst={!after} last={last} />
      <Closed visit={visit} requests={closed} />
    </StaffFrame>
  )
}

interface Wanted {
  of: unknown
  kind: QueueFilter['kind']
  after: ListPlace | undefined
  at: Date
}

function readQueue({ session, role }: StaffVisit, { of, kind, after, at }: Wanted) {
  return asStaff(session.personId, async (tx) => {
    const mine = await organizationsOf(tx, session.personId)
    // Who looks after nobody would find nothing.
    const all = of === 'all' || (of !== 'mine' && (role === 'admin' || mine.length === 0))
    const filter: QueueFilter = { assignedTo: all ? null : session.personId, kind }
    const open = await openRequests(tx, filter, { after, size: pageSize + 1 })
    const closed = after ? [] : await closedRequests(tx, filter, at)
    const organizationIds = open.map(({ organizationId }) => organizationId)
    const deciders = await decidersOf(tx, organizationIds)
    return { mine, all, open, closed, deciders, waiting: await countRequests(tx, filter, at) }
  })
}

interface PagesProps {
  visit: StaffVisit
  /** The first page. */
  here: string
  count: number
  isFirst: boolean
  /** The last one shown, where more follow. */
  last: RequestRow | undefined
}

function Pages({ visit: { t }, here, count, isFirst, last }: PagesProps) {
  if (isFirst && !last) return null
  const next = last && { href: `${here}&after=${placeText(last.askedAt, last.id)}`, text: t('requests.next') }
  return (
    <Pager
      label={t('requests.pages')}
      summary={t('requests.shown', { count })}
      previous={isFirst ? undefined : { href: here, text: t('requests.first') }}
      next={next}
    />
  )
}

function Filters({ visit: { t }, all, kind }: { visit: StaffVisit; all: boolean; kind: string | null }) {
  return (
    <form className="filters" action="/staff/requests">
      <span className="labelled">
        <label htmlFor="of">{t('requests.whose')}</label>
        <Select id="of" name="of" defaultValue={all ? 'all' : 'mine'}>
          <option value="mine">{t('requests.mine')}</option>
          <option value="all">{t('requests.all')}</option>
        </Select>
      </span>
      <span className="labelled">
        <label htmlFor="kind">{t('requests.kind')}</label>
        <Select id="kind" name="kind" defaultValue={kind ?? ''}>
          <option value="">{t('requests.any_kind')}</option>
          {kinds.map((one) => (
            <option key={one} value={one}>
              {t(`requests.kinds.${one}`)}
            </option>
          ))}
        </Select>
      </span>
      <Button type="submit">{t('requests.show')}</Button>
    </form>
  )
}

function Nothing({ visit: { t }, all }: { visit: StaffVisit; all: boolean }) {
  return (
    <Panel>
      <Empty icon="circle-check" title={t('requests.none_title')}>
        {all
          ? t('requests.none_text')
          : t.rich('requests.none_mine', {
              link: (chunks) => (
                <a className="link" href="/staff/requests?of=all">
                  {chunks}
                </a>
              ),
            })}
      </Empty>
    </Panel>
  )
}
