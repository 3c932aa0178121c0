import { organizationPage } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Problem } from '@/app/(portal)/[org]/keys/problem'
import { Portal } from '@/app/(portal)/portal'
import { Done } from '@/components/done'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { PageHead, Section } from '@/components/ui/panel'
import type { OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { instanceTimeline } from '@/lib/audit/queries'
import { openSourceProducts, productsWithReleases } from '@/lib/catalog/queries'
import { displayUrl } from '@/lib/instances/url'
import { inUse } from '@/lib/keys/order'
import type { Speaking } from '@/lib/keys/phrases'
import { listKeys, organizationKeys } from '@/lib/keys/queries'
import { lastDay } from '@/lib/messages/dates'
import { foundInstance, instanceTitle } from './found'
import { AllAsFile, InstanceKeys, OfProduction } from './keys'
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
  const { organizationId, slug, timeZone } = organization
  const query = await searchParams
  const before = /^\d{1,15}$/.test(String(query.before)) ? Number(query.before) : undefined
  const { data, attention, at } = await read(visit, async (tx, now) => {
    const instance = await foundInstance(tx, organizationId, id)
    const filter = { organizationId, state: 'all' as const, instanceId: id }
    const { rows } = await listKeys(tx, filter, { sort: 'product', size: mostKeys }, now)
    const ofProduction = instance.testOf ? await workingKeys(tx, organizationId, instance.testOf.id, now) : []
    const productIds = [...rows, ...ofProduction].map(({ productId }) => productId)
    const products = await productsWithReleases(tx, [...new Set(productIds)])
    const timeline = await instanceTimeline(tx, organizationId, id, timelineSize + 1, before)
    const everywhere = await organizationKeys(tx, organizationId, now)
    return {
      instance,
      rows,
      ofProduction,
      products,
      timeline,
      everywhere,
      openSource: await openSourceProducts(tx),
    }
  })
  const { instance, rows, ofProduction, products } = data
  const speaking: Speaking = { t, language, timeZone, now: at }
  const [main, ...further] = instance.addresses
  const done = doneSentence(query.done, visit)
  return (
    <Portal visit={visit} current="instances" needs={attention.lines.length}>
      <PageHead
        title={instance.label}
        sentence={
          <>
            {main && <code>{displayUrl(main.url)}</code>} · {t(`instance.${instance.environment}`)} ·{' '}
            {instance.glpiVersion
              ? t('instance.glpi', { version: instance.glpiVersion })
              : t('instance.glpi_unknown')}{' '}
            · <code>{instance.shortId}</code>
            {further.map(({ id: addressId, url }) => (
              <span key={addressId} className="block">
                {t('instance.further')} <code>{displayUrl(url)}</code>
              </span>
            ))}
          </>
        }
        actions={
          <>
            {may(organization.role, 'subscription.start') && !instance.retiredAt && (
              <LinkButton icon="plus" href={`/${slug}/keys/new?instance=${id}`}>
                {t('staff.issue.link')}
              </LinkButton>
            )}
            <AllAsFile visit={visit} rows={rows} />
            <EditLink visit={visit} instance={instance} />
          </>
        }
      />
      <Problem query={query} t={t} />
      {done && <Done>{done}</Done>}
      {instance.retiredAt && (
        <Notice tone="calm" silent>
          {t('instance.retired', {
            date: lastDay(instance.retiredAt, language, timeZone),
            keys: rows.length,
            working: rows.filter(inUse).length,
          })}
        </Notice>
      )}
      {instance.testOf && (
        <Notice tone="info" silent>
          <a className="link" href={`/${slug}/instances/${instance.testOf.id}`}>
            {t('instance.test_of', { label: instance.testOf.label })}
          </a>
        </Notice>
      )}
      {(rows.length > 0 || ofProduction.length === 0) && (
        <InstanceKeys visit={visit} instance={instance} rows={rows} products={products} speaking={speaking} />
      )}
      {instance.testOf && (
        <OfProduction
          visit={visit}
          production={instance.testOf}
          instance={instance}
          rows={ofProduction}
          products={products}
          speaking={speaking}
        />
      )}
      {!instance.retiredAt && <Everywhere slug={slug} rows={data.everywhere} t={t} />}
      {products.length > 0 && (
        <Section title={t('instance.plan')} note={t('instance.plan_note')}>
          <Planner products={products} planned={query.glpi} t={t} />
        </Section>
      )}
      <OpenSource products={data.openSource} t={t} />
      <Timeline visit={visit} rows={data.timeline} path={`/${slug}/instances/${id}`} />
    </Portal>
  )
}

/** What is in use of an instance's keys: of a renewed one the new key alone. */
async function workingKeys(tx: OrganizationTx, organizationId: string, instanceId: string, now: Date) {
  const filter = { organizationId, state: 'current' as const, instanceId }
  const { rows } = await listKeys(tx, filter, { sort: 'product', size: mostKeys }, now)
  return rows.filter(({ renewedAt, replacedAt }) => !renewedAt && !replacedAt)
}

function EditLink({
  visit: { t, organization },
  instance,
}: {
  visit: Visit
  instance: { id: string; label: string; retiredAt: Date | null }
}) {
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

const doneNames = ['added', 'edited', 'retired', 'reinstated', 'installed'] as const

/** Whatever stands in the address, it is one of these or nothing. */
function doneSentence(done: unknown, { t }: Visit): string | null {
  const name = doneNames.find((one) => one === done)
  return name ? t(`instances.done.${name}`) : null
}
