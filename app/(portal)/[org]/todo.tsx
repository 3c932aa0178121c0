import type { ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LinkButton, mailTo } from '@/components/ui/button'
import type { IconName } from '@/components/ui/icon'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { Dot, type Tone } from '@/components/ui/state'
import type { QuietInstance } from '@/lib/activations/contacts'
import { env } from '@/lib/env'
import type { Attention, AttentionLine } from '@/lib/keys/attention'
import type { Speaking } from '@/lib/keys/phrases'
import { daysLeft, lastDay } from '@/lib/messages/dates'
import { Stopped } from './stopped'

const mostLines = 10

const looks: Record<AttentionLine['what'], { tone: Tone; icon: IconName }> = {
  overdue: { tone: 'soon', icon: 'triangle-exclamation-point' },
  due: { tone: 'soon', icon: 'clock' },
  trial_ends: { tone: 'trial', icon: 'flask-conical' },
  not_yet_in_glpi: { tone: 'ok', icon: 'key' },
  lapsed: { tone: 'bad', icon: 'x' },
  revoked: { tone: 'bad', icon: 'ban' },
}

interface Due {
  visit: Visit
  /** Of these a plugin works no more, which comes before what will stop. */
  stopped: QuietInstance[]
  attention: Attention
  mayReveal: boolean
  /** Nothing stands above it that is to be done before. */
  first: boolean
  speaking: Speaking
}

/**
 * What needs doing, in the order given. Filled is the button of the first line that one can see to here: a new key that
 * waits for GLPI. What is due is renewed by writing to the vendor, whose address is in its line.
 */
export function Todo({ visit, stopped, attention: { lines, more }, mayReveal, first, speaking }: Due) {
  const { t } = speaking
  const home = `/${visit.organization.slug}`
  const shown = stopped.slice(0, mostLines)
  const left = mostLines - shown.length
  const further = stopped.length - shown.length + Math.max(0, lines.length - left)
  const next = lines.find(toShow)
  return (
    <section aria-label={t('overview.todo')}>
      <Panel>
        <ul className="todo">
          {shown.map((one) => (
            <Stopped key={one.id} visit={visit} one={one} />
          ))}
          {lines.slice(0, left).map((line) => (
            <Line
              key={line.keys[0].id}
              line={line}
              home={home}
              next={first && mayReveal && line === next}
              button={mayReveal && toShow(line) ? 'show' : 'see'}
              speaking={speaking}
            />
          ))}
        </ul>
      </Panel>
      {further > 0 && (
        <p className="after">
          <a className="link" href={`${home}/keys?sort=until`}>
            {more ? t('overview.all_keys') : t('overview.more_lines', { count: further })}
          </a>
        </p>
      )}
    </section>
  )
}

function Line({
  line,
  home,
  next,
  button,
  speaking,
}: {
  line: AttentionLine
  home: string
  next: boolean
  button: 'show' | 'see'
  speaking: Speaking
}) {
  const { t } = speaking
  const words = wordsOf(line, speaking)
  const support = env().SUPPORT_EMAIL
  const { shortId, instanceId, instance } = line.keys[0]
  const b = (chunks: ReactNode) => (
    <b>
      <LongNames names={[instance]}>{chunks}</LongNames>
    </b>
  )
  const href = instanceId ? `${home}/instances/${instanceId}#${shortId}` : `${home}/keys?q=${shortId}`
  return (
    <li>
      <Dot {...looks[line.what]} />
      <div>
        {t.rich(`overview.${line.what}`, { ...words, b })}
        <p>
          <LongNames names={[]}>
            {t.rich(`overview.${line.what}_detail`, { ...words, support, mail: mailTo(support) })}
          </LongNames>
        </p>
      </div>
      <LinkButton
        small
        variant={next ? 'primary' : 'default'}
        href={href}
        label={t(`overview.${button}_label`, words)}
      >
        {t(`overview.${button}`, words)}
      </LinkButton>
    </li>
  )
}

const toShow = ({ what }: AttentionLine) => what === 'not_yet_in_glpi'

function wordsOf({ what, keys }: AttentionLine, { t, language, timeZone, now }: Speaking) {
  const { product, shortId, instance, termEndsAt, stopsAt, reason } = keys[0]
  const products = keys.map((key) => key.product).join(', ')
  const end = (what === 'due' ? termEndsAt : null) ?? stopsAt ?? now
  return {
    count: keys.length,
    product,
    products,
    // Where one key's product stands in the line itself, its short ID says more.
    named: keys.length > 1 ? products : what === 'not_yet_in_glpi' ? `${product}, ${shortId}` : shortId,
    ended: stopsAt && stopsAt <= now ? 'yes' : 'no',
    where: instance ? t('overview.on_instance', { instance }) : t('overview.everywhere'),
    into: instance ? t('overview.into_instance', { instance }) : t('overview.into_every'),
    date: lastDay(termEndsAt ?? end, language, timeZone),
    until: lastDay(stopsAt ?? end, language, timeZone),
    /** Midnights until the last whole day: 0 on that day. */
    days: daysLeft(end, now, timeZone),
    reason: reason ?? '',
  }
}
