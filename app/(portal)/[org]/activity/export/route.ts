import { redirect } from 'next/navigation'
import { currentSession, membershipIn } from '@/app/_request/session'
import { asOrganization } from '@/db/scope'
import {
  type ActivityCursor,
  type ActivityFilter,
  type ActivityRow,
  listActivity,
} from '@/lib/audit/activity'
import { auditName } from '@/lib/audit/sentence'
import { env } from '@/lib/env'
import { NotFound } from '@/lib/errors'
import { csvLine } from '@/lib/keys/csv'
import { log } from '@/lib/log'
import { translator } from '@/lib/messages/translator'
import { withOffset } from '@/lib/organizations/calendar'
import type { Membership, Session } from '@/lib/people/session'
import { filterOf, parseActivity } from '../address'
import { entrySentence } from '../entry'

const batch = 1_000
const columns = ['sequence', 'when', 'who', 'email', 'kind', 'what', 'outcome', 'instance', 'key'] as const

/** What the page shows under its filter, all of its pages, as CSV. It is sent as it is read: a trail can be long. */
export async function GET(request: Request, { params }: { params: Promise<{ org: string }> }) {
  const { org } = await params
  const { pathname, search, searchParams } = new URL(request.url)
  const page = pathname.replace(/\/export$/, '') + search
  const session = await currentSession()
  if (!session) redirect(`/sign-in?to=${encodeURIComponent(page)}`)
  const organization = await membershipIn(org, 'activity.export', session).catch((error: unknown) => {
    if (error instanceof NotFound) return null
    throw error
  })
  // Where the page is not found either, it says so; a page is made by a page alone.
  if (!organization) redirect(page)
  const address = parseActivity(Object.fromEntries(searchParams))
  const lines = linesOf(
    filterOf(address, organization.organizationId, session.timeZone),
    session,
    organization,
  )
  return new Response(streamOf(lines), {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="activity-${organization.slug}.csv"`,
      'Cache-Control': 'no-store',
    },
  })
}

/** One piece of the file per page of entries, each read when the one before has been taken. */
async function* linesOf(filter: ActivityFilter, session: Session, organization: Membership) {
  const t = translator(session.language)
  // The mark at the beginning tells spreadsheets that it is UTF-8.
  yield `\uFEFF${csvLine(columns.map((name) => t(`activity.csv.${name}`)))}`
  let cursor: ActivityCursor | undefined
  do {
    const page = await asOrganization(filter.organizationId, (tx) =>
      listActivity(tx, filter, { cursor, size: batch }),
    )
    yield page.rows.map((row) => csvLine(cells(row, session, organization))).join('')
    cursor = page.next
  } while (cursor)
}

function cells(
  row: ActivityRow,
  { language, timeZone }: Session,
  organization: Membership,
): (string | null)[] {
  const t = translator(language)
  return [
    String(row.sequence),
    withOffset(row.at, timeZone),
    auditName(row, { t, vendor: env().VENDOR_NAME }),
    row.personEmail,
    t(`activity.kinds.${row.kind}`),
    entrySentence(row, language, organization.timeZone),
    t(`activity.outcomes.${row.outcome}`),
    row.instance,
    row.key,
  ]
}

function streamOf(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      } catch (error) {
        // The answer has begun: cut off, the browser says that the file did not arrive whole.
        log.error({ err: error }, 'an export of the activity was cut off')
        controller.error(error)
      }
    },
    cancel: async () => void (await pieces.return(undefined)),
  })
}
