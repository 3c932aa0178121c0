import { randomUUID } from 'node:crypto'
import { organizationPage, organizationTitle } from '@/app/_request/organization-page'
import { requireStaff } from '@/app/_request/staff'
import { ActionForm, SelectField, TextField } from '@/components/form'
import { languageOptions } from '@/components/language-options'
import { LinkButton } from '@/components/ui/button'
import { PageHead, Panel } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import type { Language, Translate } from '@/lib/messages/translator'
import { createCustomer } from '../../actions'
import { StaffFrame } from '../../frame'

export const generateMetadata = organizationTitle(async () => {
  const { t } = await requireStaff('organization.create')
  return t('staff.new.title')
})

export default organizationPage(NewOrganizationPage)

async function NewOrganizationPage() {
  const visit = await requireStaff('organization.create')
  const { t, session, role } = visit
  return (
    <StaffFrame visit={visit} current="new">
      <PageHead title={t('staff.new.title')} sentence={t('staff.new.sentence', { role })} />
      <Panel padded>
        <ActionForm action={createCustomer} hidden={{ idempotencyKey: randomUUID() }}>
          <TextField name="name" label={t('staff.new.name')} maxLength={200} autoComplete="off" required />
          <TextField
            name="slug"
            label={t('staff.new.slug')}
            hint={t('staff.new.slug_hint')}
            maxLength={40}
            autoComplete="off"
          />
          <TextField
            name="timeZone"
            label={t('staff.new.time_zone')}
            hint={t('staff.new.time_zone_hint')}
            initial={session.timeZone}
            autoComplete="off"
            required
          />
          <OwnerFields t={t} language={session.language} />
          <div className="row">
            <SubmitButton variant="primary" pendingText={t('shell.busy')}>
              {t('staff.new.submit')}
            </SubmitButton>
            <LinkButton variant="quiet" href="/staff">
              {t('staff.new.cancel')}
            </LinkButton>
          </div>
        </ActionForm>
      </Panel>
    </StaffFrame>
  )
}

/** Who is invited with it, where anybody is. */
function OwnerFields({ t, language }: { t: Translate; language: Language }) {
  return (
    <>
      <TextField
        name="email"
        type="email"
        label={t('staff.new.owner')}
        hint={t('staff.new.owner_hint')}
        maxLength={254}
        autoComplete="off"
      />
      <SelectField
        name="language"
        label={t('staff.new.owner_language')}
        initial={language}
        options={languageOptions}
      />
    </>
  )
}
