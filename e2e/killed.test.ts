import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@playwright/test'
import Stripe from 'stripe'
import { addMember, createOrganization } from '@/lib/organizations/create'
import {
  bySystem,
  type Customer,
  newCustomer,
  newInstance,
  newStaff,
  type Person,
  subscribe,
} from './customer'
import { actionBody, builtActions, type Fields, send } from './send'
import { arrived, forgetLimits, mailsTo, query } from './sign-in'
import { startWeb } from './web'

const kills = process.env.STRESS ? 100 : 5
const operations = process.env.STRESS ? 20_000 : 160
const clients = 16
const instances = 25
const triers = `triers-${randomUUID().slice(0, 8)}`

/** One thing that a person asks for, under the identity that its form had. */
interface Operation {
  path: string
  action: string
  fields: Fields
  as: Person
  idempotencyKey: string
}

const forms = {
  invite: 'app/(portal)/[org]/members/actions.ts invite',
  start: 'app/(portal)/[org]/keys/new/actions.ts issueSubscription',
  pay: 'app/(portal)/[org]/billing/actions.ts pay',
  tries: 'app/(portal)/[org]/trials/actions.ts start',
}

/** What the server that is killed has said. */
const lines: string[] = []
let at: Awaited<ReturnType<typeof startWeb>>

test.beforeAll(async () => {
  at = await startWeb({}, (line) => lines.push(line))
})
test.afterAll(() => at.web.stop())

/** Asks until an answer has come, as a person does who sees that the page did not answer. @returns how often it asked, and where it was led */
async function acknowledged({ path, action, fields, as, idempotencyKey }: Operation) {
  const id = builtActions().find(({ name }) => name === action)?.id
  if (!id) throw new Error(`the build has no ${action}`)
  const { headers, body } = actionBody('form', id, [...fields, ['idempotencyKey', idempotencyKey]], true)
  for (let tries = 1; ; tries++) {
    const { port, url } = at
    const answer = await send({
      method: 'POST',
      path,
      as,
      port,
      headers: { ...headers, origin: url },
      body,
    }).catch(() => null)
    const { location } = answer?.headers ?? {}
    if (location?.includes('?done=') || location?.includes('?begun=')) return { tries, location }
    if (location?.includes('/c/pay/')) return { tries, location }
    // Where Stripe was not heard in time, one is led to the page to try again on.
    if (answer && answer.status < 500 && !location?.includes('/billing/checkouts/'))
      throw new Error(`${answer.status} ${said(answer.text)} ${lines.slice(-20).join('\n')}`)
    await wait(100)
  }
}

/** What a page says to whoever reads it. */
const said = (html: string) =>
  (/<main[\s\S]*<\/main>/.exec(html)?.[0] ?? html).replaceAll(/<[^>]*>/g, ' ').slice(0, 1_000)

async function operationsOf(customer: Customer): Promise<Operation[]> {
  const admin = await newStaff('admin')
  const places: string[] = []
  for (let n = 0; n < instances; n++)
    places.push(await newInstance(customer.organizationId, `n${n}.${customer.slug}.example`, {}))
  const trials = await placesToTry(Math.floor(operations / 10))
  return Array.from({ length: operations }, (_, n): Operation => {
    const own = { as: admin, idempotencyKey: randomUUID() }
    const organization = ['organization', customer.slug] as const
    const place = n % 10 === 5 && trials.pop()
    if (place)
      return {
        ...own,
        path: `/${place.slug}/trials`,
        action: forms.tries,
        fields: [
          ['organization', place.slug],
          ['productId', customer.products.signature],
          ['instanceId', place.instanceId],
          ['note', 'Asked for.'],
        ],
      }
    if (n % 10 === 0)
      return {
        ...own,
        path: `/${customer.slug}/members/invite`,
        action: forms.invite,
        fields: [
          organization,
          ['email', `guest${n}@${customer.slug}.example`],
          ['role', 'viewer'],
          ['note', 'Asked for.'],
        ],
      }
    return {
      ...own,
      path: `/${customer.slug}/keys/new`,
      action: forms.start,
      fields: [
        organization,
        ['productId', customer.products.formspro],
        ['instanceId', places[n % instances] ?? ''],
        ['months', '12'],
        ['note', `Order ${n}`],
      ],
    }
  })
}

