import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import { beforeEach, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { addInstance } from '@/lib/instances/add'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { startSubscription } from '@/lib/subscriptions/start'
import { Fault } from '@/sandbox/stripe/faults'
import { seed, shuffled } from '@/sandbox/test/chance'
import { bySystem, makeCatalog, productDatabase, productId, rowsOf } from '@/sandbox/test/fixture'
import { type Flow, flows, type Means, type Outcome, type Renewal } from '@/sandbox/test/flows'
import { asWorker, paymentsForTests } from '@/sandbox/test/payments'
import { beginCheckout } from './begin-checkout'
import { giveUpCheckout } from './give-up-checkout'
import { openSession } from './open-session'
import { storeEvent } from './receive-event'
import { reconcile } from './reconcile'
import { subjectOf } from './rules'
import type { Stripe } from './stripe'
import { workDue } from './work-events'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { stripe, faults } = payments

function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((one, at) => orders(list.toSpliced(at, 1)).map((rest) => [one, ...rest]))
}

/** One payment that goes its way, while its events arrive in some order, as soon as that order allows. */
interface Sequence extends Renewal {
  flow: Flow
  name: string
  organizationId: string
  /** What Stripe has told so far, as it happened. */
  events: Stripe.Event[]
  happened: number
  /** Places in `events`, in the order in which they arrive; one may come again. */
  order: number[]
  /** The place of one that never comes. */
  lost: number | undefined
}

const products: string[] = []
let customers = 0
/** As few people and things as a payment needs, since there are so many of them. */
async function begun({ name, order, lost }: Planned): Promise<Sequence> {
  const flow = flows[name]
  if (!flow) throw new Error(`there is no ${name}`)
  const slug = `o-${++customers}`
  const organization = { name: slug, slug, timeZone: 'Europe/Paris' }
  const system = { actor: { kind: 'system' }, idempotencyKey: randomUUID() } as const
  const { organizationId } = await createOrganization(system, organization)
  const { personId } = await addMember(bySystem(organizationId), {
    email: `billing@${slug}.example`,
    role: 'billing',
  })
  const { instanceId } = await addInstance(bySystem(organizationId), {
    label: 'Desk',
    url: `https://${slug}.example`,
    environment: 'production',
  })
  const subscriptionIds: string[] = []
  for (const productId of products) {
    const started = await startSubscription(bySystem(organizationId), { productId, instanceId })
    subscriptionIds.push(started.subscriptionId)
  }
  const by = { ...bySystem(organizationId), actor: { kind: 'member', personId } } as const
  const { checkoutId } = await beginCheckout(by, { subscriptionIds, shown: 41_000, currency: 'eur' })
  const { url } = await openSession(by, checkoutId)
  const sessionId = /\/(cs_\w+)/.exec(url)?.[1] ?? ''
  const own = { name, flow, order, lost, organizationId, checkoutId, url, sessionId }
  return { ...own, events: [], happened: 0 }
}

const means: Means = {
  stripe,
  standIn: payments.url,
  pay: (url, by) => payments.pay(url, by),
  giveUp: async ({ checkoutId }) => {
    const [row] = await rowsOf<{ organizationId: string; personId: string }>(
      database,
      'select organization_id as "organizationId", begun_by_id as "personId" from checkouts where id = $1',
      [checkoutId],
    )
    if (!row) throw new Error('it was begun')
    const { organizationId, personId } = row
    await giveUpCheckout({ actor: { kind: 'member', personId }, organizationId }, checkoutId)
  },
}

/** Whose an object of Stripe's is: by its customer, or by the charge that it is about. */
const whose = new Map<string, Sequence>()
let heard: string | undefined

/** Asks what Stripe has told since this was asked last, and notes it where it belongs. */
async function listen(all: readonly Sequence[]) {
  const fresh: Stripe.Event[] = []
  for await (const event of stripe.events.list({ limit: 100 })) {
    if (event.id === heard) break
    fresh.push(event)
  }
  heard = fresh[0]?.id ?? heard
  for (const { id, event, object } of fresh.toReversed().map(named)) {
    const of =
      object.object === 'customer'
        ? all.find(({ organizationId }) => organizationId === object.metadata?.organization)
        : (whose.get(object.customer ?? '') ?? whose.get(object.charge ?? ''))
    if (!of) continue
    if (object.object === 'customer' || object.object === 'charge') whose.set(id, of)
    if (subjectOf(event.type)) of.events.push(event)
  }
}

interface Named {
  object: string
  id: string
  customer?: string | null
  charge?: string | null
  metadata?: Record<string, string>
}
const named = (event: Stripe.Event) => {
  // What each of Stripe's objects has or has not, of these; nothing is expanded in an event.
  const object = event.data.object as Named
  return { id: object.id, event, object }
}

/** Takes those who are not there yet one step further, and again, until all are. */
async function untilThere(all: readonly Sequence[], isThere: (one: Sequence) => boolean) {
  for (;;) {
    const behind = all.filter((one) => one.happened < one.flow.steps.length && !isThere(one))
    if (behind.length === 0) return
    let waits = false
    for (const one of behind) {
      const step = one.flow.steps[one.happened++]
      if (step === 'wait') waits = true
      else await step?.(means, one)
    }
    if (waits) await payments.moveTo(new Date(now().getTime() + 4 * 60_000))
    await listen(all)
  }
}

