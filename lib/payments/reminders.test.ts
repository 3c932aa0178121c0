import { randomUUID } from 'node:crypto'
import pg from 'pg'
import PostalMime from 'postal-mime'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { closePool, openPoolAt } from '@/db/client'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { retireInstance } from '@/lib/instances/retire'
import { displayUrl } from '@/lib/instances/url'
import { attention } from '@/lib/keys/attention'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { revokeKey } from '@/lib/keys/revoke'
import { remindersMail } from '@/lib/mail/reminders'
import { later, startOfDay } from '@/lib/organizations/calendar'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem, type Fixture, makeOrganization, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { at } from '@/sandbox/time'
import { type Running, startProcess } from '@/scripts/processes'
import { findWaitingKeys, remind } from './remind'
import { sendNotInGlpi, sendReminders } from './send-reminders'

const sink = await startMailSink()
const database = await productDatabase({
  SMTP_URL: sink.url,
  STRIPE_SECRET_KEY: 'sk_test_latchkey',
  STRIPE_WEBHOOK_SECRET: 'whsec_tests',
  SANDBOX_STRIPE_URL: 'http://127.0.0.1:9/',
})
const pool = new pg.Pool({ connectionString: database.workerUrl, max: 2 })
afterAll(() => pool.end())

let town: Fixture
let towns = 0
beforeEach(async () => {
  await makeCustomer('catalog').catch(() => {})
  town = await makeOrganization(`town-${++towns}`)
  sink.received.splice(0)
})

/** Noon of a day, counted from today, in the organization's time zone. */
const noon = (days: number) =>
  new Date(later(startOfDay(now(), 'Europe/Paris'), 'Europe/Paris', { days }).getTime() + 43_200_000)
/** A subscription of a year that goes on for so many whole days after today. */
const endingIn = async (days: number, of: Parameters<typeof sold>[2] = {}) => {
  const end = later(startOfDay(now(), 'Europe/Paris'), 'Europe/Paris', { days: days + 1 })
  const begun = later(end, 'Europe/Paris', { months: -12 })
  const one = await at(new Date(begun.getTime() + 43_200_000), () => sold(database, town, of))
  const [term] = await rowsOf<{ endsAt: Date; termId: string }>(
    database,
    'select id as "termId", ends_at as "endsAt" from terms where subscription_id = $1',
    [one.subscriptionId],
  )
  if (!term) throw new Error('it has a term')
  return { ...one, ...term }
}
const send = () => sendReminders({ organizationId: town.organizationId })
const byTown = () => bySystem(town.organizationId)

async function mails() {
  const parsed = await Promise.all(sink.received.map(({ data }) => PostalMime.parse(data)))
  return parsed.map(({ to, subject, text = '', messageId }) => ({
    to: to?.[0]?.address ?? '',
    subject,
    messageId,
    text: text.replace(/\s+/g, ' '),
  }))
}

test('owners and billing members get one mail of all that ends, each in their language, and never a key', async () => {
  await rowsOf(database, `update people set language = 'fr' where id = $1`, [town.people.billing])
  const one = await endingIn(7)
  const other = await endingIn(14, { reference: 'branding', onto: one.instanceId })
  await endingIn(61)
  await send()
  const received = (await mails()).sort((a, b) => (a.to < b.to ? -1 : 1))
  expect(received.map(({ to, subject }) => [to, subject])).toEqual([
    [
      `billing@${town.slug}.example`,
      `2 abonnements de l’organisation The people of ${town.slug} se terminent d’ici 14 jours`,
    ],
    [`owner@${town.slug}.example`, `2 subscriptions of The people of ${town.slug} end within 14 days`],
  ])
  const [french, english] = received
  for (const { shortId, url, key } of [one, other]) {
    expect(english?.text).toContain(shortId)
    expect(english?.text).not.toContain(key)
    expect(english?.text.replaceAll('-', '')).not.toContain(key.replaceAll('-', ''))
    expect(english?.text).toContain(displayUrl(one.url))
    expect(url).toBeDefined()
  }
  expect(english?.text).toContain('Forms Pro, desk-')
  expect(english?.text).toContain('It does not renew by itself. A year: €290.00 plus any VAT.')
  expect(english?.text).toContain(`http://localhost:41400/${town.slug}/billing`)
  expect(french?.text).toMatch(/Pas de renouvellement automatique\. Un an : 290,00 € HT\./)
})

