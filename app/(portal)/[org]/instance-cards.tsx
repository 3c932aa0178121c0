import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { AddressText } from '@/components/ui/address-text'
import type { IconName } from '@/components/ui/icon'
import { longName } from '@/components/ui/long-name'
import { LongNames } from '@/components/ui/long-names'
import { State, type Tone } from '@/components/ui/state'
import type { QuietInstance, QuietInstances } from '@/lib/activations/contacts'
import { displayUrl } from '@/lib/instances/url'
import type { InstanceCard } from '@/lib/keys/instance-cards'
import type { Speaking } from '@/lib/keys/phrases'
import { daysLeft, lastDay } from '@/lib/messages/dates'
import { QuietState } from './stopped'

/** Amber still works, red no longer does. */
const looks = [
  ['overdue', 'soon', 'triangle-exclamation-point'],
  ['expiring', 'soon', 'clock'],
  ['waiting', 'ok', 'key'],
  ['expired', 'bad', 'x'],
  ['revoked', 'bad', 'ban'],
  ['active', 'ok', 'check'],
] as const satisfies [string, Tone, IconName][]

export function InstanceCards({
  visit,
  cards,
  quiet,
  speaking,
}: {
  visit: Visit
  cards: InstanceCard[]
  quiet: QuietInstances
  speaking: Speaking
}) {
  const home = `/${visit.organization.slug}`
  return (
    <div className="cards">
      {cards.map((card) => (
        <article key={card.id} className="panel card">
          <h3>
            <InstanceName home={home} card={card} speaking={speaking} />
          </h3>
          <Address card={card} />
          <KeyStates visit={visit} card={card} quiet={quietOne(quiet, card)} speaking={speaking} />
          <small>
            {footnote(card, speaking)} · <span className="id">{card.shortId}</span>
          </small>
        </article>
      ))}
    </div>
  )
}

/** The instance's name as a link, with a chip where it is a test copy. */
export function InstanceName({
  home,
  card,
  speaking: { t },
}: {
  home: string
  card: InstanceCard
  speaking: Speaking
}) {
  return (
    <>
      <a href={`${home}/instances/${card.id}`} {...longName(card.label)}>
        {card.label}
      </a>
      {card.environment === 'test' && (
        <>
          {' '}
          <span className="chip">{t('instances.test')}</span>
        </>
      )}
    </>
  )
}

export function Address({ card }: { card: InstanceCard }) {
  const address = displayUrl(card.url ?? '')
  return (
    <code translate="no" title={address}>
      <AddressText text={address} />
    </code>
  )
}

/** What is said of an instance's contact; undefined where all is fine, or nobody has called yet. */
export const quietOne = ({ stopped, silent }: QuietInstances, { id }: InstanceCard) =>
  [...stopped, ...silent].find((one) => one.id === id)

/**
 * How an instance stands: that it stopped or is silent, then its keys by state, what wants somebody first; of a test copy,
 * whose keys it uses. That a key is good says nothing of a plugin that stopped: then it has not the colour of what is fine.
 */
export function KeyStates({
  visit,
  card,
  quiet,
  speaking,
}: {
  visit: Visit
  card: InstanceCard
  quiet: QuietInstance | undefined
  speaking: Speaking
}): ReactNode {
  const { t, timeZone, now } = speaking
  const { keys } = card
  const chips: ReactNode[] = looks
    .filter(([state]) => keys[state] > 0)
    .map(([state, tone, icon]) => (
      <State
        key={state}
        tone={quiet?.contact === 'stopped' && tone === 'ok' ? 'calm' : tone}
        icon={quiet?.contact === 'stopped' && state === 'active' ? 'key' : icon}
      >
        {t(`instances.chip.${state}`, { count: keys[state] })}
      </State>
    ))
  const trials = keys.trials.map((end) => (
    <State key={end.toISOString()} tone="trial" icon="flask-conical">
      {t('keys.trial_state', { days: daysLeft(end, now, timeZone) })}
    </State>
  ))
  const all = [...trials, ...chips]
  if (all.length === 0 && !card.testOf) {
    all.push(
      <span key="none" className="state calm">
        {t('instances.chip.none')}
      </span>,
    )
  }
  if (quiet) all.unshift(<QuietState key="quiet" visit={visit} one={quiet} />)
  return (
    <>
      {all.length > 0 && <div className="row">{all}</div>}
      {card.testOf && (
        <small>
          <LongNames names={[card.testOf]}>{t('instances.test_of', { label: card.testOf })}</LongNames>
        </small>
      )}
    </>
  )
}

/** What else is known of it: its GLPI version, since when it is retired. */
export function footnote(card: InstanceCard, { t, language, timeZone }: Speaking): string {
  const { glpiVersion, retiredAt } = card
  const version = glpiVersion ? t('instances.glpi', { version: glpiVersion }) : t('instances.glpi_unknown')
  const parts = [
    retiredAt && t('instances.retired_on', { date: lastDay(retiredAt, language, timeZone) }),
    version,
  ]
  return parts.filter(Boolean).join(' · ')
}
