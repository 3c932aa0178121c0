import { randomUUID } from 'node:crypto'
import type { Visit } from '@/app/_request/session'
import { ActionForm, SelectField, TextField } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongNames } from '@/components/ui/long-names'
import { Notice } from '@/components/ui/notice'
import { Panel, Section } from '@/components/ui/panel'
import { SubmitButton } from '@/components/ui/submit-button'
import { isStaffRole } from '@/lib/access'
import { lastDay } from '@/lib/messages/dates'
import type { Translate } from '@/lib/messages/translator'
import type { TrialOffer, TriedAt } from '@/lib/trials/offers'
import { start } from './actions'
import { endWords } from './words'

interface Props {
  visit: Visit
  offer: TrialOffer
  /** There are more instances than are listed. */
  more: boolean
}

/** What happens when the trial is started, and where; the second of two clicks. */
export function Confirm({ visit, offer, more }: Props) {
  const { t, organization } = visit
  const { product, places } = offer
  const free = places.filter(({ verdict }) => verdict.ok)
  const [first] = free
  const title = t('trials.confirm.title', { product: product.name })
  if (!first)
    return (
      <Section title={title}>
        <Notice tone="calm" silent>
          {t('trials.confirm.gone', { product: product.name })}
        </Notice>
      </Section>
    )
  const home = `/${organization.slug}/trials`
  const hidden = { organization: organization.slug, idempotencyKey: randomUUID(), productId: product.id }
  const only = free.length === 1 && !more ? first : null
  return (
    <Section title={title}>
      <Panel padded>
        <ActionForm
          action={start}
          hidden={only ? { ...hidden, instanceId: only.instance?.id ?? '' } : hidden}
        >
          <What visit={visit} offer={offer} at={only ?? first} />
          {only?.instance && (
            <p>
              <LongNames names={[only.instance.label]}>
                {t('trials.confirm.on', { instance: only.instance.label })}
              </LongNames>
            </p>
          )}
          {!only && <Where t={t} free={free} more={more} />}
          {isStaffRole(organization.role) && <NoteField t={t} />}
          <div className="row">
            <SubmitButton variant="primary" icon="flask-conical" pendingText={t('shell.busy')}>
              {t('trials.confirm.submit')}
            </SubmitButton>
            <LinkButton variant="quiet" href={home}>
              {t('trials.confirm.cancel')}
            </LinkButton>
          </div>
        </ActionForm>
      </Panel>
    </Section>
  )
}

/** What begins, until when, and what is then. */
function What({ visit, offer: { product }, at }: Pick<Props, 'visit' | 'offer'> & { at: TriedAt }) {
  const { t, language, organization } = visit
  if (!at.verdict.ok) return null
  const { days, endsAt } = at.verdict
  const until = lastDay(endsAt, language, organization.timeZone)
  return (
    <ul className="bullets">
      <li>{t('trials.confirm.key', { product: product.name, days, until })}</li>
      <li>{t('trials.confirm.free')}</li>
      <li>{t('trials.confirm.buy')}</li>
      <li>{endWords({ ...product, product: product.name }, 'end', t)}</li>
      <li>{t(product.everywhere ? 'trials.confirm.once_everywhere' : 'trials.confirm.once')}</li>
    </ul>
  )
}

/** The GLPIs to choose from; of more than a list is good for, by short ID. */
export function Where({ t, free, more }: { t: Translate; free: TriedAt[]; more: boolean }) {
  if (more)
    return (
      <TextField
        name="instanceId"
        label={t('trials.confirm.which_id')}
        hint={t('trials.confirm.which_hint')}
        maxLength={40}
        autoComplete="off"
        required
      />
    )
  return (
    <SelectField
      name="instanceId"
      label={t('trials.confirm.which')}
      initial=""
      options={[
        { value: '', text: t('trials.confirm.choose') },
        ...free.flatMap(({ instance }) =>
          instance ? [{ value: instance.id, text: `${instance.label} (${instance.shortId})` }] : [],
        ),
      ]}
      required
    />
  )
}

/** Staff say why, for the customer to read. */
export const NoteField = ({ t }: { t: Translate }) => (
  <TextField
    name="note"
    label={t('staff.key.why')}
    hint={t('staff.key.note_hint')}
    maxLength={1_000}
    autoComplete="off"
    required
  />
)
