import { organizationPage } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Problem } from '@/app/(portal)/[org]/keys/problem'
import { Portal } from '@/app/(portal)/portal'
import { Done } from '@/components/done'
import { Section } from '@/components/ui/panel'
import type { OrganizationTx } from '@/db/scope'
import { askedOf, callsOf, countedDays, lastSeen, refusedCalls } from '@/lib/activations/calls'
import { isRowNumber, placeIn } from '@/lib/activations/list-place'
import { filesThatEnd } from '@/lib/activations/offline-files'
import { instanceTimeline } from '@/lib/audit/queries'
import { archives } from '@/lib/catalog/archives'
import { openSourceProducts, productsWithReleases } from '@/lib/catalog/queries'
import { Unavailable } from '@/lib/errors'
import { othersKeys } from '@/lib/instances/others-keys'
import type { Speaking } from '@/lib/keys/phrases'
import { listKeys, organizationKeys } from '@/lib/keys/queries'
import { underWay } from '@/lib/payments/under-way'
import { listTrialOffers } from '@/lib/trials/offers'
import { CanBeTried } from '../../trials/link'
import { Calls, callsSize, mostDays } from './calls'
import type { ArchiveOf } from './downloads'
import { foundInstance, instanceTitle } from './found'
import { Head, Standing } from './head'
import { InstanceKeys, OfProduction } from './keys'
import { EndingFiles, OfflineLink } from './offline-note'
import { OthersKeys } from './others-keys'
import { Everywhere, OpenSource, Planner } from './planner'
import { Timeline, timelineSize } from './timeline'

const mostKeys = 500

interface Props {
  params: Promise<{ org: string; id: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export const generateMetadata = instanceTitle(({ label }) => label)

export default organizationPage(InstancePage)

async function InstancePage({ params, searchParams }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { organization, language, t } = visit
  const { slug, timeZone } = organization
  const query = await searchParams
  const { data, needs, at } = await read(visit, (tx, now) =>
    readInstance(tx, organization.organizationId, id, now, query),
  )
  const { instance, rows, ofProduction, products, contacts } = data
  const speaking: Speaking = { t, language, timeZone, now: at }
  const archiveOf = await archiveNames()
  const around = { visit, instance, products, speaking, contacts, paying: data.paying, archiveOf }
  const usable = [...rows, ...ofProduction]
  const done = doneSentence(query.done, visit)
  return (
    <Portal visit={visit} current="instances" needs={needs}>
      <Head visit={visit} instance={instance} rows={rows} />
      <Problem query={query} t={t} />
      {done && <Done>{done}</Done>}
      <Standing visit={visit} instance={instance} rows={rows} />
      <EndingFiles {...{ visit, instance, products }} rows={usable} files={data.ending} />
      {(rows.length > 0 || ofProduction.length === 0) && <InstanceKeys {...around} rows={rows} />}
      {instance.testOf && <OfProduction {...around} production={instance.testOf} rows={ofProduction} />}
      <OthersKeys visit={visit} rows={data.others} />
      <CanBeTried visit={visit} offers={data.offers} />
      <OfflineLink visit={visit} instance={instance} rows={usable} />
      {!instance.retiredAt && <Everywhere slug={slug} rows={data.everywhere} t={t} />}
      {products.length > 0 && (
        <Section title={t('instance.plan')} note={t('instance.plan_note')}>
          <Planner products={products} planned={query.glpi} t={t} />
        </Section>
      )}
      <OpenSource products={data.openSource} t={t} />
      {(data.called || contacts.seen.size > 0) && (
        <Calls
          visit={visit}
          rows={data.calls}
          days={data.days}
          own={query.from === 'here'}
          path={`/${slug}/instances/${id}`}
        />
      )}
      <Timeline visit={visit} rows={data.timeline} path={`/${slug}/instances/${id}`} />
    </Portal>
  )
}

/** Where the folder cannot be read the page goes without its downloads. */
const archiveNames = () =>
  archives().catch((error: unknown): ArchiveOf => {
    if (error instanceof Unavailable) return () => null
    throw error
  })

async function readInstance(
  tx: OrganizationTx,
  organizationId: string,
  id: string,
  now: Date,
  query: Awaited<Props['searchParams']>,
) {
  /** Where the timeline's page begins. */
  const before = /^\d{1,15}$/.test(String(query.before)) ? Number(query.before) : undefined
  const instance = await foundInstance(tx, organizationId, id)
  const filter = { organizationId, state: 'all' as const, instanceId: id }
  const { rows } = await listKeys(tx, filter, { sort: 'product', size: mostKeys }, now)
  // Of those that a retired copy had in use stands below until when it may go on.
  const ofProduction =
    instance.testOf && !instance.retiredAt
      ? await workingKeys(tx, organizationId, instance.testOf.id, now)
      : []
  const place = placeIn(query.calls, isRowNumber)
  const calls = await callsOf(tx, organizationId, id, {
    size: callsSize + 1,
    before: place,
    own: query.from === 'here',
  })
  const days = await countedDays(tx, organizationId, id, mostDays)
  const productIds = [...rows, ...ofProduction].map(({ productId }) => productId)
  const keyIds = [...rows, ...ofProduction].map((row) => row.id)
  return {
    instance,
    rows,
    ofProduction,
    paying: await underWay(tx, organizationId, keyIds),
    contacts: {
      seen: await lastSeen(tx, organizationId, id),
      refused: await refusedCalls(tx, organizationId, id, now),
      asked: await askedOf(tx, organizationId, id),
    },
    calls,
    days,
    // Of who nobody has called there is nothing to say; past the last page there is.
    called: calls.length > 0 || days.length > 0 || place !== undefined || query.from === 'here',
    products: await productsWithReleases(tx, [...new Set(productIds)]),
    ending: await filesThatEnd(tx, organizationId, id, now),
    timeline: await instanceTimeline(tx, organizationId, id, timelineSize + 1, before),
    offers: await listTrialOffers(tx, organizationId, now, { productIds: null, instanceIds: [id] }),
    others: instance.retiredAt ? await othersKeys(tx, organizationId, id, now) : [],
    everywhere: await organizationKeys(tx, organizationId, now),
    openSource: await openSourceProducts(tx),
  }
}

/** What is in use of an instance's keys: of a renewed one the new key alone. */
async function workingKeys(tx: OrganizationTx, organizationId: string, instanceId: string, now: Date) {
  const filter = { organizationId, state: 'current' as const, instanceId }
  const { rows } = await listKeys(tx, filter, { sort: 'product', size: mostKeys }, now)
  return rows.filter(({ renewedAt, replacedAt }) => !renewedAt && !replacedAt)
}

const doneNames = ['added', 'edited', 'retired', 'reinstated', 'installed'] as const

/** Whatever stands in the address, it is one of these or nothing. */
function doneSentence(done: unknown, { t }: Visit): string | null {
  const name = doneNames.find((one) => one === done)
  return name ? t(`instances.done.${name}`) : null
}
