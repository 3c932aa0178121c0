import { ActionForm, SelectField, TextField } from '@/components/form'
import { languageOptions } from '@/components/language-options'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { now } from '@/lib/clock'
import { moment } from '@/lib/messages/dates'
import type { Translate } from '@/lib/messages/translator'
import { timeZones } from '@/lib/organizations/create'
import type { Session } from '@/lib/people/session'
import { editDetails } from './actions'

/** Name, language and time zone. */
export function Details({ session, t }: { session: Session; t: Translate }) {
  const { name, language, timeZone } = session
  // The person's own may be from another list than this process has.
  const zones = [...new Set([...timeZones, timeZone])].sort()
  return (
    <Section title={t('account.details.title')}>
      <Panel padded>
        <ActionForm action={editDetails} hidden={{}}>
          <TextField
            name="name"
            label={t('account.details.name')}
            hint={t('account.details.name_hint')}
            initial={name ?? ''}
            autoComplete="name"
            maxLength={200}
          />
          <SelectField
            name="language"
            label={t('account.details.language')}
            hint={t('account.details.language_hint')}
            initial={language}
            options={languageOptions}
          />
          <SelectField
            name="timeZone"
            label={t('account.details.time_zone')}
            hint={t('account.details.time_zone_hint', { now: moment(now(), language, timeZone) })}
            initial={timeZone}
            options={zones.map((zone) => ({ value: zone, text: zone.replaceAll('_', ' ') }))}
          />
          <div className="row">
            <SubmitButton variant="primary" pendingText={t('shell.busy')}>
              {t('account.details.submit')}
            </SubmitButton>
          </div>
        </ActionForm>
      </Panel>
    </Section>
  )
}
