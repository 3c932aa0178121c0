import type { ComponentProps, ReactNode } from 'react'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read, type Wanting } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { LinkButton, mailTo } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import type { OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { refusedWithinWeek } from '@/lib/activations/calls'
import { offlineSummary } from '@/lib/activations/offline-files'
import { questionsByKey } from '@/lib/activations/questions'
import { env } from '@/lib/env'
import { type InstanceCard, instanceCards } from '@/lib/keys/instance-cards'
import { countKeys, mostCounted } from '@/lib/keys/queries'
import { stoppedDays } from '@/lib/keys/rules'
import type { Translate } from '@/lib/messages/translator'
import { underWay } from '@/lib/payments/under-way'
import { Portal } from '../portal'
import { BuyLink } from './billing/buy/link'
import { Asked, OfflineFiles, Refused, Silent } from './called'
import { InstanceCards } from './instance-cards'
import { Joining } from './joining'
import { soonestFirst } from './soonest'
import { Todo } from './todo'
import { TryLink } from './trials/link'

const mostCards = 12
/** Keys that somebody asked for. */
const mostQuestions = 3

interface Props {
  params: Promise<{ org: string }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('shell.overview')
})

export default organizationPage(OverviewPage)

async function OverviewPage({ params }: Props) {
  const visit = await requireMember((await params).org)
  const { t, organization } = visit
  const { data, attention, quiet, failed, joining, questions, needs, at } = await readOverview(visit)
  const [count, cards, asked, refused, offline, paying] = data
  const speaking = { ...visit, timeZone: organization.timeZone, now: at }
  return (
    <Portal visit={visit} current="overview" needs={needs}>
      <PageHead
        title={greeting(visit, at)}
        sentence={standing(visit, { needs, more: attention.more || quiet.more }, count)}
      />
      {/* A plugin that stopped comes before what is merely asked. */}
      {quiet.stopped.length === 0 && <Asked visit={visit} groups={asked} open={questions.open} />}
      {attention.lines.length + quiet.stopped.length + failed.length > 0 && (
        <Todo
          visit={visit}
          stopped={quiet.stopped}
          failed={failed}
          paying={paying}
          attention={{ ...attention, lines: soonestFirst(attention.lines) }}
          mayReveal={may(organization.role, 'key.reveal')}
          first={asked.length === 0}
          speaking={speaking}
        />
      )}
      <Joining visit={visit} count={joining} />
      {quiet.stopped.length > 0 && <Asked visit={visit} groups={asked} open={questions.open} />}
      {needs === 0 && <Nothing visit={visit} count={count} />}
      <Silent visit={visit} silent={quiet.silent} />
      <Refused visit={visit} calls={refused} />
      <OfflineFiles visit={visit} summary={offline} />
      {(count.keys > count.working || count.keys > mostCounted) && (
        <LongAgo home={`/${organization.slug}`} t={t} />
      )}
      {cards.length === 0 ? (
        <NoInstance visit={visit} home={`/${organization.slug}`} />
      ) : (
        <Instances visit={visit} cards={cards} quiet={quiet} of={count.instances} speaking={speaking} />
      )}
    </Portal>
  )
}

interface InstancesProps extends ComponentProps<typeof InstanceCards> {
  /** How many there are, of which the first are shown. */
  of: number
}

function Instances({ of, ...shown }: InstancesProps) {
  const { t, organization } = shown.visit
  return (
    <Section title={t('overview.instances')} note={of > 1 && t('overview.sorted')}>
      <InstanceCards {...shown} />
      {of > shown.cards.length && (
        <p className="after">
          <a className="link" href={`/${organization.slug}/instances`}>
            {t('overview.all_instances', { count: of })}
          </a>
        </p>
      )}
    </Section>
  )
}

function greeting({ t, session }: Visit, at: Date): string {
  const name = session.name?.split(' ')[0]
  const part = partOfDay(at, session.timeZone)
  return name ? t('overview.greeting_named', { part, name }) : t('overview.greeting', { part })
}

function readOverview(visit: Visit) {
  const { organizationId } = visit.organization
  return read(visit, (tx, now, wanting) =>
    Promise.all([
      countKeys(tx, organizationId, now),
      cardsOf(tx, organizationId, wanting, now),
      questionsByKey(tx, organizationId, { size: mostQuestions }),
      refusedWithinWeek(tx, organizationId, now),
      offlineSummary(tx, organizationId, now),
      payingOf(tx, organizationId, wanting),
    ]),
  )
}

