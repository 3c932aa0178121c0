import { desc, eq } from 'drizzle-orm'
import { z } from 'zod'
import { people } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import type { SystemTx } from '@/db/scope'
import { recordAttempt, type VendorBy, vendorCommand } from '@/lib/command'
import { languages } from '@/lib/messages/translator'
import { beginSession } from './begin-session'
import { addNewcomer, confirmSignUp } from './confirm-sign-up'
import { deviceOf } from './device'
import { signsInByProvider } from './person'
import { openReturnTo } from './return-to'
import { codeTries, mayComplete } from './rules'
import { same, signInHmac, tokenHash } from './tokens'

const CompleteSignIn = z.object({
  browser: z.string().min(40),
  /** The browser's User-Agent header; what is kept of it is little. */
  device: z.string().max(500).transform(deviceOf),
  /** What was chosen in this browser, where anything was: it becomes the person's. */
  language: z.enum(languages).nullable(),
  proof: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('code'), code: z.string().transform((code) => code.replace(/\D/g, '')) }),
    z.object({ kind: z.literal('link'), link: z.string().max(200) }),
  ]),
})

type SignInRefusal =
  | { because: 'other_browser' | 'used' | 'expired' | 'too_many_tries' }
  | { because: 'wrong_code'; triesLeft: number }
export type SignInResult =
  | {
      ok: true
      sessionToken: string
      expires: Date
      returnTo: string | null
      /** The sign-up whose address is confirmed by it. */
      trialSignUpId: string | null
    }
  | ({ ok: false } & SignInRefusal)

/**
 * Completes a sign-in, or says why not. What is refused without end (no such link, one that is used up) is recorded as
 * an attempt, of which an hour has a hundred at the most: nothing is ever taken from the trail, so no stranger may fill it.
 */
export async function completeSignIn(
  by: VendorBy,
  input: z.input<typeof CompleteSignIn>,
): Promise<SignInResult> {
  const { recorded, ...result } = await complete(by, input)
  if (!recorded && !result.ok) {
    const personId = by.actor.kind === 'person' ? by.actor.personId : null
    await recordAttempt('sign_in.complete', personId, result.because)
  }
  return result
}

/**
 * Turns a code or a link, each good once and only in the browser that asked, into a session. The row is locked, so two
 * tries at the same moment come one after the other. A refusal is an answer, not an exception, because the try that it
 * counts must be kept.
 */
const complete = vendorCommand(
  'sign_in.complete',
  CompleteSignIn,
  async (scope, { browser, device, language, proof }): Promise<SignInResult & { recorded: boolean }> => {
    const { tx, now, audit, unchanged } = scope
    const signIn = proof.kind === 'code' ? await askedBy(tx, browser) : await linked(tx, proof.link)
    const refuse = (refusal: SignInRefusal) => {
      unchanged()
      return { ok: false, recorded: false, ...refusal } as const
    }
    if (!signIn) return refuse({ because: 'expired' })
    if (!same(signIn.browserHash, tokenHash(browser))) return refuse({ because: 'other_browser' })
    const verdict = mayComplete(signIn, now)
    if (!verdict.ok) return refuse({ because: verdict.because })
    if (proof.kind === 'code' && !same(signIn.codeHmac, signInHmac('code', signIn.id, proof.code))) {
      const tries = signIn.tries + 1
      await tx.update(signIns).set({ tries }).where(eq(signIns.id, signIn.id))
      const triesLeft = codeTries - tries
      const refusal: SignInRefusal =
        triesLeft > 0 ? { because: 'wrong_code', triesLeft } : { because: 'too_many_tries' }
      audit({ outcome: 'refused', details: { signIn: signIn.id, because: refusal.because } })
      return { ok: false, recorded: true, ...refusal }
    }
    const person = await personOf(tx, signIn, now)
    // An address without an account, or of staff who sign in elsewhere, has a row but got no code: it was guessed.
    if (!person || (await signsInByProvider(tx, person.id))) return refuse({ because: 'expired' })
    await tx.update(signIns).set({ usedAt: now }).where(eq(signIns.id, signIn.id))
    const session = await beginSession(scope, person, browser, device)
    const { trialSignUpId } = signIn
    if (trialSignUpId) await confirmSignUp(tx, { trialSignUpId, personId: person.id, now })
    const changed = language && language !== person.language ? { language } : {}
    if (changed.language) await tx.update(people).set(changed).where(eq(people.id, person.id))
    audit({ details: { person: person.id, by: proof.kind, ...changed } })
    return { ok: true, recorded: true, ...session, returnTo: openReturnTo(signIn), trialSignUpId }
  },
)

/** Whose address it is. Of a sign-up, somebody new is made a person. */
async function personOf(
  tx: SystemTx,
  { email, trialSignUpId, language }: typeof signIns.$inferSelect,
  now: Date,
) {
  // Held against a change of this very address: it comes first, and nobody is found, or later, and ends this session.
  const find = () => tx.select().from(people).where(eq(people.email, email)).for('no key update')
  const [known] = await find()
  if (known || !trialSignUpId) return known
  await addNewcomer(tx, { email, language, trialSignUpId, now })
  const [added] = await find()
  return added
}

/** What this browser asked for last. */
async function askedBy(tx: SystemTx, browser: string) {
  const [signIn] = await tx
    .select()
    .from(signIns)
    .where(eq(signIns.browserHash, tokenHash(browser)))
    .orderBy(desc(signIns.createdAt), desc(signIns.id))
    .limit(1)
    .for('update')
  return signIn
}

async function linked(tx: SystemTx, link: string) {
  const [signIn] = await tx
    .select()
    .from(signIns)
    .where(eq(signIns.linkHmac, signInHmac('link', '', link)))
    .for('update')
  return signIn
}
