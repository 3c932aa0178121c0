import { organizationPage } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { ActionForm, SelectField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead, Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import type { Translate } from '@/lib/messages/translator'
import type { Member } from '@/lib/organizations/member'
import type { OwnerVerdict } from '@/lib/organizations/rules'
import { countWorkingTokens } from '@/lib/organizations/tokens'
import { Portal } from '../../../portal'
import { MayNot } from '../../may-not'
import { settingsLink } from '../../settings/link'
import { setRole } from '../actions'
import { foundMember, memberTitle, nameOf } from '../found'
import { Roles, roleOptions } from '../roles'

interface Props {
  params: Promise<{ org: string; id: string }>
}

export const generateMetadata = memberTitle((t, name) => t('members.edit.title', { name }))

export default organizationPage(MemberPage)

async function MemberPage({ params }: Props) {
  const { org, id } = await params
  const visit = await requireMember(org, 'member.read')
  const { t, organization } = visit
  const { data, needs } = await read(visit, async (tx, at) => ({
    ...(await foundMember(tx, organization.organizationId, id)),
    tokens: await countWorkingTokens(tx, organization.organizationId, at, id),
  }))
  return (
    <Portal visit={visit} current="members" needs={needs}>
      <PageHead title={t('members.edit.title', { name: nameOf(data.member) })} />
      {may(organization.role, 'member.change_role') ? (
        <Change visit={visit} {...data} />
      ) : (
        <MayNot visit={visit} permission="member.change_role" />
      )}
      <Roles t={t} />
    </Portal>
  )
}

interface Changing {
  visit: Visit
  member: Member
  verdict: OwnerVerdict
  /** How many of the API tokens that they made work. */
  tokens: number
}

function Change({ visit, member, verdict, tokens }: Changing) {
  const { t, session, organization } = visit
  const here = `/${organization.slug}/members`
  const name = nameOf(member)
  const own = member.id === session.personId
  if (!verdict.ok) return <LastOwner t={t} name={name} own={own} here={here} />
  return (
    <>
      <Panel padded>
        <ActionForm action={setRole} hidden={{ organization: organization.slug, memberId: member.id }}>
          <SelectField
            name="role"
            label={t('members.edit.role')}
            hint={t(own ? 'members.edit.own_hint' : 'members.edit.role_hint')}
            initial={member.role}
            options={roleOptions(t)}
          />
          {tokens > 0 && (
            <p>
              {t.rich('members.edit.tokens', {
                count: tokens,
                name,
                link: settingsLink(organization.slug),
              })}
            </p>
          )}
          <div className="row">
            <SubmitButton variant="primary" pendingText={t('shell.busy')}>
              {t('members.edit.submit')}
            </SubmitButton>
            <LinkButton variant="quiet" href={here}>
              {t('members.edit.cancel')}
            </LinkButton>
          </div>
        </ActionForm>
      </Panel>
      {!own && may(organization.role, 'member.remove') && (
        <Section title={t('members.edit.remove_title')}>
          <p className="mb-3">{t('members.edit.remove_text')}</p>
          <LinkButton href={`${here}/${member.id}/remove`} icon="trash">
            {t('members.edit.remove', { name })}
          </LinkButton>
        </Section>
      )}
    </>
  )
}

function LastOwner({ t, name, own, here }: { t: Translate; name: string; own: boolean; here: string }) {
  return (
    <>
      <Notice tone="soon" silent>
        <LongNames names={[name]}>
          {own ? t('members.you_last_owner') : t('members.last_owner', { name })}
        </LongNames>
      </Notice>
      <div className="row">
        <LinkButton href={here}>{t('members.edit.cancel')}</LinkButton>
      </div>
    </>
  )
}
