import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect } from 'vitest'
import { closePool } from '@/db/client'
import { type MemberRole, memberRoles } from '@/lib/access'
import { activateKey } from '@/lib/activations/activate'
import { history } from '@/lib/activations/history'
import { refusalCode } from '@/lib/activations/refusal-code'
import { applyCatalog } from '@/lib/catalog/apply'
import type { By } from '@/lib/command'
import { addInstance } from '@/lib/instances/add'
import { addAddress } from '@/lib/instances/address'
import { extendKey } from '@/lib/keys/extend'
import { issuePermanentKey } from '@/lib/keys/issue'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { createToken } from '@/lib/organizations/create-token'
import { inviteMember } from '@/lib/organizations/invite'
import { addStaff } from '@/lib/staff/add'
import { assign } from '@/lib/staff/assign'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import { newSecrets } from '@/sandbox/environment'
import { ownerPools, type TestDatabase, testDatabase } from '@/sandbox/test/database'

/** What `lib/env.ts` asks for, for the database at `DATABASE_URL`. */
export function setEnvironment(databaseUrl: string, more: Record<string, string> = {}) {
  Object.assign(process.env, newSecrets(), {
    DATABASE_URL: databaseUrl,
    PUBLIC_URL: 'http://localhost:41400',
    SMTP_URL: 'smtp://127.0.0.1:41401',
    MAIL_FROM: 'Latchkey <portal@latchkey.example>',
    VENDOR_NAME: 'Northwind Plugins',
    SUPPORT_EMAIL: 'support@latchkey.example',
    AUDIT_HEADS_FILE: '/dev/null',
    ...more,
  })
}

export { makeSigningKey } from '@/sandbox/lease-root'

/** A database of its own for the file that calls this at its top, which the product's code then uses. */
export async function productDatabase(more: Record<string, string> = {}): Promise<TestDatabase> {
  const database = await testDatabase()
  setEnvironment(database.appUrl, { WORKER_DATABASE_URL: database.workerUrl, ...more })
  afterAll(closePool)
  return database
}

export interface Fixture {
  organizationId: string
  slug: string
  people: Record<MemberRole, string>
}

export const bySystem = (organizationId: string, idempotencyKey: string = randomUUID()): By => ({
  actor: { kind: 'system' },
  organizationId,
  idempotencyKey,
})

export const byMember = (fixture: Fixture, role: MemberRole): By => ({
  actor: { kind: 'member', personId: fixture.people[role] },
  organizationId: fixture.organizationId,
  idempotencyKey: randomUUID(),
})

export const byStaff = (personId: string, { organizationId }: Pick<Fixture, 'organizationId'>): By => ({
  actor: { kind: 'staff', personId },
  organizationId,
  idempotencyKey: randomUUID(),
})

/** An account manager who is assigned to the organization, one who is not, and an admin; their person IDs. */
export async function makeStaff({ organizationId }: Pick<Fixture, 'organizationId'>) {
  const added = async (name: string, role: 'account_manager' | 'admin') => {
    const email = `${name}@northwind.example`
    const by = { actor: { kind: 'system' } } as const
    return (
      await addStaff(by, { email, name: `${name[0]?.toUpperCase()}${name.slice(1)} of Northwind`, role })
    ).personId
  }
  const manager = await added('manager', 'account_manager')
  await assign(bySystem(organizationId), { staffId: manager })
  const unassigned = await added('unassigned', 'account_manager')
  return { manager, unassigned, admin: await added('admin', 'admin') }
}

/** An organization with one member of each role. */
export async function makeOrganization(slug: string, timeZone = 'Europe/Paris'): Promise<Fixture> {
  const { organizationId } = await createOrganization(
    { actor: { kind: 'system' }, idempotencyKey: randomUUID() },
    { name: `The people of ${slug}`, slug, timeZone },
  )
  const people: Partial<Record<MemberRole, string>> = {}
  for (const role of memberRoles) {
    const added = await addMember(bySystem(organizationId), { email: `${role}@${slug}.example`, role })
    people[role] = added.personId
  }
  // every role was added in the loop
  return { organizationId, slug, people: people as Record<MemberRole, string> }
}

