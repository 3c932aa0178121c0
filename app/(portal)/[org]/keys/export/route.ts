import { redirect } from 'next/navigation'
import { currentSession, membershipIn } from '@/app/_request/session'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { NotFound } from '@/lib/errors'
import { displayUrl } from '@/lib/instances/url'
import { csvLine } from '@/lib/keys/csv'
import type { KeyFilter } from '@/lib/keys/filter'
import { type Speaking, stateWord } from '@/lib/keys/phrases'
import { type Cursor, type KeyRow, listKeys } from '@/lib/keys/queries'
import { stopsAt } from '@/lib/keys/rules'
import { translator } from '@/lib/messages/translator'
import { lastDayBefore } from '@/lib/organizations/calendar'
import { parseAddress } from '../address'

const batch = 1_000

/** What the list shows under its filter, as CSV, without secrets. */
export async function GET(request: Request, { params }: { params: Promise<{ org: string }> }) {
  const { org } = await params
  const { pathname, search } = new URL(request.url)
  const list = pathname.replace(/\/export$/, '') + search
  const session = await currentSession()
  if (!session) redirect(`/sign-in?to=${encodeURIComponent(list)}`)
  const organization = await membershipIn(org, 'key.export', session).catch(missing)
  // The list is not found either, and can say so: a page is made by a page alone.
  if (!organization) redirect(list)
  const t = translator(session.language)
  const { organizationId, timeZone } = organization
  const at = now()
  const speaking: Speaking = { t, language: session.language, timeZone, now: at }
  const address = parseAddress(Object.fromEntries(new URL(request.url).searchParams))
  const filter = { organizationId, ...address }
  const names = [
    'product',
    'short_id',
    'kind',
    'instance',
    'instance_short_id',
    'address',
    'state',
    'paid_until',
    'works_until',
    'last_four',
  ]
  // The mark at the beginning tells spreadsheets that it is UTF-8.
  let text = `\uFEFF${csvLine(names.map((name) => t(`keys.csv.${name}` as 'keys.csv.product')))}` // names are the file's
  for await (const row of everyKey(filter, address, at)) text += csvLine(cells(row, speaking))
  return new Response(text, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="keys-${organization.slug}.csv"`,
      'Cache-Control': 'no-store',
    },
  })
}

function missing(error: unknown): null {
  if (error instanceof NotFound) return null
  throw error
}

async function* everyKey(filter: KeyFilter, { sort }: ReturnType<typeof parseAddress>, at: Date) {
  let cursor: Cursor | undefined
  do {
    const page = await asOrganization(filter.organizationId, (tx) =>
      listKeys(tx, filter, { sort, cursor, size: batch }, at),
    )
    yield* page.rows
    cursor = page.next
  } while (cursor)
}

function cells(row: KeyRow, speaking: Speaking): (string | null)[] {
  const { t, timeZone } = speaking
  const day = (end: Date | null) => end && lastDayBefore(end, timeZone)
  return [
    row.product,
    row.shortId,
    t(`keys.kind.${row.kind}`),
    row.instance ?? t('keys.whole_organization'),
    row.instanceShortId,
    row.url && displayUrl(row.url),
    stateWord(row, speaking).text,
    day(row.termEndsAt),
    day(stopsAt(row)),
    row.lastFour,
  ]
}
