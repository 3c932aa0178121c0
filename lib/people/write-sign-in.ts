import { signIns } from '@/db/schema/sign-ins'
import type { SystemTx } from '@/db/scope'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { sealText } from '@/lib/keys/vault'
import type { Limits } from '@/lib/limits'
import type { Language } from '@/lib/messages/translator'
import { networkOf } from '@/lib/network'
import { signInMinutes } from './rules'
import { newCode, newToken, signInHmac, tokenHash } from './tokens'

interface Asked {
  email: string
  /** The browser's own cookie: link and code are good there alone. */
  browser: string
  returnTo: string | null
  language: Language
  /** The sign-up whose address is to be confirmed, where it is asked for one. */
  trialSignUpId: string | null
}

/** Writes a sign-in that is asked for, with the job that mails its code and its link. @returns its ID */
export async function writeSignIn(tx: SystemTx, { browser, returnTo, ...asked }: Asked, now: Date) {
  const id = newId(now)
  const code = newCode()
  const link = newToken()
  await tx.insert(signIns).values({
    ...asked,
    id,
    browserHash: tokenHash(browser),
    codeHmac: signInHmac('code', id, code),
    linkHmac: signInHmac('link', '', link),
    returnTo: returnTo && sealText(returnTo, id),
    createdAt: now,
    expiresAt: new Date(now.getTime() + signInMinutes * 60_000),
  })
  const mail = asked.trialSignUpId ? 'mail.trial_confirm' : 'mail.sign_in'
  await enqueue(tx, mail, { signInId: id, sealed: sealText(JSON.stringify({ code, link }), id) })
  return id
}

/** Mails that sign in or confirm, together: twenty an hour for a network, five for an address. */
export const mailLimits = (email: string, networkAddress: string): Limits => [
  { name: 'sign_in_network', key: networkOf(networkAddress), points: 20, perSeconds: 3_600 },
  { name: 'sign_in_address', key: email, points: 5, perSeconds: 3_600 },
]

/** A network as it is kept for a day's counting: not to be read off a dump. */
export const networkHmac = (networkAddress: string) => signInHmac('network', '', networkOf(networkAddress))
