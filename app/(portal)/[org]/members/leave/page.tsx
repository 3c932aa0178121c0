import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { countWorkingTokens } from '@/lib/organizations/tokens'
import { Portal } from '../../../portal'
import { settingsLink } from '../../settings/link'
import { leave } from '../actions'
import { foundMember } from '../found'

interface Props {
  params: Promise<{ org: string }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t, organization } = await requireMember((await params).org, 'member.leave')
  return t('members.leave.title', { organization: organization.name })
})

export default organizationPage(LeavePage)

async function LeavePage({ params }: Props) {
  const visit = await requireMember((await params).org, 'member.leave')
  const { t, session } = visit
  const { organizationId, slug, name: organization } = visit.organization
  const { data, needs } = await read(visit, async (tx, at) => ({
    ...(await foundMember(tx, organizationId, session.personId)),
    tokens: await countWorkingTokens(tx, organizationId, at, session.personId),
  }))
  const here = `/${slug}/members`
  return (
    <Portal visit={visit} current="members" needs={needs}>
      <PageHead title={t('members.leave.title', { organization })} />
      {data.verdict.ok ? (
        <Panel padded>
          <ActionForm action={leave} hidden={{ organization: slug }}>
            <p>
              <LongNames names={[organization]}>{t('members.leave.now', { organization })}</LongNames>
            </p>
            <p>{t('members.leave.invitations')}</p>
            {data.tokens > 0 && (
              <p>{t.rich('members.leave.tokens', { count: data.tokens, link: settingsLink(slug) })}</p>
            )}
            <p>{t('members.leave.back')}</p>
            <div className="row">
              <SubmitButton variant="danger" pendingText={t('shell.busy')}>
                {t('members.leave.submit', { organization })}
              </SubmitButton>
              <LinkButton variant="quiet" href={here}>
                {t('members.leave.cancel')}
              </LinkButton>
            </div>
          </ActionForm>
        </Panel>
      ) : (
        <>
          <Notice tone="soon" silent>
            {t('members.you_last_owner')}
          </Notice>
          <div className="row">
            <LinkButton href={here}>{t('members.edit.cancel')}</LinkButton>
          </div>
        </>
      )}
    </Portal>
  )
}
