import { ActionForm, TextField } from '@/components/form'
import { SubmitButton } from '@/components/ui/submit-button'
import type { Translate } from '@/lib/messages/translator'
import { openNamed } from './actions'

/** The field for what GLPI's message says, or somebody on the phone. */
export const CodeForm = ({ t }: { t: Translate }) => (
  <ActionForm action={openNamed} hidden={{}}>
    <TextField
      name="code"
      label={t('questions.code.label')}
      mono
      required
      maxLength={2_000}
      autoComplete="off"
    />
    <div className="row">
      <SubmitButton pendingText={t('shell.busy')}>{t('questions.code.submit')}</SubmitButton>
    </div>
  </ActionForm>
)
