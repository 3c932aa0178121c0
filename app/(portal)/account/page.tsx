import type { Metadata } from 'next'
import { currentTranslator, requireSession } from '@/app/_request/session'
import { Done } from '@/components/done'
import { PageHead } from '@/components/ui/panel'
import { translator } from '@/lib/messages/translator'
import { Details } from './details'
import { AccountFrame } from './frame'

const doneMessages = ['saved'] as const

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('account.title') }
}

/** What a person is called, is written to and is signed in with. It belongs to no organization. */
export default async function AccountPage({ searchParams }: { searchParams: Promise<{ done?: unknown }> }) {
  const session = await requireSession()
  const { done } = await searchParams
  const t = translator(session.language)
  const said = doneMessages.find((one) => one === done)
  return (
    <AccountFrame session={session} t={t}>
      <PageHead title={t('account.title')} sentence={t('account.sentence', { email: session.email })} />
      {said && <Done>{t(`account.done.${said}`)}</Done>}
      <Details session={session} t={t} />
    </AccountFrame>
  )
}
