import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { currentSession, currentTranslator } from '@/app/_request/session'
import { ActionForm, TextField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { PageHead, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { type Asked, askedIn } from '@/lib/people/queries'
import { signInMinutes } from '@/lib/people/rules'
import { sendAnotherMail, signInWithCode } from '../actions'
import { browserToken } from '../browser'

export async function generateMetadata(): Promise<Metadata> {
  const browser = await browserToken()
  const trial = browser && (await askedIn(browser))?.trial
  return { title: (await currentTranslator())(trial ? 'stranger.confirm.title' : 'people.code.title') }
}

export default async function CodePage() {
  if (await currentSession()) redirect('/')
  const browser = await browserToken()
  const asked = browser ? await askedIn(browser) : null
  if (!asked) redirect('/sign-in')
  const t = await currentTranslator()
  const { email, trial } = asked
  return (
    <>
      <PageHead
        title={t(trial ? 'stranger.confirm.title' : 'people.code.title')}
        sentence={
          trial
            ? t('stranger.confirm.sentence', { email, minutes: signInMinutes, product: trial.product })
            : t('people.code.sentence', { email, minutes: signInMinutes })
        }
      />
      <ActionForm action={signInWithCode} hidden={{}}>
        <TextField
          name="code"
          label={t('people.code.code')}
          hint={t('people.code.hint')}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={20}
          mono
          required
        />
        <SubmitButton
          variant="primary"
          pendingText={t(trial ? 'stranger.confirm.busy' : 'people.code.signing_in')}
        >
          {t(trial ? 'stranger.confirm.submit' : 'people.code.sign_in')}
        </SubmitButton>
      </ActionForm>
      <Section title={t('people.code.nothing')} note={t('people.code.look')}>
        <div className="row">
          <ActionForm action={sendAnotherMail} hidden={{}}>
            <SubmitButton icon="mail" pendingText={t('people.code.sending')}>
              {t('people.code.resend')}
            </SubmitButton>
          </ActionForm>
          <LinkButton variant="quiet" href={beginAgain(asked)}>
            {t('people.code.other_address')}
          </LinkButton>
        </div>
      </Section>
    </>
  )
}

/** Where another address is typed. */
function beginAgain({ trial, returnTo }: Asked): string {
  if (trial) return `/trial/${trial.reference}`
  return returnTo ? `/sign-in?to=${encodeURIComponent(returnTo)}` : '/sign-in'
}