/** Organizations that have tried nothing yet, each with a GLPI: a product is tried once by each. */
async function placesToTry(count: number) {
  const places: { slug: string; instanceId: string }[] = []
  for (let n = 0; n < count; n++) {
    const slug = `${triers}-${n}`
    const by = { actor: { kind: 'system' }, idempotencyKey: randomUUID() } as const
    const named = { name: slug, slug, timeZone: 'Europe/Paris' }
    const { organizationId } = await createOrganization(by, named)
    await addMember(bySystem(organizationId), { email: `owner@${slug}.example`, role: 'owner' })
    places.push({ slug, instanceId: await newInstance(organizationId, `${slug}.example`, {}) })
  }
  return places
}

/** What the organizations that tried have of it: each trial has its key, its entry and, in the end, its mail. */
async function trialsBegun() {
  const counted = async () => {
    const [row] = await query(
      `select (select count(*)::int from keys k where k.organization_id = any(ids) and kind = 'trial') as keys,
         (select count(*)::int from audit_entries where organization_id = any(ids) and action = 'trial.start' and outcome = 'done') as started,
         (select count(*)::int from sent_mails where organization_id = any(ids) and about like 'trial-begun.%') as mails
       from (select array_agg(id) as ids from organizations where slug like $1) o`,
      [`${triers}-%`],
      `latchkey.scope = 'system'`,
    )
    return row as Record<'keys' | 'started' | 'mails', number>
  }
  await expect
    .poll(
      async () => {
        const { keys, mails } = await counted()
        return keys === mails
      },
      { timeout: 60_000 },
    )
    .toBe(true)
  return counted()
}

/** Lets many clients ask for all of it, while the server is killed again and again. */
async function underKills(asked: readonly Operation[]) {
  let done = 0
  let repeated = 0
  const ledTo: string[] = []
  const waiting = [...asked]
  const client = async () => {
    for (let operation = waiting.shift(); operation; operation = waiting.shift()) {
      const { tries, location } = await acknowledged(operation)
      ledTo.push(location)
      repeated += tries - 1
      done++
    }
  }
  const killer = async () => {
    for (let kill = 1; kill <= kills; kill++) {
      while (done < (kill * asked.length) / (kills + 1)) await wait(20)
      await at.web.stop('SIGKILL')
      await forgetLimits()
      at = await startWeb({}, (line) => lines.push(line))
    }
  }
  await Promise.all([killer(), ...Array.from({ length: clients }, client)])
  return { repeated, ledTo }
}

test(`[F1] a server that is killed ${kills} times loses nothing that it has acknowledged, and does nothing twice`, async () => {
  test.setTimeout(120_000 + kills * 30_000 + operations * 500)
  const customer = await newCustomer('killed')
  const asked = await operationsOf(customer)
  const before = await written(customer)
  const { repeated } = await underKills(asked)
  const invited = asked.filter(({ action }) => action === forms.invite)
  const tried = asked.filter(({ action }) => action === forms.tries)
  const keys = operations - invited.length - tried.length
  const after = await written(customer)
  expect({ keys: after.keys - before.keys, invitations: after.invitations - before.invitations }).toEqual({
    keys,
    invitations: invited.length,
  })
  expect({ started: after.started, invited: after.invited - before.invited }).toEqual({
    started: keys,
    invited: invited.length,
  })
  for (const { fields } of invited) {
    const to = fields.find(([name]) => name === 'email')?.[1] ?? ''
    expect(await arrived(() => mailsTo(to))).toHaveLength(1)
  }
  // A second trial of the product the database refuses, and that would have been no answer: each has exactly one.
  expect(await trialsBegun()).toEqual({ keys: tried.length, started: tried.length, mails: tried.length })
  process.stdout.write(
    `[F1] ${kills} kills, ${operations} operations, of which ${repeated} were asked again\n`,
  )
})

const checkouts = process.env.STRESS ? 2_000 : 48

