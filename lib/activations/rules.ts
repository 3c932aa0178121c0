import { fits, newestFitting, type ReleaseRange } from '@/lib/catalog/rules'
import { type KeyFacts, type KeyState, stateOf } from '@/lib/keys/rules'

/** In the order in which they are asked; the first that holds is the answer. */
export const checkCodes = [
  'malformed',
  'unknown',
  'wrong_product',
  'wrong_kind',
  'revoked',
  'not_started',
  'expired',
  'bound_elsewhere',
  'ok',
] as const
export type CheckCode = (typeof checkCodes)[number]

/** What an `ok` may carry: a newer key waits (an `expired` as well), has been seen, or the version in use does not fit. */
export const checkNotes = ['renewed', 'replaced', 'version_mismatch'] as const
export type CheckNote = (typeof checkNotes)[number]

/**
 * What the history says of a refresh beside its answer: with it another key was handed over; or one waits and was not, since
 * the activation's secret was not shown.
 */
export type HandoverNote = 'handed_over' | 'handover_unproved'

type Kind = 'subscription' | 'trial' | 'permanent'

/** Where a key may be used: its own instance, a test copy of that, or an instance of the organization that it belongs to. */
export interface Place {
  instanceId: string
  environment: 'production' | 'test'
  /** Null until a GLPI has called. */
  installationId: string | null
  url: string | null
  /** The caller said one of its addresses. */
  here: boolean
  /** The key's own instance; a key of the whole organization has none. */
  own: boolean
  /** Another installation has the key in use in this environment, at another place or while this one is nobody's. */
  taken: boolean
  /** From then on another may have it; null while its installation has given back nothing, or goes on with what never ends. */
  freeFrom: Date | null
  /** Of a test copy: until then the key's copy before it may go on with its last lease. */
  copyUntil: Date | null
}

export interface CheckedKey {
  kind: Kind
  binding: 'url' | 'installation' | 'organization'
  /** References: the key's product and, of a suite, each that it contains. */
  products: readonly string[]
  startsAt: Date
  expiresAt: Date | null
  termEndsAt: Date | null
  renewedAt: Date | null
  replacedAt: Date | null
  revoked: boolean
  /** Of an expired one: a newer key that works follows it. */
  followed: boolean
  places: readonly Place[]
}

export interface Asked {
  /** The plugin that asks; absent where GLPI itself does. */
  product?: string | undefined
  /** The kinds that it takes; absent: all. */
  kinds?: readonly Kind[] | undefined
  installationId?: string | undefined
  /** Whether the caller said an address at all. */
  url?: string | undefined
  productVersion?: string | undefined
  glpiVersion?: string | undefined
}

/** A caller that says neither which GLPI it is nor where: nobody knows that it is another one than the key's. */
export const isNameless = ({ installationId, url }: Asked) => !installationId && !url

export type PlaceVerdict =
  | { ok: true; place: Place; binds: boolean; asks: 'address' | null }
  | { ok: false; because: 'bound_elsewhere' }

/**
 * Where a caller may use a key (DESIGN §2, rule 3). An installation that is known there uses it; one that is not takes a
 * place that no GLPI has called from yet, if its address is absent or that place's. The same installation at a new address
 * is let through and asked about: nothing changes unasked. A place that was given back is as one without a call, from the
 * day on which it is free (rule 4).
 */
export function placeOf(places: readonly Place[], { installationId, url }: Asked, now: Date): PlaceVerdict {
  const elsewhere = { ok: false, because: 'bound_elsewhere' } as const
  if (!installationId) {
    const place = places.find(({ here, own }) => (url ? here : own))
    return place ? { ok: true, place, binds: false, asks: null } : elsewhere
  }
  const open = places.filter(({ taken, copyUntil }) => !taken && !(copyUntil && copyUntil > now))
  // A cloned database has the same ID, so that of two places the one at the caller's address counts.
  const known = open.filter((place) => place.installationId === installationId)
  const place = known.find(({ here }) => here) ?? known.find(({ own }) => own) ?? known[0]
  if (place) return { ok: true, place, binds: false, asks: url && !place.here ? 'address' : null }
  const isFree = ({ installationId: id, freeFrom }: Place) => id === null || (freeFrom && freeFrom <= now)
  const free = open.find((place) => isFree(place) && (url ? place.here : place.own))
  return free ? { ok: true, place: free, binds: true, asks: null } : elsewhere
}