test('from 70 days before to 20 days after, day by day, it is told at 60, 30, 14, 7 and 1 days, once', async () => {
  const { endsAt } = await endingIn(70)
  const told: number[] = []
  for (let day = 0; day < 90; day++) {
    sink.received.splice(0)
    await at(noon(day), async () => {
      await send()
      await send()
    })
    if (sink.received.length > 0) told.push(70 - day)
    expect([0, 2]).toContain(sink.received.length)
  }
  expect(endsAt > now()).toBe(true)
  expect(told).toEqual([60, 30, 14, 7, 1])
}, 120_000)

test('what a worker that was away has missed is told once', async () => {
  await endingIn(64)
  await send()
  expect(sink.received).toHaveLength(0)
  await at(noon(59), send)
  await at(noon(60), send)
  expect(sink.received).toHaveLength(2)
  await at(noon(63), send)
  expect(sink.received).toHaveLength(4)
})

test('what is renewed, revoked, being paid or of a retired instance is told to nobody', async () => {
  const [renewed, refunded, retired, paying] = [
    await endingIn(7),
    await endingIn(7),
    await endingIn(7),
    await endingIn(7),
  ]
  await renewSubscription(byTown(), { subscriptionId: renewed.subscriptionId })
  await revokeKey(byTown(), { keyId: refunded.keyId, reason: 'refunded' })
  await retireInstance(byTown(), { instanceId: retired.instanceId })
  await reserveCheckout(paying.subscriptionId)
  await send()
  expect(sink.received).toHaveLength(0)
  const row = await rowsOf(database, 'select from reminders where organization_id = $1', [
    town.organizationId,
  ])
  expect(row).toHaveLength(0)
})

test('what comes to be due on a day that had its mail waits for the next day’s', async () => {
  const [one, other] = [await endingIn(7), await endingIn(7)]
  await reserveCheckout(other.subscriptionId)
  await send()
  expect((await mails())[0]?.text).toContain(one.shortId)
  // Nobody paid.
  await rowsOf(database, 'update checkout_lines set ended_at = now() where subscription_id = $1', [
    other.subscriptionId,
  ])
  await send()
  expect(sink.received).toHaveLength(2)
  await at(noon(1), send)
  expect(sink.received).toHaveLength(4)
  const last = (await mails()).at(-1)
  expect(last?.text).toContain(other.shortId)
  expect(last?.text).not.toContain(one.shortId)
})

const reserveCheckout = (subscriptionId: string) =>
  rowsOf(
    database,
    `with checkout as (insert into checkouts (id, organization_id, begun_at, currency, amount)
       values (gen_random_uuid(), $1, now(), 'eur', 29000) returning id)
     insert into checkout_lines (id, organization_id, checkout_id, subscription_id, product_id, price_id, amount, months, starts_at, ends_at)
     select gen_random_uuid(), $1, checkout.id, s.id, s.product_id, p.id, p.amount, p.months, now(), now() + interval '1 year'
     from checkout, subscriptions s join prices p on p.product_id = s.product_id and p.currency = 'eur' where s.id = $2`,
    [town.organizationId, subscriptionId],
  )

test('where nothing is sold in the portal, the mail says whom to write to', async () => {
  const termEndsAt = new Date('2027-03-12T23:00:00Z')
  const line = {
    ...{ product: 'Forms Pro', instance: null, url: null, shortId: 'K-7QF3XM', termEndsAt },
    ...{ keyExpiresAt: termEndsAt, price: null, verdict: { ok: true }, automatic: null },
  }
  const facts = {
    to: 'ada@acme.example',
    name: 'Acme',
    slug: 'acme',
    timeZone: 'Europe/Paris',
    currency: 'eur',
    at: new Date('2027-03-06T12:00:00Z'),
  }
  const mail = (sells: boolean) => remindersMail({ ...facts, language: 'en', sells, lines: [line] })
  const off = (await mail(false)).text.replace(/\s+/g, ' ')
  expect(off).toContain('To renew, write to support@latchkey.example')
  expect(off).not.toContain('/acme/billing')
  expect((await mail(true)).text).toContain('http://localhost:41400/acme/billing')
})

