import { randomUUID } from 'node:crypto'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { ActionForm, SelectField, TextField } from '@/components/form'
import { languageOptions } from '@/components/language-options'
import { LinkButton } from '@/components/ui/button'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { type MemberRole, may, memberRoles } from '@/lib/access'
import { invitationDays } from '@/lib/organizations/rules'
import { Portal } from '../../../portal'
import { MayNot } from '../../may-not'
import { invite } from '../actions'
import { Roles, roleOptions } from '../roles'

interface Props {
  params: Promise<{ org: string }>
  /** Whom to invite again, as which role. */
  searchParams: Promise<{ email?: unknown; role?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'member.read')
  return t('members.invite.title')
})

export default organizationPage(InvitePage)

async function InvitePage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'member.read')
  const { email, role } = await searchParams
  const { t, organization } = visit
  const { needs } = await read(visit, async () => null)
  return (
    <Portal visit={visit} current="members" needs={needs}>
      <PageHead
        title={t('members.invite.title')}
        sentence={t('members.invite.sentence', { days: invitationDays })}
      />
      {may(organization.role, 'member.invite') ? (
        <InviteForm
          visit={visit}
          email={typeof email === 'string' ? email.slice(0, 254) : undefined}
          role={memberRoles.find((one) => one === role)}
        />
      ) : (
        <MayNot visit={visit} permission="member.invite" />
      )}
      <Roles t={t} />
    </Portal>
  )
}

function InviteForm({
  visit: { t, organization, language },
  email,
  role = 'viewer',
}: {
  visit: Visit
  email: string | undefined
  role: MemberRole | undefined
}) {
  return (
    <Panel padded>
      <ActionForm action={invite} hidden={{ organization: organization.slug, idempotencyKey: randomUUID() }}>
        <TextField
          name="email"
          type="email"
          label={t('members.invite.email')}
          hint={t('members.invite.email_hint')}
          initial={email}
          autoComplete="off"
          maxLength={254}
          required
        />
        <SelectField name="role" label={t('members.invite.role')} initial={role} options={roleOptions(t)} />
        <SelectField
          name="language"
          label={t('members.invite.language')}
          hint={t('members.invite.language_hint')}
          initial={language}
          options={languageOptions}
        />
        <p className="text-muted">{t('members.invite.again')}</p>
        <div className="row">
          <SubmitButton variant="primary" icon="mail" pendingText={t('shell.busy')}>
            {t('members.invite.submit')}
          </SubmitButton>
          <LinkButton variant="quiet" href={`/${organization.slug}/members`}>
            {t('members.invite.cancel')}
          </LinkButton>
        </div>
      </ActionForm>
    </Panel>
  )
}
