import { notFound, redirect } from 'next/navigation'
import { currentSession } from '@/app/_request/session'
import { staffOf } from '@/app/_request/staff'
import { asStaff } from '@/db/scope'
import { NotFound } from '@/lib/errors'
import { findKeys, lastFour } from '@/lib/keys/format'
import { mistypedKey } from '@/lib/keys/mistyped'
import { findWholeKey } from '@/lib/staff/search'

/**
 * Where the search of staff is sent, and sent on. A POST, because what is pasted may be a key, which has no business in an
 * address: a whole one leads to its own page, any other to those with the same last characters.
 */
export async function POST(request: Request) {
  const session = await currentSession()
  if (!session) redirect('/sign-in?to=/staff')
  await staffOf(session, 'staff.search').catch(missing)
  const form = await request.formData().catch(missing)
  // Postgres stores no NUL in a text.
  const typed = String(form.get('q') ?? '')
    .replaceAll('\0', '')
    .slice(0, 2_000)
    .trim()
  const [whole] = findKeys(typed)
  const found = typed && (await asStaff(session.personId, (tx) => findWholeKey(tx, whole ?? typed)))
  if (found) return see(`/${found.slug}/keys/${found.keyId}`)
  if (whole) return see(`/staff?${new URLSearchParams({ q: lastFour(whole), key: 'unknown' })}`)
  const mistyped = mistypedKey(typed)
  if (mistyped) return see(`/staff?${new URLSearchParams(mistyped)}`)
  return see(typed ? `/staff?${new URLSearchParams({ q: typed.slice(0, 200) })}` : '/staff')
}

/** A body that is no form, and what is not theirs. */
function missing(error: unknown): never {
  if (error instanceof NotFound || error instanceof TypeError) notFound()
  throw error
}

const see = (path: string) => new Response(null, { status: 303, headers: { Location: path } })
