import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { MayNot } from '@/app/(portal)/[org]/may-not'
import { Portal } from '@/app/(portal)/portal'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import type { OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { offlineInstallation } from '@/lib/activations/offline-files'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { instanceDetail } from '@/lib/instances/detail'
import { lastDay, moment } from '@/lib/messages/dates'
import { gone } from '../actions'

interface Props {
  params: Promise<{ org: string; id: string }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('offline.declare.title')
})

export default organizationPage(GonePage)

async function GonePage({ params }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { t, organization } = visit
  const { data, needs, at } = await read(visit, (tx) => found(tx, organization.organizationId, id))
  const around = { visit, installation: data, now: at }
  return (
    <Portal visit={visit} current="instances" needs={needs}>
      <PageHead title={t('offline.declare.title')} />
      {may(organization.role, 'offline_file.declare_gone') ? (
        <Panel padded>
          {data.goneAt && data.freesAt ? (
            <Said {...around} goneAt={data.goneAt} freesAt={data.freesAt} />
          ) : (
            <Consequences {...around} />
          )}
        </Panel>
      ) : (
        <MayNot visit={visit} permission="offline_file.declare_gone" />
      )}
    </Portal>
  )
}

/** The installation whose file the address names. @throws NotFound where the organization has none such. */
async function found(tx: OrganizationTx, organizationId: string, id: string) {
  if (!isId(id)) throw new NotFound('offline_file')
  const installation = await offlineInstallation(tx, organizationId, id)
  const { label } = await instanceDetail(tx, organizationId, installation.instanceId)
  return { ...installation, label }
}

interface About {
  visit: Visit
  installation: Awaited<ReturnType<typeof found>>
  now: Date
}

/** What will happen, and when, before the button that does it. */
function Consequences(about: About) {
  const { t, organization } = about.visit
  const { id, installationId, instanceId, label } = about.installation
  return (
    <ActionForm action={gone} hidden={{ organization: organization.slug, fileId: id }}>
      <div className="wrap-anywhere">
        <p>
          <LongNames names={[label]}>
            {t('offline.declare.which', { installation: installationId, label })}
          </LongNames>
        </p>
        <Places {...about} />
      </div>
      <p>{t('offline.declare.not_before')}</p>
      <p>{t('offline.declare.back')}</p>
      <div className="row">
        <SubmitButton variant="danger" pendingText={t('shell.busy')}>
          {t('offline.declare.submit')}
        </SubmitButton>
        <LinkButton variant="quiet" href={`/${organization.slug}/instances/${instanceId}/offline`}>
          {t('offline.declare.cancel')}
        </LinkButton>
      </div>
    </ActionForm>
  )
}

/** The same once it was said. */
function Said({ goneAt, freesAt, ...about }: About & { goneAt: Date; freesAt: Date }) {
  const { t, session, organization, language } = about.visit
  const { instanceId, label } = about.installation
  const say = (when: Date) => moment(when, language, session.timeZone)
  return (
    <div className="form">
      <div>
        <p>{t('offline.declare.over', { date: say(goneAt), until: say(freesAt) })}</p>
        <Places {...about} />
      </div>
      <div className="row">
        <LinkButton href={`/${organization.slug}/instances/${instanceId}/offline`}>
          {t('offline.back', { label })}
        </LinkButton>
      </div>
    </div>
  )
}

function Places({ visit: { t, organization, language }, installation: { places }, now }: About) {
  return (
    <ul className="bullets">
      {places.map(({ product, shortId, worksUntil }) => (
        <li key={shortId}>
          {t('offline.declare.place', {
            product,
            shortId,
            over: worksUntil <= now ? 'yes' : 'no',
            date: lastDay(worksUntil, language, organization.timeZone),
          })}
        </li>
      ))}
    </ul>
  )
}
