import { Fragment, type ReactNode } from 'react'
import type { Visit } from '@/app/_request/session'
import { LinkButton, mailTo } from '@/components/ui/button'
import type { IconName } from '@/components/ui/icon'
import { LongNames } from '@/components/ui/long-names'
import { Panel } from '@/components/ui/panel'
import { Dot, type Tone } from '@/components/ui/state'
import { may } from '@/lib/access'
import type { QuietInstance } from '@/lib/activations/contacts'
import { env } from '@/lib/env'
import type { Attention, AttentionLine } from '@/lib/keys/attention'
import type { Speaking } from '@/lib/keys/phrases'
import { daysLeft, firstDay, lastDay } from '@/lib/messages/dates'
import type { FailedPayment } from '@/lib/payments/failed-payments'
import { sells } from '@/lib/payments/stripe'
import type { UnderWay } from '@/lib/payments/under-way'
import { basketQuery } from './billing/basket'
import { checkoutOf, isRenewable } from './paid-in'
import { PaymentFailed } from './payment-failed'
import { Stopped } from './stopped'

const mostLines = 10

const looks: Record<AttentionLine['what'], { tone: Tone; icon: IconName }> = {
  overdue: { tone: 'soon', icon: 'triangle-exclamation-point' },
  due: { tone: 'soon', icon: 'clock' },
  trial_ends: { tone: 'trial', icon: 'flask-conical' },
  not_yet_in_glpi: { tone: 'ok', icon: 'key' },
  waits_urgently: { tone: 'bad', icon: 'triangle-exclamation-point' },
  lapsed: { tone: 'bad', icon: 'x' },
  revoked: { tone: 'bad', icon: 'ban' },
}

interface Due {
  visit: Visit
  /** Of these a plugin works no more, which comes before what will stop. */
  stopped: QuietInstance[]
  /** Before what has to be paid by and by: somebody believes that it is paid. */
  failed: FailedPayment[]
  attention: Attention
  /** What is being paid, by the key. */
  paying: ReadonlyMap<string, UnderWay>
  mayReveal: boolean
  /** Nothing stands above it that is to be done before. */
  first: boolean
  speaking: Speaking
}

/**
 * What needs doing, in the order given. Filled is the button of the first line that one can see to here: a new key that
 * waits for GLPI, or what can be renewed or bought here. Where nothing is sold here, the vendor's address is in the line.
 */
