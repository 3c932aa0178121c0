import { may, type Permission } from '@/lib/access'
import { NotFound } from '@/lib/errors'
import { type Language, type Translate, translator } from '@/lib/messages/translator'
import type { Session } from '@/lib/people/session'
import { attempted } from './attempt'
import { requireSession } from './session'

export interface StaffVisit {
  session: Session
  role: 'staff' | 'admin'
  language: Language
  t: Translate
}

/**
 * Who looks at a page of the vendor's own. To a customer, and to staff who may not see it, it does not exist.
 * @throws NotFound, recorded, which `organizationPage` makes a page of.
 */
export async function requireStaff(permission: Permission): Promise<StaffVisit> {
  const session = await requireSession()
  return { session, ...(await staffOf(session, permission)) }
}

/** The same for who is signed in already. */
export async function staffOf(
  session: Session,
  permission: Permission,
): Promise<Omit<StaffVisit, 'session'>> {
  const role = session.staff === 'admin' ? 'admin' : 'staff'
  if (!session.staff || !may(role, permission)) {
    await attempted(permission, session.personId, 'not_found')
    throw new NotFound('page')
  }
  return { role, language: session.language, t: translator(session.language) }
}
