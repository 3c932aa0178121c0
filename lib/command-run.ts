import { createHash } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { commandRuns } from '@/db/schema/commands'
import { asOrganization, asSystem, type OrganizationTx, type SystemTx } from '@/db/scope'
import type { Permission } from '@/lib/access'
import type { AuditContext } from '@/lib/audit/append'
import { Conflict, InvalidInput } from '@/lib/errors'

/**
 * Runs `work` once under an idempotency key. The unique row of the run makes a second caller wait until the first has
 * committed, and then read its answer; if the first rolls back, the second runs.
 * @param onRepeat called where the answer is an earlier one
 * @throws Conflict `idempotency_key_reused` when the same key came with another input.
 */
export async function runOnce<Result>(
  tx: OrganizationTx | SystemTx,
  command: Permission,
  { organizationId, personId, actor, at }: AuditContext,
  idempotencyKey: string | undefined,
  input: unknown,
  work: () => Promise<Result>,
  onRepeat: () => void,
): Promise<Result> {
  if (!idempotencyKey) throw new InvalidInput({ idempotencyKey: 'required' })
  const actorId = personId ?? actor
  const inputHash = hashOf(input)
  const mine = thisRun(command, actorId, idempotencyKey)
  const inserted = await tx
    .insert(commandRuns)
    .values({ organizationId, command, actorId, idempotencyKey, inputHash, ranAt: at })
    .onConflictDoNothing()
    .returning({ command: commandRuns.command })
  if (inserted.length === 0) {
    const [earlier] = await tx.select().from(commandRuns).where(mine)
    if (earlier?.inputHash !== inputHash) throw new Conflict('idempotency_key_reused')
    onRepeat()
    // it was stored from a Result of this very command; of one without an answer, as null
    return (earlier.result ?? undefined) as Result
  }
  const result = await work()
  // A command may have no answer, and an update without a value is none.
  if (result !== undefined) await tx.update(commandRuns).set({ result }).where(mine)
  return result
}

/** Whether this has run before, under this key and with this input: it would only get the first answer again. */
export async function hasRun(
  command: Permission,
  { organizationId, personId, actor }: AuditContext,
  idempotencyKey: string,
  input: unknown,
): Promise<boolean> {
  const earlier = (tx: OrganizationTx | SystemTx) =>
    tx
      .select({ inputHash: commandRuns.inputHash })
      .from(commandRuns)
      .where(thisRun(command, personId ?? actor, idempotencyKey))
  const [run] = organizationId
    ? await asOrganization(organizationId, earlier)
    : await asSystem('whether a command has run', earlier)
  return run?.inputHash === hashOf(input)
}

const hashOf = (input: unknown) => createHash('sha256').update(JSON.stringify(input)).digest('base64url')

const thisRun = (command: Permission, actorId: string, idempotencyKey: string) =>
  and(
    eq(commandRuns.command, command),
    eq(commandRuns.actorId, actorId),
    eq(commandRuns.idempotencyKey, idempotencyKey),
  )
