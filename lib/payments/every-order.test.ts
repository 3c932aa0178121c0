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
import {
  type Automatic,
  type AutomaticFlow,
  type AutomaticOutcome,
  automaticFlows,
  type Flow,
  flows,
  type Means,
  type Outcome,
  type Renewal,
} from '@/sandbox/test/flows'
import { runJobs } from '@/sandbox/test/jobs'
import { asWorker, paymentsForTests } from '@/sandbox/test/payments'
import { alignAutomatic } from './automatic/align'
import { beginAutomatic } from './automatic/begin'
import { endAtStripe } from './automatic/end-at-stripe'
import { reconcileAutomatic } from './automatic/reconcile'
import { startAutomatic } from './automatic/start'
import { beginCheckout } from './begin-checkout'
import { giveUpCheckout } from './give-up-checkout'
import { openSession } from './open-session'
import { storeEvent } from './receive-event'
import { reconcile } from './reconcile'
import { subjectOf } from './rules'
import type { Stripe } from './stripe'
import { syncSubject } from './sync'
import { syncCheckout } from './sync-checkout'
import { workDue } from './work-events'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { stripe, faults } = payments

function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((one, at) => orders(list.toSpliced(at, 1)).map((rest) => [one, ...rest]))
}

/** What goes its way, while its events arrive in some order, as soon as that order allows. */
interface Sequence {
  name: string
  organizationId: string
  steps: (Pause | (() => Promise<unknown>))[]
  /** What Stripe has told so far, as it happened. */
  events: Stripe.Event[]
  happened: number
  /** Places in `events`, in the order in which they arrive; one may come again. */
  order: number[]
  /** The place of one that never comes. */
  lost: number | undefined
}

/** Time passes for all: a little of it, or until so many days after they began. */
type Pause = 'wait' | { until: number }
type Paid = Sequence & Renewal & { flow: Flow }

const products: string[] = []
let customers = 0
/** As few people and things as a payment needs, since there are so many of them. */
async function customer() {
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
  const by = { ...bySystem(organizationId), actor: { kind: 'member', personId } } as const
  const buy = async (productId: string) =>
    (await startSubscription(bySystem(organizationId), { productId, instanceId })).subscriptionId
  return { organizationId, by, buy }
}

