import { beforeAll, expect, test } from 'vitest'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { patiently } from '@/sandbox/test/patiently'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { openSession } from './open-session'
import { subjectOf } from './rules'
import { syncSubject } from './sync'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

type Flow = 'paid' | 'line credited' | 'dispute lost'

/** Two renewals are paid together, and what the flow is about happens at Stripe. @returns the events that it told of it */
async function happened(flow: Flow) {
  const [one, other] = [await sold(database, acme), await sold(database, acme, { reference: 'branding' })]
  const by = byMember(acme, 'billing')
  const subscriptionIds = [one.subscriptionId, other.subscriptionId]
  const { checkoutId } = await beginCheckout(by, { subscriptionIds, shown: 41_000, currency: 'eur' })
  const { url } = await openSession(by, checkoutId)
  const [last] = (await payments.stripe.events.list({ limit: 1 })).data
  await payments.pay(url)
  const session = await sessionOf(checkoutId)
  if (flow !== 'paid') await then(flow, session)
  await payments.settled()
  const { data } = await payments.stripe.events.list({
    limit: 100,
    ...(last && { ending_before: last.id }),
  })
  return { events: data.map(({ id }) => id), subscriptionIds }
}

async function sessionOf(checkoutId: string) {
  const [row] = await rowsOf<{ id: string }>(
    database,
    'select session_id as id from checkouts where id = $1',
    [checkoutId],
  )
  const session = await payments.stripe.checkout.sessions.retrieve(row?.id ?? '', { expand: ['invoice'] })
  if (typeof session.invoice !== 'object' || !session.invoice) throw new Error('it was paid')
  return { invoice: session.invoice, intent: String(session.payment_intent) }
}

async function then(flow: Exclude<Flow, 'paid'>, { invoice, intent }: Awaited<ReturnType<typeof sessionOf>>) {
  const line = invoice.lines.data.find(({ amount }) => amount === 29_000)
  if (flow === 'line credited')
    return payments.stripe.creditNotes.create({
      invoice: invoice.id ?? '',
      lines: [{ type: 'invoice_line_item', invoice_line_item: line?.id ?? '', quantity: 1 }],
      refund_amount: 34_800,
    })
  const { latest_charge: charge } = await payments.stripe.paymentIntents.retrieve(intent)
  const opened = await fetch(`${payments.url}/_sandbox/disputes`, {
    method: 'POST',
    body: JSON.stringify({ charge }),
  })
  const { id } = (await opened.json()) as { id: string }
  return payments.stripe.disputes.update(id, { evidence: { uncategorized_text: 'losing_evidence' } })
}

/** What it comes to: of each subscription the terms that count, the keys that are revoked, and what staff are asked. */
async function stateOf(subscriptionIds: string[]) {
  return rowsOf<{ terms: string; keys: string; asked: string; mails: string }>(
    database,
    `select string_agg(case when t.refunded_at is null then 'paid' else 'back' end, ' ' order by t.ordinal) as terms,
       (select string_agg(coalesce(r.reason::text, 'works'), ' ' order by x.ordinal) from terms x
          join keys k on k.term_id = x.id left join revocations r on r.key_id = k.id and r.restored_at is null
        where x.subscription_id = t.subscription_id) as keys,
       (select count(*) from payment_questions q join invoice_lines l on l.invoice_id = q.invoice_id
          join checkout_lines c on c.id = l.checkout_line_id
        where q.closed_at is null and c.subscription_id = t.subscription_id) as asked,
       (select count(*) from graphile_worker._private_jobs j where j.payload ->> 'checkoutId' in
          (select c.checkout_id::text from checkout_lines c where c.subscription_id = t.subscription_id)) as mails
     from terms t where t.subscription_id = any($1) group by t.subscription_id
     order by t.subscription_id = $2 desc`,
    [subscriptionIds, subscriptionIds[0]],
  )
}

const wanted: Record<Flow, [one: object, other: object]> = {
  paid: [
    { terms: 'paid paid', keys: 'works works' },
    { terms: 'paid paid', keys: 'works works' },
  ],
  'line credited': [
    { terms: 'paid back', keys: 'works refunded' },
    { terms: 'paid paid', keys: 'works works' },
  ],
  'dispute lost': [
    { terms: 'paid back', keys: 'works disputed' },
    { terms: 'paid back', keys: 'works disputed' },
  ],
}
const outcomeOf = (flow: Flow) => wanted[flow].map((one) => ({ asked: '0', mails: '1', ...one }))

/** Lets these events arrive one after the other, and be worked on in that order. */
async function arrive(events: string[]) {
  // What has arrived by itself has not been looked at yet.
  await rowsOf(
    database,
    `update stripe_events set done_at = now(), outcome = 'put off' where done_at is null`,
  )
  for (const id of events) {
    await rowsOf(
      database,
      'update stripe_events set done_at = null, outcome = null, due_at = received_at where id = $1',
      [id],
    )
    await payments.work()
  }
}

test('[W1] each event 1 to 10 times, one after the other and 50 at once, has one effect', async () => {
  let arrivals = 0
  for (const flow of ['paid', 'line credited', 'dispute lost'] as const) {
    const { events, subscriptionIds } = await happened(flow)
    const repeated = events.flatMap((id, index) => Array.from({ length: 1 + (index % 10) }, () => id))
    await arrive(repeated)
    expect(await stateOf(subscriptionIds)).toEqual(outcomeOf(flow))
    const again = await happened(flow)
    await payments.work()
    await atOnce(again.events, 50)
    expect(await stateOf(again.subscriptionIds)).toEqual(outcomeOf(flow))
    arrivals += repeated.length + 50
  }
  console.log(`[W1] ${arrivals} arrivals`)
}, 300_000)

test('[W1] 50 at once who are first to hear of a payment bring one term and key each', async () => {
  const { events, subscriptionIds } = await happened('paid')
  await rowsOf(
    database,
    `update stripe_events set done_at = now(), outcome = 'put off' where done_at is null`,
  )
  await atOnce(events, 50)
  expect(await stateOf(subscriptionIds)).toEqual(outcomeOf('paid'))
  console.log(`[W1] 50 at once`)
}, 60_000)

test('[W3] each event of one invoice alone settles it, and all of them bring one renewal', async () => {
  const of = ['invoice.finalized', 'invoice.paid', 'checkout.session.completed']
  let alone = 0
  for (const type of of) {
    const { events, subscriptionIds } = await happened('paid')
    const rows = await rowsOf<{ id: string }>(
      database,
      'select id from stripe_events where id = any($1) and type = $2',
      [events, type],
    )
    await arrive(rows.map(({ id }) => id))
    expect(await stateOf(subscriptionIds)).toEqual(outcomeOf('paid'))
    await arrive(events)
    expect(await stateOf(subscriptionIds)).toEqual(outcomeOf('paid'))
    alone += rows.length
  }
  expect(alone).toBe(of.length)
  console.log(`[W3] ${alone} invoices`)
}, 120_000)

/** What so many workers do who have each taken one of these events. */
async function atOnce(events: string[], many: number) {
  const subjects = await rowsOf<{ type: string; id: string }>(
    database,
    'select type, object_id as id from stripe_events where id = any($1)',
    [events],
  )
  const ours = subjects.flatMap(({ type, id }) => {
    const about = subjectOf(type)
    return about ? [{ about, id }] : []
  })
  const all = Array.from({ length: many }, (_, index) => ours[index % ours.length])
  await Promise.all(all.map((one) => one && patiently(() => syncSubject(one.about, one.id))))
}