test(`[F1] of ${checkouts} payments that are begun while the server is killed ${kills} times none is lost, and none is there twice`, async () => {
  test.setTimeout(120_000 + kills * 30_000 + checkouts * 1_000)
  const customer = await newCustomer('killed-paying')
  const { organizationId, slug } = customer
  const asked: Operation[] = []
  for (let n = 0; n < checkouts; n++) {
    const instanceId = await newInstance(organizationId, `p${n}.${slug}.example`, {})
    const { subscriptionId } = await subscribe(organizationId, 'formspro', instanceId)
    asked.push({
      path: `/${slug}/billing/renew?s=${subscriptionId}`,
      action: forms.pay,
      fields: [
        ['organization', slug],
        ['subscriptionIds', subscriptionId],
        ['shown', '29000'],
        ['currency', 'eur'],
      ],
      as: customer.people.billing,
      // The address of the portal is another after each kill, so that Stripe is asked otherwise than before.
      idempotencyKey: randomUUID(),
    })
  }
  const before = await begunAndPaid(customer)
  const { repeated, ledTo } = await underKills(asked)
  expect(new Set(ledTo).size).toBe(checkouts)
  const begun = await begunAndPaid(customer)
  expect({ checkouts: begun.checkouts - before.checkouts, begun: begun.begun - before.begun }).toEqual({
    checkouts,
    begun: checkouts,
  })
  // Each is paid where its client was led to; of each there is one at Stripe, or another would be open.
  for (const url of ledTo) {
    const body = new URLSearchParams({ ...buyer, method: 'card', card: '4242 4242 4242 4242' })
    expect((await fetch(url, { method: 'POST', body, redirect: 'manual' })).status).toBe(303)
  }
  const settled = async () => {
    const after = await begunAndPaid(customer)
    return {
      keys: after.keys - before.keys,
      renewed: after.renewed - before.renewed,
      mails: after.mails - before.mails,
    }
  }
  // So many who may put keys into GLPI, and the one who paid.
  const told = 3
  await expect
    .poll(settled, { timeout: 60_000 + checkouts * 200 })
    .toEqual({ keys: checkouts, renewed: checkouts, mails: checkouts * told })
  const stripe = new Stripe('sk_test_latchkey', atStandIn(process.env.SANDBOX_STRIPE_URL ?? ''))
  const sessions = await stripe.checkout.sessions.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 })
  const ours = sessions.filter(({ metadata }) => metadata?.organization === organizationId)
  expect(ours.filter(({ payment_status }) => payment_status === 'paid')).toHaveLength(checkouts)
  expect(ours).toHaveLength(checkouts)
  process.stdout.write(
    `[F1] ${kills} kills, ${checkouts} payments begun, of which ${repeated} were asked again\n`,
  )
})

const atStandIn = (url: string) => {
  const { hostname: host, port } = new URL(url)
  return { protocol: 'http', host, port } as const
}

const buyer = {
  ...{ email: 'billing@acme.example', name: 'Acme SAS', line1: '1 rue X' },
  ...{ postal_code: '69001', city: 'Lyon', country: 'fr' },
}

async function begunAndPaid({ organizationId }: Customer) {
  const entries = (action: string) =>
    `(select count(*)::int from audit_entries where organization_id = $1 and action = '${action}' and outcome = 'done')`
  const [counted] = await query(
    `select (select count(*)::int from keys where organization_id = $1) as keys,
       (select count(*)::int from checkouts where organization_id = $1) as checkouts,
       (select count(*)::int from sent_mails where organization_id = $1 and about like 'keys-ready.%') as mails,
       ${entries('checkout.begin')} as begun, ${entries('subscription.renew')} as renewed`,
    [organizationId],
    `latchkey.scope = 'system'`,
  )
  // one row, always
  return counted as Record<'keys' | 'checkouts' | 'mails' | 'begun' | 'renewed', number>
}

/** What stands in the organization, and what its trail says was done. */
async function written({ organizationId }: Customer) {
  const entries = (action: string) =>
    `(select count(*)::int from audit_entries where organization_id = $1 and action = '${action}' and outcome = 'done' and actor = 'staff')`
  const [counted] = await query(
    `select (select count(*)::int from keys where organization_id = $1) as keys,
       (select count(*)::int from invitations where organization_id = $1) as invitations,
       ${entries('subscription.start')} as started, ${entries('member.invite')} as invited`,
    [organizationId],
    `latchkey.scope = 'system'`,
  )
  return counted
}
