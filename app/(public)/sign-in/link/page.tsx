import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { currentSession, currentTranslator } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { env } from '@/lib/env'
import { linkState } from '@/lib/people/queries'
import { signInWithLink } from '../actions'
import { browserToken } from '../browser'

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('people.ask.title') }
}

/** What the mail's link opens. It only shows a button: mail scanners open links too, and must not use them up. */
export default async function LinkPage({ searchParams }: { searchParams: Promise<{ token?: unknown }> }) {
  if (await currentSession()) redirect('/')
  const { token } = await searchParams
  const link = typeof token === 'string' ? token : ''
  const state = await linkState(link, await browserToken())
  const t = await currentTranslator()
  if (!state.ok) {
    return (
      <>
        <PageHead title={t('people.link.cannot')} />
        <Notice tone="soon" silent>
          {t(`people.refused.${state.because}`)}
        </Notice>
        <div className="row mt-4">
          <LinkButton href="/sign-in" icon="mail">
            {t('people.link.new')}
          </LinkButton>
        </div>
      </>
    )
  }
  const { email, trial } = state
  return (
    <>
      <PageHead
        title={
          trial ? t('stranger.confirm.link_title') : t('people.link.title', { vendor: env().VENDOR_NAME })
        }
        sentence={
          trial
            ? t('stranger.confirm.link_sentence', { email, product: trial.product })
            : t('people.link.sentence', { email })
        }
      />
      <ActionForm action={signInWithLink} hidden={{ token: link }}>
        <SubmitButton
          variant="primary"
          pendingText={t(trial ? 'stranger.confirm.busy' : 'people.link.signing_in')}
        >
          {t(trial ? 'stranger.confirm.submit' : 'people.link.sign_in')}
        </SubmitButton>
      </ActionForm>
    </>
  )
}
