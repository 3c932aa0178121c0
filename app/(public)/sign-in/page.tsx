import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { invitedHere } from '@/app/_request/invited'
import { currentSession, currentTranslator } from '@/app/_request/session'
import { ActionForm, TextField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { env } from '@/lib/env'
import type { Translate } from '@/lib/messages/translator'
import { safeReturnTo } from '@/lib/people/rules'
import { askForMail } from './actions'
import type { ProviderProblem } from './staff/provider'

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('people.ask.title') }
}

export default async function SignInPage({
  searchParams,
}: {
  searchParams: Promise<{ to?: unknown; staff?: unknown }>
}) {
  const { to, staff } = await searchParams
  const returnTo = typeof to === 'string' ? safeReturnTo(to, env().PUBLIC_URL) : null
  if (await currentSession()) redirect(returnTo ?? '/')
  const t = await currentTranslator()
  const invited = await invitedHere()
  return (
    <>
      <PageHead title={t('people.ask.title')} sentence={t('people.ask.sentence')} />
      <Problem staff={staff} t={t} />
      <ActionForm action={askForMail} hidden={{ to: returnTo ?? '' }}>
        <TextField
          name="email"
          type="email"
          label={t('people.ask.email')}
          hint={t('people.ask.hint')}
          initial={invited?.email}
          autoComplete="email"
          maxLength={254}
          required
        />
        <SubmitButton variant="primary" icon="mail" pendingText={t('people.ask.sending')}>
          {t('people.ask.send')}
        </SubmitButton>
      </ActionForm>
      <p className="mt-4">
        <a className="link" href="/trial">
          {t('stranger.link')}
        </a>
      </p>
      {env().STAFF_OIDC_ISSUER && <StaffDoor returnTo={returnTo} t={t} />}
    </>
  )
}

const problems: ProviderProblem[] = ['cancelled', 'expired', 'unavailable', 'unconfirmed', 'not_staff']

/** Why the vendor's provider signed nobody in. */
function Problem({ staff, t }: { staff: unknown; t: Translate }) {
  const problem = problems.find((one) => one === staff)
  return problem ? <Notice tone="bad">{t(`people.provider.${problem}`)}</Notice> : null
}

/** For the vendor's own people. */
function StaffDoor({ returnTo, t }: { returnTo: string | null; t: Translate }) {
  return (
    <div className="mt-5 flex flex-wrap items-center justify-between gap-2 border-t border-line pt-4 text-muted">
      <p>{t('people.provider.heading', { vendor: env().VENDOR_NAME })}</p>
      <LinkButton
        href={`/sign-in/staff${returnTo ? `?to=${encodeURIComponent(returnTo)}` : ''}`}
        icon="building-complex"
      >
        {t('people.provider.button')}
      </LinkButton>
    </div>
  )
}
