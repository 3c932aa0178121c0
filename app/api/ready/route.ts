import { pool } from '@/db/client'
import { missingMigrations } from '@/db/missing-migrations'
import { isUnchecked } from '@/lib/answer'
import { log } from '@/lib/log'

/** Ready: the database is reachable and as this version needs it. */
export async function GET() {
  const because = await whyNotReady()
  const headers = { 'Cache-Control': 'no-store' }
  if (!because) return Response.json({ status: 'ready' }, { headers })
  return Response.json(
    { status: 'not ready', because },
    { status: 503, headers: { ...headers, 'Retry-After': '5' } },
  )
}

export const dynamic = 'force-dynamic'

async function whyNotReady(): Promise<string | null> {
  try {
    const missing = await missingMigrations(pool())
    if (missing > 0) return `${missing} migrations are not applied; run npm run db:migrate`
    return isUnchecked() ? 'the database is being checked' : null
  } catch (error) {
    log.warn({ err: error }, 'not ready: the database does not answer')
    return 'the database does not answer'
  }
}
