import { requestLooks } from '@/app/staff/requests/words'
import { ActionForm } from '@/components/form'
import { LinkButton } from '@/components/ui/button'
import { LongWords } from '@/components/ui/long-names'
import { Panel, Section } from '@/components/ui/panel'
import { Dot } from '@/components/ui/state'
import { SubmitButton } from '@/components/ui/submit-button'
import { ago, firstDay } from '@/lib/messages/dates'
import type { Language, Translate } from '@/lib/messages/translator'
import type { RequestRow } from '@/lib/organizations/requests'
import { withdrawOwn } from './actions'

interface Props {
  requests: RequestRow[]
  t: Translate
  language: Language
  now: Date
}

/** What somebody has asked to join, and how that stands; nothing where they have not. */
export function OwnJoining({ requests, ...around }: Props) {
  const { t } = around
  if (requests.length === 0) return null
  return (
    <Section id="joining" title={t('people.joining.title')}>
      <Panel>
        <ul className="todo">
          {requests.map((request) => (
            <One key={request.id} {...around} request={request} />
          ))}
        </ul>
      </Panel>
    </Section>
  )
}

/** Who has shown a key learns whose it is only when they are let in. */
const nameOf = ({ shortId, state, organization }: RequestRow, t: Translate) =>
  shortId && state !== 'approved' ? t('people.joining.of_key', { shortId }) : organization

function One({ request, t, language, now }: Omit<Props, 'requests'> & { request: RequestRow }) {
  const { id, slug, state, askedAt, ownersUntil, timeZone, answers } = request
  const note = answers.at(-1)?.note
  return (
    <li>
      <Dot {...requestLooks[state]} />
      <div>
        <b>
          <LongWords>{nameOf(request, t)}</LongWords>
        </b>
        <p>
          {t(`requests.state.${state}`)}. {t('people.joining.asked', { when: ago(askedAt, now, language) })}{' '}
          {state === 'open' &&
            ownersUntil &&
            t('people.joining.waits', {
              over: ownersUntil <= now ? 'yes' : 'no',
              until: firstDay(ownersUntil, language, timeZone),
            })}
        </p>
        {note && <p className="whitespace-pre-line wrap-anywhere">{note}</p>}
      </div>
      {state === 'approved' && (
        <LinkButton small href={`/${slug}`}>
          {t('members.join.open', { organization: request.organization })}
        </LinkButton>
      )}
      {state === 'open' && (
        <ActionForm action={withdrawOwn} hidden={{ requestId: id }}>
          <SubmitButton
            small
            icon="undo-2"
            label={t('people.joining.withdraw_label', { organization: nameOf(request, t) })}
            pendingText={t('shell.busy')}
          >
            {t('trials.asked.withdraw')}
          </SubmitButton>
        </ActionForm>
      )}
    </li>
  )
}