export function Todo({ visit, stopped, failed, attention, paying, mayReveal, first, speaking }: Due) {
  const { lines, more } = attention
  const { t } = speaking
  const home = `/${visit.organization.slug}`
  const mayPay = sells() && may(visit.organization.role, 'checkout.begin')
  const shown = stopped.slice(0, mostLines)
  const left = Math.max(0, mostLines - shown.length - failed.length)
  const further = stopped.length - shown.length + Math.max(0, lines.length - left)
  const maySee = may(visit.organization.role, 'billing.see_checkout')
  const paidIn = (line: AttentionLine) => checkoutOf(line, paying)
  const stepOf = (line: AttentionLine) =>
    paidIn(line) ? (maySee ? 'see_payment' : 'see') : step(line, mayReveal, mayPay)
  const next = failed.length === 0 && lines.find((line) => !paidIn(line) && stepOf(line) !== 'see')
  return (
    <section aria-label={t('overview.todo')}>
      <Panel>
        <ul className="todo">
          {shown.map((one) => (
            <Stopped key={one.id} visit={visit} one={one} />
          ))}
          {failed.map((one, index) => (
            <PaymentFailed key={one.checkoutId} visit={visit} failed={one} next={first && index === 0} />
          ))}
          {lines.slice(0, left).map((line) => (
            <Line
              key={line.keys[0].id}
              line={line}
              home={home}
              next={first && line === next}
              button={stepOf(line)}
              underWay={paidIn(line)}
              how={mayPay || paidIn(line) ? 'pay' : sells() ? 'ask' : 'write'}
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

interface LineProps {
  line: AttentionLine
  home: string
  next: boolean
  button: Step
  underWay: UnderWay | undefined
  how: 'pay' | 'ask' | 'write'
  speaking: Speaking
}

function Line({ line, home, next, button, underWay, how, speaking }: LineProps) {
  const { t } = speaking
  const words = wordsOf(line, speaking)
  const support = env().SUPPORT_EMAIL
  const { shortId, instanceId, instance } = line.keys[0]
  const b = (chunks: ReactNode) => (
    <b>
      <LongNames names={[instance]}>{chunks}</LongNames>
    </b>
  )
  const page = instanceId ? `${home}/instances/${instanceId}#${shortId}` : `${home}/keys?q=${shortId}`
  const leadsTo: Record<Step, string> = {
    show: page,
    see: page,
    renew: `${home}/billing/renew?${line.keys.map(({ id }) => `k=${id}`).join('&')}`,
    buy: `${home}/billing/buy?${basketQuery({ purchases: line.keys })}`,
    see_payment: `${home}/billing/checkouts/${underWay?.checkoutId}`,
  }
  const keys = () => <Named line={line} home={home} />
  return (
    <li>
      <Dot {...looks[line.what]} />
      <div>
        {t.rich(`overview.${line.what}`, { ...words, paying: underWay ? 'yes' : 'no', b })}
        <p>
          {underWay && `${t(`billing.being_paid.${underWay.state}`)} · `}
          <LongNames names={[]}>
            {t.rich(`overview.${line.what}_detail`, { ...words, how, support, keys, mail: mailTo(support) })}
          </LongNames>
        </p>
      </div>
      <LinkButton
        small
        variant={next ? 'primary' : 'default'}
        href={leadsTo[button]}
        label={t(`overview.${button}_label`, words)}
      >
        {t(`overview.${button}`, words)}
      </LinkButton>
    </li>
  )
}

/** The line's keys, each with the way to its page. Where one key's product stands in the line itself, its short ID is enough. */
function Named({ line, home }: Pick<LineProps, 'line' | 'home'>) {
  const { what, keys } = line
  const withProduct = keys.length > 1 || isWaiting(what)
  return keys.map(({ id, product, shortId }, at) => (
    <Fragment key={id}>
      {at > 0 && ', '}
      {withProduct && `${product} `}
      <a className="link id" href={`${home}/keys/${id}`}>
        {shortId}
      </a>
    </Fragment>
  ))
}

type Step = 'show' | 'renew' | 'buy' | 'see_payment' | 'see'

const isWaiting = (what: AttentionLine['what']) => what === 'not_yet_in_glpi' || what === 'waits_urgently'

/** What the line's button does. */
function step({ what }: AttentionLine, mayReveal: boolean, mayPay: boolean): Step {
  if (isWaiting(what)) return mayReveal ? 'show' : 'see'
  if (mayPay && what === 'trial_ends') return 'buy'
  return mayPay && isRenewable(what) ? 'renew' : 'see'
}

function wordsOf({ what, keys }: AttentionLine, { t, language, timeZone, now }: Speaking) {
  const { product, instance, termEndsAt, stopsAt, reason } = keys[0]
  const products = keys.map((key) => key.product).join(', ')
  const end = (what === 'due' ? termEndsAt : null) ?? stopsAt ?? now
  const ended = stopsAt !== null && stopsAt <= now
  return {
    count: keys.length,
    product,
    products,
    ended: ended ? 'yes' : 'no',
    where: instance ? t('overview.on_instance', { instance }) : t('overview.everywhere'),
    into: instance ? t('overview.into_instance', { instance }) : t('overview.into_every'),
    date: lastDay(termEndsAt ?? end, language, timeZone),
    /** Or since when it has not worked. */
    until: (ended ? firstDay : lastDay)(stopsAt ?? end, language, timeZone),
    /** Midnights until the last whole day: 0 on that day. */
    days: daysLeft(end, now, timeZone),
    reason: reason ?? '',
  }
}