export type CheckVerdict =
  | {
      ok: true
      code: 'ok'
      notes: CheckNote[]
      state: KeyState
      place: Place | null
      binds: boolean
      asks: 'address' | null
    }
  | { ok: false; code: Exclude<CheckCode, 'ok'>; notes: CheckNote[]; state?: KeyState }

/**
 * The verdict on a key that is known: the one function behind the API, GLPI's own routes, the check page and the portal.
 * @param releases of the product that asks
 */
export function verdictOn(
  key: CheckedKey,
  asked: Asked,
  releases: readonly ReleaseRange[],
  now: Date,
): CheckVerdict {
  const state = stateOf(key, now)
  const refuse = (code: Exclude<CheckCode, 'ok'>): CheckVerdict => ({ ok: false, code, notes: [], state })
  if (asked.product && !key.products.includes(asked.product)) return refuse('wrong_product')
  if (asked.kinds && !asked.kinds.includes(key.kind)) return refuse('wrong_kind')
  if (state === 'revoked') return refuse('revoked')
  if (state === 'not_started') return refuse('not_started')
  if (state === 'expired') return { ...refuse('expired'), notes: key.followed ? ['renewed'] : [] }
  const place = placeOf(key.places, asked, now)
  if (!place.ok && (asked.installationId || asked.url)) return refuse('bound_elsewhere')
  const notes: CheckNote[] = []
  if (state === 'renewed' || state === 'replaced') notes.push(state)
  if (fittingRelease(asked, releases).mismatch) notes.push('version_mismatch')
  return {
    ok: true,
    code: 'ok',
    notes,
    state,
    place: place.ok ? place.place : null,
    binds: place.ok && place.binds,
    asks: place.ok ? place.asks : null,
  }
}

/** Whether the plugin's version is known not to work on that GLPI, and the newest that does. */
export function fittingRelease(
  { productVersion, glpiVersion }: Asked,
  releases: readonly ReleaseRange[],
): { mismatch: boolean; fits: string | null } {
  if (!glpiVersion) return { mismatch: false, fits: null }
  const used = releases.find(({ version }) => version === productVersion)
  return {
    mismatch: used !== undefined && !fits(used, glpiVersion),
    fits: newestFitting(releases, glpiVersion)?.version ?? null,
  }
}

export type HandOverVerdict =
  /** `next`: the one that takes over; `paid`: the newest that works, which may be an earlier one. */
  | { ok: true; which: 'next' | 'paid' }
  | { ok: false; because: 'product' | 'revoked' | 'expired' | 'none_waits' | 'unproved' }

/**
 * Whether a refresh is answered with another key as well, so that nobody pastes it. A key that works hands over the next one,
 * to its own end and so in the overlap as before; one that has ended nothing, since whoever finds it later has it from
 * somewhere. What was revoked hands over nothing, unless only its money went back: then another that is paid may still run.
 * Who cannot show the activation's secret knows the key and the installation ID, which GLPI itself sends with each call, and
 * gets nothing more by them.
 * @param isProved the caller has shown the secret of its activation of that key
 */
export function mayHandOver(
  key: KeyFacts & { revokedReason: string | null; startsAt: Date },
  product: { handsOver: boolean },
  isProved: boolean,
  now: Date,
): HandOverVerdict {
  const refuse = (because: Extract<HandOverVerdict, { ok: false }>['because']) =>
    ({ ok: false, because }) as const
  if (!product.handsOver) return refuse('product')
  const state = stateOf(key, now)
  const wasPaidBack = key.revokedReason === 'refunded' || key.revokedReason === 'disputed'
  if (state === 'revoked' && !wasPaidBack) return refuse('revoked')
  if (state === 'expired' || (key.expiresAt && key.expiresAt <= now)) return refuse('expired')
  // Where the money for the term after it went back, a later one may take over within the overlap; it is renewed by none.
  const isOver = key.termEndsAt !== null && key.termEndsAt <= now
  if (state !== 'revoked' && !key.renewedAt && !(isOver && isProved)) return refuse('none_waits')
  if (!isProved) return refuse('unproved')
  return { ok: true, which: state === 'revoked' ? 'paid' : 'next' }
}

/** What a call leaves to be asked: whose installation it is, what a new address means, or that there are two of one. */
export type QuestionKind = 'installation' | 'address' | 'copy'
export const questionAnswers = ['test_copy', 'moved', 'further_address', 'not_ours', 'ours'] as const
export type QuestionAnswer = (typeof questionAnswers)[number]

