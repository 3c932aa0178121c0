import { organizationPage } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { Done } from '@/components/done'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import type { instanceDetail } from '@/lib/instances/detail'
import { editionOf } from '@/lib/instances/edit'
import { productionInstances } from '@/lib/instances/queries'
import { Portal } from '../../../../portal'
import { MayNot } from '../../../may-not'
import { edit } from '../../actions'
import { InstanceFields, mostOriginals } from '../../fields'
import { editTitle, foundInstance, instanceTitle } from '../found'
import { Addresses } from './addresses'
import { Reinstate } from './reinstate'

interface Props {
  params: Promise<{ org: string; id: string }>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}

export const generateMetadata = instanceTitle(editTitle)

export default organizationPage(EditInstancePage)

async function EditInstancePage({ params, searchParams }: Props) {
  const { org, id } = await params
  const { done } = await searchParams
  const visit = await requireMember(org)
  const { t, organization } = visit
  const { organizationId } = organization
  const { data, needs } = await read(visit, async (tx) => ({
    instance: await foundInstance(tx, organizationId, id),
    originals: await productionInstances(tx, organizationId, mostOriginals + 1),
  }))
  const { instance, originals } = data
  const change = instance.retiredAt ? 'instance.reinstate' : 'instance.edit'
  return (
    <Portal visit={visit} current="instances" needs={needs}>
      <PageHead
        title={editTitle(instance, t)}
        actions={
          <LinkButton icon="arrow-left" href={`/${organization.slug}/instances/${id}`}>
            {t('instances.edit.back', { label: instance.label })}
          </LinkButton>
        }
      />
      {(done === 'address_added' || done === 'address_removed') && <Done>{t(`instances.done.${done}`)}</Done>}
      {!may(organization.role, change) && <MayNot visit={visit} permission={change} />}
      {may(organization.role, change) &&
        (instance.retiredAt ? (
          <Reinstate visit={visit} instance={instance} retiredAt={instance.retiredAt} />
        ) : (
          <Forms visit={visit} instance={instance} originals={originals} />
        ))}
    </Portal>
  )
}

type Instance = Awaited<ReturnType<typeof instanceDetail>>

function Forms({
  visit,
  instance,
  originals,
}: {
  visit: Visit
  instance: Instance
  originals: Awaited<ReturnType<typeof productionInstances>>
}) {
  const { t, organization } = visit
  return (
    <>
      <Panel padded>
        <ActionForm
          action={edit}
          hidden={{
            organization: organization.slug,
            instanceId: instance.id,
            edition: editionOf(instance),
          }}
        >
          <InstanceFields t={t} originals={originals} before={instance} />
          <div className="row">
            <SubmitButton variant="primary" pendingText={t('shell.busy')}>
              {t('instances.edit.submit')}
            </SubmitButton>
          </div>
        </ActionForm>
      </Panel>
      <Addresses visit={visit} instance={instance} />
      <Section title={t('instances.retire.link')}>
        <Panel padded>
          <p>{t('instances.retire.link_text')}</p>
          <p className="after">
            <LinkButton href={`/${organization.slug}/instances/${instance.id}/retire`}>
              {t('instances.retire.link')}
            </LinkButton>
          </p>
        </Panel>
      </Section>
    </>
  )
}