test('a reminder says of each line that it ends, has ended while its key works, or has ended altogether, and whether it renews by itself', async () => {
  const midnight = (day: string) => new Date(`${day}T23:00:00Z`)
  const on = { amount: 29_000, currency: 'eur', startedAt: midnight('2026-03-12') }
  const failing = {
    failedAt: midnight('2026-03-12'),
    invoiced: { total: 34_800, tax: 5_800, reverseCharge: false },
  }
  const line = (until: string, works: string, automatic: 'on' | 'fails' | null = null) => ({
    ...{
      product: 'Forms Pro',
      instance: null,
      url: 'https://xn--mdiathque-53af.example/glpi',
      shortId: `K-${until}`,
    },
    automatic: automatic && { ...on, ...(automatic === 'on' ? { failedAt: null, invoiced: null } : failing) },
    ...{ termEndsAt: midnight(until), keyExpiresAt: midnight(works), verdict: { ok: true } },
    price: { amount: 29_000, taxBehavior: 'exclusive' as const, months: 12 },
  })
  const soon = line('2027-03-12', '2027-03-26')
  const works = line('2027-03-02', '2027-03-16')
  const over = line('2027-02-02', '2027-02-16')
  const byItself = line('2027-03-08', '2027-03-22', 'on')
  const facts = {
    ...{ to: 'ada@acme.example', name: 'Acme', slug: 'acme', timeZone: 'Europe/Paris', currency: 'eur' },
    ...{ sells: true, at: new Date('2027-03-06T12:00:00Z') },
  }
  const mail = async (language: 'en' | 'fr', lines: ReturnType<typeof line>[]) => {
    const { subject, text } = await remindersMail({ ...facts, language, lines })
    return { subject: subject.replaceAll('\u00a0', ' '), text: text.replace(/\s+/g, ' ') }
  }
  const told = [[soon], [works], [over], [byItself], [soon, works, over, byItself]]
  const subjects = await Promise.all(
    told.flatMap((lines) => [mail('en', lines), mail('fr', lines)].map(async (one) => (await one).subject)),
  )
  expect(subjects).toEqual([
    ...[
      'A subscription of Acme ends in 6 days',
      'Un abonnement de l’organisation Acme se termine dans 6 jours',
    ],
    'A subscription of Acme has ended; its key still works',
    'Un abonnement de l’organisation Acme a pris fin ; sa clé fonctionne encore',
    'A subscription of Acme has ended, and its key works no longer',
    'Un abonnement de l’organisation Acme a pris fin, et sa clé ne fonctionne plus',
    'A subscription of Acme renews by itself within 3 days',
    'Un abonnement de l’organisation Acme sera renouvelé automatiquement d’ici 3 jours',
    '4 subscriptions of Acme end soon or have ended',
    '4 abonnements de l’organisation Acme se terminent bientôt ou ont pris fin',
  ])
  const [english, french] = [await mail('en', told[4] ?? []), await mail('fr', told[4] ?? [])]
  for (const sentence of [
    'paid until 12 Mar 2027, for 6 more days; the key works until 26 Mar 2027. It does not renew by itself. A year',
    'was paid until 2 Mar 2027, which is over; the key goes on until 16 Mar 2027. It does not renew by itself.',
    'was paid until 2 Feb 2027; the key worked until 16 Feb 2027, and works no longer. It does not renew by itself.',
    'It renews by itself on 9 Mar 2027 for €290.00 plus any VAT: nothing has to be done.',
  ])
    expect(english.text).toContain(sentence)
  // The address as the portal shows it, and what the invoice asks for that could not be charged.
  const fails = await mail('fr', [line('2027-03-05', '2027-03-19', 'fails')])
  expect(fails.text).toContain('348,00 € (dont 58,00 € de TVA) n’ont pas pu être débités')
  expect(fails.text).toContain(' médiathèque.example/glpi ')
  expect(french.text).toContain(
    'date maintenant passée ; la clé fonctionne encore jusqu’au 16 mars 2027. Pas de',
  )
})

