import { randomUUID } from 'node:crypto'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import { productionInstances } from '@/lib/instances/queries'
import { Portal } from '../../../portal'
import { MayNot } from '../../may-not'
import { add } from '../actions'
import { InstanceFields, mostOriginals } from '../fields'

interface Props {
  params: Promise<{ org: string }>
  /** Where one came from, and goes on. */
  searchParams: Promise<{ from?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('instances.new.title')
})

export default organizationPage(NewInstancePage)

async function NewInstancePage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org)
  const { t, organization } = visit
  const buys = (await searchParams).from === 'buy'
  const { data: originals, needs } = await read(visit, (tx) =>
    productionInstances(tx, organization.organizationId, mostOriginals + 1),
  )
  return (
    <Portal visit={visit} current="instances" needs={needs}>
      <PageHead title={t('instances.new.title')} sentence={t('instances.new.sentence')} />
      {may(organization.role, 'instance.add') ? (
        <Panel padded>
          <ActionForm
            action={add}
            hidden={{
              organization: organization.slug,
              idempotencyKey: randomUUID(),
              ...(buys && { from: 'buy' }),
            }}
          >
            <InstanceFields t={t} originals={originals} />
            <div className="row">
              <SubmitButton variant="primary" pendingText={t('shell.busy')}>
                {t('instances.new.submit')}
              </SubmitButton>
              <LinkButton
                variant="quiet"
                href={`/${organization.slug}/${buys ? 'billing/buy' : 'instances'}`}
              >
                {t('instances.new.cancel')}
              </LinkButton>
            </div>
          </ActionForm>
        </Panel>
      ) : (
        <MayNot visit={visit} permission="instance.add" />
      )}
    </Portal>
  )
}
