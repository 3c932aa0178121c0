import type { Metadata } from 'next'
import { signOut } from '@/app/_request/account-actions'
import { invitationAddress, invitationOf, isToken } from '@/app/_request/invited'
import { currentLanguage, currentSession, currentTranslator } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { moment } from '@/lib/messages/dates'
import type { Language, Translate } from '@/lib/messages/translator'
import type { Invitation } from '@/lib/organizations/invitation'
import { isOpen } from '@/lib/organizations/rules'
import type { Membership, Session } from '@/lib/people/session'
import { accept } from './actions'

interface Props {
  searchParams: Promise<{ token?: unknown }>
}

export async function generateMetadata({ searchParams }: Props): Promise<Metadata> {
  const { token } = await searchParams
  const t = await currentTranslator()
  const invitation = await invitationOf(token)
  if (!invitation) return { title: t('members.join.cannot_title') }
  return { title: t('members.join.title', { organization: invitation.organization }) }
}

/** What an invitation's link opens. It only looks: joining is a form, since mail scanners open links too. */
export default async function InvitationPage({ searchParams }: Props) {
  const { token } = await searchParams
  const t = await currentTranslator()
  const session = await currentSession()
  const invitation = await invitationOf(token)
  if (!isToken(token) || !invitation)
    return <Cannot t={t} session={session} text={t('members.join.unknown')} />
  const membership = session?.memberships.find(
    ({ organizationId }) => organizationId === invitation.organizationId,
  )
  if (session && membership)
    return (
      <Member t={t} token={token} invitation={invitation} email={session.email} membership={membership} />
    )
  if (session && session.email !== invitation.email)
    return <OtherAddress t={t} token={token} invited={invitation.email} current={session.email} />
  const verdict = isOpen(invitation, now())
  if (!verdict.ok) return <Cannot t={t} session={session} text={t(`errors.${verdict.because}`)} />
  const around = { t, language: await currentLanguage(), token, invitation }
  return <Open {...around} session={session} />
}

function Open({
  t,
  language,
  token,
  invitation,
  session,
}: {
  t: Translate
  language: Language
  token: string
  invitation: Invitation
  session: Session | null
}) {
  const { organization, email, role, invitedBy, expiresAt, timeZone } = invitation
  const by = invitedBy ?? env().VENDOR_NAME
  const date = moment(expiresAt, language, session?.timeZone ?? timeZone)
  return (
    <>
      <PageHead
        title={t('members.join.title', { organization })}
        sentence={
          <LongNames names={[by]}>
            {t('members.join.sentence', { by, email, role: t(`errors.role.${role}`) })}
          </LongNames>
        }
      />
      <p className="mb-4 text-muted">{t('members.join.until', { date })}</p>
      {session ? (
        <>
          <p className="mb-4">{t('members.join.as', { email: session.email })}</p>
          <ActionForm action={accept} hidden={{ token }}>
            <SubmitButton variant="primary" pendingText={t('members.join.busy')}>
              {t('members.join.submit', { organization })}
            </SubmitButton>
          </ActionForm>
        </>
      ) : (
        <ToSignIn t={t} token={token} email={email} />
      )}
    </>
  )
}

function ToSignIn({ t, token, email }: { t: Translate; token: string; email: string }) {
  return (
    <>
      <p className="mb-4">{t('members.join.sign_in_text')}</p>
      <LinkButton
        variant="primary"
        icon="mail"
        href={`/sign-in?to=${encodeURIComponent(invitationAddress(token))}`}
      >
        {t('members.join.sign_in', { email })}
      </LinkButton>
    </>
  )
}

/** Whoever belongs there already: whether the invitation was theirs, and what to do where it was another address. */
function Member({
  t,
  token,
  invitation,
  email: current,
  membership: { name: organization, slug, role: memberRole },
}: {
  t: Translate
  token: string
  invitation: Invitation
  email: string
  membership: Membership
}) {
  const { email } = invitation
  const verdict = isOpen(invitation, now())
  const facts = { email, current, role: t(`errors.role.${memberRole}`) }
  const other = verdict.ok
    ? t('members.join.member_other', facts)
    : t('members.join.member_other_over', { ...facts, over: t(`errors.${verdict.because}`) })
  return (
    <>
      <PageHead
        title={t('members.join.member_title', { organization })}
        sentence={email === current ? t('members.join.member', facts) : other}
      />
      <div className="row">
        <LinkButton variant="primary" href={`/${slug}`}>
          {t('members.join.open', { organization })}
        </LinkButton>
        {email !== current && verdict.ok && <ChangeAddress t={t} token={token} />}
      </div>
    </>
  )
}

/** Which address was invited, which one is here, and how to change it. */
function OtherAddress({
  t,
  token,
  invited,
  current,
}: {
  t: Translate
  token: string
  invited: string
  current: string
}) {
  return (
    <>
      <PageHead
        title={t('members.join.other_title')}
        sentence={t('members.join.other', { email: invited, current })}
      />
      <ChangeAddress t={t} token={token} />
    </>
  )
}

function ChangeAddress({ t, token }: { t: Translate; token: string }) {
  return (
    <form action={signOut}>
      <input type="hidden" name="to" value={invitationAddress(token)} />
      <SubmitButton icon="log-out" pendingText={t('shell.busy')}>
        {t('members.join.other_submit')}
      </SubmitButton>
    </form>
  )
}

function Cannot({ t, session, text }: { t: Translate; session: Session | null; text: string }) {
  return (
    <>
      <PageHead title={t('members.join.cannot_title')} />
      <Notice tone="soon" silent>
        {text}
      </Notice>
      <div className="row mt-4">
        <LinkButton href={session ? '/' : '/sign-in'}>
          {t(session ? 'members.join.home' : 'people.ask.title')}
        </LinkButton>
      </div>
    </>
  )
}
