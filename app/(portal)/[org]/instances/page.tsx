import { redirect } from 'next/navigation'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { Button, LinkButton } from '@/components/ui/button'
import { SearchInput } from '@/components/ui/field'
import { LongNames } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { Pager } from '@/components/ui/pager'
import { PageHead, Panel } from '@/components/ui/panel'
import { may } from '@/lib/access'
import type { QuietInstances } from '@/lib/activations/contacts'
import { shortIdBeginning } from '@/lib/ids'
import { countInstances, type InstanceCursor } from '@/lib/instances/queries'
import { type InstanceCard, instanceCards } from '@/lib/keys/instance-cards'
import type { Speaking } from '@/lib/keys/phrases'
import { ago, moment } from '@/lib/messages/dates'
import type { Translate } from '@/lib/messages/translator'
import { Portal } from '../../portal'
import { Address, footnote, InstanceName, KeyStates, quietOne } from '../instance-cards'
import { keysHref, parseAddress, typedKeyHref } from '../keys/address'
import { hrefOf, type ListState, listState } from './list-state'

const pageSize = 50

interface Props {
  params: Promise<{ org: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('shell.instances')
})

export default organizationPage(InstancesPage)

async function InstancesPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org)
  const list = listState(await searchParams)
  const { t, organization } = visit
  const { organizationId } = organization
  const home = `/${organization.slug}`
  const typed = typedKeyHref(organization.slug, parseAddress({ q: list.search }))
  if (typed) redirect(typed)
  const { data, quiet, needs, at } = await read(visit, (tx, now) =>
    Promise.all([
      countInstances(tx, organizationId),
      instanceCards(tx, organizationId, { ...list, limit: pageSize }, now),
    ]),
  )
  const [count, page] = data
  // What names no instance may name a key by the beginning of its short ID.
  if (page.cards.length === 0 && shortIdBeginning(list.search)?.startsWith('K'))
    redirect(keysHref(organization.slug, parseAddress({ q: list.search })))
  const here = `${home}/instances`
  // A page that was there when its address was kept.
  if (page.cards.length === 0 && list.cursor) redirect(hrefOf(here, list))
  const speaking = { ...visit, timeZone: organization.timeZone, now: at }
  return (
    <Portal visit={visit} current="instances" needs={needs}>
      <PageHead
        title={t(list.retired ? 'instances.retired_title' : 'instances.title')}
        sentence={
          list.retired
            ? t('instances.retired_sentence')
            : t('instances.sentence', { count: count.inUse, retired: count.retired })
        }
        actions={may(organization.role, 'instance.add') && count.inUse > 0 && <AddLink here={here} t={t} />}
      />
      <Filters visit={visit} here={here} list={list} count={count} />
      {page.cards.length === 0 ? (
        <Panel>
          <Nothing visit={visit} here={here} list={list} />
        </Panel>
      ) : (
        <Table visit={visit} cards={page.cards} quiet={quiet} speaking={speaking} />
      )}
      {(page.previous || page.next) && <Pages page={page} here={here} list={list} t={t} />}
    </Portal>
  )
}

interface Paged {
  page: Awaited<ReturnType<typeof instanceCards>>
  here: string
  list: ListState
  t: Translate
}

function Pages({ page, here, list, t }: Paged) {
  const beside = (cursor: InstanceCursor | undefined, text: string) =>
    cursor && { href: hrefOf(here, list, cursor), text }
  return (
    <Pager
      label={t('instances.pages')}
      summary={t('instances.shown', { count: page.cards.length })}
      previous={beside(page.previous, t('instances.previous'))}
      next={beside(page.next, t('instances.next'))}
    />
  )
}

function AddLink({ here, t, variant }: { here: string; t: Translate; variant?: 'primary' }) {
  return (
    <LinkButton variant={variant} icon="plus" href={`${here}/new`}>
      {t('instances.add')}
    </LinkButton>
  )
}

