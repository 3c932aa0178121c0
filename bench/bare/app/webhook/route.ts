import pg from 'pg'
import Stripe from 'stripe'

/** What the webhook is compared with: the same check of the signature and the same row. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL ?? '', max: 10 })

export async function POST(request: Request) {
  const event = Stripe.webhooks.constructEvent(
    Buffer.from(await request.arrayBuffer()),
    request.headers.get('stripe-signature') ?? '',
    process.env.STRIPE_WEBHOOK_SECRET ?? '',
  )
  await pool.query({
    name: 'receive_event',
    text: `insert into stripe_events (id, type, object_id, live, happened_at, received_at, due_at, missed)
      values ($1, $2, '', false, now(), now(), now(), false) on conflict (id) do nothing`,
    values: [event.id, event.type],
  })
  return new Response(null, { status: 200 })
}

export const dynamic = 'force-dynamic'
