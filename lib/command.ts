import type { z } from 'zod'
import { isRetryable } from '@/db/failures'
import { asOrganization, asSystem, type OrganizationTx, type SystemTx } from '@/db/scope'
import { may, type Permission, type Role, type StaffRole } from '@/lib/access'
import { type AuditContext, type AuditEntry, appendAudit } from '@/lib/audit/append'
import { now } from '@/lib/clock'
import { hasRun, runOnce } from '@/lib/command-run'
import { DomainError, Forbidden, InvalidInput, Refused, Unavailable } from '@/lib/errors'
import { giveBackPoints, type Limits, takePoints } from '@/lib/limits'
import { isMember, lockMembers, roleIn } from '@/lib/organizations/role'
import { staffRoleIn, staffRoleOf, standing } from '@/lib/staff/role'

/**
 * `person`: signed in, whether or not a member; for joining. `staff`: one of the vendor's, assigned or not. `glpi`: who
 * presents a key of the organization. `token`: a program with one of its API tokens.
 */
export type Actor =
  | { kind: 'member'; personId: string }
  | { kind: 'staff'; personId: string }
  | { kind: 'person'; personId: string }
  | { kind: 'glpi' }
  | { kind: 'token'; tokenId: string }
  | { kind: 'system' }
export type VendorActor =
  | { kind: 'person'; personId: string }
  | { kind: 'staff'; personId: string }
  | { kind: 'stranger' }
  | { kind: 'system' }

/** Who asks, for which organization, and under which identity: a repeated idempotency key gets the first answer again. */
export interface By {
  actor: Actor
  organizationId: string
  idempotencyKey?: string
}
export interface VendorBy {
  actor: VendorActor
  idempotencyKey?: string
}

interface Recorder {
  now: Date
  personId: string | null
  role: Role
  // With an action of its own where it tells what ended with the command's.
  audit(entry: Omit<AuditEntry, 'action' | 'outcome'> & Partial<Pick<AuditEntry, 'action' | 'outcome'>>): void
  /** Says that things were already as asked: nothing was written, so there is nothing to record. */
  unchanged(): void
}
export interface Scope extends Recorder {
  tx: OrganizationTx
  organizationId: string
}
export interface VendorScope extends Recorder {
  tx: SystemTx
}

/** What a refusal is about: only what the organization has. */
type About = (tx: OrganizationTx, organizationId: string) => Promise<Pick<AuditEntry, 'instanceId' | 'keyId'>>

interface Options<Input> {
  /** Creates something: the caller must bring an idempotency key, and the answer is kept under it. Never with secrets. */
  once?: true
  /**
   * Taken before the transaction opens, so that waiting for it holds no connection. A role is one of the staff's, as it was
   * a moment before, null of anybody else.
   */
  limits?: (
    input: Input,
    personId: string | null,
    role: StaffRole | null,
    organizationId: string | null,
  ) => Limits
  /**
   * Changes who belongs or as what, or what ends with that: one at a time in each organization, from before the asker's own
   * role is read.
   */
  membersInTurn?: true
  /** Says what a refusal is about, so that it stands in that instance's timeline. */
  about?: (input: Input) => About
}

/** Every command by its permission; the tests walk it. */
export const commands = new Map<Permission, { once: boolean; vendor: boolean }>()

/**
 * Defines what can be done in an organization: in one transaction the permission, the handler, its audit entries and jobs.
 * @param name the permission, and the action of the audit trail.
 * @throws InvalidInput, Forbidden, NotFound, Refused, Conflict, Unavailable; a refusal is recorded in a second transaction.
 */
export function command<Schema extends z.ZodType, Result>(
  name: Permission,
  schema: Schema,
  handler: (scope: Scope, input: z.output<Schema>) => Promise<Result>,
  options: Options<z.output<Schema>> = {},
) {
  commands.set(name, { once: options.once ?? false, vendor: false })
  return (by: By, raw: z.input<Schema>): Promise<Result> => {
    const { actor, organizationId } = by
    const personId = 'personId' in actor ? actor.personId : null
    const auditActor = actor.kind === 'person' ? 'member' : actor.kind
    const context: AuditContext = { organizationId, actor: auditActor, personId, at: now() }
    const asked = { name, context, idempotencyKey: by.idempotencyKey }
    return run(asked, schema, options, raw, (input, onRepeat) =>
      asOrganization(organizationId, async (tx) => {
        if (options.membersInTurn) await lockMembers(tx, organizationId)
        const role = await roleOf(tx, organizationId, actor)
        permit(role, name)
        const handle = (recorder: Recorder) => handler({ tx, organizationId, ...recorder }, input)
        return conclude(tx, asked, options, role, input, handle, onRepeat)
      }),
    )
  }
}

