import { randomUUID } from 'node:crypto'
import { type Browser, type BrowserContext, type BrowserContextOptions, expect } from '@playwright/test'
import { type MemberRole, memberRoles, type StaffRole } from '@/lib/access'
import type { By } from '@/lib/command'
import { newId } from '@/lib/ids'
import { addInstance } from '@/lib/instances/add'
import { addAddress } from '@/lib/instances/address'
import { revokeKey } from '@/lib/keys/revoke'
import { open } from '@/lib/keys/vault'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { inviteMember } from '@/lib/organizations/invite'
import { newToken, tokenHash } from '@/lib/people/tokens'
import { addStaff } from '@/lib/staff/add'
import { assign } from '@/lib/staff/assign'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import { type Prepared, query } from './sign-in'

/** An organization that belongs to one test file, so that nothing another one does changes what it sees. */
export interface Customer {
  organizationId: string
  slug: string
  name: string
  people: Record<MemberRole, Person>
  instanceId: string
  addressId: string
  /** Another instance, for what changes one for good. */
  spareId: string
  /** A further member, whose role is changed. */
  memberId: string
  invitationId: string
  tokenId: string
  /** Of an installation of the spare instance. */
  fileId: string
  /** A payment that somebody began, of which Stripe was not told yet. */
  checkoutId: string
  keys: { id: string; shortId: string; characters: string }[]
  /** Of Inventory Plus, which is not renewed yet. */
  subscriptionId: string
  /** Of what `openRenewal` opens. */
  renewalId: string
  /** Another GLPI that called with one of them: answered, which the overview says nothing of, and can be answered otherwise. */
  questionId: string
  paymentQuestionId: string
  /** Of a trial that `runTrial` begins. */
  trialKeyId: string
  trialProductId: string
  /** Of what `askedBack` asks. */
  requestId: string
  /** Of what `asksToJoin` asks. */
  joinRequestId: string
  /** Of what `openStranger` asks. */
  strangerId: string
  /** The catalog's, by their references. */
  products: Record<'formspro' | 'ticketimport' | 'signature', string>
  /** One of the staff whom nobody has assigned. */
  spareStaffId: string
}

export interface Person {
  personId: string
  email: string
  /** What the session's cookie holds. */
  token: string
}

export const bySystem = (organizationId: string): By => ({
  actor: { kind: 'system' },
  organizationId,
  idempotencyKey: randomUUID(),
})

/** Made by the commands in the product's database: a member of each role, two instances, two current keys and an old one. */
export async function newCustomer(
  word: string,
  more: { name?: string; label?: string; glpiVersion?: string } = {},
): Promise<Customer> {
  const slug = `${word}-${newId().slice(-8)}`
  const name = more.name ?? `The people of ${slug}`
  const { organizationId } = await createOrganization(
    { actor: { kind: 'system' }, idempotencyKey: randomUUID() },
    { name, slug, timeZone: 'Europe/Paris' },
  )
  const people: Partial<Record<MemberRole, Person>> = {}
  for (const role of memberRoles) people[role] = await newMember(organizationId, slug, role)
  const further = { email: `further@${slug}.example`, role: 'viewer' } as const
  const { personId: memberId } = await addMember(bySystem(organizationId), further)
  const invited = { email: `invited@${slug}.example`, role: 'viewer' } as const
  const { invitationId } = await inviteMember(bySystem(organizationId), invited)
  const instanceId = await newInstance(organizationId, `${slug}.example`, more)
  await addAddress(bySystem(organizationId), { instanceId, url: `https://${slug}.lan` })
  const spareId = await newInstance(organizationId, `spare.${slug}.example`, { label: 'Spare' })
  const forms = await subscribe(organizationId, 'formspro', instanceId)
  const { subscriptionId } = await subscribe(organizationId, 'inventoryplus', instanceId)
  await renewSubscription(bySystem(organizationId), { subscriptionId: forms.subscriptionId })
  const [address] = await inOrganization<{ id: string }>(
    organizationId,
    'select id from instance_addresses where instance_id = $1 and ordinal > 0',
    [instanceId],
  )
  return {
    organizationId,
    slug,
    name,
    // every role was added above
    people: people as Record<MemberRole, Person>,
    instanceId,
    addressId: address?.id ?? '',
    spareId,
    memberId,
    invitationId,
    tokenId: await newApiToken(organizationId, people.owner),
    fileId: await newOfflineFile(organizationId, spareId, people.owner),
    renewalId: '',
    checkoutId: await newCheckout(organizationId, spareId, people.owner),
    keys: await keysOf(organizationId),
    subscriptionId,
    questionId: await answeredQuestion(organizationId, slug, forms.keyId),
    paymentQuestionId: await newPaymentQuestion(organizationId, slug),
    trialKeyId: newId(),
    trialProductId: newId(),
    requestId: newId(),
    joinRequestId: newId(),
    strangerId: newId(),
    products: {
      formspro: await productOf('formspro'),
      ticketimport: await productOf('ticketimport'),
      signature: await productOf('signature'),
    },
    spareStaffId: (await newStaff('staff')).personId,
  }
}

