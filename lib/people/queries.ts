import { desc, eq } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { people } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import { trialSignUps } from '@/db/schema/trials'
import { asSystem, type SystemTx } from '@/db/scope'
import { now } from '@/lib/clock'
import type { MailKind } from '@/lib/mail/kinds'
import type { Language } from '@/lib/messages/translator'
import { openReturnTo } from './return-to'
import { mayComplete } from './rules'
import { same, signInHmac, tokenHash } from './tokens'

export interface Asked {
  email: string
  returnTo: string | null
  language: Language
  /** The trial that it is asked for with, where it is. */
  trial: AskedTrial | null
}

export interface AskedTrial {
  signUpId: string
  product: string
  /** The product's, by which the form is found again. */
  reference: string
}

/** What this browser asked for last: the address that was typed in it, whether or not it is anybody's. */
export function askedIn(browser: string): Promise<Asked | null> {
  return asSystem('what a browser asked for', async (tx) => {
    const [signIn] = await tx
      .select({
        id: signIns.id,
        email: signIns.email,
        returnTo: signIns.returnTo,
        language: signIns.language,
        trialSignUpId: signIns.trialSignUpId,
      })
      .from(signIns)
      .where(eq(signIns.browserHash, tokenHash(browser)))
      .orderBy(desc(signIns.createdAt), desc(signIns.id))
      .limit(1)
    if (!signIn) return null
    const { email, language } = signIn
    const trial = await trialOf(tx, signIn.trialSignUpId)
    return { email, language, returnTo: openReturnTo(signIn), trial }
  })
}

export type LinkState =
  | { ok: true; email: string; trial: AskedTrial | null }
  | { ok: false; because: 'other_browser' | 'used' | 'expired' | 'too_many_tries' }

/** Whether a link would sign in, without using it: mail scanners open links, and people open them twice. */
export function linkState(link: string, browser: string | null): Promise<LinkState> {
  return asSystem('the state of a sign-in link', async (tx): Promise<LinkState> => {
    const [signIn] = await tx
      .select()
      .from(signIns)
      .where(eq(signIns.linkHmac, signInHmac('link', '', link)))
    if (!signIn) return { ok: false, because: 'expired' }
    if (!browser || !same(signIn.browserHash, tokenHash(browser)))
      return { ok: false, because: 'other_browser' }
    const verdict = mayComplete(signIn, now())
    if (!verdict.ok) return verdict
    return { ok: true, email: signIn.email, trial: await trialOf(tx, signIn.trialSignUpId) }
  })
}

/** The mails that a person has turned off. */
export function mutedMailsOf(personId: string): Promise<MailKind[]> {
  return asSystem('which mails a person is spared', async (tx) => {
    const [person] = await tx.select({ muted: people.mutedMails }).from(people).where(eq(people.id, personId))
    return person?.muted ?? []
  })
}

async function trialOf(tx: SystemTx, signUpId: string | null): Promise<AskedTrial | null> {
  if (!signUpId) return null
  const [found] = await tx
    .select({ signUpId: trialSignUps.id, product: products.name, reference: products.reference })
    .from(trialSignUps)
    .innerJoin(products, eq(products.id, trialSignUps.productId))
    .where(eq(trialSignUps.id, signUpId))
  return found ?? null
}
