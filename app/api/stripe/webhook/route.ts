import { noteOutage } from '@/lib/answer'
import { Unavailable } from '@/lib/errors'
import { receiveEvent } from '@/lib/payments/receive-event'

/** More than any event of Stripe's has. */
const mostBytes = 512 * 1_024

/** What Stripe tells. Answered once it is stored; what follows from it is the worker's. */
export async function POST(request: Request) {
  const body = await read(request)
  if (!body) return answer(413)
  try {
    const received = await receiveEvent(body, request.headers.get('stripe-signature') ?? '')
    return answer(received ? 200 : 400)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    noteOutage()
    return answer(503)
  }
}

export const dynamic = 'force-dynamic'

const answer = (status: number) =>
  new Response(null, {
    status,
    headers: { 'Cache-Control': 'no-store', ...(status === 503 && { 'Retry-After': '5' }) },
  })

/** @returns undefined for what is too long, of which no more is read */
async function read(request: Request): Promise<Buffer | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > mostBytes) return undefined
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > mostBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
