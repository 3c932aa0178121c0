import type { Metadata } from 'next'
import { signOut } from '@/app/_request/account-actions'
import { currentTranslator, requireSession } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { type Translate, translator } from '@/lib/messages/translator'
import { changeOfLink, type LinkedChange } from '@/lib/people/email-change'
import { confirm } from './actions'
import { emailLinkAddress } from './address'

interface Props {
  searchParams: Promise<{ token?: unknown }>
}

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('account.confirm.title') }
}

/** What the mailed links of a change of address open. It only looks: mail scanners open links too. */
export default async function ConfirmPage({ searchParams }: Props) {
  const { personId, email, language } = await requireSession()
  const t = translator(language)
  const { token } = await searchParams
  const link = typeof token === 'string' ? token.slice(0, 200) : ''
  const change = await changeOfLink(personId, link)
  if (!change) return <NotYours t={t} link={link} email={email} />
  return (
    <>
      <PageHead title={t('account.confirm.title')} />
      {change.verdict.ok ? (
        <Confirm t={t} change={change} link={link} />
      ) : (
        <>
          <Notice tone={change.verdict.because === 'email_change_done' ? 'ok' : 'soon'} silent>
            {t(`errors.${change.verdict.because}`)}
          </Notice>
          <ToAccount t={t} />
        </>
      )}
    </>
  )
}

function Confirm({ t, change, link }: { t: Translate; change: LinkedChange; link: string }) {
  const { oldEmail, newEmail, side, last } = change
  const other = side === 'old' ? newEmail : oldEmail
  return (
    <>
      <p className="mb-4 break-words">{t('account.confirm.text', { oldEmail, newEmail })}</p>
      <p className="mb-4 break-words">
        {last ? t('account.confirm.last') : t('account.confirm.first', { other })}
      </p>
      <ActionForm action={confirm} hidden={{ token: link }}>
        <SubmitButton variant="primary" pendingText={t('shell.busy')}>
          {t('account.confirm.submit', { email: side === 'old' ? oldEmail : newEmail })}
        </SubmitButton>
      </ActionForm>
      <ToAccount t={t} />
    </>
  )
}

/** Nobody's and somebody else's look the same. */
function NotYours({ t, link, email }: { t: Translate; link: string; email: string }) {
  return (
    <>
      <PageHead title={t('account.confirm.title')} />
      <Notice tone="soon" silent>
        {t('account.confirm.not_yours', { email })}
      </Notice>
      <div className="mt-4">
        <form action={signOut}>
          <input type="hidden" name="to" value={emailLinkAddress(link)} />
          <SubmitButton icon="log-out" pendingText={t('shell.busy')}>
            {t('account.confirm.other_account')}
          </SubmitButton>
        </form>
      </div>
      <ToAccount t={t} />
    </>
  )
}

function ToAccount({ t }: { t: Translate }) {
  return (
    <div className="row mt-4">
      <LinkButton href="/account">{t('account.confirm.to_account')}</LinkButton>
    </div>
  )
}
