import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { whomToAsk } from '@/app/_request/whom-to-ask'
import { Done } from '@/components/done'
import { LinkButton } from '@/components/ui/button'
import { LongNames, LongWords } from '@/components/ui/long-names'
import { Empty } from '@/components/ui/notice'
import { Pager } from '@/components/ui/pager'
import { PageHead, Panel } from '@/components/ui/panel'
import { may } from '@/lib/access'
import { isId } from '@/lib/ids'
import { moment } from '@/lib/messages/dates'
import type { Translate } from '@/lib/messages/translator'
import type { Member } from '@/lib/organizations/member'
import { countMembers, listMembers, openInvitations } from '@/lib/organizations/members'
import { joinRequests } from '@/lib/organizations/requests'
import { Portal } from '../../portal'
import { nameOf } from './found'
import { Invitations, mostInvitations } from './invitations'
import { Joining } from './joining'
import { PeopleTable } from './people-table'
import { Roles } from './roles'

const pageSize = 100
const doneMessages = ['invited', 'withdrawn', 'changed', 'removed', 'joined', 'approved', 'declined'] as const

interface Props {
  params: Promise<{ org: string }>
  searchParams: Promise<{ after?: unknown; done?: unknown }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org, 'member.read')
  return t('members.title')
})

export default organizationPage(MembersPage)

async function MembersPage({ params, searchParams }: Props) {
  const visit = await requireMember((await params).org, 'member.read')
  const { after: given, done } = await searchParams
  const after = isId(given) ? given : undefined
  const { t, organization } = visit
  const { organizationId, role } = organization
  const { data, needs, at } = await read(visit, (tx) =>
    Promise.all([
      countMembers(tx, organizationId),
      listMembers(tx, organizationId, { size: pageSize, after }),
      openInvitations(tx, organizationId, mostInvitations + 1),
      joinRequests(tx, organizationId),
    ]),
  )
  const [count, members, invitations, asked] = data
  const isInvited = invitations.some((invitation) => invitation.role === 'owner')
  const here = `/${organization.slug}/members`
  return (
    <Portal visit={visit} current="members" needs={needs}>
      <PageHead
        title={t('members.title')}
        sentence={
          <LongNames names={[organization.name]}>
            {t('members.sentence', { count, organization: organization.name })}
          </LongNames>
        }
        actions={(count > 0 || isInvited) && may(role, 'member.invite') && <InviteLink t={t} here={here} />}
      />
      <WhatWasDone visit={visit} done={done} />
      <Joining visit={visit} requests={asked} at={at} />
      {count === 0 ? (
        <Nobody visit={visit} here={here} isInvited={isInvited} />
      ) : (
        <MemberTable visit={visit} members={members.slice(0, pageSize)} here={here} />
      )}
      <MemberPages t={t} here={here} members={members} after={after} />
      {count > 0 && !may(role, 'member.invite') && <Ask visit={visit} />}
      <Invitations visit={visit} invitations={invitations} here={here} at={at} />
      <Roles t={t} />
    </Portal>
  )
}

function WhatWasDone({ visit: { t, organization }, done }: { visit: Visit; done: unknown }) {
  const said = doneMessages.find((one) => one === done)
  if (!said) return null
  const facts = { organization: organization.name, role: t(`errors.role.${organization.role}`) }
  return (
    <Done>
      <LongNames names={[organization.name]}>{t(`members.done.${said}`, facts)}</LongNames>
    </Done>
  )
}

const InviteLink = ({ t, here, variant }: { t: Translate; here: string; variant?: 'primary' }) => (
  <LinkButton variant={variant} icon="plus" href={`${here}/invite`}>
    {t('members.invite_link')}
  </LinkButton>
)

async function Ask({ visit }: { visit: Visit }) {
  const { who, names } = await whomToAsk(visit, 'member.invite')
  return (
    <p className="mt-3 text-muted">
      <LongNames names={names}>{visit.t('members.ask', { who })}</LongNames>
    </p>
  )
}

/** Only staff come to an organization to which nobody belongs. */
async function Nobody({ visit, here, isInvited }: { visit: Visit; here: string; isInvited: boolean }) {
  const { t, organization } = visit
  const mayInvite = may(organization.role, 'member.invite')
  const { who, names } = await whomToAsk(visit, 'member.invite')
  if (isInvited)
    return (
      <Panel>
        <Empty icon="users" title={t('members.none_title')}>
          {t('members.none_invited')}
        </Empty>
      </Panel>
    )
  return (
    <Panel>
      <Empty
        icon="users"
        title={t('members.none_title')}
        actions={mayInvite && <InviteLink variant="primary" t={t} here={here} />}
      >
        <LongNames names={names}>
          {mayInvite ? t('members.none_invite') : t('members.none_ask', { who })}
        </LongNames>
      </Empty>
    </Panel>
  )
}

/** Of whom a next page begins, where there is one. */
function MemberPages({
  t,
  here,
  members,
  after,
}: {
  t: Translate
  here: string
  members: Member[]
  after: string | undefined
}) {
  const shown = members.slice(0, pageSize)
  const more = members.length > pageSize
  if (!after && !more) return null
  return (
    <Pager
      label={t('members.pages')}
      summary={t('members.shown', { count: shown.length })}
      previous={after ? { href: here, text: t('members.first') } : undefined}
      next={more ? { href: `${here}?after=${shown.at(-1)?.id}`, text: t('members.next') } : undefined}
    />
  )
}

function MemberTable({ visit, members, here }: { visit: Visit; members: Member[]; here: string }) {
  const { t, session, language } = visit
  const lines = members.map((member) => ({
    id: member.id,
    name: (
      <>
        <b className="break-words">
          <LongWords>{nameOf(member)}</LongWords>
        </b>
        {member.id === session.personId && ` (${t('members.you')})`}
      </>
    ),
    note: member.name && member.email,
    role: member.role,
    whenHead: t('members.since'),
    when: (
      <time dateTime={member.since.toISOString()}>{moment(member.since, language, session.timeZone)}</time>
    ),
    act: <MemberLinks visit={visit} member={member} here={here} />,
  }))
  return <PeopleTable headings={{ name: t('members.name'), when: t('members.since') }} lines={lines} t={t} />
}

function MemberLinks({ visit, member, here }: { visit: Visit; member: Member; here: string }) {
  const { t, session, organization } = visit
  return (
    <>
      {may(organization.role, 'member.change_role') && (
        <LinkButton
          small
          href={`${here}/${member.id}`}
          label={t('members.change_label', { name: nameOf(member) })}
        >
          {t('members.change')}
        </LinkButton>
      )}
      {member.id === session.personId && (
        <LinkButton small variant="quiet" href={`${here}/leave`}>
          {t('members.leave_link')}
        </LinkButton>
      )}
    </>
  )
}
