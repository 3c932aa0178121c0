import { redirect } from 'next/navigation'
import { signOut } from '@/app/_request/account-actions'
import { currentTranslator, requireSession } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { env } from '@/lib/env'

/** Where signing in leads: staff to the vendor's own pages, others to one's first organization, or to what to do while there is none. */
export default async function Home() {
  const { email, memberships, staff } = await requireSession()
  if (staff) redirect('/staff')
  const [first] = memberships
  if (first) redirect(`/${first.slug}`)
  const t = await currentTranslator()
  const { SUPPORT_EMAIL } = env()
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
      <div className="row">
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
