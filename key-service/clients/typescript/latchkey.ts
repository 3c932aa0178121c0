import { Exchange, type Settings, type WholeSettings } from './exchange'
import { secretsWith } from './handover'
import { type Kept, nothingKept, readKept, type Storage, sealKept } from './kept'
import { nextCall, pauseEnd, readLease, type State, stateOf } from './lease'
import { objectOf } from './statements'
import { machineClock, readTime, startFrom, tolerance } from './time'

const longestFile = 65_536
/** In characters; a key has 36. */
const longestKey = 1_000

/**
 * Keeps a plugin's lease: asks for it, refreshes it, and says at any moment how things stand. Only what is signed by a
 * key that the root vouches for is believed; everything else is "the service cannot be reached".
 */
export class Latchkey {
  private readonly settings: WholeSettings & { storage: Storage }

  constructor(settings: Settings & { storage: Storage }) {
    const { clock = machineClock, fetch = globalThis.fetch } = settings
    this.settings = { ...settings, clock, fetch }
  }

  /** Takes a key that an administrator has pasted. One that works is given up only for another that works. */
  activate(pasted: string): Promise<State> {
    return this.alone(() => this.take(pasted))
  }

  private async take(pasted: string): Promise<State> {
    const before = await this.load()
    const key = cleanKey(pasted)
    const other = { ...nothingKept, revision: before.revision, keySet: before.keySet, time: before.time, key }
    const exchange = new Exchange(this.settings, before.key === key ? { ...before } : other)
    const { kept } = exchange
    kept.givingBack = false
    const works = (await exchange.activate()) === 'lease'
    // Over what cannot be opened only a key that works is written: the one in there may yet be the good one.
    kept.startedAnew = before.startedAnew && !works
    if (works) return this.save(kept)
    if (before.key === key || !this.stateOf(before).entitled) return this.save(kept)
    const { time, keySet, network, service, verdict } = kept
    return { ...(await this.save({ ...before, time, keySet, network, service })), key: verdict }
  }

  /**
   * Refreshes the lease when its time has come; else asks nobody. Called by the plugin's cron.
   * @param now ask now: an administrator waits for the answer.
   */
  check({ now = false } = {}): Promise<State> {
    return this.alone(() => this.askWhenDue(now))
  }

  private async askWhenDue(now: boolean): Promise<State> {
    const exchange = new Exchange(this.settings, await this.load())
    const { kept } = exchange
    const { installationId } = this.settings
    // A clock that was set may make a call seem not yet due, or a lease seem over. Who works offline waits for no answer.
    const due = !(exchange.lease && !exchange.lease.online) && exchange.now >= pauseEnd(kept, installationId)
    const wantsTime = kept.time?.suspect && (now || due)
    if (wantsTime) await exchange.askForTime()
    const next = nextCall(kept, exchange.lease, installationId)
    const calls = next !== null && (now || exchange.now >= next)
    // Of an earlier call, which ended before it was taken over.
    if (calls && (await this.takeOver(kept))) return this.state()
    const waiting = kept.next?.key
    if (calls) await exchange.askForLease(() => this.isUntouched(kept))
    const state = await this.save(kept, 'unless overtaken')
    if (!kept.next || kept.next.key === waiting) return state
    // Taken over at once: who looks sees it work, and where money went back nothing stands still meanwhile.
    const stored = await this.load()
    return (await this.takeOver(stored)) ? this.state() : this.save(stored, 'unless overtaken')
  }

  /**
   * Goes on with the key that was handed over, once it has answered; until then, and where it is refused, the old one stays
   * with its lease. Nothing of it is lost where the process ends in between: the new key and its secret are stored already.
   */
  private async takeOver(before: Kept): Promise<boolean> {
    const { next, keySet, time } = before
    if (!next) return false
    const { key, secret } = next
    const other = { ...nothingKept, revision: before.revision, keySet, time, key, secret }
    const exchange = new Exchange(this.settings, { ...other, failures: before.failures })
    const outcome = await exchange.activate(secret)
    const { kept } = exchange
    if (outcome === 'lease') {
      Object.assign(kept, { secrets: secretsWith(before), tookOverAt: exchange.now })
      await this.save(kept, 'unless overtaken')
      return true
    }
    const { network, service, failures, triedAt, triedWall } = kept
    Object.assign(before, { keySet: kept.keySet, time: kept.time, network, service })
    // The portal has refused it: it is handed over again, as long as it may be.
    if (outcome === 'refusal') before.next = null
    else Object.assign(before, { failures, triedAt, triedWall, next: { ...next, tried: true } })
    return false
  }

  /** How things stand, without asking anybody. */
  async state(): Promise<State> {
    return this.stateOf(await this.load())
  }

  /**
   * Gives the place back. `freesAt`: when another GLPI may have it (seconds); null where the portal has not said so. Then
   * it is to be called again while `givingBack` is said; until then the place is not taken anew, unless somebody enters a
   * key. The place of an offline file is free when the file has ended: nobody can take it back.
   */
  giveBack(): Promise<{ state: State; freesAt: number | null }> {
    return this.alone(() => this.askToGiveBack())
  }