test('what is renewed between the reservation and the mail is left out of it', async () => {
  const [one, other] = [await endingIn(7), await endingIn(7)]
  await reserved([one, other].map(({ termId }) => termId))
  await renewSubscription(byTown(), { subscriptionId: one.subscriptionId })
  await send()
  const [mail] = await mails()
  expect(mail?.text).toContain(other.shortId)
  expect(mail?.text).not.toContain(one.shortId)
})

/** As if a worker had been killed once it had reserved what to tell. */
const reserved = (termIds: string[]) =>
  rowsOf(
    database,
    `insert into reminders (organization_id, term_id, kind, mark, created_at) select $1, unnest($2::uuid[]), 'ends', 7, $3`,
    [town.organizationId, termIds, now()],
  )

test('an organization’s mail that could not be sent for days is made up for, with the later mark alone', async () => {
  const one = await endingIn(7)
  await reserved([one.termId])
  await at(noon(6), send)
  await at(noon(6), send)
  expect(sink.received).toHaveLength(2)
  const open = await rowsOf(
    database,
    'select from reminders where done_at is null and organization_id = $1',
    [town.organizationId],
  )
  expect(open).toHaveLength(0)
})

/** A renewed one whose term ends at midnight before noon of that day. */
const waits = async (days: number) => {
  const old = await endingIn(days - 1)
  const { keyId, shortId } = await renewSubscription(byTown(), { subscriptionId: old.subscriptionId })
  return { old, keyId, shortId }
}
const sendWaiting = () => sendNotInGlpi({ organizationId: town.organizationId })
// Forms Pro's key outlives its term by 14 days.
const overlap = 14

test('a new key that no GLPI was seen with a day before the old one ends is told of once, to owners and technical members', async () => {
  const { old, shortId } = await waits(10)
  await at(noon(10 + overlap - 2), sendWaiting)
  expect(sink.received).toHaveLength(0)
  for (const day of [10 + overlap - 1, 10 + overlap, 10 + overlap + 1]) await at(noon(day), sendWaiting)
  const received = await mails()
  expect(received.map(({ to }) => to).sort()).toEqual([
    `owner@${town.slug}.example`,
    `technical@${town.slug}.example`,
  ])
  expect(received[0]?.subject).toBe(`A new key of The people of ${town.slug} not yet in GLPI`)
  expect(received[0]?.text).toContain(`${shortId}; the old key ${old.shortId} works until`)
  expect(received[0]?.text).not.toContain(old.key)
})

test('a key that was seen, that an offline file stands for, or that was revoked alarms nobody; nor one of a term that had lapsed', async () => {
  const [seen, offline, revoked] = [await waits(10), await waits(10), await waits(10)]
  await noteKeySeen(byTown(), { keyId: seen.keyId })
  await revokeKey(byTown(), { keyId: revoked.keyId, reason: 'refunded' })
  await fileFor(offline.old)
  const lapsed = await endingIn(-overlap - 2)
  await renewSubscription(byTown(), { subscriptionId: lapsed.subscriptionId })
  await at(noon(10 + overlap - 1), sendWaiting)
  // The old key's file ends with it, and the installation is no less offline for that.
  await at(noon(10 + overlap), sendWaiting)
  await sendWaiting()
  expect(sink.received).toHaveLength(0)
})

