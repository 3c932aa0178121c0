import { redirect } from 'next/navigation'
import { env } from '@/lib/env'
import { safeReturnTo } from '@/lib/people/rules'
import { beginAtProvider } from './provider'

/** Sends one of the staff to the vendor's own provider. A GET: a form may not lead away from the portal. */
export async function GET(request: Request) {
  const returnTo = safeReturnTo(new URL(request.url).searchParams.get('to'), env().PUBLIC_URL)
  const begun = await beginAtProvider(returnTo)
  if (!begun) redirect('/sign-in')
  redirect(typeof begun === 'string' ? `/sign-in?staff=${begun}` : begun.href)
}
