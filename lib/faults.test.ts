import { beforeAll, expect, test } from 'vitest'
import type { Permission } from '@/lib/access'
import { commands } from '@/lib/command'
import { retireInstance } from '@/lib/instances/retire'
import { revokeKey } from '@/lib/keys/revoke'
import { assign } from '@/lib/staff/assign'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { extendTrial } from '@/lib/trials/extend'
import {
  byMember,
  bySystem,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { orders, type Things, thingsOf } from '@/sandbox/test/orders'

const database = await productDatabase()

/**
 * Postgres fails the statement of that number, of those that write in one transaction, before it has done anything; or
 * the commit, where the number is 0. Null: it fails nothing.
 */
async function failAt(step: number | null) {
  // The limits count attempts, which these are.
  await rowsOf(database, 'delete from rate_limits')
  await rowsOf(database, 'update fault set step = $1', [step])
}

beforeAll(async () => {
  await makeCatalog()
  await rowsOf(
    database,
    `insert into releases (id, product_id, version, glpi_min, released_on)
     select gen_random_uuid(), id, '3.2.0', '11.0', '2026-10-01' from products where reference = 'forms';
     create table fault (step int);
     insert into fault values (null);
     grant select on fault to public;
     create function count_step() returns trigger language plpgsql as $$
     declare step int := coalesce(nullif(current_setting('test.step', true), ''), '0')::int + 1;
     begin
       perform set_config('test.step', step::text, true);
       if step = (select f.step from public.fault f) then raise exception 'fault at step %', step; end if;
       return null;
     end $$;
     create function fail_commit() returns trigger language plpgsql as $$
     begin
       if 0 = (select f.step from public.fault f) then raise exception 'fault at the commit'; end if;
       return null;
     end $$;
     create constraint trigger fail_commit after insert on audit_entries
       deferrable initially deferred for each row execute function fail_commit();
     do $$ declare one record; begin
       for one in select * from pg_tables
         where schemaname = 'public' and tablename not in ('fault', 'rate_limits') or tablename = '_private_jobs'
       loop
         execute format('create trigger count_step before insert or update or delete on %I.%I
           for each statement execute function public.count_step()', one.schemaname, one.tablename);
       end loop;
     end $$`,
  )
})

type Counted = Record<'keys' | 'audit_entries' | 'jobs', number>
type Written = Partial<Counted>

/** What a command has written beside one entry, once it has succeeded. */
const writes: Partial<Record<Permission, Written>> = {
  'key.issue': { keys: 1 },
  'subscription.start': { keys: 1 },
  'subscription.renew': { keys: 1 },
  'trial.start': { keys: 1, jobs: 1 },
  'trial.ask': { jobs: 1 },
  // And the GLPI that it is for.
  'trial.begin': { keys: 1, audit_entries: 2, jobs: 1 },
  // The trial has begun, and who asked is told.
  'request.decide': { keys: 1, jobs: 2 },
  'request.reply': { jobs: 1 },
  // Of a renewal and of what is bought anew, beside the Checkout's own entry; one mail tells of both.
  'checkout.settle': { keys: 2, audit_entries: 3, jobs: 1 },
  // What somebody is about to pay for it is closed.
  'key.revoke': { jobs: 1 },
  // All of it has gone back: the invoice's own entry, and that its key is revoked; of which a mail tells, as above.
  'invoice.settle': { audit_entries: 2, jobs: 2 },
  // What is paid may have changed meanwhile.
  'automatic.settle': { jobs: 1 },
  // Of the renewal, beside the payment's own entry.
  'automatic.charge': { keys: 1, audit_entries: 2, jobs: 2 },
  // A receipt, and Stripe is told.
  'automatic.end': { jobs: 2 },
  'member.invite': { jobs: 1 },
  // To the owners, and later to the account managers.
  'member.ask_to_join': { jobs: 2 },
  'trial.ask_to_join': { jobs: 2 },
  'member.answer_join': { jobs: 1 },
  'member.change_role': { jobs: 1 },
  'member.remove': { jobs: 1 },
}

/** What a command needs that a filled organization does not have. */
const prepare: Partial<Record<Permission, (own: Things) => Promise<Partial<Things>>>> = {
  // One without a test copy.
  'instance.retire': async (own) => ({ instanceId: await makeInstance(own, 'old') }),
  'instance.reinstate': async (own) => {
    const instanceId = await makeInstance(own, 'back')
    await retireInstance(byMember(own, 'owner'), { instanceId })
    return { instanceId }
  },
  'trial.start': async (own) => ({ instanceId: await makeInstance(own, 'tried') }),
  // One that was made longer without asking.
  'trial.ask': async (own) => {
    await extendTrial(byMember(own, 'owner'), { keyId: own.trialKeyId })
    return {}
  },
  // A further trial of what is no longer tried.
  'request.decide': async ({ organizationId, trialKeyId: keyId }) => {
    await revokeKey(bySystem(organizationId), { keyId, reason: 'requested' })
    return {}
  },
  // A key that was not seen yet.
  'key.note_seen': ({ organizationId, subscriptionId }) =>
    renewSubscription(bySystem(organizationId), { subscriptionId }),
  'installation.bind': async ({ organizationId, subscriptionId }) => {
    const { keyId: renewedKeyId } = await renewSubscription(bySystem(organizationId), { subscriptionId })
    const named = 'select fingerprint from keys where id = $1'
    const [key] = await rowsOf<{ fingerprint: Buffer }>(database, named, [renewedKeyId])
    return { renewedKeyId, ...key }
  },
  // One that nobody pays yet.
  'checkout.begin': async (own) =>
    startSubscription(bySystem(own.organizationId), {
      productId: own.products.forms,
      instanceId: await makeInstance(own, 'unpaid'),
    }),
  // One that does not renew by itself.
  'automatic.begin': async (own) =>
    startSubscription(bySystem(own.organizationId), {
      productId: own.products.forms,
      instanceId: await makeInstance(own, 'byhand'),
    }),
  // One copy is there, and a key has one.
  'question.answer': async (own) => {
    const copies = 'select id from instances where test_of_id = $1'
    for (const { id } of await rowsOf<{ id: string }>(database, copies, [own.instanceId]))
      await retireInstance(byMember(own, 'owner'), { instanceId: id })
    return {}
  },
  'assignment.remove': async ({ organizationId, staffId }) => {
    await assign(bySystem(organizationId), { staffId })
    return {}
  },
}

/**
 * How many rows each table has, and by which transactions each was written: whatever is changed and kept shows. The counters
 * of the limits are taken outside transactions.
 */
async function everyRow(): Promise<string> {
  const tables = await rowsOf<{ name: string }>(
    database,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname = 'public' and tablename not in ('fault', 'rate_limits') or tablename = '_private_jobs'`,
  )
  const digests = tables.map(
    ({ name }) =>
      `(select '${name} ' || count(*) || ' by ' || coalesce(sum(xmin::text::bigint), 0) from ${name})`,
  )
  const [row] = await rowsOf<{ digest: string }>(
    database,
    `select concat_ws(', ', ${digests.join(', ')}) as digest`,
  )
  return row?.digest ?? ''
}

async function counted(): Promise<Counted> {
  const [row] = await rowsOf<Counted>(
    database,
    `select (select count(*)::int from keys) as keys, (select count(*)::int from audit_entries) as audit_entries,
       (select count(*)::int from graphile_worker._private_jobs) as jobs`,
  )
  if (!row) throw new Error('nothing was counted')
  return row
}

test('[F3] every command of an organization is in the table', () => {
  const known = [...commands].filter(([, { vendor }]) => !vendor).map(([name]) => name)
  expect(Object.keys(orders).sort()).toEqual(known.sort())
  console.log(`[F3] ${known.length} commands`)
})

/** One statement at most and no entry: there is nothing of it that could be done by half. */
const ofOneStatement: readonly string[] = ['billing.record_customer', 'automatic.start', 'automatic.record']

test.each(Object.entries(orders).filter(([name]) => !ofOneStatement.includes(name)))(
  '[F3] %s: whatever statement fails, nothing is half done, and asked again it succeeds once',
  async (name, order) => {
    const fixture = await makeOrganization(`f3-${name.replaceAll(/[._]/g, '-')}`)
    // as: the names of the table
    const command = name as Permission
    const filled = await thingsOf(database, fixture)
    const things = { ...filled, ...(await prepare[command]?.(filled)) }
    const by = byMember(fixture, 'owner')
    const run = () => order(by, things)
    const [before, rows] = [await counted(), await everyRow()]
    let steps = 0
    for (let step = 0; ; step++) {
      await failAt(step)
      const failed = await run().then(
        () => null,
        (error: unknown) => String(error instanceof Error ? (error.cause ?? error) : error),
      )
      await failAt(null)
      if (step > 0 && failed === null) break
      expect(failed).toContain(step === 0 ? 'fault at the commit' : `fault at step ${step}`)
      expect(await everyRow()).toBe(rows)
      steps = step
    }
    const after = await counted()
    expect(steps).toBeGreaterThan(0)
    expect({
      keys: after.keys - before.keys,
      audit_entries: after.audit_entries - before.audit_entries,
      jobs: after.jobs - before.jobs,
    }).toEqual({ keys: 0, audit_entries: 1, jobs: 0, ...writes[command] })
    console.log(`[F3] ${name}: ${steps + 1} trials`)
  },
)
