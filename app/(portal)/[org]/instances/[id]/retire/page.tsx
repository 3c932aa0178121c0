import { redirect } from 'next/navigation'
import { organizationPage } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import { type OtherKey, othersKeys } from '@/lib/instances/others-keys'
import { type KeyRow, listKeys } from '@/lib/keys/queries'
import { lastDay, moment } from '@/lib/messages/dates'
import { Portal } from '../../../../portal'
import { MayNot } from '../../../may-not'
import { retire } from '../../actions'
import { foundInstance, instanceTitle } from '../found'

const mostKeys = 50

interface Props {
  params: Promise<{ org: string; id: string }>
}

export const generateMetadata = instanceTitle(({ label }, t) => t('instances.retire.title', { label }))

export default organizationPage(RetirePage)

async function RetirePage({ params }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { t, organization } = visit
  const { organizationId, slug } = organization
  const { data, needs, at } = await read(visit, async (tx, now) => ({
    instance: await foundInstance(tx, organizationId, id),
    working: await listKeys(
      tx,
      { organizationId, state: 'current', instanceId: id },
      { sort: 'until', size: mostKeys },
      now,
    ),
    others: await othersKeys(tx, organizationId, id, now),
  }))
  const { instance, ...held } = data
  if (instance.retiredAt) redirect(`/${slug}/instances/${id}/edit`)
  return (
    <Portal visit={visit} current="instances" needs={needs}>
      <PageHead title={t('instances.retire.title', { label: instance.label })} />
      {may(organization.role, 'instance.retire') ? (
        <Consequences visit={visit} instance={instance} {...held} now={at} />
      ) : (
        <MayNot visit={visit} permission="instance.retire" />
      )}
    </Portal>
  )
}

/** What will happen, and when, before the button that does it. */
function Consequences({
  visit,
  instance,
  working,
  others,
  now,
}: {
  visit: Visit
  instance: { id: string; label: string }
  working: { rows: KeyRow[]; next: unknown }
  others: OtherKey[]
  now: Date
}) {
  const { t, organization } = visit
  const { slug } = organization
  return (
    <Panel padded>
      <ActionForm action={retire} hidden={{ organization: slug, instanceId: instance.id }}>
        <p>{t('instances.retire.now')}</p>
        <Own {...{ visit, working, others }} />
        <Others visit={visit} others={others} now={now} />
        <p>{t('instances.retire.no_reminder', { count: working.rows.length })}</p>
        <p>{t('instances.retire.back')}</p>
        <div className="row">
          <SubmitButton variant="danger" pendingText={t('shell.busy')}>
            {t('instances.retire.submit')}
          </SubmitButton>
          <LinkButton variant="quiet" href={`/${slug}/instances/${instance.id}`}>
            {t('instances.retire.cancel')}
          </LinkButton>
        </div>
      </ActionForm>
    </Panel>
  )
}

/** What a test copy uses of its production instance, and any instance of the organization's keys. */
function Others({
  visit: { t, session, language },
  others,
  now,
}: {
  visit: Visit
  others: OtherKey[]
  now: Date
}) {
  if (others.length === 0) return null
  return (
    <div>
      <p>{t('instances.retire.others', { count: others.length })}</p>
      <ul className="bullets">
        {others.map(({ product, shortId, leaseEndsAt }) => (
          <li key={shortId}>
            {t('instances.retire.other_until', {
              product,
              shortId,
              over: leaseEndsAt <= now ? 'yes' : 'no',
              until: moment(leaseEndsAt, language, session.timeZone),
            })}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Its own keys stay with it. */
function Own({
  visit: { t, language, organization },
  working: { rows, next },
  others,
}: {
  visit: Visit
  working: { rows: KeyRow[]; next: unknown }
  others: OtherKey[]
}) {
  const { timeZone } = organization
  return (
    <div>
      <p>{t('instances.retire.keys', { count: rows.length, others: others.length })}</p>
      <ul className="bullets">
        {rows.map(({ id, product, shortId, expiresAt }) => (
          <li key={id}>
            {expiresAt
              ? t('instances.retire.key_until', {
                  product,
                  shortId,
                  date: lastDay(expiresAt, language, timeZone),
                })
              : t('instances.retire.key_for_good', { product, shortId })}
          </li>
        ))}
        {next ? <li>{t('instances.retire.more_keys')}</li> : null}
      </ul>
    </div>
  )
}