const work = () =>
  asWorker(async () => {
    while ((await workDue()) > 0);
  })

async function arrive(event: Stripe.Event | undefined) {
  if (!event || (await storeEvent(event, now(), false))) return
  // As where a worker was killed when it had worked on it.
  const again = 'update stripe_events set done_at = null, outcome = null, due_at = received_at where id = $1'
  await rowsOf(database, again, [event.id])
}

/** Lets each go its way, all at once, and then asks Stripe what was missed. */
async function live(all: readonly Sequence[]) {
  await listen(all)
  const longest = Math.max(...all.map(({ order }) => order.length))
  for (let place = 0; place < longest; place++) {
    const arriving = all.filter(({ order }) => place < order.length)
    await untilThere(arriving, ({ events, order }) => events.length > (order[place] ?? -1))
    await Promise.all(arriving.map(({ events, order }) => arrive(events[order[place] ?? -1])))
    await work()
  }
  await untilThere(all, () => false)
  await asWorker(reconcile)
  await work()
}

/** How they stand, in the order in which they are given. */
const outcomesOf = (all: readonly Sequence[]) =>
  rowsOf<Outcome & { entries: number }>(
    database,
    `select c.ended::text, array(
         select (select string_agg(case when t.refunded_at is null then 'paid: ' else 'back: ' end
             || coalesce(r.reason::text, 'works'), ', ' order by t.ordinal, k.id)
           from terms t join keys k on k.term_id = t.id
             left join revocations r on r.key_id = k.id and r.restored_at is null
           where t.subscription_id = l.subscription_id)
         from checkout_lines l where l.checkout_id = c.id order by l.amount desc) as subscriptions,
       (select count(*)::int from graphile_worker._private_jobs j where j.payload ->> 'checkoutId' = c.id::text) as mails,
       (select string_agg(q.kind::text || ' ' || q.amount, ', ') from payment_questions q
         where q.organization_id = c.organization_id and q.closed_at is null) as asked,
       (select count(*)::int from audit_entries a
         where a.organization_id = c.organization_id and a.action = 'subscription.renew') as entries
     from checkouts c where c.id = any($1) order by array_position($1, c.id)`,
    [all.map(({ checkoutId }) => checkoutId)],
  )

async function tryAll(all: readonly Sequence[]) {
  await live(all)
  const outcomes = await outcomesOf(all)
  const said = all.map(({ name, order, lost }, index) => ({ name, order, lost, ...outcomes[index] }))
  const wanted = all.map(({ name, order, lost, flow: { outcome } }) => {
    return { name, order, lost, ...outcome, entries: outcome.ended === 'paid' ? 2 : 0 }
  })
  expect(said).toEqual(wanted)
  // What the next asks for begins after what these were about.
  await payments.moveTo(new Date(now().getTime() + 2 * 3_600_000))
}

/** Of so many events each order is tried, above that as many as chance makes. */
const mostOrdered = 5
const byChance = 200

interface Planned {
  name: string
  order: number[]
  lost?: number
}

/** The orders of so many events: as they are, each twice, one lost, and both. */
function plansOf(name: string, count: number): Planned[] {
  const places = Array.from({ length: count }, (_, place) => place)
  const all = count <= mostOrdered ? orders(places) : Array.from({ length: byChance }, () => shuffled(places))
  return all.flatMap((order, index) => {
    const twice = shuffled([...order, ...order])
    const lost = index % count
    const without = (list: number[]) => list.filter((place) => place !== lost)
    const plain = { name, order }
    const four = [plain, { name, order: twice }, { name, order: without(order), lost }]
    // Above five events one of the four each, so that there are as many orders as may be.
    const whole = [...four, { name, order: without(twice), lost }]
    return count <= mostOrdered ? whole : whole.slice(index % 4, (index % 4) + 1)
  })
}

async function inBatches(plans: readonly Planned[]) {
  for (let first = 0; first < plans.length; first += batch) {
    const few = pLimit(4)
    await tryAll(await Promise.all(plans.slice(first, first + batch).map((one) => few(() => begun(one)))))
  }
}

const batch = 40

beforeEach(() => faults.clear())

/** How many events each flow has, seen where none of them arrives. */
async function counted(): Promise<Map<string, number>> {
  const all: Sequence[] = []
  for (const name of Object.keys(flows)) all.push(await begun({ name, order: [] }))
  await tryAll(all)
  return new Map(all.map(({ name, events }) => [name, events.length]))
}

test('[W2] of each flow every order of its events, each also doubled and with one lost and reconciled, ends the same', async () => {
  faults.add(Fault.parse({ on: 'webhook', do: 'drop' }))
  await makeCatalog()
  products.push(await productId(database, 'forms'), await productId(database, 'branding'))
  const counts = await counted()
  const plans = [...counts].flatMap(([name, count]) => {
    const own = plansOf(name, count)
    return process.env.STRESS ? own : shuffled(own).slice(0, 8)
  })
  await inBatches(shuffled(plans))
  const lost = plans.filter((one) => one.lost !== undefined).length
  console.log(
    `[W2] ${plans.length + counts.size} sequences of ${counts.size} flows, in ${lost + counts.size} of them events lost; seed ${seed}; ` +
      [...counts].map(([name, count]) => `${name} ${count}`).join(', '),
  )
}, 3_600_000)
