import { daysLeft, lastDay } from '@/lib/messages/dates'
import type { Language, Translate } from '@/lib/messages/translator'
import type { KeyRow } from './queries'
import type { KeyState } from './rules'

/** In what words a key's dates and state are said: pages, files and exports say them alike. */
export interface Speaking {
  t: Translate
  language: Language
  /** The organization's: terms and keys end at its midnight. */
  timeZone: string
  now: Date
}

type Tone = 'ok' | 'soon' | 'bad' | 'calm' | 'trial'
type StateIcon =
  | 'check'
  | 'clock'
  | 'triangle-exclamation-point'
  | 'x'
  | 'ban'
  | 'key'
  | 'rotate-cw'
  | 'flask-conical'

/** Amber still works, red no longer does. */
const looks: Record<KeyState, { tone: Tone; icon: StateIcon }> = {
  active: { tone: 'ok', icon: 'check' },
  expiring: { tone: 'soon', icon: 'clock' },
  not_started: { tone: 'bad', icon: 'clock' },
  overdue: { tone: 'soon', icon: 'triangle-exclamation-point' },
  renewed: { tone: 'calm', icon: 'rotate-cw' },
  replaced: { tone: 'calm', icon: 'rotate-cw' },
  expired: { tone: 'bad', icon: 'x' },
  revoked: { tone: 'bad', icon: 'ban' },
}

type Stated = Pick<KeyRow, 'state' | 'notYetInGlpi' | 'kind' | 'expiresAt'>

/** A key's state as a word, with the tone and the icon that go with it. */
export function stateWord(
  key: Stated,
  { t, timeZone, now }: Speaking,
): { tone: Tone; icon: StateIcon; text: string } {
  if (key.notYetInGlpi) return { tone: 'ok', icon: 'key', text: t('keys.state.waiting') }
  const running = key.state === 'active' || key.state === 'expiring'
  if (key.kind === 'trial' && running && key.expiresAt) {
    const days = daysLeft(key.expiresAt, now, timeZone)
    return { tone: 'trial', icon: 'flask-conical', text: t('keys.trial_state', { days }) }
  }
  return { ...looks[key.state], text: t(`keys.state.${key.state}`) }
}

type Dated = Pick<
  KeyRow,
  'state' | 'startsAt' | 'termEndsAt' | 'expiresAt' | 'successor' | 'revokedReason' | 'revokedAt' | 'kind'
>

/** Until when, in two lines: the date with what it is the end of, and what else there is to know of it. */
export function untilWords(key: Dated, speaking: Speaking): { date: string; note: string } {
  const { t, language, timeZone } = speaking
  if (key.state === 'revoked' && key.revokedAt && key.revokedReason) {
    return {
      date: t('keys.revoked_on', { date: lastDay(key.revokedAt, language, timeZone) }),
      note: joined(t, [
        t('keys.revoked_because', { reason: key.revokedReason }),
        // By which it stands where it does in a list that is sorted by the keys' ends.
        key.expiresAt && t('keys.would_have', { date: lastDay(key.expiresAt, language, timeZone) }),
        successor(key, speaking),
      ]),
    }
  }
  if (!key.expiresAt) return { date: t('keys.never_ends'), note: t('keys.kind.permanent') }
  const expires = lastDay(key.expiresAt, language, timeZone)
  const follows = successor(key, speaking)
  if (key.state === 'expired' || !key.termEndsAt) {
    const date = t(key.state === 'expired' ? 'keys.ended' : 'keys.works_until', { date: expires })
    return { date, note: joined(t, [distance(key.expiresAt, speaking), follows]) }
  }
  // Both ends are named: the list is sorted by the key's own.
  const paid = t('keys.paid_until', { date: lastDay(key.termEndsAt, language, timeZone) })
  const works = t('keys.works_until', { date: expires })
  if (key.state === 'not_started') return { date: worksFrom(key, speaking), note: joined(t, [paid, follows]) }
  return {
    date: key.state === 'expiring' ? `${paid}, ${distance(key.termEndsAt, speaking)}` : paid,
    note: joined(t, [
      key.state === 'overdue' ? `${works}, ${distance(key.expiresAt, speaking)}` : works,
      follows,
    ]),
  }
}

/** The same at length, a line each: what is paid for how long, until when the key works, and which key follows. */
export function untilLines(key: Dated, speaking: Speaking): string[] {
  const { t, language, timeZone } = speaking
  if (key.state === 'revoked') {
    const { date, note } = untilWords(key, speaking)
    return [date, note]
  }
  if (!key.expiresAt) return [t('keys.never_ends')]
  const follows = successor(key, speaking) ?? []
  const expires = lastDay(key.expiresAt, language, timeZone)
  if (key.state === 'expired') {
    return [t('keys.ended', { date: expires }), distance(key.expiresAt, speaking)].concat(follows)
  }
  const works = t('keys.works_until', { date: expires })
  if (!key.termEndsAt) return [works, distance(key.expiresAt, speaking)]
  if (key.state === 'not_started')
    return [worksFrom(key, speaking), t('keys.went_back'), works].concat(follows)
  const paid = t('keys.paid_until', { date: lastDay(key.termEndsAt, language, timeZone) })
  const over = key.termEndsAt <= speaking.now
  // What a renewed subscription includes, its new key says.
  const support = key.successor ? [] : [t(over ? 'keys.support_ended' : 'keys.support')]
  return [
    `${paid}, ${distance(key.termEndsAt, speaking)}`,
    ...support,
    over ? `${works}, ${distance(key.expiresAt, speaking)}` : works,
  ].concat(follows)
}

/** The first whole day. */
const worksFrom = ({ startsAt }: Pick<Dated, 'startsAt'>, { t, language, timeZone }: Speaking) =>
  t('keys.works_from', { date: lastDay(new Date(startsAt.getTime() + 86_400_000), language, timeZone) })

function distance(end: Date, { t, timeZone, now }: Speaking): string {
  const days = daysLeft(end, now, timeZone)
  const months = Math.round(Math.abs(days) / 30.44)
  if (days >= 0) return days < 90 ? t('keys.in_days', { days }) : t('keys.in_months', { months })
  return days > -90 ? t('keys.days_ago', { days: -days }) : t('keys.months_ago', { months })
}

function successor(key: Pick<Dated, 'state' | 'successor'>, { t }: Speaking): string | null {
  if (!key.successor) return null
  return key.state === 'renewed'
    ? t('keys.waits', { shortId: key.successor })
    : t('keys.follows', { shortId: key.successor })
}

const joined = (t: Translate, parts: (string | null)[]): string =>
  parts.filter((part) => part !== null).reduce((first, second) => t('keys.join', { first, second }))