/** A plugin that has shown its secret so many hours before the mail is due, with a lease that runs; and when it was handed the key. */
async function plugin(
  { old, keyId }: Awaited<ReturnType<typeof waits>>,
  provedHours: number,
  handedHours?: number,
) {
  const due = noon(10 + overlap - 1)
  const id = randomUUID()
  await rowsOf(
    database,
    `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive,
       secret_hash, lease_ends_at, created_at, refreshed_at, proved_at)
     values ($1::uuid, $2, $3, $4, 'glpi-' || $1::uuid, 'production', true, sha256('x'), $5::timestamptz + interval '6 days', now(), now(),
       $5::timestamptz - make_interval(hours => $6))`,
    [id, town.organizationId, old.keyId, old.instanceId, due, provedHours],
  )
  if (handedHours !== undefined)
    await rowsOf(
      database,
      `insert into handovers (organization_id, activation_id, key_id, handed_at)
       values ($1, $2, $3, $4::timestamptz - make_interval(hours => $5))`,
      [town.organizationId, id, keyId, due, handedHours],
    )
}

test('of a key that the plugin is given by itself nobody is told, as long as it is known to take it', async () => {
  await plugin(await waits(10), 20)
  await plugin(await waits(10), 20, 20)
  await at(noon(10 + overlap - 1), sendWaiting)
  expect(sink.received).toHaveLength(0)
  // It has shown its secret too long ago; it was given the key and goes on with the old one; nothing is left to be handed over.
  await plugin(await waits(10), 80)
  await plugin(await waits(10), 20, 30)
  const unsealed = await waits(10)
  await plugin(unsealed, 20)
  await rowsOf(database, 'delete from sealed_keys where key_id = $1', [unsealed.keyId])
  const ofTwo = await waits(10)
  await plugin(ofTwo, 20)
  await at(noon(10 + overlap - 1), sendWaiting)
  const [mail] = await mails()
  expect(mail?.text.match(/the old key K-/g)).toHaveLength(3)
  expect(mail?.text).not.toContain(ofTwo.shortId)
})

test('a plugin that stays with the old key is told of, though GLPI’s own box has the new one; not one that has changed over', async () => {
  const [stays, changed] = [await waits(10), await waits(10)]
  for (const one of [stays, changed]) {
    await plugin(one, 80)
    await rowsOf(
      database,
      'update keys set first_seen_at = issued_at, replaced_at = null where organization_id = $1 and id = $2',
      [town.organizationId, one.keyId],
    )
  }
  await rowsOf(
    database,
    `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
       lease_ends_at, created_at, refreshed_at)
     select gen_random_uuid(), organization_id, $2, instance_id, installation_id, environment, exclusive, secret_hash,
       lease_ends_at, created_at, refreshed_at from activations where organization_id = $1 and key_id = $3`,
    [town.organizationId, changed.keyId, changed.old.keyId],
  )
  const due = noon(10 + overlap - 1)
  await rowsOf(
    database,
    `update activations set refreshed_at = $2::timestamptz - interval '20 hours' where organization_id = $1`,
    [town.organizationId, due],
  )
  await at(due, sendWaiting)
  const [mail] = await mails()
  expect(mail?.text).toContain(stays.shortId)
  expect(mail?.text).not.toContain(changed.shortId)
  const wanted = await at(due, () =>
    asOrganization(town.organizationId, (tx) => attention(tx, town.organizationId, 'Europe/Paris', now())),
  )
  const urgent = wanted.lines.filter(({ what }) => what === 'waits_urgently')
  expect(urgent.flatMap(({ keys }) => keys.map(({ id }) => id))).toEqual([stays.keyId])
})

const fileFor = ({ keyId, instanceId }: { keyId: string; instanceId: string }) =>
  rowsOf(
    database,
    `with activation as (insert into activations (id, organization_id, key_id, instance_id, installation_id, environment,
         exclusive, secret_hash, lease_ends_at, created_at, refreshed_at)
       values (gen_random_uuid(), $1, $2, $3, 'offline', 'production', true, sha256('x'), now(), now(), now()) returning id)
     insert into offline_files (id, organization_id, activation_id, key_id, instance_id, installation_id, issued_at, works_until, issued_by_id)
     select gen_random_uuid(), $1, activation.id, $2, $3, 'offline', now(), k.expires_at, $4 from activation, keys k where k.id = $2`,
    [town.organizationId, keyId, instanceId, town.people.owner],
  )

