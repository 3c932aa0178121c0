import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pLimit from 'p-limit'
import pg from 'pg'
import { type Priced, payOn, pricedProduct } from '@/bench/payments'
import { addInstance } from '@/lib/instances/add'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { beginAutomatic } from '@/lib/payments/automatic/begin'
import { startAutomatic } from '@/lib/payments/automatic/start'
import { syncCheckout } from '@/lib/payments/sync-checkout'
import { startSubscription } from '@/lib/subscriptions/start'
import { newSecrets } from '@/sandbox/environment'
import { openMailSink } from '@/sandbox/mail-sink'
import { type Portal, startPortal } from '@/sandbox/portal'
import { freePort } from '@/sandbox/ports'
import { postgresHome } from '@/sandbox/postgres-home'
import { buildWhenStale } from '@/scripts/build'

/** Subscriptions of one organization. */
const each = 10
const few = pLimit(8)

/**
 * A day on which many subscriptions renew by themselves, all at the same midnight: how long from Stripe's charging them until
 * the last new key is there, and until the mail server has the last mail.
 * @param count how many subscriptions
 * @returns what was wrong
 */
export async function measureRenewals(count: number, print: (line: string) => void): Promise<string[]> {
  await buildWhenStale(print)
  const home = path.join(postgresHome(), 'bench-renewals')
  rmSync(home, { recursive: true, force: true })
  const sink = await openMailSink()
  const portal = await startPortal({
    ...{ home, print, secrets: newSecrets(), size: 'small' },
    ...{ port: await freePort(), mailPort: await freePort(), changes: { SMTP_URL: sink.url } },
  })
  const database = new pg.Client({ connectionString: portal.postgres.url('latchkey', 'postgres') })
  try {
    Object.assign(process.env, portal.env)
    await database.connect()
    const made = performance.now()
    const product = await pricedProduct()
    const organizations = Array.from({ length: Math.ceil(count / each) }, (_, n) => n)
    await Promise.all(
      organizations.map((n) => few(() => switchOn(n, Math.min(each, count - n * each), product))),
    )
    await untilNothingWaits(database)
    print(`${count} subscriptions are switched on, after ${seconds(made)}.`)
    return await chargeAll(portal, database, count, print)
  } finally {
    await database.end()
    await portal.stop()
    await sink.close()
    rmSync(home, { recursive: true, force: true })
  }
}

const seconds = (since: number) => `${((performance.now() - since) / 1_000).toFixed(1)} s`

/** An organization, whose owner has switched on that all it has renews by itself. */
async function switchOn(n: number, subscriptions: number, { id: productId, amount, currency }: Priced) {
  const system = () => ({ actor: { kind: 'system' as const }, idempotencyKey: randomUUID() })
  const slug = `renewing-${n}`
  const organization = { name: `Renewing ${n}`, slug, timeZone: 'Europe/Paris' }
  const { organizationId } = await createOrganization(system(), organization)
  const own = () => ({ ...system(), organizationId })
  const { personId } = await addMember(own(), { email: `owner@${slug}.example`, role: 'owner' })
  for (let made = 0; made < subscriptions; made++) {
    const { instanceId } = await addInstance(own(), {
      ...{ label: `GLPI ${made}`, url: `https://glpi-${made}.${slug}.example`, environment: 'production' },
    })
    const { subscriptionId } = await startSubscription(own(), { productId, instanceId })
    const by = { ...own(), actor: { kind: 'member' as const, personId } }
    const { renewalId } = await beginAutomatic(by, { subscriptionId, shown: amount, currency })
    const { url } = await startAutomatic(organizationId, renewalId)
    if (!url) continue
    // The first asks for a means of payment, which the others are charged to as well.
    await payOn(url)
    await syncCheckout(/\/(cs_\w+)/.exec(url)?.[1] ?? '')
  }
}

/** What is waited for no longer, in milliseconds. */
const patience = 3_600_000

async function chargeAll(
  { env }: Portal,
  database: pg.Client,
  count: number,
  print: (line: string) => void,
): Promise<string[]> {
  const { rows } = await database.query<{ on: number; chargesAt: Date }>(
    `select count(*)::int as on, max(charges_at) as "chargesAt" from automatic_renewals a
     join organizations o on o.id = a.organization_id where o.slug like 'renewing-%' and a.ended_at is null`,
  )
  const [found] = rows
  if (found?.on !== count) return [`automatic renewal: ${found?.on} of ${count} are on`]
  // Stripe charges an hour after the term has ended: https://docs.stripe.com/billing/subscriptions/overview
  const after = found.chargesAt.getTime() + 61 * 60_000
  writeFileSync(env.SANDBOX_CLOCK_FILE ?? '', String(after - Date.now()))
  const begun = performance.now()
  let keys = ''
  for (;;) {
    const out = await outOf(database)
    if (!keys && out.keys === count) keys = seconds(begun)
    if (keys && out.mails === count) break
    if (performance.now() > begun + patience)
      return [`automatic renewal: after an hour ${out.keys} keys and ${out.mails} mails of ${count}`]
    await wait(200)
  }
  print(
    `${count} subscriptions renew on one day: all new keys after ${keys}, all mails after ${seconds(begun)}. Aim: 300 s for 10,000.`,
  )
  return []
}

async function outOf(database: pg.Client) {
  const { rows } = await database.query<{ keys: number; mails: number }>(
    `select (select count(*)::int from terms t join keys k on k.term_id = t.id join organizations o on o.id = t.organization_id
         where o.slug like 'renewing-%' and t.ordinal = 2) as keys,
       (select count(*)::int from sent_mails s join organizations o on o.id = s.organization_id
         where o.slug like 'renewing-%' and s.about like 'keys-ready.%') as mails`,
  )
  return rows[0] ?? { keys: 0, mails: 0 }
}

async function untilNothingWaits(database: pg.Client) {
  const waits = `select from stripe_events where done_at is null union all
    select from graphile_worker.jobs where run_at <= now() and attempts = 0 or locked_at is not null limit 1`
  while ((await database.query(waits)).rowCount) await wait(100)
}
