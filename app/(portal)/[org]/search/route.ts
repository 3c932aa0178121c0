import { notFound } from 'next/navigation'
import { normalizeShortId, shortIdBeginning } from '@/lib/ids'
import { typedLastFour } from '@/lib/keys/format'
import { activityHref, parseActivity } from '../activity/address'
import { keysHref, parseAddress, typedKeyHref } from '../keys/address'

/**
 * Where the filters of the lists are sent, and sent on to the list's own address. A POST, because what is pasted into a
 * search box may be a key, which has no business in an address: its last four characters find it in the list of keys.
 * It looks nothing up, so it needs to know nobody: the list does.
 */
export async function POST(request: Request, { params }: { params: Promise<{ org: string }> }) {
  const home = encodeURIComponent((await params).org)
  const form = await request.formData().catch((error: unknown) => {
    if (error instanceof TypeError) notFound()
    throw error
  })
  const typed = Object.fromEntries([...form].map(([name, value]) => [name, String(value)]))
  if (typed.list === 'activity') return see(activityHref(home, parseActivity(typed)))
  // The list's own filter was not meant for a key that is named.
  if (namesKey(typed.q ?? '')) delete typed.state
  const address = parseAddress(typed)
  const keys = typedKeyHref(home, address)
  if (keys) return see(keys)
  if (typed.list !== 'instances' || normalizeShortId(address.search)?.startsWith('K'))
    return see(keysHref(home, address))
  const query = new URLSearchParams()
  if (typed.q?.trim()) query.set('q', typed.q.trim().slice(0, 300))
  if (typed.retired) query.set('retired', '1')
  return see(`/${home}/instances${query.size > 0 ? `?${query}` : ''}`)
}

const namesKey = (text: string) =>
  (normalizeShortId(text) ?? shortIdBeginning(text) ?? typedLastFour(text)) !== null

const see = (path: string) => new Response(null, { status: 303, headers: { Location: path } })