const description = { en: 'Made up for tests.', fr: 'Inventé pour les tests.' }

/** A year in two currencies, in their smallest units. */
const pricedAt = (amount: number) => [
  { currency: 'eur', amount },
  { currency: 'jpy', amount: amount * 2 },
]

/** One product of each sort; the suite has no price. */
export async function makeCatalog() {
  await applyCatalog(
    { actor: { kind: 'system' } },
    {
      products: [
        { reference: 'forms', name: 'Forms Pro', description, trialDays: 15, prices: pricedAt(29_000) },
        {
          ...{ reference: 'branding', name: 'Branding', description, overlapDays: 0, trialDays: 30 },
          prices: pricedAt(12_000),
        },
        { reference: 'suite', name: 'Suite', description, kind: 'suite', contains: ['forms', 'branding'] },
        {
          ...{ reference: 'cloud', name: 'Cloud', description, kind: 'cloud_plan', binding: 'organization' },
          prices: pricedAt(240_000),
        },
        { reference: 'legacy', name: 'Legacy', description, keyKind: 'permanent' },
        { reference: 'tags', name: 'Tags', description, openSource: true },
      ],
    },
  )
}

export type Reference = 'forms' | 'branding' | 'suite' | 'cloud' | 'legacy' | 'tags'

export async function productId(
  database: Pick<TestDatabase, 'ownerUrl'>,
  reference: Reference,
): Promise<string> {
  const [row] = await rowsOf<{ id: string }>(database, 'select id from products where reference = $1', [
    reference,
  ])
  if (!row) throw new Error(`makeCatalog() makes no product ${reference}`)
  return row.id
}

export async function makeInstance(fixture: Fixture, name = 'desk', by = bySystem(fixture.organizationId)) {
  const { instanceId } = await addInstance(by, {
    label: name,
    url: `https://${name}.${fixture.slug}.example/glpi`,
    environment: 'production',
  })
  return instanceId
}

/** The catalog, and an organization that has a row of every kind. */
export async function makeFilled(database: TestDatabase, slug = 'acme'): Promise<Fixture> {
  await makeCatalog()
  const fixture = await makeOrganization(slug)
  await fillOrganization(database, fixture)
  return fixture
}

/** Fills an organization so that each table that can belong to one has a row of it, each reference one that is set. */
export async function fillOrganization(database: TestDatabase, fixture: Fixture) {
  const by = () => bySystem(fixture.organizationId)
  await inviteMember(by(), { email: `invited@${fixture.slug}.example`, role: 'viewer' })
  const email = `of-${fixture.slug}@northwind.example`
  const added = await addStaff({ actor: { kind: 'system' } }, { email, role: 'account_manager' })
  await assign(by(), { staffId: added.personId })
  const { tokenId } = await createToken(byMember(fixture, 'owner'), {
    name: 'Ansible',
    scopes: ['keys.read'],
    days: 30,
  })
  const instanceId = await makeInstance(fixture)
  await addAddress(by(), { instanceId, url: `https://${fixture.slug}.lan` })
  await addInstance(by(), {
    label: 'copy',
    url: `https://copy.${fixture.slug}.example`,
    environment: 'test',
    testOfId: instanceId,
  })
  const forms = await productId(database, 'forms')
  const legacy = await productId(database, 'legacy')
  const { subscriptionId, keyId } = await startSubscription(by(), { productId: forms, instanceId })
  const renewed = await renewSubscription(by(), { subscriptionId })
  await noteKeySeen(by(), { keyId: renewed.keyId })
  const tried = await startTrial(by(), { productId: await productId(database, 'branding'), instanceId })
  const until = new Date(Date.now() + 900 * 86_400_000)
  await extendKey(by(), { keyId, until, reason: 'The invoice was late.' })
  const permanent = await issuePermanentKey(by(), { productId: legacy, instanceId })
  await revokeKey(by(), { keyId: permanent.keyId, reason: 'requested' })
  await restoreKey(by(), { keyId: permanent.keyId })
  await revokeKey(by(), { keyId: permanent.keyId, reason: 'leaked', note: 'It was on a wiki.' })
  const called = await fillCalls(database, fixture, { instanceId, keyId: renewed.keyId, oldKeyId: keyId })
  const paid = await fillPayments(database, fixture, { instanceId, subscriptionId })
  await fillReminders(database, fixture, { subscriptionId, ...paid })
  const automatic = await fillAutomatic(database, fixture, { subscriptionId, ...paid })
  const requested = await fillRequests(database, fixture, { instanceId, trialKeyId: tried.keyId })
  const signUps = await fillSignUps(database, fixture, { ...requested, trialKeyId: tried.keyId })
  return {
    ...called,
    ...paid,
    ...automatic,
    ...signUps,
    ...{ instanceId, subscriptionId, keyId, renewedKeyId: renewed.keyId },
    ...{ permanentKeyId: permanent.keyId, trialKeyId: tried.keyId, tokenId, ...requested },
  }
}

