import { redirect } from 'next/navigation'
import { signOut } from '@/app/_request/account-actions'
import { currentTranslator, requireSession } from '@/app/_request/session'
import { OwnJoining } from '@/app/joining/own'
import { LinkButton } from '@/components/ui/button'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { joinRequestsOf } from '@/lib/organizations/requests'

/** Where signing in leads: staff to the vendor's own pages, others to one's first organization, or to what to do while there is none. */
export default async function Home() {
  const { personId, email, language, memberships, staff } = await requireSession()
  if (staff) redirect('/staff')
  const [first] = memberships
  if (first) redirect(`/${first.slug}`)
  const t = await currentTranslator()
  const { SUPPORT_EMAIL } = env()
  const at = now()
  const asked = await joinRequestsOf(personId, at)
  return (
    <>
      <PageHead title={t('people.nowhere.title')} sentence={t('people.nowhere.sentence', { email })} />
      <p className="mb-4">
        {t.rich('people.nowhere.what', {
          support: SUPPORT_EMAIL,
          link: (address) => (
            <a className="link" href={`mailto:${SUPPORT_EMAIL}`}>
              {address}
            </a>
          ),
        })}
      </p>
      <p className="mb-4 text-muted">{t('people.nowhere.other_address')}</p>
      <OwnJoining requests={asked} t={t} language={language} now={at} />
      <div className="row mt-4">
        <form action={signOut}>
          <SubmitButton icon="log-out" pendingText={t('shell.busy')}>
            {t('people.nowhere.sign_out')}
          </SubmitButton>
        </form>
        <LinkButton icon="flask-conical" href="/trial">
          {t('stranger.title')}
        </LinkButton>
        <LinkButton icon="circle-user" href="/account">
          {t('account.title')}
        </LinkButton>
      </div>
    </>
  )
}
