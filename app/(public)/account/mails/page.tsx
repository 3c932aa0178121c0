import type { Metadata } from 'next'
import { currentTranslator } from '@/app/_request/session'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { Notice } from '@/components/ui/notice'
import { PageHead } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { mailsAddress } from '@/lib/mail/kinds'
import { readUnsubscribeToken } from '@/lib/mail/unsubscribe'
import { turnOff } from './actions'

interface Props {
  searchParams: Promise<{ token?: unknown; done?: unknown }>
}

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await currentTranslator())('account.mails.off.title') }
}

/**
 * Turns a kind of mails off by the link of one of them, without signing in. It only looks: mail scanners open links too. It
 * names nobody, and whether they were off already is no stranger's to know.
 */
export default async function MailsOffPage({ searchParams }: Props) {
  const t = await currentTranslator()
  const { token, done } = await searchParams
  const link = typeof token === 'string' ? token : ''
  const kind = readUnsubscribeToken(link)?.kind
  return (
    <>
      <PageHead title={t('account.mails.off.title')} />
      {!kind ? (
        <Notice tone="soon" silent>
          {t('account.mails.off.none')}
        </Notice>
      ) : done === 'off' ? (
        <Notice tone="ok">{t('account.mails.off.done', { kind })}</Notice>
      ) : (
        <ActionForm action={turnOff} hidden={{ token: link }}>
          <p>{t('account.mails.off.text', { kind })}</p>
          <div className="row">
            <SubmitButton variant="primary" pendingText={t('shell.busy')}>
              {t('account.mails.off.submit')}
            </SubmitButton>
          </div>
        </ActionForm>
      )}
      <div className="row mt-4">
        <LinkButton href={mailsAddress}>{t('account.mails.off.to_account')}</LinkButton>
      </div>
    </>
  )
}