/** More days of a trial, which were declined; a second trial, of which something was asked back; and who asks to join. */
async function fillRequests(
  database: TestDatabase,
  { organizationId, slug, people }: Fixture,
  { instanceId, trialKeyId }: Record<'instanceId' | 'trialKeyId', string>,
) {
  const [open] = await rowsOf<Record<'requestId' | 'joinRequestId', string>>(
    database,
    `with asker as (insert into people (id, email, created_at) values (gen_random_uuid(), $5, now()) returning id),
     joins as (insert into requests (id, organization_id, kind, asked_by_id, asked_at, owners_until)
       select gen_random_uuid(), $1, 'join', id, now(), now() from asker returning id),
     asked as (insert into requests (id, organization_id, kind, asked_by_id, asked_at, reason, key_id, product_id,
         instance_id, closed_at)
       values (gen_random_uuid(), $1, 'trial_time', $2, now(), 'We were ill.', $3, null, null, now()),
         (gen_random_uuid(), $1, 'second_trial', $2, now(), 'Others decide now.', null,
           (select id from products where reference = 'branding'), $4, null)
       returning id, kind),
     answered as (insert into request_answers
       select gen_random_uuid(), $1, id, (case kind when 'trial_time' then 'declined' else 'asked_back' end)::request_answer,
         'Who decides?', $2, now() from asked)
     select asked.id as "requestId", joins.id as "joinRequestId" from asked, joins where kind = 'second_trial'`,
    [organizationId, people.owner, trialKeyId, instanceId, `asks@${slug}.example`],
  )
  if (!open) throw new Error('it was inserted')
  return open
}

/** A sign-up that has brought a key, one whose trial has not begun yet, and one that leads to asking to join. */
async function fillSignUps(
  database: TestDatabase,
  { organizationId, slug, people }: Fixture,
  { requestId, trialKeyId }: Record<'requestId' | 'trialKeyId', string>,
) {
  const rows = await rowsOf<{ id: string; outcome: string; begun_at: Date | null }>(
    database,
    `insert into trial_sign_ups (id, product_id, email, organization_name, url, network, language, time_zone, created_at,
       expires_at, confirmed_at, person_id, outcome, organization_id, begun_at, key_id, request_id)
     select gen_random_uuid(), p.id, 'owner@' || $2, 'Acme', 'https://tried.' || $2, sha256('here'), 'en', 'Europe/Paris', now(),
       now() + interval '1 day', now(), $3, o.outcome::sign_up_outcome, $1, o.begun_at, o.key_id, o.request_id
     from products p, (values ('own', now(), $4::uuid, $5::uuid), ('own', null, null, null), ('joins', null, null, null))
       o(outcome, begun_at, key_id, request_id)
     where p.reference = 'forms' returning id, outcome, begun_at`,
    [organizationId, `${slug}.example`, people.owner, trialKeyId, requestId],
  )
  const of = (outcome: string) => rows.find((row) => row.outcome === outcome && !row.begun_at)?.id ?? ''
  return { signUpId: of('own'), joinSignUpId: of('joins') }
}

