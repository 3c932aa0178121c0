import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { Done } from '@/components/done'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Empty, Notice } from '@/components/ui/notice'
import { PageHead, Panel } from '@/components/ui/panel'
import type { OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { openSourceProducts } from '@/lib/catalog/queries'
import { listInstances } from '@/lib/instances/queries'
import { type KeyRow, listKeys } from '@/lib/keys/queries'
import { lastDay } from '@/lib/messages/dates'
import { trialRequests } from '@/lib/organizations/requests'
import { underWay } from '@/lib/payments/under-way'
import { listTrialOffers } from '@/lib/trials/offers'
import { listTrials, type TrialRow } from '@/lib/trials/queries'
import { Portal } from '../../portal'
import { OpenSource } from '../instances/[id]/planner'
import { Asked } from './asked'
import { Begun } from './begun'
import { Confirm } from './confirm'
import { ConfirmAgain, ConfirmMore } from './more'
import { Offers, waitsFor } from './offers'
import { Past } from './past'
import { Running } from './running'

/** What a list is good for; of more, a trial's instance is named by its short ID. */
const mostInstances = 200

interface Props {
  params: Promise<{ org: string }>
  /**
   * `try`, `again`: the product that is about to be tried, or asked for again; `begun`, `more`: the key of a trial that was just
   * begun, or is to be longer; `done`: what was done, and `of` the key of it.
   */
  searchParams: Promise<Partial<Record<'try' | 'begun' | 'again' | 'more' | 'done' | 'of', unknown>>>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('trials.title')
})

export default organizationPage(TrialsPage)

/** What runs, what can be tried on which instance, and what has become of the trials before. */
async function TrialsPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org)
  const { t, organization } = visit
  const { try: wanted, begun, again, more: longer, done, of } = await searchParams
  const { data, needs, at } = await read(visit, (tx, now) =>
    readTrials(tx, organization.organizationId, now, begun),
  )
  const { offers, trials, paying, instances, more, begunKey, openSource, requests } = data
  const running = trials.filter(({ standing }) => standing === 'runs')
  const begunTrial = running.find(({ id }) => id === begun)
  const runs = new Set(running.map(({ productId }) => productId))
  const free = offers.filter(({ places }) => places.some(({ verdict }) => verdict.ok))
  const mayStart = may(organization.role, 'trial.start')
  const mayBegin = (id: string) => mayStart && !runs.has(id) && !waitsFor(id, requests)
  const chosen = offers.find(({ product: { id } }) => id === wanted && mayBegin(id))
  const asked = may(organization.role, 'trial.ask')
    ? offers.find(({ product: { id } }) => id === again)
    : undefined
  const lengthened = trials.find(({ id }) => id === longer)
  const around = { visit, now: at, requests }
  return (
    <Portal visit={visit} current="trials" needs={needs}>
      <PageHead
        title={t('trials.title')}
        sentence={t('trials.sentence', { running: running.length, free: free.length })}
      />
      {begunTrial && begunKey && <Begun {...around} trial={begunTrial} row={begunKey} />}
      <WhatWasDone visit={visit} done={done} trial={trials.find(({ id }) => id === of)} />
      {!mayStart && <MayNotStart visit={visit} />}
      {chosen && <Confirm visit={visit} offer={chosen} more={more} />}
      {lengthened && <ConfirmMore {...around} trial={lengthened} />}
      {asked && <ConfirmAgain {...around} offer={asked} more={more} />}
      <Running {...around} trials={running} paying={paying} offers={offers} />
      <Asked {...around} />
      {instances === 0 && <AddInstance visit={visit} />}
      <Offers
        visit={visit}
        requests={requests}
        offers={offers.filter(({ product }) => !runs.has(product.id))}
        chosen={chosen?.product.id}
        instances={instances}
        more={more}
      />
      <Past {...around} offers={offers} trials={trials.filter(({ standing }) => standing !== 'runs')} />
      <OpenSource products={openSource} t={t} />
    </Portal>
  )
}

async function readTrials(tx: OrganizationTx, organizationId: string, now: Date, begun: unknown) {
  const trials = await listTrials(tx, organizationId, now)
  const { rows, next } = await listInstances(tx, organizationId, { limit: mostInstances })
  const instanceIds = rows.map(({ id }) => id)
  const keyId = trials.find(({ id }) => id === begun)?.id
  return {
    trials,
    offers: await listTrialOffers(tx, organizationId, now, { productIds: null, instanceIds }),
    paying: await underWay(
      tx,
      organizationId,
      trials.map(({ id }) => id),
    ),
    instances: rows.length,
    more: next !== undefined,
    begunKey: keyId ? await keyOf(tx, organizationId, keyId, now) : undefined,
    openSource: await openSourceProducts(tx),
    requests: await trialRequests(tx, organizationId, now),
  }
}

async function keyOf(
  tx: OrganizationTx,
  organizationId: string,
  keyId: string,
  now: Date,
): Promise<KeyRow | undefined> {
  const filter = { organizationId, state: 'all', keyId } as const
  return (await listKeys(tx, filter, { sort: 'until', size: 1 }, now)).rows[0]
}

const sent = ['asked', 'replied', 'withdrawn'] as const

function WhatWasDone({ visit, done, trial }: { visit: Visit; done: unknown; trial: TrialRow | undefined }) {
  const { t, language, organization } = visit
  if (done === 'extended' && trial) {
    const until = lastDay(trial.endsAt, language, organization.timeZone)
    return <Done>{t('trials.more.done', { product: trial.product, until })}</Done>
  }
  if (done === 'waits') return <Done>{t('stranger.waits_here')}</Done>
  const said = sent.find((one) => one === done)
  return said && <Done>{t(`trials.asked.done.${said}`)}</Done>
}

/** Who only reads is told who starts them. */
async function MayNotStart({ visit }: { visit: Visit }) {
  const { t, organization } = visit
  const { who, names } = await whomToAsk(visit, 'trial.start')
  return (
    <Notice tone="calm" silent>
      <LongNames names={names}>
        {t('trials.may_not', { role: t(`errors.role.${organization.role}`), who })}
      </LongNames>
    </Notice>
  )
}

async function AddInstance({ visit }: { visit: Visit }) {
  const { t, organization } = visit
  const mayAdd = may(organization.role, 'instance.add')
  const { who, names } = await whomToAsk(visit, 'instance.add')
  return (
    <Panel>
      <Empty
        icon="server"
        title={t('trials.no_instance_title')}
        actions={
          mayAdd && (
            <LinkButton icon="plus" variant="primary" href={`/${organization.slug}/instances/new`}>
              {t('instances.add')}
            </LinkButton>
          )
        }
      >
        <LongNames names={names}>
          {mayAdd ? t('trials.no_instance_text') : t('overview.none_ask', { who })}
        </LongNames>
      </Empty>
    </Panel>
  )
}
