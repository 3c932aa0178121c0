import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { currentSession, currentTranslator } from '@/app/_request/session'
import { ActionForm, TextField } from '@/components/form'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { env } from '@/lib/env'
import { safeReturnTo } from '@/lib/people/rules'
import { askForMail } from './actions'

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('people.ask.title') }
}

export default async function SignInPage({ searchParams }: { searchParams: Promise<{ to?: unknown }> }) {
  const { to } = await searchParams
  const returnTo = typeof to === 'string' ? safeReturnTo(to, env().PUBLIC_URL) : null
  if (await currentSession()) redirect(returnTo ?? '/')
  const t = await currentTranslator()
  return (
    <>
      <PageHead title={t('people.ask.title')} sentence={t('people.ask.sentence')} />
      <ActionForm action={askForMail} hidden={{ to: returnTo ?? '' }}>
        <TextField
          name="email"
          type="email"
          label={t('people.ask.email')}
          hint={t('people.ask.hint')}
          autoComplete="email"
          maxLength={254}
          required
        />
        <SubmitButton variant="primary" icon="mail" pendingText={t('people.ask.sending')}>
          {t('people.ask.send')}
        </SubmitButton>
      </ActionForm>
    </>
  )
}