/**
 * A Checkout that has paid for the last term; one that is reserved and that Stripe knows nothing of yet, in which the next
 * term and a further product would be paid; and one that waits at Stripe.
 */
async function fillPayments(
  database: TestDatabase,
  { organizationId, slug, people }: Fixture,
  { instanceId, subscriptionId }: Record<'instanceId' | 'subscriptionId', string>,
) {
  const [row] = await rowsOf<Record<'checkoutId' | 'openedId' | 'paidId', string>>(
    database,
    `with account as (insert into billing_accounts values ($1, 'eur', 'cus_' || $2, now())),
       paid as (
         insert into checkouts (id, organization_id, begun_by_id, begun_at, currency, amount, session_id, session_url,
           completed_at, ended_at, ended, invoice_id)
         values (gen_random_uuid(), $1, $3, now(), 'eur', 29000, 'cs_paid_' || $2, 'https://x.example', now(), now(), 'paid',
           'in_' || $2) returning id),
       reserved as (
         insert into checkouts (id, organization_id, begun_by_id, begun_at, currency, amount)
         values (gen_random_uuid(), $1, $3, now(), 'eur', 41000) returning id),
       opened as (
         insert into checkouts (id, organization_id, begun_by_id, begun_at, currency, amount, session_id, session_url, expires_at)
         values (gen_random_uuid(), $1, $3, now(), 'eur', 29000, 'cs_opened_' || $2, 'https://x.example', now() + interval '1 day')
         returning id),
       price as (
         select p.id, p.product_id, p.amount, p.months, r.reference from prices p join products r on r.id = p.product_id
         where p.currency = 'eur' and p.months = 12 and p.withdrawn_at is null),
       lines as (
         insert into checkout_lines (id, organization_id, checkout_id, subscription_id, product_id, instance_id, price_id,
           amount, months, starts_at, ends_at, ended_at, term_id)
         select gen_random_uuid(), $1, paid.id, $4::uuid, price.product_id, $5::uuid, price.id, price.amount, price.months,
           t.starts_at, t.ends_at, now(), t.id
         from price, paid, terms t where price.reference = 'forms' and t.subscription_id = $4 and t.ordinal = 2
         union all
         select gen_random_uuid(), $1, reserved.id, $4, price.product_id, $5, price.id, price.amount, price.months,
           t.ends_at, t.ends_at + interval '1 year', null, null
         from price, reserved, terms t where price.reference = 'forms' and t.subscription_id = $4 and t.ordinal = 2
         union all
         select gen_random_uuid(), $1, reserved.id, null, price.product_id, $5, price.id, price.amount, price.months,
           now(), now() + interval '1 year', null, null
         from price, reserved where price.reference = 'branding'
         returning id)
     select paid.id as "paidId", reserved.id as "checkoutId", opened.id as "openedId",
       (select count(*) from lines) as lines
     from paid, reserved, opened`,
    [organizationId, slug, people.billing, subscriptionId, instanceId],
  )
  if (!row) throw new Error('three Checkouts were just made')
  return { ...row, ...(await fillInvoice(database, organizationId, `in_${slug}`)) }
}