/** An invoice, a part of which has gone back for no line that anybody named. */
async function newPaymentQuestion(organizationId: string, slug: string) {
  const id = newId()
  await inOrganization(
    organizationId,
    `with made as (insert into invoices (id, organization_id, number, status, currency, subtotal, tax, total, amount_paid, credited,
         refunded, hosted_url, pdf_url, created_at, paid_at, reading)
       values ('in_' || translate($3, '-', '_'), $2, 'LK-0001', 'paid', 'eur', 29000, 5800, 34800, 34800, 0, 100,
         'https://invoice.stripe.com/i/x', 'https://pay.stripe.com/invoice/x/pdf', now(), now(), 0) returning id),
       entry as (insert into invoice_entries (id, organization_id, invoice_id, kind, status, amount, happened_at)
         select 're_' || made.id, $2, made.id, 'refund', 'succeeded', 100, now() from made)
     insert into payment_questions (id, organization_id, invoice_id, kind, amount, asked_at)
     select $1, $2, made.id, 'names_no_line', 100, now() from made`,
    [id, organizationId, slug],
  )
  return id
}

/** Of a product that it has not bought: what it has can be renewed by whoever tries that. */
async function newCheckout(organizationId: string, instanceId: string, by: Person | undefined) {
  const [id, lineId] = [newId(), newId()]
  await inOrganization(
    organizationId,
    `with account as (insert into billing_accounts (organization_id, currency, created_at) values ($2, 'eur', now())),
       price as (select p.* from prices p join products o on o.id = p.product_id
         where o.reference = 'workflowstudio' and p.currency = 'eur' and p.withdrawn_at is null),
       checkout as (insert into checkouts (id, organization_id, begun_by_id, begun_at, currency, amount)
         select $1, $2, $3, now(), 'eur', amount from price)
     insert into checkout_lines (id, organization_id, checkout_id, product_id, instance_id, price_id, amount, months, starts_at, ends_at)
     select $4, $2, $1, product_id, $5, id, amount, months, now(), now() + interval '1 year' from price`,
    [id, organizationId, by?.personId, lineId, instanceId],
  )
  return id
}

/** From where that other GLPI called. */
export const calledFrom = 'https://copy.e2e.example'

/** What another GLPI that asks for the first key leaves to be answered. */
export const openStranger = ({ organizationId, keys: [key], strangerId }: Customer) =>
  inOrganization(
    organizationId,
    `with asked as (insert into questions (id, organization_id, key_id, kind, installation_id, url, refusal_code, first_at, last_at,
         calls) values ($1, $2, $3, 'installation', 'a-stranger', $4, '000001', now(), now(), 1))
     insert into question_counts (organization_id, key_id, open) values ($2, $3, 1)`,
    [strangerId, organizationId, key?.id, calledFrom],
  )

async function answeredQuestion(organizationId: string, slug: string, keyId: string): Promise<string> {
  const id = newId()
  await inOrganization(
    organizationId,
    `insert into questions (id, organization_id, key_id, kind, installation_id, url, refusal_code, first_at, last_at, calls,
       answer, answered_at)
     values ($1, $2, $3, 'installation', $4, $5, '000000', now() - interval '9 days', now() - interval '8 days', 1,
       'not_ours', now())`,
    [id, organizationId, keyId, `copy-of-${slug}`, calledFrom],
  )
  return id
}

export async function newInstance(
  organizationId: string,
  host: string,
  { label = 'Service desk', glpiVersion = '11.0.4' }: { label?: string; glpiVersion?: string },
): Promise<string> {
  const { instanceId } = await addInstance(bySystem(organizationId), {
    label,
    url: `https://${host}/glpi`,
    environment: 'production',
    glpiVersion,
  })
  return instanceId
}

export async function subscribe(
  organizationId: string,
  reference: string,
  instanceId: string | null,
  months = 12,
) {
  const productId = await productOf(reference)
  return startSubscription(bySystem(organizationId), { productId, instanceId, months })
}

/** The catalog's, by its reference. */
export async function productOf(reference: string): Promise<string> {
  const [product] = await query('select id from products where reference = $1', [reference])
  return product?.id
}