/** Defines what can be done outside any organization: signing in, the account, the catalog. Its audit goes to the vendor's chain. */
export function vendorCommand<Schema extends z.ZodType, Result>(
  name: Permission,
  schema: Schema,
  handler: (scope: VendorScope, input: z.output<Schema>) => Promise<Result>,
  options: Options<z.output<Schema>> = {},
) {
  commands.set(name, { once: options.once ?? false, vendor: true })
  return (by: VendorBy, raw: z.input<Schema>): Promise<Result> => {
    const { actor } = by
    const personId = 'personId' in actor ? actor.personId : null
    const auditActor = actor.kind === 'person' ? 'member' : actor.kind
    const context: AuditContext = { organizationId: null, actor: auditActor, personId, at: now() }
    const asked = { name, context, idempotencyKey: by.idempotencyKey }
    return run(asked, schema, options, raw, (input, onRepeat) =>
      asSystem(name, async (tx) => {
        const role = actor.kind === 'staff' ? await staffRoleOf(tx, actor.personId) : actor.kind
        permit(role, name)
        const handle = (recorder: Recorder) => handler({ tx, ...recorder }, input)
        return conclude(tx, asked, options, role, input, handle, onRepeat)
      }),
    )
  }
}

async function roleOf(tx: OrganizationTx, organizationId: string, actor: Actor): Promise<Role> {
  if (actor.kind === 'member') return roleIn(tx, organizationId, actor.personId)
  if (actor.kind === 'staff') return staffRoleIn(tx, organizationId, actor.personId)
  return actor.kind
}

interface Asked {
  name: Permission
  context: AuditContext
  idempotencyKey: string | undefined
}

async function run<Schema extends z.ZodType, Result>(
  asked: Asked,
  schema: Schema,
  options: Options<z.output<Schema>>,
  raw: unknown,
  transact: (input: z.output<Schema>, onRepeat: () => void) => Promise<Result>,
): Promise<Result> {
  const { name, context } = asked
  let about: About | undefined
  let taken: Limits = []
  try {
    const input = parse(schema, raw)
    about = options.about?.(input)
    taken = await takeFor(asked, options, input)
    let repeated = false
    const result = await retrying(() =>
      transact(input, () => {
        repeated = true
      }),
    )
    // Of two clicks at once both have taken points, and one of them for nothing.
    if (repeated) await giveBackPoints(taken)
    return result
  } catch (error) {
    // Of an outage nobody knows whether it was before the commit or after.
    if (error instanceof DomainError && !(error instanceof Unavailable))
      await giveBackPoints(taken.filter(({ countsRefused }) => !countsRefused))
    if (error instanceof DomainError && isRefusal(error)) await recordRefusal(name, context, error, about)
    throw error
  }
}

/** @returns the limits that points were taken of: none for a repeat, which gets the first answer and has no effect. */
async function takeFor<Input>(asked: Asked, options: Options<Input>, input: Input): Promise<Limits> {
  const { name, context, idempotencyKey } = asked
  if (!options.limits) return []
  if (options.once && idempotencyKey && (await hasRun(name, context, idempotencyKey, input))) return []
  const limits = options.limits(input, context.personId, await staffRole(context), context.organizationId)
  await takePoints(limits)
  return limits
}

async function staffRole({ actor, organizationId, personId }: AuditContext): Promise<StaffRole | null> {
  if (actor !== 'staff' || !organizationId || !personId) return null
  return asOrganization(organizationId, (tx) => staffRoleIn(tx, organizationId, personId))
}