/** The invoice of what was paid; its term was taken back by a dispute, which was won. Staff are asked of a part of it. */
async function fillInvoice(database: TestDatabase, organizationId: string, invoiceId: string) {
  const [row] = await rowsOf<Record<'invoiceId' | 'paymentQuestionId', string>>(
    database,
    `with made as (
         insert into invoices (id, organization_id, number, status, currency, subtotal, tax, total, amount_paid, credited,
           refunded, hosted_url, pdf_url, created_at, paid_at, reading)
         values ($2, $1, 'LK-0001', 'paid', 'eur', 29000, 5800, 34800, 34800, 0, 100, 'https://x.example', 'https://x.example',
           now(), now(), 1) returning id),
       line as (
         insert into invoice_lines (id, organization_id, invoice_id, description, amount, tax, checkout_line_id)
         select 'il_' || $2, $1, made.id, 'Forms Pro', 29000, 5800, l.id from made, checkout_lines l
         where l.organization_id = $1 and l.term_id is not null),
       entries as (
         insert into invoice_entries (id, organization_id, invoice_id, kind, status, amount, happened_at)
         select 're_' || $2, $1, made.id, 'refund'::invoice_entry_kind, 'succeeded', 100, now() from made
         union all select 'du_' || $2, $1, made.id, 'dispute', 'won', 34700, now() from made),
       refund as (
         insert into term_refunds (id, organization_id, term_id, reason, because, refunded_at, restored_at)
         select gen_random_uuid(), $1, l.term_id, 'disputed', 'du_' || $2, now(), now() from checkout_lines l
         where l.organization_id = $1 and l.term_id is not null),
       question as (
         insert into payment_questions (id, organization_id, invoice_id, kind, amount, asked_at)
         select gen_random_uuid(), $1, made.id, 'names_no_line', 100, now() from made returning id)
     select made.id as "invoiceId", question.id as "paymentQuestionId" from made, question`,
    [organizationId, invoiceId],
  )
  if (!row) throw new Error('an invoice was just made')
  return row
}

/** An automatic renewal that has ended and had charged once, and one that waits for a means of payment. */
async function fillAutomatic(
  database: TestDatabase,
  { organizationId, slug, people }: Fixture,
  { subscriptionId, paidId }: Record<'subscriptionId' | 'paidId', string>,
) {
  const [row] = await rowsOf<Record<'renewalId' | 'endedRenewalId', string>>(
    database,
    `with price as (select p.id from prices p join products r on r.id = p.product_id
         where p.currency = 'eur' and p.months = 12 and p.withdrawn_at is null and r.reference = 'forms'),
       ended as (
         insert into automatic_renewals (id, organization_id, subscription_id, price_id, amount, currency, begun_by_id, begun_at,
           stripe_subscription_id, started_at, ended_at, ended, ended_by_id, cancelled_at)
         select gen_random_uuid(), $1, $4, price.id, 29000, 'eur', $3::uuid, now(), 'sub_' || $2, now(), now(), 'by_member',
           $3::uuid, now() from price returning id),
       open as (
         insert into automatic_renewals (id, organization_id, subscription_id, price_id, amount, currency, begun_by_id, begun_at)
         select gen_random_uuid(), $1, $4, price.id, 29000, 'eur', $3::uuid, now() from price returning id),
       charge as (
         insert into automatic_charges (organization_id, invoice_id, renewal_id, checkout_id)
         select $1, 'in_' || $2, ended.id, $5::uuid from ended)
     select open.id as "renewalId", ended.id as "endedRenewalId" from open, ended`,
    [organizationId, slug, people.billing, subscriptionId, paidId],
  )
  if (!row) throw new Error('two automatic renewals were just made')
  return row
}

/** A reminder that not everybody has been sent yet, and a mail that told of what was paid. */
async function fillReminders(
  database: TestDatabase,
  { organizationId, people }: Fixture,
  { subscriptionId, paidId }: Record<'subscriptionId' | 'paidId', string>,
) {
  await rowsOf(
    database,
    `with reminder as (insert into reminders (organization_id, term_id, kind, mark, created_at)
       select $1, id, 'ends', 60, date_trunc('milliseconds', now()) from terms where subscription_id = $2 and ordinal = 2)
     insert into sent_mails values ($1, 'keys-ready.' || $3::text, $4, now())`,
    [organizationId, subscriptionId, paidId, people.owner],
  )
}

/** An activation that was given another key than its own. */
const fillHandover = (database: TestDatabase, activationId: string) =>
  rowsOf(
    database,
    `insert into handovers (organization_id, activation_id, key_id, handed_at)
     select a.organization_id, a.id, k.id, now() from activations a join keys k using (organization_id)
     where a.id = $1 and k.id <> a.key_id limit 1`,
    [activationId],
  )

