import { Refused, Unavailable } from '@/lib/errors'
import { type Language, translator } from '@/lib/messages/translator'
import { bindInstallation } from './bind'
import { catalog, unlockedBy } from './catalog'
import { type Call, type Checked, judge, judgeAgain, noteAnswer, refusedAs } from './check'
import type { AskedFor } from './history'
import { verdictSentence } from './phrases'
import type { CheckVerdict } from './rules'
import { inTurn } from './serve'

/** What GLPI's set-up page reads; `is_valid` is there only where a verdict is. */
export interface Registration {
  is_valid: boolean
  validation_message: string
  owner: { name: string } | null
  subscription: Subscription | null
}

interface Subscription {
  offer_reference: string
  title: string
  is_running: boolean
  begin_date: string
  end_date: string | null
  features: string[]
}

/**
 * What a stock GLPI is told of its key. The first call with a good key binds its instance; after that it costs one statement.
 * @throws Refused `too_many`; Unavailable
 */
export async function registration(call: Call, language: Language): Promise<Registration> {
  const checked = await admit(call, 'registration')
  const { verdict, found, ownProduct } = checked
  const atHome = isAtHome(checked, call)
  const tells = found && ownProduct && (verdict.ok || atHome)
  return {
    is_valid: verdict.ok,
    validation_message: registrationSentence(checked, call, language),
    // Who merely holds the key is not told whose it is.
    owner: found && atHome ? { name: found.organization.name } : null,
    subscription: tells
      ? {
          offer_reference: ownProduct.reference,
          title: ownProduct.name,
          is_running: verdict.ok,
          begin_date: found.startsAt.toISOString(),
          end_date: found.expiresAt?.toISOString() ?? null,
          features: unlockedBy(ownProduct),
        }
      : null,
  }
}

/**
 * The verdict on a key that GLPI itself presents, noted in the history. Of a good key the first call is written down: its
 * instance takes the caller's installation ID, and the key has been seen.
 * @throws Refused `too_many`; Unavailable
 */
export async function admit(call: Call, asked: AskedFor): Promise<Checked> {
  const checked = await settled(call)
  noteAnswer(call, checked, asked)
  return checked
}

/** The same, before anything is noted. */
export async function settled(call: Call): Promise<Checked> {
  const checked = await judge(call)
  const { verdict, found, fingerprint } = checked
  const { installationId } = call
  if (!verdict.ok || !found || !fingerprint) return checked
  // Each GLPI says which one it is; who holds a key and says nothing is at home nowhere.
  if (!installationId) return refusedAs('bound_elsewhere', checked)
  if (!verdict.binds && found.firstSeenAt) return checked
  const by = { actor: { kind: 'glpi' }, organizationId: found.organizationId } as const
  try {
    await inTurn(found.id, () => bindInstallation(by, { keyId: found.id, fingerprint, installationId }))
  } catch (error) {
    // That a key was seen can be written at the next call; a database that only reads keeps no good key waiting.
    if (error instanceof Unavailable && !verdict.binds) return checked
    if (!(error instanceof Refused)) throw error
  }
  // As it is now, whoever was first.
  return verdict.binds ? judgeAgain(call) : checked
}

/** What is wrong, and what to do; where something is to be done, also how GLPI is made to ask again. */
export function registrationSentence(checked: Checked, call: Call, language: Language): string {
  const t = translator(language)
  const { code, notes } = checked
  const said = [verdictSentence(checked, call, language)]
  if (code === 'expired' || code === 'revoked') said.push(t('activations.glpi_goes_on'))
  if (code !== 'ok' || notes.length > 0) said.push(t('activations.ask_again'))
  return said.join(' ')
}

/** Without a database: for a key that broke the request which brought it, as one with a line break inside does. */
export function brokenRegistration(language: Language, at: Date): Registration {
  const nothing = {
    key: null,
    fingerprint: null,
    found: null,
    product: null,
    ownProduct: null,
    fault: null,
  }
  const verdict: CheckVerdict = { ok: false, code: 'malformed', notes: [] }
  const checked: Checked = { ...nothing, code: 'malformed', notes: [], verdict, refusalCode: null, at }
  return {
    is_valid: false,
    validation_message: registrationSentence(checked, { key: '' }, language),
    owner: null,
    subscription: null,
  }
}

/** Of a call that gets no verdict: what GLPI then shows is its own, but the log and who looks with curl can read why. */
export const noVerdict = (because: 'unavailable' | 'too_many', language: Language) => ({
  validation_message: translator(language)(`activations.${because}`),
})

/** What is sold, as GLPI lists it. @throws Unavailable */
export async function offers() {
  const sold = [...(await catalog()).byReference.values()].filter(
    (one) => !one.openSource && !one.withdrawnAt,
  )
  return sold
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((one) => ({ offer_reference: one.reference, title: one.name, features: unlockedBy(one) }))
}

const isAtHome = ({ found }: Checked, { installationId }: Call) =>
  installationId !== undefined && (found?.places ?? []).some((one) => one.installationId === installationId)