async function begun({ name, order, lost }: Planned): Promise<Paid> {
  const flow = flows[name]
  if (!flow) throw new Error(`there is no ${name}`)
  const { organizationId, by, buy } = await customer()
  const subscriptionIds: string[] = []
  for (const productId of products) subscriptionIds.push(await buy(productId))
  const { checkoutId } = await beginCheckout(by, { subscriptionIds, shown: 41_000, currency: 'eur' })
  const { url } = await openSession(by, checkoutId)
  const sessionId = /\/(cs_\w+)/.exec(url)?.[1] ?? ''
  const renewal = { checkoutId, url, sessionId }
  const steps = flow.steps.map((step) => (step === 'wait' ? step : () => step(means, renewal)))
  const own = { name, flow, steps, order, lost, organizationId, ...renewal }
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
async function untilThere(
  all: readonly Sequence[],
  among: readonly Sequence[],
  isThere: (one: Sequence) => boolean,
) {
  for (;;) {
    const behind = among.filter((one) => one.happened < one.steps.length && !isThere(one))
    if (behind.length === 0) return
    let waits = false
    for (const one of behind) {
      const step = one.steps[one.happened]
      if (typeof step === 'object') await liveUntil(all, step.until)
      else one.happened++
      if (step === 'wait') waits = true
      if (typeof step === 'function') await step()
    }
    if (waits) await payments.moveTo(new Date(now().getTime() + 4 * 60_000))
    await listen(all)
  }
}

let allBegan = 0
/** Each of them does what it does, when its time has come. */
async function liveUntil(all: readonly Sequence[], days: number) {
  const pauseOf = ({ steps, happened }: Sequence) => {
    const step = steps[happened]
    return typeof step === 'object' ? step.until : Number.POSITIVE_INFINITY
  }
  for (let reached = -1; reached < days; ) {
    for (const one of all)
      for (let step = one.steps[one.happened]; typeof step === 'function'; step = one.steps[one.happened]) {
        one.happened++
        await step()
      }
    reached = Math.min(days, ...all.map(pauseOf))
    for (const one of all) if (pauseOf(one) === reached) one.happened++
    await payments.moveTo(new Date(Math.max(now().getTime(), allBegan + reached * 86_400_000)))
  }
}

const tasks = { align_automatic: alignAutomatic, end_automatic: endAtStripe }
const work = () =>
  asWorker(async () => {
    for (let more = true; more; more = (await runJobs(database, tasks)).length > 0)
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
    await untilThere(all, arriving, ({ events, order }) => events.length > (order[place] ?? -1))
    await Promise.all(arriving.map(({ events, order }) => arrive(events[order[place] ?? -1])))
    await work()
  }
  await untilThere(all, all, () => false)
  await asWorker(async () => {
    await reconcile()
    await reconcileAutomatic()
  })
  await work()
}

/** How they stand, in the order in which they are given. */
const outcomesOf = (all: readonly Paid[]) =>
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

async function tryAll(all: readonly Paid[]) {
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
const byChance = 320

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

async function inBatches<S>(
  plans: readonly Planned[],
  begin: (plan: Planned) => Promise<S>,
  tryThem: (all: readonly S[]) => Promise<unknown>,
) {
  for (let first = 0; first < plans.length; first += batch) {
    const few = pLimit(4)
    await tryThem(await Promise.all(plans.slice(first, first + batch).map((one) => few(() => begin(one)))))
  }
}

const batch = 40

beforeEach(() => faults.clear())

/** How many events each flow has, seen where none of them arrives. */
async function counted(): Promise<Map<string, number>> {
  const all: Paid[] = []
  for (const name of Object.keys(flows)) all.push(await begun({ name, order: [] }))
  await tryAll(all)
  return new Map(all.map(({ name, events }) => [name, events.length]))
}

test('[W2] of each flow every order of its events, each also doubled and with one lost and reconciled, ends the same', async () => {
  faults.add(Fault.parse({ on: 'webhook', do: 'drop' }))
  await makeCatalog()
  products.splice(0, 2, await productId(database, 'forms'), await productId(database, 'branding'))
  const counts = await counted()
  const plans = [...counts].flatMap(([name, count]) => {
    const own = plansOf(name, count)
    return process.env.STRESS ? own : shuffled(own).slice(0, 3)
  })
  await inBatches(shuffled(plans), begun, tryAll)
  const lost = plans.filter((one) => one.lost !== undefined).length
  console.log(
    `[W2] ${plans.length + counts.size} sequences of ${counts.size} flows, in ${lost + counts.size} of them events lost; seed ${seed}; ` +
      [...counts].map(([name, count]) => `${name} ${count}`).join(', '),
  )
}, 3_600_000)

interface Renewing extends Sequence, Automatic {
  flow: AutomaticFlow
  subscriptionId: string
}

/** Switched on, of which no event has arrived. */
async function switchedOn({ name, order, lost }: Planned): Promise<Renewing> {
  const flow = automaticFlows[name]
  if (!flow) throw new Error(`there is no ${name}`)
  const { organizationId, by, buy } = await customer()
  const subscriptionId = await buy(products[0] ?? '')
  const { renewalId } = await beginAutomatic(by, { subscriptionId, shown: 29_000, currency: 'eur' })
  const { url } = await startAutomatic(organizationId, renewalId)
  await payments.pay(url ?? '', { method: 'card', card: flow.card })
  await syncCheckout(/\/(cs_\w+)/.exec(url ?? '')?.[1] ?? '')
  const [row] = await rowsOf<{ id: string }>(
    database,
    'select stripe_subscription_id as id from automatic_renewals where id = $1',
    [renewalId],
  )
  const automatic = { stripeSubscriptionId: row?.id ?? '' }
  const steps = flow.steps.map((step) =>
    typeof step === 'object' ? step : () => step({ stripe, pay: means.pay }, automatic),
  )
  const own = { name, flow, steps, order, lost, organizationId, subscriptionId, ...automatic }
  return { ...own, events: [], happened: 0 }
}

const mailsNamed = (name: string) =>
  `(select count(*)::int from graphile_worker._private_jobs j join graphile_worker._private_tasks k on k.id = j.task_id
     where k.identifier = 'mail.${name}' and j.payload ->> 'organizationId' = s.organization_id::text)`

const renewedOf = (all: readonly Renewing[]) =>
  rowsOf<AutomaticOutcome>(
    database,
    `select (select string_agg(case when t.refunded_at is null then 'paid: ' else 'back: ' end || coalesce(r.reason::text, 'works'),
           ', ' order by t.ordinal, k.id)
         from terms t join keys k on k.term_id = t.id left join revocations r on r.key_id = k.id and r.restored_at is null
         where t.subscription_id = s.id) as terms,
       not exists (select from automatic_renewals a where a.subscription_id = s.id and a.ended_at is null) as ended,
       ${mailsNamed('keys_ready')} as mails, ${mailsNamed('charge_failed')} as "failedMails",
       (select string_agg(q.kind::text || ' ' || q.amount, ', ') from payment_questions q
         where q.organization_id = s.organization_id and q.closed_at is null) as asked
     from subscriptions s where s.id = any($1) order by array_position($1, s.id)`,
    [all.map(({ subscriptionId }) => subscriptionId)],
  )

async function renewAll(all: readonly Renewing[]) {
  allBegan = now().getTime()
  await live(all)
  const said = await renewedOf(all)
  const about = ({ name, order, lost }: Renewing) => ({ name, order, lost })
  expect(all.map((one, index) => ({ ...about(one), ...said[index] }))).toEqual(
    all.map((one, index) => {
      const { failedMails: most, ...outcome } = one.flow.outcome
      return { ...about(one), ...outcome, failedMails: Math.min(most, said[index]?.failedMails ?? 0) }
    }),
  )
  // Nothing of theirs goes on in the years of the next.
  for (const { stripeSubscriptionId: id } of all.filter((one) => !one.flow.outcome.ended)) {
    await stripe.subscriptions.cancel(id)
    await syncSubject('subscription', id)
  }
  await work()
  await payments.moveTo(new Date(now().getTime() + 2 * 3_600_000))
}

test('[W2] of what renews by itself the events end the same in any order, also doubled and with one lost and reconciled', async () => {
  faults.add(Fault.parse({ on: 'webhook', do: 'drop' }))
  await makeCatalog()
  products.splice(0, 1, await productId(database, 'forms'))
  const names = Object.keys(automaticFlows)
  const undisturbed = await Promise.all(names.map((name) => switchedOn({ name, order: [] })))
  await renewAll(undisturbed)
  const plans = undisturbed.flatMap(({ name, events }) => {
    const own = plansOf(name, events.length)
    return process.env.STRESS ? own : shuffled(own).slice(0, 3)
  })
  await inBatches(shuffled(plans), switchedOn, renewAll)
  const counts = undisturbed.map(({ name, events }) => `${name} ${events.length}`)
  console.log(
    `[W2] ${plans.length + names.length} sequences of automatic renewal; seed ${seed}; ${counts.join(', ')}`,
  )
}, 3_600_000)
