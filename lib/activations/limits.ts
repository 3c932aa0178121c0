import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { Refused } from '@/lib/errors'
import { log } from '@/lib/log'
import { networkOf } from '@/lib/network'
import type { Call, Checked } from './check'
import type { FoundKey } from './facts'
import { showsSecret } from './secret'

/*
 * Counted in the process's memory and not in Postgres, where counting would cost each check more than the check itself
 * (docs/decisions/0010). Several processes let that many times as much through, which one Postgres carries.
 */

const perSeconds = 10
/** Of one key from one installation, as far as that is proved, and of one key from all strangers that it is refused to. */
const ofKey = new RateLimiterMemory({ points: 600, duration: perSeconds })
/**
 * Of installations that a key knows nothing of and is yet good for, since no GLPI has called with it: so many different ones
 * within a minute. A key has one installation, or those of an organization that begins with it.
 */
const newcomers = new RateLimiterMemory({ points: 60, duration: 60 })
/** Those that were counted in the last minute: who asks again, as each that activates does, is none more. */
const heard = new Map<string, Promise<unknown>>()
/** Of keys that nobody was given, from one address: of 2^130 keys a guess finds none, and it should be seen. */
const guesses = new RateLimiterMemory({ points: 60, duration: 60 })

/**
 * Takes a turn for a call. Whoever is refused, or knows a key and an installation ID but not the activation's secret, uses
 * up nothing of the installation that the key belongs to: that one has its own turn also where its key has ended or has
 * moved, since its administrator must read why. GLPI itself has no secret to show: what it asks is counted apart,
 * and what nobody proves by the network that it came from, so that only who shares it with a thief shares its limit.
 * @throws Refused `too_many` with `retryAfterSeconds`
 */
export async function takeTurn(call: Call, { found, verdict, isTest }: Checked) {
  const from = call.from ?? 'unknown'
  // Everybody has it: one who uses it up must not take it from the others.
  if (isTest) return takeAddressTurn(from)
  if (!found) return takeGuess(from)
  const { installationId = '' } = call
  if (verdict.ok && installationId && !isKnown(call, found)) await takeNewcomer(found.id, installationId)
  const who = verdict.ok || isKnown(call, found) ? `${installationId} ${howKnown(call, found)}` : 'refused'
  return consume(ofKey, `${found.id} ${who}`)
}

/** Whether the caller says the ID of an installation that the key is, or was, good for: nobody else's counts as that. */
const isKnown = ({ installationId }: Call, { activation, places }: FoundKey) =>
  installationId !== undefined &&
  (activation !== null || places.some((place) => place.installationId === installationId))

function takeNewcomer(keyId: string, installationId: string) {
  const who = `${keyId} ${installationId}`
  const before = heard.get(who)
  if (before) return before
  const turn = consume(newcomers, keyId)
  heard.set(who, turn)
  const forget = () => heard.delete(who)
  turn.then(() => setTimeout(forget, 60_000).unref(), forget)
  return turn
}

function howKnown(call: Call, { activation }: FoundKey): string {
  if (showsSecret(call, activation)) return 'proved'
  const { fromGlpi, from = 'unknown' } = call
  return `${fromGlpi ? 'glpi' : 'unproved'} ${networkOf(from)}`
}

/** Takes a turn for a key that nobody was given, and counts it for the log. @throws Refused `too_many` */
export function takeGuess(from = 'unknown') {
  guessed()
  return consume(guesses, networkOf(from))
}

/** Takes a turn for a program of an organization, or, where its token is none, of the address that guesses. */
export async function takeProgramTurn(tokenId: string | null, from: string) {
  return tokenId ? consume(ofKey, `token ${tokenId}`) : consume(guesses, networkOf(from))
}

/** Takes a turn for whoever asks what everybody may know. */
export const takeAddressTurn = (from: string) => consume(ofKey, `address ${networkOf(from)}`)

async function consume(limiter: RateLimiterMemory, key: string) {
  try {
    await limiter.consume(key)
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error
    throw new Refused('too_many', { retryAfterSeconds: Math.max(1, Math.ceil(error.msBeforeNext / 1_000)) })
  }
}

let guessedSince = 0

/** Told once a minute, so that guessing is seen and the log is not what suffers from it. */
function guessed() {
  guessedSince++
  if (guessedSince > 1) return
  const tell = () => {
    log.warn({ calls: guessedSince }, 'keys that nobody was given were presented in the last minute')
    guessedSince = 0
  }
  setTimeout(tell, 60_000).unref()
}