interface Around {
  visit: Visit
  here: string
  list: ListState
}

/** What is chosen stands in the address, so that a list can be bookmarked and sent; `search/route.ts` sends it there. */
function Filters({
  visit: { t, organization },
  here,
  list,
  count,
}: Around & { count: { inUse: number; retired: number } }) {
  const { search, retired } = list
  if (count.inUse + count.retired === 0) return null
  return (
    <search>
      <form className="filters" action={`/${organization.slug}/search`} method="post" autoComplete="off">
        <input type="hidden" name="list" value="instances" />
        <SearchInput
          name="q"
          label={t('instances.search')}
          placeholder={t('instances.search')}
          defaultValue={search}
          maxLength={300}
        />
        {retired && <input type="hidden" name="retired" value="1" />}
        <Button type="submit">{t('instances.apply')}</Button>
        {retired ? (
          <LinkButton variant="quiet" href={here}>
            {t('instances.in_use')}
          </LinkButton>
        ) : (
          count.retired > 0 && (
            <LinkButton variant="quiet" href={`${here}?retired=1`}>
              {t('instances.retired', { count: count.retired })}
            </LinkButton>
          )
        )}
      </form>
    </search>
  )
}

function Table({
  visit,
  cards,
  quiet,
  speaking,
}: {
  visit: Visit
  cards: InstanceCard[]
  quiet: QuietInstances
  speaking: Speaking
}) {
  const { t } = speaking
  const home = `/${visit.organization.slug}`
  return (
    <Panel>
      <table className="table">
        <thead>
          <tr>
            <th>{t('instances.name')}</th>
            <th>{t('instances.keys')}</th>
            <th>{t('instances.version')}</th>
          </tr>
        </thead>
        <tbody>
          {cards.map((card) => (
            <tr key={card.id}>
              <td>
                <b>
                  <InstanceName home={home} card={card} speaking={speaking} />
                </b>
                <small>
                  <Address card={card} /> <span className="id">{card.shortId}</span>
                </small>
              </td>
              <td>
                <KeyStates visit={visit} card={card} quiet={quietOne(quiet, card)} speaking={speaking} />
              </td>
              <td className="note">
                {footnote(card, speaking)}
                <LastSeen visit={visit} card={card} speaking={speaking} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

function LastSeen({ visit, card, speaking }: { visit: Visit; card: InstanceCard; speaking: Speaking }) {
  const { t, language, now } = speaking
  return (
    card.lastSeenAt && (
      <small>
        <time
          dateTime={card.lastSeenAt.toISOString()}
          title={moment(card.lastSeenAt, language, visit.session.timeZone)}
        >
          {t('instances.seen', { ago: ago(card.lastSeenAt, now, language) })}
        </time>
      </small>
    )
  )
}

async function Nothing({ visit, here, list }: Around) {
  const { t, organization } = visit
  if (list.search) {
    return (
      <Empty
        icon="search"
        title={t('instances.no_match_title', { search: list.search })}
        actions={
          <LinkButton href={list.retired ? `${here}?retired=1` : here}>
            {t('instances.no_match_all')}
          </LinkButton>
        }
      >
        {t('instances.no_match_text')}
      </Empty>
    )
  }
  if (list.retired)
    return (
      <Empty
        icon="server"
        title={t('instances.none_retired')}
        actions={<LinkButton href={here}>{t('instances.in_use')}</LinkButton>}
      />
    )
  const mayAdd = may(organization.role, 'instance.add')
  const { who, names } = await whomToAsk(visit, 'instance.add')
  return (
    <Empty
      icon="server"
      title={t('instances.none_title')}
      actions={mayAdd && <AddLink variant="primary" here={here} t={t} />}
    >
      <LongNames names={names}>
        {mayAdd ? t('instances.none_may_add') : t('instances.none_ask', { who })}
      </LongNames>
    </Empty>
  )
}
