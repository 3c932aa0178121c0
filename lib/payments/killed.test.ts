import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { byMember, makeCatalog, makeOrganization, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { paymentsForTests } from '@/sandbox/test/payments'
import { sold } from '@/sandbox/test/sold'
import { startSteps } from '@/sandbox/test/steps'
import { startWorker } from '@/sandbox/test/worker'
import type { Running } from '@/scripts/processes'
import { beginCheckout } from './begin-checkout'
import { openSession } from './open-session'

const sink = await startMailSink()
const payments = await paymentsForTests()
const database = await productDatabase({ ...payments.env, SMTP_URL: sink.url })
const steps = await startSteps({ postgres: database.workerUrl, stripe: payments.url, smtp: sink.url })
const pool = new pg.Pool({ connectionString: database.workerUrl, max: 2 })
afterAll(() => pool.end())

let worker: Running | undefined
afterAll(() => worker?.stop('SIGKILL'))

async function startNext() {
  worker = await startWorker({
    WORKER_DATABASE_URL: steps.through.postgres,
    SANDBOX_STRIPE_URL: steps.through.stripe,
    SMTP_URL: steps.through.smtp,
  })
}

const patient = { timeout: 90_000, interval: 20 }
/** What is not done yet: events that were received, and jobs. */
const left = async () => {
  const { rows } = await pool.query<{ left: number }>(
    `select ((select count(*) from stripe_events where done_at is null)
       + (select count(*) from graphile_worker._private_jobs))::int as left`,
  )
  return rows[0]?.left
}

/** As if a minute had passed since the worker was killed: what it had taken is taken by the next. */
const aMinuteLater = () =>
  pool.query(`update stripe_events set due_at = due_at - interval '1 minute' where done_at is null;
    update graphile_worker._private_jobs set locked_at = locked_at - interval '1 minute' where locked_at is not null`)

let customers = 0
/** Two renewals in one Checkout, ready to be paid. */
async function ready() {
  // The worker's clock is this machine's, and so is the stand-in's.
  payments.setTime(new Date())
  const customer = await makeOrganization(`killed-${++customers}`)
  const one = await sold(database, customer)
  const other = await sold(database, customer, { reference: 'branding', onto: one.instanceId })
  const by = byMember(customer, 'billing')
  const subscriptionIds = [one.subscriptionId, other.subscriptionId]
  const { checkoutId } = await beginCheckout(by, { subscriptionIds, shown: 41_000, currency: 'eur' })
  const { url } = await openSession(by, checkoutId)
  return { ...customer, checkoutId, url }
}
type Ready = Awaited<ReturnType<typeof ready>>

/** Everything that a payment brings, counted. */
async function broughtTo({ organizationId, checkoutId }: Ready) {
  const entries = (action: string) =>
    `(select count(*)::int from audit_entries where organization_id = $1 and action = '${action}')`
  const [row] = await rowsOf(
    database,
    `select (select ended::text from checkouts where id = $2) as ended,
       (select count(*)::int from terms where organization_id = $1) as terms,
       (select count(*)::int from keys where organization_id = $1) as keys,
       (select count(*)::int from checkout_lines where checkout_id = $2 and term_id is not null) as lines,
       (select string_agg(status::text, ' ') from invoices where organization_id = $1) as invoices,
       (select count(*)::int from sent_mails where organization_id = $1) as noted,
       ${entries('subscription.renew')} as renewed, ${entries('checkout.paid')} as paid`,
    [organizationId, checkoutId],
  )
  return row
}
const whole = { ended: 'paid', terms: 4, keys: 4, lines: 2, invoices: 'paid', renewed: 2, paid: 1 }

/** Of each who was to be told, how often under how many names. */
function mailsTo({ slug }: Ready) {
  const mails = sink.received.flatMap(({ to, data }) =>
    to.some((one) => one.endsWith(`@${slug}.example`))
      ? [{ to: to.join(), id: /^Message-ID: *(\S+)/im.exec(data)?.[1] ?? '' }]
      : [],
  )
  return [...Map.groupBy(mails, ({ to }) => to)].map(([to, all]) => ({
    to,
    times: all.length,
    names: new Set(all.map(({ id }) => id)).size,
  }))
}

const kills = process.env.STRESS ? 200 : 5
/** So many steps there are at least from a stored event to the mail: asking Stripe, writing, handing it to the mail server. */
const fewestSteps = 60

test(
  `[F4] a worker killed at any step between an event and its mail loses nothing and does nothing twice (${kills} kills)`,
  async () => {
    await makeCatalog()
    const undisturbed = await ready()
    await startNext()
    steps.from(Number.POSITIVE_INFINITY, () => true)
    await payments.pay(undisturbed.url)
    await payments.settled()
    await expect.poll(left, patient).toBe(0)
    const most = steps.passed()
    const told = mailsTo(undisturbed).length
    expect(most).toBeGreaterThan(fewestSteps)
    expect(await broughtTo(undisturbed)).toEqual({ ...whole, noted: told })
    let repeated = 0
    let slowest = 0
    for (let kill = 0; kill < kills; kill++) {
      const one = await ready()
      const killed = worker
      if (!killed) throw new Error('it was started')
      // Each step in turn, as far apart as so many kills are; what was asked at it still arrives every other time.
      const step = 1 + Math.floor(((kill + Math.random()) * most) / kills)
      steps.from(step, () => {
        process.kill(killed.pid, 'SIGKILL')
        return kill % 2 === 0
      })
      await payments.pay(one.url)
      await payments.settled()
      expect(await killed.exited).toEqual({ code: null, signal: 'SIGKILL' })
      // One in real time says how long it takes; that of the others is moved on.
      const real = process.env.STRESS !== undefined && kill % 50 === 1
      if (!real) await aMinuteLater()
      const begun = performance.now()
      await startNext()
      await expect.poll(left, patient).toBe(0)
      if (real) slowest = Math.max(slowest, performance.now() - begun)
      const mails = mailsTo(one)
      repeated += mails.filter(({ times }) => times > 1).length
      expect({ step, ...(await broughtTo(one)) }).toEqual({ step, ...whole, noted: told })
      expect(mails).toHaveLength(told)
      expect(mails.filter(({ times, names }) => times > 2 || names > 1)).toEqual([])
    }
    if (process.env.STRESS) expect(slowest).toBeLessThan(60_000)
    console.log(
      `[F4] ${kills} kills at steps 1 to ${most}, ${repeated} mails repeated${slowest ? `, going on after ${Math.round(slowest)} ms at most` : ''}`,
    )
  },
  60_000 + kills * 90_000,
)