/** Runs the handler, once under its idempotency key, and ends with its audit entries, whose lock is then held briefly. */
function conclude<Input, Result>(
  tx: OrganizationTx | SystemTx,
  { name, context, idempotencyKey }: Asked,
  options: Options<Input>,
  role: Role,
  input: Input,
  handle: (recorder: Recorder) => Promise<Result>,
  onRepeat: () => void,
): Promise<Result> {
  const work = async () => {
    const entries: AuditEntry[] = []
    const audit: Recorder['audit'] = (entry) => {
      entries.push({ action: name, outcome: 'done', ...entry })
    }
    let said = false
    const unchanged = () => {
      said = true
    }
    const result = await handle({ now: context.at, personId: context.personId, role, audit, unchanged })
    if (entries.length === 0 && !said) throw new Error(`${name} ran without an audit entry`)
    if (entries.length > 0) await appendAudit(tx, context, entries)
    return result
  }
  return options.once ? runOnce(tx, name, context, idempotencyKey, input, work, onRepeat) : work()
}

function parse<Schema extends z.ZodType>(schema: Schema, raw: unknown): z.output<Schema> {
  // Postgres stores no NUL in a text, and nobody types one.
  if (JSON.stringify(raw)?.includes('\\u0000')) throw new InvalidInput({ input: 'invalid' })
  const result = schema.safeParse(raw)
  if (result.success) return result.data
  throw new InvalidInput(
    Object.fromEntries(result.error.issues.map((issue) => [issue.path.join('.') || 'input', issue.message])),
  )
}

function permit(role: Role, permission: Permission) {
  if (!may(role, permission)) throw new Forbidden(permission, { role })
}

// Past a limit only the first refusal is told: each further one would let a stranger write into the trail without end.
const isRefusal = (error: DomainError) =>
  !(error instanceof InvalidInput || error instanceof Unavailable) && error.facts.repeated !== true

async function recordRefusal(action: Permission, context: AuditContext, error: DomainError, about?: About) {
  // Those of the key service stand in the history of checks: a GLPI asks daily, and a thief as often as they like.
  if (context.actor === 'glpi') return
  const { limit } = error.facts
  const details = { because: error.code, ...(typeof limit === 'string' ? { limit } : {}) }
  const entry: AuditEntry = { action, outcome: 'refused', details }
  if (await retrying(() => recordInOrganization(context, entry, about))) return
  await asSystem('record a refusal', (tx) => appendAudit(tx, { ...context, organizationId: null }, [entry]))
}

/**
 * A stranger's attempt on an organization goes to the vendor's chain: its members' trail shows what concerns them. That
 * is asked here, since a limit refuses before anybody has looked who asks.
 */
async function recordInOrganization(
  context: AuditContext,
  entry: AuditEntry,
  about?: About,
): Promise<boolean> {
  const { organizationId, personId } = context
  if (!organizationId) return false
  return asOrganization(organizationId, async (tx) => {
    const { actor } = context
    if (actor === 'staff' && !(personId && (await standing(tx, organizationId, personId)))) return false
    if (actor === 'member' && personId && !(await isMember(tx, organizationId, personId))) return false
    await appendAudit(tx, context, [{ ...entry, ...(await about?.(tx, organizationId)) }])
    return true
  })
}

/**
 * Records an attempt of which not even the organization's ID is known, in the vendor's chain: of a person at what is not
 * theirs, or of somebody who has not signed in (null). A hundred an hour of each person, and of all who have not signed
 * in together: nothing is ever taken from that chain, so whoever has no name must not be able to fill it.
 */
export async function recordAttempt(action: Permission, personId: string | null, because: string) {
  const limit = { name: 'attempt', key: personId ?? 'strangers', points: 100, perSeconds: 3_600 }
  const refusal: unknown = await takePoints([limit]).then(
    () => new Refused(because),
    (error: unknown) => error,
  )
  if (!(refusal instanceof Refused)) throw refusal
  const actor = personId ? 'member' : 'stranger'
  if (isRefusal(refusal))
    await recordRefusal(action, { organizationId: null, actor, personId, at: now() }, refusal)
}

/** A deadlock or a serialization failure kept nothing, so the loser simply runs again. */
async function retrying<T>(work: () => Promise<T>, tries = 3): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (tries > 1 && isRetryable(error)) return retrying(work, tries - 1)
    throw error
  }
}
