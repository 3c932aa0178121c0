import type { Metadata } from 'next'
import { cookies } from 'next/headers'
import { currentTranslator, requireSession, sessionCookie } from '@/app/_request/session'
import { OwnJoining } from '@/app/joining/own'
import { Done } from '@/components/done'
import { PageHead } from '@/components/ui/panel'
import { now } from '@/lib/clock'
import { translator } from '@/lib/messages/translator'
import { joinRequestsOf } from '@/lib/organizations/requests'
import { openChange } from '@/lib/people/email-change'
import { mutedMailsOf } from '@/lib/people/queries'
import { sessionsOf } from '@/lib/people/sessions'
import { Details } from './details'
import { EmailSection } from './email'
import { AccountFrame } from './frame'
import { Mails } from './mails'
import { Sessions } from './sessions'

const mostSessions = 100
const doneMessages = [
  ...(['saved', 'mails_saved', 'ended', 'others_ended'] as const),
  ...(['email_asked', 'email_taken_back', 'email_confirmed', 'email_changed'] as const),
]

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('account.title') }
}

/** What a person is called, is written to and is signed in with. It belongs to no organization. */
export default async function AccountPage({ searchParams }: { searchParams: Promise<{ done?: unknown }> }) {
  const session = await requireSession()
  const { done } = await searchParams
  const t = translator(session.language)
  const token = (await cookies()).get(sessionCookie())?.value ?? ''
  const at = now()
  const [sessions, change, muted, asked] = await Promise.all([
    sessionsOf(session.personId, { token, most: mostSessions }),
    openChange(session.personId),
    mutedMailsOf(session.personId),
    joinRequestsOf(session.personId, at),
  ])
  const said = doneMessages.find((one) => one === done)
  return (
    <AccountFrame session={session} t={t}>
      <PageHead title={t('account.title')} sentence={t('account.sentence', { email: session.email })} />
      {said && <Done>{t(`account.done.${said}`)}</Done>}
      <Details session={session} t={t} />
      <EmailSection session={session} t={t} change={change} />
      <Mails muted={muted} t={t} />
      <OwnJoining requests={asked} t={t} language={session.language} now={at} />
      <Sessions session={session} t={t} sessions={sessions} />
    </AccountFrame>
  )
}