/** One of the vendor's people, signed in; a `manager` is assigned to the organization. */
export async function newStaff(role: StaffRole, organizationId?: string, name = ''): Promise<Person> {
  const email = `${role}-${newId().slice(-12)}@northwind.example`
  const { personId } = await addStaff(
    { actor: { kind: 'system' } },
    { email, name, role: role === 'admin' ? 'admin' : 'account_manager' },
  )
  if (role === 'manager' && organizationId) await assign(bySystem(organizationId), { staffId: personId })
  return { personId, email, token: await newSession(personId) }
}

async function newMember(organizationId: string, slug: string, role: MemberRole): Promise<Person> {
  const email = `${role}@${slug}.example`
  const { personId } = await addMember(bySystem(organizationId), { email, role })
  return { personId, email, token: await newSession(personId) }
}

/** Somebody who is signed in and belongs nowhere. */
export async function newPerson(): Promise<Person> {
  const personId = newId()
  const email = `nobody-${personId.slice(-8)}@e2e.example`
  await query('insert into people (id, email, created_at) values ($1, $2, now())', [personId, email])
  return { personId, email, token: await newSession(personId) }
}

/** The row that signing in would have made; signing in itself has tests of its own. */
export async function newSession(personId: string): Promise<string> {
  const token = newToken()
  await query(
    `insert into sessions (token_hash, person_id, expires, last_used_at, created_at, device)
     values ($1, $2, now() + interval '30 days', now(), now(), 'e2e')`,
    [tokenHash(token).toString('base64url'), personId],
  )
  return token
}

/** The row that making one would have made; that itself has tests of its own. Nobody knows the token. */
async function newApiToken(organizationId: string, maker: Person | undefined): Promise<string> {
  const tokenId = newId()
  await inOrganization(
    organizationId,
    `insert into api_tokens (id, organization_id, name, scopes, token_hash, last_four, created_at, created_by_id, expires_at)
     values ($1, $2, 'Puppet', '{keys.read}', $3, 'e2e4', now(), $4, now() + interval '30 days')`,
    [tokenId, organizationId, tokenHash(newToken()), maker?.personId],
  )
  return tokenId
}

/** The rows that fetching one would have made, of an installation that takes nobody's place. */
export async function newOfflineFile(
  organizationId: string,
  instanceId: string,
  by: Person | undefined,
  {
    installationId = 'e2e-offline',
    days = 300,
    keyId = null,
  }: { installationId?: string; days?: number; keyId?: string | null } = {},
): Promise<string> {
  const fileId = newId()
  await inOrganization(
    organizationId,
    `with taken as (
       insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
         lease, lease_ends_at, created_at, refreshed_at)
       select gen_random_uuid(), organization_id, id, $2, $5, 'production', false, sha256('e2e'),
         $3, now() + make_interval(days => $6), now(), now() from keys
       where organization_id = $1 and ($7::uuid is null or id = $7) order by id limit 1
       returning *)
     insert into offline_files (id, organization_id, activation_id, key_id, instance_id, installation_id, issued_at, works_until, issued_by_id)
     select $3, $1, id, key_id, $2, installation_id, created_at, lease_ends_at, $4 from taken`,
    [organizationId, instanceId, fileId, by?.personId, installationId, days, keyId],
  )
  return fileId
}

/** What its calls would have left: the last one so many hours ago, with an answer by which it goes on for so many days. */
export async function lastCalled(
  organizationId: string,
  instanceId: string,
  keyId: string,
  { hoursAgo, days = 7 }: { hoursAgo: number; days?: number },
) {
  const values = [organizationId, keyId, instanceId, `of-${instanceId}`, hoursAgo]
  await inOrganization(organizationId, 'update instances set installation_id = $1 where id = $2', [
    `of-${instanceId}`,
    instanceId,
  ])
  await inOrganization(
    organizationId,
    `insert into sightings (organization_id, key_id, instance_id, installation_id, first_at, last_at)
     values ($1, $2, $3, $4, now() - make_interval(hours => $5::int), now() - make_interval(hours => $5::int))`,
    values,
  )
  await inOrganization(
    organizationId,
    `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
       lease_ends_at, created_at, refreshed_at)
     values (gen_random_uuid(), $1, $2, $3, $4, 'production', true, sha256('e2e'),
       now() + make_interval(days => $6, hours => -$5::int), now() - interval '90 days', now() - interval '90 days')`,
    [...values, days],
  )
}

