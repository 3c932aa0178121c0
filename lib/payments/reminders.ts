import { and, asc, eq, gte, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { readInstant } from '@/db/read-instant'
import { reminders } from '@/db/schema/reminders'
import type { OrganizationTx } from '@/db/scope'
import { startOfDay } from '@/lib/organizations/calendar'
import { timeZoneOf } from '@/lib/organizations/queries'
import { markDue, reminderMarks } from '@/lib/subscriptions/rules'
import { listPayable, type Payable } from './payable'

export type ReminderKind = (typeof reminders.$inferSelect)['kind']

/** A term of which the organization can still be reminded. */
export interface Reminded {
  termId: string
  createdAt: Date
  payable: Payable
}

/** As many as `listPayable` lists. */
const atOnce = 500

/**
 * The terms that end within the first mark, or have ended while their key works, and that nothing renews: not those that are
 * being paid or are renewed, whose key is revoked, or whose instance is retired.
 */
export async function remindedTerms(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
): Promise<{ currency: string; terms: Reminded[] }> {
  const found = await lastTermsThatEnd(tx, organizationId, now)
  const terms: Reminded[] = []
  let currency = 'eur'
  for (let from = 0; from < found.length; from += atOnce) {
    const some = found.slice(from, from + atOnce)
    const subscriptionIds = some.map(({ subscriptionId }) => subscriptionId)
    const listed = await listPayable(tx, organizationId, now, { subscriptionIds })
    currency = listed.currency
    const bySubscription = new Map(listed.payable.map((payable) => [payable.subscriptionId, payable]))
    for (const { subscriptionId, endsAt, ...term } of some) {
      const payable = bySubscription.get(subscriptionId)
      if (payable && payable.termEndsAt.getTime() === endsAt.getTime() && concerns(payable))
        terms.push({ ...term, payable })
    }
  }
  return { currency, terms }
}

/** What cannot be paid here is told all the same: it ends. */
const concerns = ({ verdict }: Payable) =>
  verdict.ok ||
  verdict.because === 'no_price' ||
  verdict.because === 'withdrawn' ||
  verdict.because === 'charges_soon'

async function lastTermsThatEnd(tx: OrganizationTx, organizationId: string, now: Date) {
  const days = (count: number) =>
    sql`${new Date(now.getTime() + count * 86_400_000).toISOString()}::timestamptz`
  // A day more, for any time zone.
  const { rows } = await tx.execute<Record<'termId' | 'subscriptionId' | 'createdAt' | 'endsAt', string>>(sql`
    select t.id as "termId", t.subscription_id as "subscriptionId", t.created_at as "createdAt", t.ends_at as "endsAt"
    from keys k join terms t on t.organization_id = ${organizationId} and t.id = k.term_id
    where k.organization_id = ${organizationId} and k.kind = 'subscription' and k.superseded_at is null
      and k.due_at <= ${days(reminderMarks[0] + 3)} and k.ends_at > ${days(0)}
      and not exists (select from revocations r
        where r.organization_id = ${organizationId} and r.key_id = k.id and r.restored_at is null)
    order by t.ends_at, t.id`)
  return rows.map(({ createdAt, endsAt, ...row }) => ({
    ...row,
    createdAt: readInstant(createdAt),
    endsAt: readInstant(endsAt),
  }))
}

/** Reserves what is to be told today, in the organization's calendar, unless that was done: there is one mail a day. */
export async function reserveReminders(tx: OrganizationTx, organizationId: string, now: Date) {
  const timeZone = await timeZoneOf(tx, organizationId)
  if (await isReserved(tx, organizationId, startOfDay(now, timeZone))) return
  const { terms } = await remindedTerms(tx, organizationId, now)
  const told = await marksTold(
    tx,
    organizationId,
    terms.map(({ termId }) => termId),
  )
  const due = terms.flatMap(({ termId, createdAt, payable }) => {
    const { termEndsAt: endsAt, keyExpiresAt } = payable
    const term = { createdAt, endsAt, keyExpiresAt, told: told.get(termId) ?? [] }
    const mark = markDue(term, now, timeZone)
    return mark === null ? [] : [{ termId, mark }]
  })
  await addReminders(tx, organizationId, 'ends', due, now)
}

async function isReserved(tx: OrganizationTx, organizationId: string, since: Date) {
  const found = await tx
    .select({ at: reminders.createdAt })
    .from(reminders)
    .where(and(ofKind(organizationId, 'ends'), gte(reminders.createdAt, since)))
    .limit(1)
  return found.length > 0
}

async function marksTold(tx: OrganizationTx, organizationId: string, termIds: string[]) {
  if (termIds.length === 0) return new Map<string, number[]>()
  const rows = await tx
    .select({ termId: reminders.termId, mark: reminders.mark })
    .from(reminders)
    .where(and(ofKind(organizationId, 'ends'), inArray(reminders.termId, termIds)))
  const byTerm = Map.groupBy(rows, ({ termId }) => termId)
  return new Map([...byTerm].map(([termId, of]) => [termId, of.map(({ mark }) => mark)]))
}

/** Of two workers at the same moment the table lets one. */
export async function addReminders(
  tx: OrganizationTx,
  organizationId: string,
  kind: ReminderKind,
  due: { termId: string; mark: number }[],
  now: Date,
) {
  if (due.length === 0) return
  const rows = due.map((one) => ({ organizationId, kind, createdAt: now, ...one }))
  await tx.insert(reminders).values(rows).onConflictDoNothing()
}

/**
 * The mails that not everybody has been sent yet, the oldest first, with their terms. A term that was reserved again since is
 * told by the later mail alone.
 */
export async function openReminders(tx: OrganizationTx, organizationId: string, kind: ReminderKind) {
  const later = sql`exists (select from reminders later where later.organization_id = ${organizationId}
    and later.term_id = ${reminders.termId} and later.kind = ${kind} and later.mark < ${reminders.mark})`
  const rows = await tx
    .select({ at: reminders.createdAt, termId: reminders.termId, later: sql<boolean>`${later}` })
    .from(reminders)
    .where(and(ofKind(organizationId, kind), isNull(reminders.doneAt)))
    .orderBy(asc(reminders.createdAt))
  const mails = Map.groupBy(rows, ({ at }) => at.getTime())
  return [...mails].map(([at, of]) => ({
    at: new Date(at),
    about: `${names[kind]}.${organizationId}.${at}`,
    termIds: new Set(of.flatMap(({ termId, later }) => (later ? [] : [termId]))),
  }))
}

const names: Record<ReminderKind, string> = { ends: 'ends', not_in_glpi: 'not-in-glpi' }

/** Everybody was told. */
export async function endReminders(
  tx: OrganizationTx,
  organizationId: string,
  kind: ReminderKind,
  at: Date,
  now: Date,
) {
  await tx
    .update(reminders)
    .set({ doneAt: now })
    .where(and(ofKind(organizationId, kind), eq(reminders.createdAt, at), isNull(reminders.doneAt)))
}

const ofKind = (organizationId: string, kind: ReminderKind): SQL | undefined =>
  and(eq(reminders.organizationId, organizationId), eq(reminders.kind, kind))