const jobs = async () =>
  (
    await pool.query<{ task: string; payload: unknown }>(
      `select t.identifier as task, payload from graphile_worker._private_jobs j
     join graphile_worker._private_tasks t on t.id = j.task_id order by 1`,
    )
  ).rows

test('the daily and the hourly job ask in the organizations concerned, once each, however often they run', async () => {
  await pool.query('delete from graphile_worker._private_jobs')
  await rowsOf(database, 'update reminders set done_at = created_at')
  await endingIn(60)
  const paid = town.organizationId
  town = await makeOrganization(`town-${++towns}`)
  await waits(-overlap + 1)
  await asWorker(async () => {
    for (let time = 0; time < 2; time++) {
      await remind()
      await findWaitingKeys()
    }
  })
  const found = (await jobs()).filter(
    ({ payload }) =>
      JSON.stringify(payload).includes(paid) || JSON.stringify(payload).includes(town.organizationId),
  )
  expect(found).toContainEqual({ task: 'mail.reminders', payload: { organizationId: paid } })
  expect(found.filter(({ task }) => task === 'mail.not_in_glpi')).toEqual([
    { task: 'mail.not_in_glpi', payload: { organizationId: town.organizationId } },
  ])
  expect(new Set(found.map((job) => JSON.stringify(job))).size).toBe(found.length)
})

async function asWorker(job: () => Promise<void>) {
  await closePool()
  openPoolAt(database.workerUrl)
  try {
    await job()
  } finally {
    await closePool()
  }
}

const patient = { timeout: 60_000, interval: 20 }
const workers: Running[] = []
function startWorker(): Running {
  const worker = startProcess({
    name: 'worker',
    command: [process.execPath, '--import', './scripts/typescript.mjs', 'lib/jobs/worker.ts'],
    env: { ...process.env, WORKER_DATABASE_URL: database.workerUrl },
    output: () => {},
  })
  workers.push(worker)
  return worker
}

afterEach(async () => {
  sink.answer()
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
})

/** A worker's hourly job may tell the other tests' organizations something as well. */
const mailsOfTown = async () => (await mails()).filter(({ to }) => to.endsWith(`@${town.slug}.example`))

const rounds = process.env.STRESS ? 20 : 2
test(
  '[F4] a worker killed between a reminder’s mail and its mark sends it once more at the most, with the same Message-ID',
  async () => {
    let repeated = 0
    for (let round = 0; round < rounds; round++) {
      town = await makeOrganization(`killed-${++towns}`)
      await pool.query('delete from graphile_worker._private_jobs')
      await endingIn(7)
      await rowsOf(database, `select enqueue_job('mail.reminders', $1, $2, null)`, [
        JSON.stringify({ organizationId: town.organizationId }),
        randomUUID(),
      ])
      sink.received.splice(0)
      sink.withhold()
      const worker = startWorker()
      await expect.poll(async () => (await mailsOfTown()).length, patient).toBe(1)
      expect(await worker.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
      sink.answer()
      const second = startWorker()
      await expect.poll(async () => (await jobs()).length, patient).toBe(0)
      await second.stop()
      const told = Map.groupBy(await mailsOfTown(), ({ to }) => to)
      expect([...told.keys()].sort()).toEqual([`billing@${town.slug}.example`, `owner@${town.slug}.example`])
      for (const of of told.values()) {
        expect(of.length).toBeLessThanOrEqual(2)
        expect(new Set(of.map(({ messageId }) => messageId)).size).toBe(1)
        repeated += of.length - 1
      }
      const marks = await rowsOf(
        database,
        'select from reminders where organization_id = $1 and done_at is not null',
        [town.organizationId],
      )
      expect(marks).toHaveLength(1)
    }
    expect(repeated).toBeLessThanOrEqual(rounds)
    console.log(`[F4] ${rounds} workers killed, ${repeated} mails repeated, 0 lost`)
  },
  60_000 + rounds * 60_000,
)