/** The organization's keys that work, as the vault holds them. */
export async function keysOf(organizationId: string): Promise<Customer['keys']> {
  const rows = await inOrganization<{ id: string; short_id: string; cipher: Buffer; ring_version: number }>(
    organizationId,
    'select id, short_id, cipher, ring_version from keys order by id',
  )
  return rows.map((row) => ({
    id: row.id,
    shortId: row.short_id,
    characters: open({ cipher: row.cipher, ringVersion: row.ring_version }, row.id),
  }))
}

/** Rows as the application's role sees them within one organization. */
export async function inOrganization<Row>(
  organizationId: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  return query(text, values, `latchkey.organization_id = '${organizationId}'`)
}

/** Rows of every organization. */
export async function inSystem<Row>(text: string | Prepared, values: unknown[] = []): Promise<Row[]> {
  return query(text, values, `latchkey.scope = 'system'`)
}

export const sessionCookie = (person: Person) => ({
  name: 'session',
  value: person.token,
  url: process.env.PUBLIC_URL ?? '',
  httpOnly: true,
  sameSite: 'Lax' as const,
})

/** A browser in which this person is signed in; null: in which nobody is. */
export async function browserAs(
  browser: Browser,
  person: Person | null,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  if (person) await context.addCookies([sessionCookie(person)])
  return context
}

/** Lets the customer's subscription renew by itself, of which Stripe was not told yet; where it does already, it is that. */
export async function openRenewal(ids: Customer) {
  const { organizationId, subscriptionId } = ids
  const asSystem = `latchkey.scope = 'system'`
  await query(
    `insert into automatic_renewals (id, organization_id, subscription_id, price_id, amount, currency, begun_at)
     select $1, s.organization_id, s.id, p.id, p.amount, p.currency, now()
     from subscriptions s join prices p on p.product_id = s.product_id and p.currency = 'eur' and p.withdrawn_at is null
     where s.organization_id = $2 and s.id = $3 on conflict do nothing`,
    [newId(), organizationId, subscriptionId],
    asSystem,
  )
  const [open] = await query(
    'select id from automatic_renewals where subscription_id = $1 and ended_at is null',
    [subscriptionId],
    asSystem,
  )
  ids.renewalId = String(open?.id)
}

/** A trial on the spare instance, which nobody has made longer. */
export async function runTrial(ids: Customer) {
  const { organizationId, spareId: instanceId } = ids
  ids.trialProductId = await productOf('chatbot')
  const { keyId } = await startTrial(bySystem(organizationId), { productId: ids.trialProductId, instanceId })
  ids.trialKeyId = keyId
}

/** Ends that trial, so that a further one can be asked for. */
export const endTrial = ({ organizationId, trialKeyId: keyId }: Customer) =>
  revokeKey(bySystem(organizationId), { keyId, reason: 'requested' })

/** A request of somebody's, or the owner's, about which something was asked back. What was asked before is over. */
export async function askedBack(ids: Customer, by: Person | null) {
  const { organizationId, people, spareId, products } = ids
  ids.requestId = newId()
  const asker =
    by && Object.values(people).some(({ personId }) => personId === by.personId) ? by : people.owner
  await inOrganization(
    organizationId,
    'update requests set closed_at = now() where organization_id = $1 and closed_at is null',
    [organizationId],
  )
  await inOrganization(
    organizationId,
    `with asked as (insert into requests (id, organization_id, kind, asked_by_id, asked_at, reason, product_id, instance_id)
       values ($2, $1, 'second_trial', $3, now(), 'Others decide now.', $4, $5) returning id)
     insert into request_answers select $6, $1, id, 'asked_back', 'Who?', $3, now() from asked`,
    [organizationId, ids.requestId, asker.personId, products.signature, spareId, newId()],
  )
}

/** A request to join that the owners have had their days for. */
export async function asksToJoin(ids: Customer) {
  const { organizationId } = ids
  const { personId } = await newPerson()
  ids.joinRequestId = newId()
  await inOrganization(
    organizationId,
    `insert into requests (id, organization_id, kind, asked_by_id, asked_at, owners_until) values ($2, $1, 'join', $3, now(), now())`,
    [organizationId, ids.joinRequestId, personId],
  )
}

/** Where that has been ended: until the worker has told Stripe, and everybody who may pay. */
export async function untilEndIsTold({ renewalId }: Customer) {
  await expect
    .poll(() =>
      query(
        `select from automatic_renewals r where id = $1 and ended_at is not null and (cancelled_at is null
           or (select count(*) from sent_mails m where m.about = 'automatic-ended.' || r.id) <
             (select count(*) from memberships m where m.organization_id = r.organization_id and m.role in ('owner', 'billing')))`,
        [renewalId],
        `latchkey.scope = 'system'`,
      ),
    )
    .toEqual([])
}
