import { and, eq } from 'drizzle-orm'
import { knownBrowsers, people, sessions } from '@/db/schema/people'
import type { SystemTx } from '@/db/scope'
import type { VendorScope } from '@/lib/command'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { sessionDays } from './rules'
import { newToken, tokenHash } from './tokens'

/** Signs a person in: a session of their own, and a mail to them where the browser is new. The cookie holds the token. */
export async function beginSession(
  { tx, now }: VendorScope,
  person: typeof people.$inferSelect,
  browser: string,
  device: string,
) {
  const sessionToken = newToken()
  const expires = new Date(now.getTime() + sessionDays * 86_400_000)
  const [session] = await tx
    .insert(sessions)
    .values({
      id: newId(now),
      sessionToken: tokenHash(sessionToken).toString('base64url'),
      userId: person.id,
      expires,
      lastUsedAt: now,
      createdAt: now,
      device,
    })
    .returning({ id: sessions.id })
  const known = await knowBrowser(tx, person.id, browser, now)
  // Whoever signs in for the first time has no other browser that somebody could be warned in.
  if (!known && person.emailVerified && session)
    await enqueue(tx, 'mail.new_device', {
      personId: person.id,
      sessionId: session.id,
      device,
      at: now.toISOString(),
    })
  if (!person.emailVerified)
    await tx.update(people).set({ emailVerified: now }).where(eq(people.id, person.id))
  return { sessionToken, expires }
}

/** Notes that the person has signed in with this browser. @returns whether they had before */
async function knowBrowser(tx: SystemTx, personId: string, browser: string, now: Date): Promise<boolean> {
  const browserHash = tokenHash(browser)
  const seen = await tx
    .insert(knownBrowsers)
    .values({ personId, browserHash, lastUsedAt: now })
    .onConflictDoNothing()
    .returning({ personId: knownBrowsers.personId })
  if (seen.length > 0) return false
  await tx
    .update(knownBrowsers)
    .set({ lastUsedAt: now })
    .where(and(eq(knownBrowsers.personId, personId), eq(knownBrowsers.browserHash, browserHash)))
  return true
}
