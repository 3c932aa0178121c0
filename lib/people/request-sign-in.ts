import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { knownBrowsers, people, signIns } from '@/db/schema/people'
import { asSystem } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { Email } from '@/lib/email'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { sealText } from '@/lib/keys/vault'
import type { Limits } from '@/lib/limits'
import { networkOf } from '@/lib/network'
import { signInMinutes } from './rules'
import { newCode, newToken, signInHmac, tokenHash } from './tokens'

const RequestSignIn = z.object({
  email: Email,
  /** The browser's own cookie: link and code are good there alone. */
  browser: z.string().min(40),
  /** This browser has signed in with this address before. */
  known: z.boolean(),
  networkAddress: z.string(),
  returnTo: z.string().max(2_000).nullable(),
  language: z.enum(['en', 'fr']),
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
  async ({ tx, now, audit }, { email, browser, returnTo, language }) => {
    const id = newId(now)
    const code = newCode()
    const link = newToken()
    await tx.insert(signIns).values({
      id,
      email,
      browserHash: tokenHash(browser),
      codeHmac: signInHmac('code', id, code),
      linkHmac: signInHmac('link', '', link),
      returnTo: returnTo && sealText(returnTo, id),
      language,
      createdAt: now,
      expiresAt: new Date(now.getTime() + signInMinutes * 60_000),
    })
    await enqueue(tx, 'mail.sign_in', { signInId: id, sealed: sealText(JSON.stringify({ code, link }), id) })
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
      return [
        { name: 'sign_in_network', key: networkOf(networkAddress), points: 20, perSeconds: hour },
        { name: 'sign_in_address', key: email, points: 5, perSeconds: hour },
      ]
    },
  },
)

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