/** A GLPI that uses the key, another one that it was refused to, and what was counted of last year. */
async function fillCalls(
  database: TestDatabase,
  { organizationId, slug }: Fixture,
  { instanceId, keyId, oldKeyId }: Record<'instanceId' | 'keyId' | 'oldKeyId', string>,
) {
  const installationId = `installation-of-${slug}`
  const [row] = await rowsOf<{ fingerprint: Buffer; oldFingerprint: Buffer }>(
    database,
    `select k.fingerprint, o.fingerprint as "oldFingerprint" from keys k, keys o where k.id = $1 and o.id = $2`,
    [keyId, oldKeyId],
  )
  if (!row) throw new Error('the keys were just issued')
  const { fingerprint, oldFingerprint } = row
  const by = { actor: { kind: 'glpi' }, organizationId } as const
  const { activation } = await activateKey(by, { keyId, fingerprint, installationId, secret: 'a secret' })
  const call = { at: new Date(), organizationId, keyId, asked: 'validate', notes: [], url: null } as const
  const versions = { glpiVersion: '11.0.2', productVersion: null }
  history.note({ ...call, ...versions, code: 'ok', instanceId, installationId })
  const question = { kind: 'installation', refusalCode: refusalCode(keyId, 'another') } as const
  history.note({
    ...call,
    ...versions,
    code: 'bound_elsewhere',
    instanceId: null,
    installationId: 'another',
    question,
  })
  await history.flush()
  await rowsOf(
    database,
    `insert into check_days (organization_id, key_id, instance_id, day, asked, code, calls)
     values ($1, $2, $3, '2025-01-01', 'validate', 'ok', 7)`,
    [organizationId, keyId, instanceId],
  )
  const [file] = await rowsOf<{ id: string }>(
    database,
    `insert into offline_files (id, organization_id, activation_id, key_id, instance_id, installation_id, issued_at, works_until, api_token_id)
     select gen_random_uuid(), a.organization_id, a.id, a.key_id, a.instance_id, a.installation_id, now(), now() + interval '1 day', t.id
     from activations a join api_tokens t using (organization_id) where a.id = $1 limit 1 returning id`,
    [activation.id],
  )
  if (!file) throw new Error('fillOrganization() makes a token first')
  await rowsOf(
    database,
    `insert into offline_file_closings select organization_id, id, now(), (select id from people limit 1) from offline_files where id = $1`,
    [file.id],
  )
  await fillHandover(database, activation.id)
  return { fingerprint, oldFingerprint, installationId, activationId: activation.id, fileId: file.id }
}

/** Runs `work` on one connection of its own, which is rolled back and closed at the end. */
export async function onConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  // A server that is stopped on purpose reports itself to the query at hand.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Waits until this many in this database wait for a lock. */
export const somebodyWaits = (client: pg.Client, many = 1) => {
  const waiting = `select from pg_locks join pg_stat_activity using (pid)
    where not granted and datname = current_database()`
  const count = async () => {
    // Who is connected is remembered for the rest of a transaction.
    await client.query('select pg_stat_clear_snapshot()')
    return (await client.query(waiting)).rowCount
  }
  return expect.poll(count, { timeout: 10_000, interval: 20 }).toBe(many)
}

/** Reads or writes as the owner of the tables, who is held to row security as well and therefore names the scope. */
export async function rowsOf<Row extends pg.QueryResultRow>(
  database: Pick<TestDatabase, 'ownerUrl'>,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const pool = ownerPools.get(database.ownerUrl)
  if (pool) return (await pool.query<Row>(text, values)).rows
  return onConnection(database.ownerUrl, async (client) => {
    await client.query(`set latchkey.scope = 'system'`)
    return (await client.query<Row>(text, values)).rows
  })
}

/** The SQLSTATE and constraint of a statement that must fail; it is undone, so that the transaction goes on. */
export async function refusalOf(client: pg.Client, text: string, values: unknown[] = []) {
  await client.query('savepoint attempt')
  try {
    const { rowCount } = await client.query(text, values)
    return { code: 'done', rows: rowCount, constraint: undefined, message: '' }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return { code: error.code ?? '', rows: 0, constraint: error.constraint, message: error.message }
  } finally {
    await client.query('rollback to savepoint attempt')
  }
}
