import { and, eq, gt } from 'drizzle-orm'
import { z } from 'zod'
import { knownBrowsers, people } from '@/db/schema/people'
import { trialSignUps } from '@/db/schema/trials'
import { asSystem, type SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { Email } from '@/lib/email'
import type { Limits } from '@/lib/limits'
import { tokenHash } from './tokens'
import { mailLimits, writeSignIn } from './write-sign-in'

const RequestSignIn = z.object({
  email: Email,
  /** The browser's own cookie: link and code are good there alone. */
  browser: z.string().min(40),
  /** This browser has signed in with this address before. */
  known: z.boolean(),
  networkAddress: z.string(),
  returnTo: z.string().max(2_000).nullable(),
  language: z.enum(['en', 'fr']),
  /** Another mail to confirm the address of this sign-up. */
  trialSignUpId: z.uuid().nullable().default(null),
})

/**
 * Asks for a sign-in mail. An unknown address does the very same, up to a job that sends nothing, so neither the answer
 * nor its time tells who has an account.
 * @throws Refused `too_many`: five mails per address and hour, twenty per network (IPv6: per /64); a browser that has signed in with
 * this address before has five of its own.
 */
export const requestSignIn = vendorCommand(
  'sign_in.request',
  RequestSignIn,
  async ({ tx, now, audit }, { email, browser, returnTo, language, ...asked }) => {
    const trialSignUpId = asked.trialSignUpId && (await openSignUp(tx, asked.trialSignUpId, email, now))
    const id = await writeSignIn(tx, { email, browser, returnTo, language, trialSignUpId }, now)
    audit({ details: { signIn: id } })
  },
  {
    limits: ({ email, browser, known, networkAddress }): Limits => {
      const hour = 3_600
      if (known) {
        const browserHash = tokenHash(browser).toString('base64url')
        return [
          { name: 'sign_in_known_browser', key: `${email}:${browserHash}`, points: 5, perSeconds: hour },
        ]
      }
      return mailLimits(email, networkAddress)
    },
  },
)

/** The sign-up while its address can be confirmed; null once it cannot, or where it is of another address. */
async function openSignUp(tx: SystemTx, id: string, email: string, now: Date) {
  const [found] = await tx
    .select({ id: trialSignUps.id })
    .from(trialSignUps)
    .where(and(eq(trialSignUps.id, id), eq(trialSignUps.email, email), gt(trialSignUps.expiresAt, now)))
  return found?.id ?? null
}

/** Whether this browser has signed in with this address before. */
export function isKnownBrowser(email: string, browser: string): Promise<boolean> {
  return asSystem('known browser', async (tx) => {
    const rows = await tx
      .select({ personId: knownBrowsers.personId })
      .from(knownBrowsers)
      .innerJoin(people, eq(people.id, knownBrowsers.personId))
      .where(
        and(eq(people.email, email.trim().toLowerCase()), eq(knownBrowsers.browserHash, tokenHash(browser))),
      )
    return rows.length > 0
  })
}
