import { and, eq } from 'drizzle-orm'
import { auditEntries } from '@/db/schema/audit'
import { asOrganization } from '@/db/scope'
import type { By } from '@/lib/command'
import { addInstance } from '@/lib/instances/add'
import { addAddress } from '@/lib/instances/address'
import { editInstance } from '@/lib/instances/edit'
import { retireInstance } from '@/lib/instances/retire'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { addStaff } from '@/lib/staff/add'
import { assign } from '@/lib/staff/assign'
import { type Past, uuidNamed } from './past'
import { type DemoPerson, demoStaff } from './people'

/** An organization whose life is told in steps. What steps find out, such as its ID, is here once they were played. */
export interface Customer {
  past: Past
  slug: string
  organizationId: string
  /** Person ID of the first technical member, who then does what members do. */
  technician?: string
  /** The GLPIs that ask this portal, with the hours since each last did. */
  callers: { instance: SeedInstance; hoursAgo: number }[]
}

export interface SeedInstance {
  label: string
  /** There once the step that adds it was played. */
  instanceId: string
}

/** @param given.since days before today. */
export function customer(
  past: Past,
  given: { slug: string; name: string; timeZone: string; since: number },
): Customer {
  const { slug, name, timeZone } = given
  const made: Customer = { past, slug, organizationId: '', callers: [] }
  past.on(past.day(-given.since), `${slug}: create`, async () => {
    const by = { actor: { kind: 'system' }, idempotencyKey: uuidNamed(`${slug}: create`) } as const
    made.organizationId = (await createOrganization(by, { name, slug, timeZone })).organizationId
  })
  return made
}

export function asVendor({ slug, organizationId }: Customer, step: string): By {
  return { actor: { kind: 'system' }, organizationId, idempotencyKey: uuidNamed(`${slug}: ${step}`) }
}

/** As the organization's technician; as the vendor where there is none. */
export function asTechnician(customer: Customer, step: string): By {
  const { technician: personId } = customer
  const by = asVendor(customer, step)
  return personId ? { ...by, actor: { kind: 'member', personId } } : by
}

/** Notes a step in the organization's past. @param ago days before today. */
function then(customer: Customer, ago: number, step: string, run: () => Promise<unknown>) {
  customer.past.on(customer.past.day(-ago), `${customer.slug}: ${step}`, run)
}

export function member(customer: Customer, { email, name, role, language }: DemoPerson, joinedAgo: number) {
  then(customer, joinedAgo, `member ${email}`, async () => {
    const { personId } = await addMember(asVendor(customer, `member ${email}`), {
      email,
      name,
      role,
      language,
    })
    if (role === 'technical') customer.technician ??= personId
  })
}

/** Assigns those of the vendor's people who look after the customer. */
export function lookedAfter(customer: Customer, assignedAgo: number) {
  const looking = demoStaff.filter(({ looksAfter }) => looksAfter.includes(customer.slug))
  for (const { email, name, role } of looking) {
    then(customer, assignedAgo, `staff ${email}`, async () => {
      const { personId } = await addStaff({ actor: { kind: 'system' } }, { email, name, role })
      await assign(asVendor(customer, `staff ${email}`), { staffId: personId })
    })
  }
}

interface NewInstance {
  label: string
  url: string
  glpiVersion?: string
  /** Makes it a test copy of that instance. */
  testOf?: SeedInstance
  /** Days before today. */
  addedAgo: number
}

export function instance(customer: Customer, added: NewInstance): SeedInstance {
  const { label, url, glpiVersion = '', testOf } = added
  const made = { label, instanceId: '' }
  const step = `instance ${label}`
  then(customer, added.addedAgo, step, async () => {
    const kind = testOf
      ? ({ environment: 'test', testOfId: testOf.instanceId } as const)
      : ({ environment: 'production' } as const)
    const input = { label, url, glpiVersion, ...kind }
    made.instanceId = (await addInstance(asTechnician(customer, step), input)).instanceId
  })
  return made
}

export function furtherAddress(customer: Customer, instance: SeedInstance, url: string, ago: number) {
  const step = `address ${url}`
  then(customer, ago, step, () =>
    addAddress(asTechnician(customer, step), { instanceId: instance.instanceId, url }),
  )
}

/** Its GLPI was upgraded, and is set to ask this portal. */
export function upgraded(customer: Customer, instance: SeedInstance, glpiVersion: string, ago: number) {
  const step = `${instance.label} upgraded`
  then(customer, ago, step, () =>
    unlessDone(customer, 'instance.edit', instance, () =>
      editInstance(asTechnician(customer, step), {
        ...instance,
        environment: 'production',
        glpiVersion,
        asksPortal: true,
      }),
    ),
  )
}

export function retired(customer: Customer, instance: SeedInstance, ago: number) {
  const step = `${instance.label} retired`
  then(customer, ago, step, () =>
    unlessDone(customer, 'instance.retire', instance, () =>
      retireInstance(asTechnician(customer, step), { instanceId: instance.instanceId }),
    ),
  )
}

/** For commands that keep no answer: what the trail says was done is not done again. */
export async function unlessDone(
  { organizationId }: Customer,
  action: string,
  what: { keyId: string } | { instanceId: string },
  run: () => Promise<unknown>,
) {
  const about =
    'keyId' in what ? eq(auditEntries.keyId, what.keyId) : eq(auditEntries.instanceId, what.instanceId)
  const done = await asOrganization(organizationId, (tx) =>
    tx
      .select({ id: auditEntries.id })
      .from(auditEntries)
      .where(
        and(
          eq(auditEntries.organizationId, organizationId),
          eq(auditEntries.action, action),
          eq(auditEntries.outcome, 'done'),
          about,
        ),
      )
      .limit(1),
  )
  if (done.length === 0) await run()
}