/**
 * What may be answered to an open question. That an installation has moved takes another instance's key along, which is no
 * answer; a key of the whole organization works on each instance of it, so that there it is enough that it is one of them.
 */
export function answersTo(kind: QuestionKind, binding: CheckedKey['binding']): readonly QuestionAnswer[] {
  if (kind === 'address') return ['further_address', 'moved', 'test_copy', 'not_ours']
  if (kind === 'copy') return ['test_copy', 'not_ours']
  return binding === 'organization' ? ['ours', 'test_copy', 'not_ours'] : ['test_copy', 'not_ours']
}

export type AnswerVerdict =
  | { ok: true }
  | { ok: false; because: 'question_answered' | 'not_an_answer' | 'test_place_taken' }

interface AskedAbout {
  kind: QuestionKind
  binding: CheckedKey['binding']
  /** `let_in`: nobody's; the installation has come to have the key, or another one its place. */
  answer: QuestionAnswer | 'let_in' | null
  answeredAt: Date | null
  lastAt: Date
  /** The test copy that the key has. */
  testCopy: object | null
}

/**
 * Who said that it is not theirs may have been wrong. Every other answer has changed something, and stays, unless its GLPI is
 * refused after it as well: then the answer was not enough.
 */
export function mayAnswer(question: AskedAbout, answer: QuestionAnswer): AnswerVerdict {
  const { kind, binding, answer: given, answeredAt, lastAt, testCopy } = question
  if (!answersTo(kind, binding).includes(answer)) return { ok: false, because: 'not_an_answer' }
  // Only who is refused leaves an `installation` to be asked about.
  const stillRefused = kind === 'installation' && lastAt > (answeredAt ?? lastAt)
  const mayChange = given === 'not_ours' ? answer !== 'not_ours' : stillRefused
  if (given !== null && !mayChange) return { ok: false, because: 'question_answered' }
  const copies = answer === 'test_copy' && kind !== 'copy'
  return copies && testCopy ? { ok: false, because: 'test_place_taken' } : { ok: true }
}

/** What an answer means for the GLPI that called. */
export const consequences = ['answered', 'refused', 'unchanged', 'copy', 'address'] as const

/** `answered`: its next call gets another answer than the one before. Only who was refused does. */
export function whatFollows(kind: QuestionKind, answer: QuestionAnswer): (typeof consequences)[number] {
  if (answer === 'not_ours') return kind === 'installation' ? 'refused' : 'unchanged'
  if (kind === 'installation') return 'answered'
  return kind
}

/** A GLPI asks daily, spread by an hour at most. */
const silentAfter = 25 * 3_600_000

export type Contact = 'never' | 'fresh' | 'silent' | 'stopped' | 'given_back'

/** How long ago a key's GLPI called: `stopped` when it can no longer go by the last answer that it had. */
export function contactOf(
  seen: { lastAt: Date; leaseEndsAt: Date | null; givenBackAt: Date | null } | undefined,
  now: Date,
): Contact {
  if (!seen) return 'never'
  const { lastAt, leaseEndsAt, givenBackAt } = seen
  // What called after that has begun anew.
  if (givenBackAt && givenBackAt >= lastAt) return 'given_back'
  if (leaseEndsAt && leaseEndsAt <= now) return 'stopped'
  return lastAt < silentSince(now) ? 'silent' : 'fresh'
}

type ContactFacts = NonNullable<Parameters<typeof contactOf>[0]>

/**
 * The same of an instance, by the keys of it that work: `stopped` when a plugin there is, whoever else calls; `silent` when
 * none has called.
 */
export function contactOfInstance(seen: readonly ContactFacts[], now: Date): Contact {
  const found = seen.map((one) => contactOf(one, now))
  return (['stopped', 'fresh', 'silent', 'given_back'] as const).find((one) => found.includes(one)) ?? 'never'
}

/** Who has last called before this is silent. */
export const silentSince = (now: Date) => new Date(now.getTime() - silentAfter)

/** For as long each answer is kept; what is older is counted by day. */
export const keptDays = 30

/** Midnight (UTC) before which answers are counted: a day is counted as a whole. */
export function keptSince(now: Date): Date {
  const today = Math.floor(now.getTime() / 86_400_000)
  return new Date((today - keptDays) * 86_400_000)
}

/** DESIGN §2, rule 4; what the catalog gives a product that says nothing else. */
export const usualGraceDays = 7
