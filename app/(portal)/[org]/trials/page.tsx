import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Empty, Notice } from '@/components/ui/notice'
import { PageHead, Panel } from '@/components/ui/panel'
import type { OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { openSourceProducts } from '@/lib/catalog/queries'
import { listInstances } from '@/lib/instances/queries'
import { type KeyRow, listKeys } from '@/lib/keys/queries'
import { underWay } from '@/lib/payments/under-way'
import { listTrialOffers } from '@/lib/trials/offers'
import { listTrials } from '@/lib/trials/queries'
import { Portal } from '../../portal'
import { OpenSource } from '../instances/[id]/planner'
import { Begun } from './begun'
import { Confirm } from './confirm'
import { Offers } from './offers'
import { Past } from './past'
import { Running } from './running'

/** What a list is good for; of more, a trial's instance is named by its short ID. */
const mostInstances = 200

interface Props {
  params: Promise<{ org: string }>
  /** `try`: the product that is about to be tried; `begun`: the key of a trial that was just begun. */
  searchParams: Promise<{ try?: unknown; begun?: unknown }>
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
  const { try: wanted, begun } = await searchParams
  const { data, needs, at } = await read(visit, (tx, now) =>
    readTrials(tx, organization.organizationId, now, begun),
  )
  const { offers, trials, paying, instances, more, begunKey, openSource } = data
  const running = trials.filter(({ standing }) => standing === 'runs')
  const begunTrial = running.find(({ id }) => id === begun)
  const runs = new Set(running.map(({ productId }) => productId))
  const free = offers.filter(({ places }) => places.some(({ verdict }) => verdict.ok))
  const mayStart = may(organization.role, 'trial.start')
  const chosen = mayStart ? offers.find(({ product: { id } }) => id === wanted && !runs.has(id)) : undefined
  const around = { visit, now: at }
  return (
    <Portal visit={visit} current="trials" needs={needs}>
      <PageHead
        title={t('trials.title')}
        sentence={t('trials.sentence', { running: running.length, free: free.length })}
      />
      {begunTrial && begunKey && <Begun {...around} trial={begunTrial} row={begunKey} />}
      {!mayStart && <MayNotStart visit={visit} />}
      {chosen && <Confirm visit={visit} offer={chosen} more={more} />}
      <Running {...around} trials={running} paying={paying} offers={offers} />
      {instances === 0 && <AddInstance visit={visit} />}
      <Offers
        visit={visit}
        offers={offers.filter(({ product }) => !runs.has(product.id))}
        chosen={chosen?.product.id}
        instances={instances}
        more={more}
      />
      <Past {...around} trials={trials.filter(({ standing }) => standing !== 'runs')} />
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
