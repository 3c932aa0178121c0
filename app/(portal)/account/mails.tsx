import { ActionForm, CheckboxField } from '@/components/form'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { type MailKind, mailKinds } from '@/lib/mail/kinds'
import type { Translate } from '@/lib/messages/translator'
import { chooseKinds } from './actions'

/** Which mails one gets; what is about money and security is not theirs to turn off, and why. */
export function Mails({ muted, t }: { muted: readonly MailKind[]; t: Translate }) {
  return (
    <Section id="mails" title={t('account.mails.title')}>
      <Panel padded>
        <ActionForm action={chooseKinds} hidden={{}}>
          <p>{t('account.mails.text')}</p>
          {mailKinds.map((kind) => (
            <CheckboxField
              key={kind}
              name={kind}
              label={t(`account.mails.${kind}`)}
              hint={t(`account.mails.${kind}_hint`)}
              checked={!muted.includes(kind)}
            />
          ))}
          <p className="text-muted">{t('account.mails.always')}</p>
          <div className="row">
            <SubmitButton pendingText={t('shell.busy')}>{t('account.mails.submit')}</SubmitButton>
          </div>
        </ActionForm>
      </Panel>
    </Section>
  )
}
