import { randomUUID } from 'node:crypto'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { read } from '@/app/_request/read'
import { requireMember, type Visit } from '@/app/_request/session'
import { CheckboxField, SelectField, TextField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { may } from '@/lib/access'
import type { Translate } from '@/lib/messages/translator'
import { tokenDays, tokenScopes } from '@/lib/organizations/rules'
import { Portal } from '../../../../portal'
import { MayNot } from '../../../may-not'
import { create } from '../../actions'
import { TokenForm } from './token-form'

interface Props {
  params: Promise<{ org: string }>
}

export const generateMetadata = organizationTitle(async ({ params }: Props) => {
  const { t } = await requireMember((await params).org)
  return t('settings.new.title')
})

export default organizationPage(NewTokenPage)

async function NewTokenPage({ params }: Props) {
  const visit = await requireMember((await params).org)
  const { t, organization } = visit
  const { needs } = await read(visit, async () => null)
  return (
    <Portal visit={visit} current="settings" needs={needs}>
      <PageHead title={t('settings.new.title')} sentence={t('settings.new.sentence')} />
      {may(organization.role, 'token.create') ? (
        <NewToken visit={visit} />
      ) : (
        <MayNot visit={visit} permission="token.create" />
      )}
    </Portal>
  )
}

function NewToken({ visit: { t, organization } }: { visit: Visit }) {
  const settings = `/${organization.slug}/settings`
  return (
    <Panel padded>
      <TokenForm
        action={create}
        hidden={{ organization: organization.slug, idempotencyKey: randomUUID() }}
        back={settings}
        labels={{
          copy: t('settings.made.copy'),
          copied: t('settings.made.copied'),
          onClipboard: t('settings.made.on_clipboard'),
          byHand: t('settings.made.by_hand'),
          back: t('settings.made.back'),
        }}
      >
        <TextField
          name="name"
          label={t('settings.new.name')}
          hint={t('settings.new.name_hint')}
          maxLength={100}
          autoComplete="off"
          required
        />
        <Scopes t={t} />
        <SelectField
          name="days"
          label={t('settings.new.days')}
          hint={t('settings.new.days_hint')}
          initial={String(tokenDays[1])}
          options={tokenDays.map((days) => ({
            value: String(days),
            text: t('settings.new.days_value', { days }),
          }))}
        />
        <div className="row">
          <SubmitButton variant="primary" icon="key" pendingText={t('shell.busy')}>
            {t('settings.new.submit')}
          </SubmitButton>
          <LinkButton variant="quiet" href={settings}>
            {t('settings.new.cancel')}
          </LinkButton>
        </div>
      </TokenForm>
    </Panel>
  )
}

const Scopes = ({ t }: { t: Translate }) => (
  <fieldset className="boxes">
    <legend>{t('settings.new.may')}</legend>
    {tokenScopes.map((scope) => (
      <CheckboxField key={scope} name={scope} label={t(`settings.new.scope.${scope}`)} />
    ))}
  </fieldset>
)
