import { and, desc, eq, ne } from 'drizzle-orm'
import { z } from 'zod'
import { sessions } from '@/db/schema/people'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import { vendorCommand } from '@/lib/command'
import { isAlive } from './rules'
import { tokenHash } from './tokens'

export interface ListedSession {
  id: string
  device: string
  createdAt: Date
  /** To within five minutes: not each page is noted. */
  lastUsedAt: Date
  /** The one that asks. */
  current: boolean
}

/** The sessions of a person that have not ended, the one that asks first, then by their last use. */
export async function sessionsOf(
  personId: string,
  { token, most }: { token: string; most: number },
): Promise<ListedSession[]> {
  const hash = stored(token)
  const rows = await asSystem('the sessions of a person', (tx) =>
    tx
      .select()
      .from(sessions)
      .where(eq(sessions.userId, personId))
      .orderBy(desc(eq(sessions.sessionToken, hash)), desc(sessions.lastUsedAt), desc(sessions.id))
      .limit(most),
  )
  const at = now()
  return rows
    .filter((row) => isAlive(row, at))
    .map(({ id, device, createdAt, lastUsedAt, sessionToken }) => ({
      id,
      device,
      createdAt,
      lastUsedAt,
      current: sessionToken === hash,
    }))
}

/** Ends one of the person's sessions. One that is over already is left alone, and so is one of somebody else. */
export const endOneSession = vendorCommand(
  'session.end_one',
  z.object({ sessionId: z.uuid('not_found') }),
  async ({ tx, personId, audit, unchanged }, { sessionId }) => {
    if (!personId) throw new TypeError('only a person has sessions')
    const ended = await tx
      .delete(sessions)
      .where(and(eq(sessions.userId, personId), eq(sessions.id, sessionId)))
      .returning({ device: sessions.device })
    if (!ended[0]) return unchanged()
    audit({ details: { person: personId, device: ended[0].device } })
  },
)

/** Ends all of the person's sessions but the one that asks. */
export const endOtherSessions = vendorCommand(
  'session.end_others',
  z.object({ token: z.string().max(200) }),
  async ({ tx, personId, audit, unchanged }, { token }) => {
    if (!personId) throw new TypeError('only a person has sessions')
    const ended = await tx
      .delete(sessions)
      .where(and(eq(sessions.userId, personId), ne(sessions.sessionToken, stored(token))))
      .returning({ id: sessions.id })
    if (ended.length === 0) return unchanged()
    audit({ details: { person: personId, sessions: ended.length } })
  },
)

const stored = (token: string) => tokenHash(token).toString('base64url')
