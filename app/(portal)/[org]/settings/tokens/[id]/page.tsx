import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { moment } from '@/lib/messages/dates'
import { tokenState } from '@/lib/organizations/rules'
import { type TokenRow, tokenNamed } from '@/lib/organizations/tokens'
import { Portal } from '../../../../portal'
import { MayNot } from '../../../may-not'
import { revoke } from '../../actions'

interface Props {
  params: Promise<{ org: string; id: string }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { org, id } = await params
  const { t, organization } = await requireMember(org)
  const { organizationId } = organization
  const { name } = await asOrganization(organizationId, (tx) => foundToken(tx, organizationId, id))
  return t('settings.revoke.title', { name })
})

export default organizationPage(RevokePage)

async function RevokePage({ params }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org)
  const { t, organization } = visit
  const { organizationId, role, slug } = organization
  const { data: token, needs, at } = await read(visit, (tx) => foundToken(tx, organizationId, id))
  const mayRevoke = may(role, 'token.revoke')
  const works = tokenState(token, at) === 'working'
  return (
    <Portal visit={visit} current="settings" needs={needs}>
      <PageHead title={t('settings.revoke.title', { name: token.name })} />
      {!mayRevoke && <MayNot visit={visit} permission="token.revoke" />}
      {mayRevoke && works && <Consequences visit={visit} token={token} />}
      {mayRevoke && !works && (
        <>
          <Notice tone="calm" silent>
            {t('settings.revoke.over')}
          </Notice>
          <div className="row">
            <LinkButton href={`/${slug}/settings`}>{t('settings.made.back')}</LinkButton>
          </div>
        </>
      )}
    </Portal>
  )
}

/** The token that the address names. @throws NotFound where the organization has none such. */
async function foundToken(tx: OrganizationTx, organizationId: string, id: string): Promise<TokenRow> {
  if (!isId(id)) throw new NotFound('token')
  return tokenNamed(tx, organizationId, id)
}

function Consequences({ visit, token }: { visit: Visit; token: TokenRow }) {
  const { t, session, organization, language } = visit
  const { name, lastFour, createdBy, createdAt, lastUsedAt } = token
  const date = (at: Date) => moment(at, language, session.timeZone)
  return (
    <Panel padded>
      <ActionForm action={revoke} hidden={{ organization: organization.slug, tokenId: token.id }}>
        <p>
          <LongNames names={[createdBy]}>
            {t('settings.revoke.facts', { lastFour, by: createdBy, date: date(createdAt) })}
          </LongNames>{' '}
          {lastUsedAt ? t('settings.revoke.used', { date: date(lastUsedAt) }) : t('settings.revoke.not_used')}
        </p>
        <p>{t('settings.revoke.now')}</p>
        <p>{t('settings.revoke.back')}</p>
        <div className="row">
          <SubmitButton variant="danger" pendingText={t('shell.busy')}>
            {t('settings.revoke.submit', { name })}
          </SubmitButton>
          <LinkButton variant="quiet" href={`/${organization.slug}/settings`}>
            {t('settings.revoke.cancel')}
          </LinkButton>
        </div>
      </ActionForm>
    </Panel>
  )
}
