import type { Metadata } from 'next'
import { LinkButton } from '@/components/ui/button'
import { PageHead } from '@/components/ui/panel'
import { currentSession, currentTranslator } from './_request/session'
import { PublicFrame } from './public-frame'

export async function generateMetadata(): Promise<Metadata> {
  const t = await currentTranslator()
  return { title: t('shell.not_found.title') }
}

/** The same for what does not exist and for what is somebody else's. */
export default async function NotFoundPage() {
  const t = await currentTranslator()
  const session = await currentSession()
  const slug = session?.memberships[0]?.slug
  return (
    <PublicFrame>
      <PageHead title={t('shell.not_found.title')} sentence={t('shell.not_found.text')} />
      {session ? (
        <LinkButton variant="primary" href={slug ? `/${slug}` : '/'}>
          {t('shell.not_found.home')}
        </LinkButton>
      ) : (
        <LinkButton variant="primary" href="/sign-in">
          {t('people.ask.title')}
        </LinkButton>
      )}
    </PublicFrame>
  )
}
