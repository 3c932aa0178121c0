import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { chosenLanguage, cookieOptions, sessionCookie } from '@/app/_request/session'
import { env } from '@/lib/env'
import { Refused } from '@/lib/errors'
import { safeReturnTo } from '@/lib/people/rules'
import { signInStaff } from '@/lib/staff/sign-in'
import { keepBrowserToken } from '../../browser'
import { endAtProvider } from '../provider'

/** Where the vendor's provider sends its people back to. */
export async function GET(request: Request) {
  const vouched = await endAtProvider(new URL(request.url).search)
  if (!vouched) redirect('/sign-in')
  if (typeof vouched === 'string') redirect(`/sign-in?staff=${vouched}`)
  const session = await enter(vouched.email)
  if (!session) redirect('/sign-in?staff=not_staff')
  const { sessionToken, expires } = session
  ;(await cookies()).set(sessionCookie(), sessionToken, { ...cookieOptions(), expires })
  redirect(safeReturnTo(vouched.returnTo, env().PUBLIC_URL) ?? '/staff')
}

async function enter(email: string) {
  const device = ((await headers()).get('user-agent') ?? '').slice(0, 500)
  try {
    return await signInStaff(
      { actor: { kind: 'stranger' } },
      { email, browser: await keepBrowserToken(), device, language: await chosenLanguage() },
    )
  } catch (error) {
    if (error instanceof Refused) return null
    throw error
  }
}
