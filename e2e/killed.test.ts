import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@playwright/test'
import { type Customer, newCustomer, newInstance, newStaff, type Person } from './customer'
import { actionBody, builtActions, type Fields, send } from './send'
import { arrived, forgetLimits, mailsTo, query } from './sign-in'
import { startWeb } from './web'

const kills = process.env.STRESS ? 100 : 5
const operations = process.env.STRESS ? 20_000 : 160
const clients = 16
const instances = 25

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
}

let at: Awaited<ReturnType<typeof startWeb>>

test.beforeAll(async () => {
  at = await startWeb({})
})
test.afterAll(() => at.web.stop())

/** Asks until an answer has come, as a person does who sees that the page did not answer. @returns how often it asked */
async function acknowledged({ path, action, fields, as, idempotencyKey }: Operation): Promise<number> {
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
    if (answer?.headers.location?.includes('?done=')) return tries
    if (answer && answer.status < 500) throw new Error(`${answer.status} ${answer.text.slice(0, 500)}`)
    await wait(100)
  }
}

async function operationsOf(customer: Customer): Promise<Operation[]> {
  const admin = await newStaff('admin')
  const places: string[] = []
  for (let n = 0; n < instances; n++)
    places.push(await newInstance(customer.organizationId, `n${n}.${customer.slug}.example`, {}))
  return Array.from({ length: operations }, (_, n): Operation => {
    const own = { as: admin, idempotencyKey: randomUUID() }
    const organization = ['organization', customer.slug] as const
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

test(`[F1] a server that is killed ${kills} times loses nothing that it has acknowledged, and does nothing twice`, async () => {
  test.setTimeout(120_000 + kills * 30_000 + operations * 500)
  const customer = await newCustomer('killed')
  const asked = await operationsOf(customer)
  const before = await written(customer)
  let done = 0
  let repeated = 0
  const waiting = [...asked]
  const client = async () => {
    for (let operation = waiting.shift(); operation; operation = waiting.shift()) {
      repeated += (await acknowledged(operation)) - 1
      done++
    }
  }
  const killer = async () => {
    for (let kill = 1; kill <= kills; kill++) {
      while (done < (kill * operations) / (kills + 1)) await wait(20)
      await at.web.stop('SIGKILL')
      await forgetLimits()
      at = await startWeb({})
    }
  }
  await Promise.all([killer(), ...Array.from({ length: clients }, client)])
  const invited = asked.filter(({ action }) => action === forms.invite)
  const keys = operations - invited.length
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
  process.stdout.write(
    `[F1] ${kills} kills, ${operations} operations, of which ${repeated} were asked again\n`,
  )
})

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
