import { and, eq, lt } from 'drizzle-orm'
import { z } from 'zod'
import { pool } from '@/db/client'
import { unavailableWhenDown } from '@/db/failures'
import { people, sessions } from '@/db/schema/people'
import { asSystem } from '@/db/scope'
import type { MemberRole, StaffRole } from '@/lib/access'
import { now } from '@/lib/clock'
import { vendorCommand } from '@/lib/command'
import { Unavailable } from '@/lib/errors'
import { type Language, languages } from '@/lib/messages/translator'
import { isAlive } from './rules'
import { tokenHash } from './tokens'

export interface Membership {
  organizationId: string
  slug: string
  name: string
  timeZone: string
  /** A member's, or what one of the vendor's people is to it. */
  role: MemberRole | StaffRole
}

export interface Session {
  personId: string
  email: string
  name: string | null
  language: Language
  timeZone: string
  memberships: Membership[]
  /** One of the vendor's people; null: a customer's. */
  staff: 'account_manager' | 'admin' | null
}

const touchMinutes = 5

/**
 * Whose session a cookie's token is, with the organizations that are theirs at this moment: one statement per page.
 * @returns null when there is none, or it has ended.
 */
export async function sessionOf(token: string): Promise<Session | null> {
  const hash = tokenHash(token).toString('base64url')
  const { rows } = await unavailableWhenDown(() =>
    pool().query({ name: 'session_context', text: 'select * from session_context($1)', values: [hash] }),
  )
  const [row] = rows
  const at = now()
  if (!row || !isAlive({ lastUsedAt: row.last_used_at, expires: row.expires }, at)) return null
  if (at.getTime() - row.last_used_at.getTime() > touchMinutes * 60_000) await touch(hash, at)
  return {
    personId: row.person_id,
    email: row.email,
    name: row.name,
    language: row.language,
    timeZone: row.time_zone,
    memberships: row.memberships,
    staff: row.staff,
  }
}

/** A page can be read while nothing can be written, so that this cannot be noted is no reason to refuse it. */
async function touch(hash: string, at: Date) {
  try {
    await asSystem('note that a session is used', (tx) =>
      tx
        .update(sessions)
        .set({ lastUsedAt: at })
        .where(and(eq(sessions.sessionToken, hash), lt(sessions.lastUsedAt, at))),
    )
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
  }
}

/** Ends one session; the cookie is worth nothing from then on. */
export const endSession = vendorCommand(
  'session.end',
  z.object({ token: z.string().max(200) }),
  async ({ tx, personId, audit }, { token }) => {
    await tx.delete(sessions).where(eq(sessions.sessionToken, tokenHash(token).toString('base64url')))
    audit({ details: { person: personId } })
  },
)

/** Signs out everywhere: every session of the person ends now. */
export const endAllSessions = vendorCommand(
  'session.end_all',
  z.object({}),
  async ({ tx, personId, audit }) => {
    if (!personId) throw new TypeError('only a person has sessions')
    const ended = await tx
      .delete(sessions)
      .where(eq(sessions.userId, personId))
      .returning({ id: sessions.userId })
    audit({ details: { person: personId, sessions: ended.length } })
  },
)

/** Sets the language of the person's pages and mails. */
export const setLanguage = vendorCommand(
  'account.set_language',
  z.object({ language: z.enum(languages) }),
  async ({ tx, personId, audit }, { language }) => {
    if (!personId) throw new TypeError('only a person has a language')
    await tx.update(people).set({ language }).where(eq(people.id, personId))
    audit({ details: { person: personId, language } })
  },
)