function Nothing({ visit, count }: { visit: Visit; count: { working: number; instances: number } }) {
  if (count.working > 0) return <Quiet t={visit.t} />
  return count.instances > 0 && <NoKeyWorks visit={visit} />
}

function Quiet({ t }: { t: Translate }) {
  return (
    <Panel>
      <Empty icon="circle-check" title={t('overview.quiet_title')}>
        {t('overview.quiet_text')}
      </Empty>
    </Panel>
  )
}

/** Where nothing above says it: how a key is had. */
function NoKeyWorks({ visit }: { visit: Visit }) {
  const { t } = visit
  const support = env().SUPPORT_EMAIL
  return (
    <Panel>
      <Empty
        icon="key"
        title={t('overview.no_key_title')}
        actions={
          <>
            <BuyLink visit={visit} primary />
            <TryLink visit={visit} />
          </>
        }
      >
        {t.rich('overview.no_key_text', { support, mail: mailTo(support) })}
      </Empty>
    </Panel>
  )
}

/** Where what stopped too long ago to stand above is found; to count that takes longer than all the rest of the page. */
function LongAgo({ home, t }: { home: string; t: Translate }) {
  const keysThat = (state: 'expired' | 'revoked') => (chunks: ReactNode) => (
    <a className="link" href={`${home}/keys?state=${state}`}>
      {chunks}
    </a>
  )
  return (
    <p className="after text-muted">
      {t.rich('overview.long_ago', {
        days: stoppedDays,
        expired: keysThat('expired'),
        revoked: keysThat('revoked'),
      })}
    </p>
  )
}

/** What of the lines is being paid. */
async function payingOf(tx: OrganizationTx, organizationId: string, wanting: Promise<Wanting>) {
  const { lines } = (await wanting).attention
  return underWay(
    tx,
    organizationId,
    lines.flatMap(({ keys }) => keys.map(({ id }) => id)),
  )
}

/** First those of what stands above them, in its order. */
async function cardsOf(
  tx: OrganizationTx,
  organizationId: string,
  wanting: Promise<Wanting>,
  now: Date,
): Promise<InstanceCard[]> {
  const { attention, quiet } = await wanting
  const ofLines = soonestFirst(attention.lines).flatMap(({ keys }) => keys[0].instanceId ?? [])
  const first = [...new Set([...quiet.stopped.map(({ id }) => id), ...ofLines])]
  const { cards } = await instanceCards(tx, organizationId, { first, limit: mostCards }, now)
  return cards
}

function standing(
  { t }: Visit,
  { needs, more }: { needs: number; more: boolean },
  { working, instances }: { working: number; instances: number },
): string {
  if (needs > 0) {
    return t('overview.needs', { keys: working, needs, more: more ? 'yes' : 'no' })
  }
  if (working > 0) return t('overview.quiet', { keys: working, instances })
  return instances > 0 ? t('overview.no_key_works', { instances }) : t('overview.new')
}

async function NoInstance({ visit, home }: { visit: Visit; home: string }) {
  const { t, organization } = visit
  const mayAdd = may(organization.role, 'instance.add')
  const { who, names } = await whomToAsk(visit, 'instance.add')
  return (
    <Section title={t('overview.instances')}>
      <Panel>
        <Empty
          icon="server"
          title={t('overview.none_title')}
          actions={
            mayAdd && (
              <LinkButton variant="primary" icon="plus" href={`${home}/instances/new`}>
                {t('instances.add')}
              </LinkButton>
            )
          }
        >
          <LongNames names={names}>
            {mayAdd ? t('overview.none_may_add') : t('overview.none_ask', { who })}
          </LongNames>
        </Empty>
      </Panel>
    </Section>
  )
}

/** By the hour on the person's own clock. */
function partOfDay(now: Date, timeZone: string): 'morning' | 'afternoon' | 'evening' {
  const hour = Number(
    new Intl.DateTimeFormat('en-GB', { hour: '2-digit', hourCycle: 'h23', timeZone }).format(now),
  )
  if (hour >= 5 && hour < 12) return 'morning'
  return hour >= 12 && hour < 18 ? 'afternoon' : 'evening'
}
