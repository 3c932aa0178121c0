import type { Metadata } from 'next'
import { LinkButton } from '@/components/ui/button'
import { env } from '@/lib/env'
import { currentSession, currentTranslator } from './_request/session'

export async function generateMetadata(): Promise<Metadata> {
  const t = await currentTranslator()
  return { title: t('shell.not_found.title') }
}

/** The same for what does not exist and for what is somebody else's. */
export default async function NotFoundPage() {
  const t = await currentTranslator()
  const slug = (await currentSession())?.memberships[0]?.slug
  return (
    <main className="alone">
      <h1>{t('shell.not_found.title')}</h1>
      <p>{t('shell.not_found.text')}</p>
      <p>{t('shell.support', { email: env().SUPPORT_EMAIL })}</p>
      <LinkButton variant="primary" href={slug ? `/${slug}` : '/'}>
        {t('shell.not_found.home')}
      </LinkButton>
    </main>
  )
}
