import type { Visit } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames, LongWords } from '@/components/ui/long-names'
import { Section } from '@/components/ui/panel'
import { State } from '@/components/ui/state'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import { moment } from '@/lib/messages/dates'
import type { openInvitations } from '@/lib/organizations/members'
import { invitationDays } from '@/lib/organizations/rules'
import { withdraw } from './actions'
import { PeopleTable, type PersonLine } from './people-table'

export const mostInvitations = 100

type Invitation = Awaited<ReturnType<typeof openInvitations>>[number]

interface Around {
  visit: Visit
  here: string
  at: Date
}

/** Who was invited and has not come yet; nothing where there is nobody. */
export function Invitations({ invitations, ...around }: Around & { invitations: Invitation[] }) {
  const { t } = around.visit
  if (invitations.length === 0) return null
  return (
    <Section
      title={t('members.invitations.title')}
      note={t('members.invitations.note', { days: invitationDays })}
    >
      <PeopleTable
        headings={{ name: t('members.invitations.email'), when: t('members.invitations.until') }}
        lines={invitations.slice(0, mostInvitations).map((invitation) => lineOf(invitation, around))}
        t={t}
      />
      {invitations.length > mostInvitations && (
        <p className="mt-3 text-muted">{t('members.invitations.more', { count: mostInvitations })}</p>
      )}
    </Section>
  )
}

function lineOf(invitation: Invitation, around: Around): PersonLine {
  const { visit, at } = around
  const { t, session, organization, language } = visit
  const { id, email, role, expiresAt, invitedBy } = invitation
  const date = moment(expiresAt, language, session.timeZone)
  return {
    id,
    name: (
      <b className="break-words">
        <LongWords>{email}</LongWords>
      </b>
    ),
    note: invitedBy && (
      <LongNames names={[invitedBy]}>{t('members.invitations.by', { by: invitedBy })}</LongNames>
    ),
    role,
    whenHead: expiresAt <= at ? undefined : t('members.invitations.until'),
    when:
      expiresAt <= at ? (
        <State tone="soon" icon="clock">
          {t('members.invitations.over', { date })}
        </State>
      ) : (
        <time dateTime={expiresAt.toISOString()}>{date}</time>
      ),
    act: may(organization.role, 'member.withdraw_invitation') && (
      <InvitationButtons invitation={invitation} {...around} />
    ),
  }
}

function InvitationButtons({ visit, here, at, invitation }: Around & { invitation: Invitation }) {
  const { t, organization } = visit
  const { id, email, role, expiresAt } = invitation
  return (
    <>
      <ActionForm action={withdraw} hidden={{ organization: organization.slug, invitationId: id }}>
        <SubmitButton
          small
          label={t('members.invitations.withdraw_label', { email })}
          pendingText={t('shell.busy')}
        >
          {t('members.invitations.withdraw')}
        </SubmitButton>
      </ActionForm>
      {expiresAt <= at && (
        <LinkButton
          small
          href={`${here}/invite?email=${encodeURIComponent(email)}&role=${role}`}
          label={t('members.invitations.again_label', { email })}
        >
          {t('members.invitations.again')}
        </LinkButton>
      )}
    </>
  )
}