  private async askToGiveBack() {
    const exchange = new Exchange(this.settings, await this.load())
    const { kept, lease } = exchange
    // Noted before it is asked for: an answer that is lost, or a process that ends, must not leave the wish forgotten.
    if (lease) kept.givingBack = true
    if (lease) await this.save(kept)
    const freesAt = lease ? await exchange.giveBack(lease) : null
    // A place that was never had is not given back.
    const over = freesAt !== null || !lease
    const { revision, keySet, time, network, service, startedAnew } = kept
    const nothing = { ...nothingKept, revision, keySet, time, network, service, startedAnew }
    return { state: await this.save(over ? nothing : kept), freesAt }
  }

  /**
   * Takes the text of an offline activation file.
   * @param pasted the key that the file was made for, where the administrator has it.
   * @returns the state, and why the file was refused; null: it was taken. `over`; `wrong_claims` (for another GLPI, key or
   * product); `unknown_kid` (its signing key was dropped since: it is to be fetched anew); `untrusted_keys` (another portal's,
   * or altered); `wrong_signature` (altered); `no_signature`, `wrong_header`, `no_offline_file` (no such file).
   */
  useOfflineFile(text: string, pasted?: string): Promise<{ state: State; refused: string | null }> {
    return this.alone(async () => {
      const exchange = new Exchange(this.settings, await this.load())
      const key = pasted === undefined ? exchange.kept.key : cleanKey(pasted)
      const refused = await takeOfflineFile(exchange, text, key)
      return { state: await this.save(exchange.kept), refused }
    })
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const { storage } = this.settings
    return storage.alone ? storage.alone(work) : work()
  }

  private async isUntouched({ revision }: Kept): Promise<boolean> {
    return readKept(await this.settings.storage.load()).revision === revision
  }

  private stateOf(kept: Kept): State {
    const { lease, now } = new Exchange(this.settings, kept)
    return stateOf(kept, lease, now, this.settings.withoutLease ?? 'disabled')
  }

  private async load(): Promise<Kept> {
    const kept = readKept(await this.settings.storage.load())
    return { ...kept, time: readTime(kept.time, this.settings.clock) }
  }

  /** What a person has done is saved; what the cron has found is dropped where somebody saved meanwhile. */
  private async save(kept: Kept, when?: 'unless overtaken'): Promise<State> {
    const { storage } = this.settings
    if (when && !(await this.isUntouched(kept))) return this.state()
    // What cannot be opened may be opened again, once the key that it was encrypted by is back: it is not written over.
    if (kept.startedAnew) return this.stateOf(kept)
    await storage.save(sealKept({ ...kept, revision: readKept(await storage.load()).revision + 1 }))
    return this.stateOf(kept)
  }
}

async function takeOfflineFile(exchange: Exchange, text: string, key: string | null): Promise<string | null> {
  const { kept } = exchange
  const file = text.length > longestFile ? null : objectOf(text.trim())
  const untrusted = file ? exchange.adoptKeySet(file.key_set) : 'no_offline_file'
  // A list that is older than the kept one says nothing against the file; the kept one is asked.
  if (untrusted && untrusted !== 'older_keys') return untrusted
  const checked = exchange.read(file?.lease, 'offline+jwt')
  if (!checked.ok) return checked.because
  const wrong = exchange.wrongClaim(checked.claims, key)
  const lease = readLease(checked.claims)
  if (wrong || !lease || lease.online) return wrong ?? 'no_offline_file'
  // Signed in the future: this machine's clock is behind.
  if (lease.issuedAt > exchange.now + tolerance / 1000) await exchange.askForTime()
  const time = kept.time && startFrom(kept.time, lease.issuedAt)
  const now = (time?.high ?? 0) / 1000
  if (lease.entitledUntil !== null && now >= lease.entitledUntil) return 'over'
  const anew = { verdict: null, failures: 0, next: null, givingBack: false, startedAnew: false }
  Object.assign(kept, { ...anew, key, time })
  exchange.keepLease(String(file?.lease))
  return null
}

/** A whole key and nothing beside it but a label and punctuation, once blanks, quotes and what nobody sees are gone. */
const keyAlone =
  /^[^a-z0-9]*(?:(?:(?:registration|licen[cs]e|activation)?key|cle?(?:denregistrement|delicence|dactivation)?)(?:[:=]|(?=gk[stp]1)))?[^a-z0-9]*(gk[stp]1[02-9ac-hj-np-z]{32})[^a-z0-9]*$/

/** One that stands among words, as in the mail that brought it, but within none: of one with a character too many none is cut off. */
const keyAmongWords = /(?<![a-z0-9])gk[stp]1[02-9ac-hj-np-z]{32}(?![a-z0-9])/g

/**
 * A registration key may have been pasted with blanks, line breaks, a label, or the mail that brought it. Another text is sent
 * as the portal reads it, which says what is wrong with it and signs for what it has read: no control characters, no blanks at
 * either end, and no more of it than it takes.
 */
export function cleanKey(pasted: string): string {
  const letters = pasted.replace(/[^\x21-\x7e]|["'`]/g, '').toLowerCase()
  const [among, another] = new Set(pasted.toLowerCase().match(keyAmongWords))
  const found = keyAlone.exec(letters)?.[1] ?? (another ? undefined : among)
  const text = pasted
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ')
    .trim()
  return found ?? [...text].slice(0, longestKey).join('').trim()
}
