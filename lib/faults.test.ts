import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { invitations } from '@/db/schema/organizations'
import { asSystem } from '@/db/scope'
import type { Permission } from '@/lib/access'
import { type By, commands } from '@/lib/command'
import { addInstance } from '@/lib/instances/add'
import { addAddress, removeAddress } from '@/lib/instances/address'
import { editInstance } from '@/lib/instances/edit'
import { reinstateInstance, retireInstance } from '@/lib/instances/retire'
import { extendKey } from '@/lib/keys/extend'
import { issuePermanentKey } from '@/lib/keys/issue'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { revealKeys } from '@/lib/keys/reveal'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { acceptInvitation } from '@/lib/organizations/accept'
import { changeRole } from '@/lib/organizations/change-role'
import { addMember } from '@/lib/organizations/create'
import { inviteMember, withdrawInvitation } from '@/lib/organizations/invite'
import { leaveOrganization, removeMember } from '@/lib/organizations/remove'
import { tokenHash } from '@/lib/people/tokens'
import { addStaff } from '@/lib/staff/add'
import { assign, unassign } from '@/lib/staff/assign'
import { recordVisit } from '@/lib/staff/visit'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import {
  byMember,
  bySystem,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
let products: Record<'forms' | 'branding' | 'legacy', string>

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
  products = {
    forms: await productId(database, 'forms'),
    branding: await productId(database, 'branding'),
    legacy: await productId(database, 'legacy'),
  }
  await rowsOf(
    database,
    `create table fault (step int);
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

type Written = Partial<Record<'keys' | 'audit_entries' | 'jobs', number>>

interface Case {
  written: Written
  /** Makes what the command needs. @returns the command, to be asked under one idempotency key */
  prepare: (
    fixture: Fixture,
    filled: Awaited<ReturnType<typeof fillOrganization>>,
  ) => Promise<() => Promise<unknown>>
}

const one = { audit_entries: 1 }
const asked = <Input>(command: (by: By, input: Input) => Promise<unknown>, by: By, input: Input) => {
  return () => command(by, input)
}

/** Each command of an organization, with what it has written once it has succeeded. */
const cases: Partial<Record<Permission, Case>> = {
  'instance.add': {
    written: one,
    prepare: async (own) =>
      asked(addInstance, byMember(own, 'owner'), {
        label: 'New',
        url: 'https://new.example',
        environment: 'production',
      }),
  },
  'instance.edit': {
    written: one,
    prepare: async (own, { instanceId }) =>
      asked(editInstance, byMember(own, 'owner'), {
        instanceId,
        label: 'Renamed',
        environment: 'production',
      }),
  },
  'instance.retire': {
    written: one,
    prepare: async (own) =>
      asked(retireInstance, byMember(own, 'owner'), { instanceId: await makeInstance(own, 'old') }),
  },
  'instance.reinstate': {
    written: one,
    prepare: async (own) => {
      const instanceId = await makeInstance(own, 'back')
      await retireInstance(byMember(own, 'owner'), { instanceId })
      return asked(reinstateInstance, byMember(own, 'owner'), { instanceId })
    },
  },
  'address.add': {
    written: one,
    prepare: async (own, { instanceId }) =>
      asked(addAddress, byMember(own, 'owner'), { instanceId, url: 'https://further.example' }),
  },
  'address.remove': {
    written: one,
    prepare: async (own, { instanceId }) => {
      const [address] = await rowsOf<{ id: string }>(
        database,
        'select id from instance_addresses where instance_id = $1 and ordinal > 0',
        [instanceId],
      )
      return asked(removeAddress, byMember(own, 'owner'), { instanceId, addressId: address?.id ?? '' })
    },
  },
  'key.reveal': {
    written: one,
    prepare: async (own, { renewedKeyId }) =>
      asked(revealKeys, byMember(own, 'owner'), { keyIds: [renewedKeyId], how: 'shown' }),
  },
  'key.note_seen': {
    written: one,
    prepare: async (own) => {
      const { subscriptionId } = await startSubscription(bySystem(own.organizationId), {
        productId: products.forms,
        instanceId: await makeInstance(own, 'seen'),
      })
      const { keyId } = await renewSubscription(bySystem(own.organizationId), { subscriptionId })
      return asked(noteKeySeen, bySystem(own.organizationId), { keyId })
    },
  },
  'key.issue': {
    written: { keys: 1, ...one },
    prepare: async (own) =>
      asked(issuePermanentKey, bySystem(own.organizationId), {
        productId: products.legacy,
        instanceId: await makeInstance(own, 'legacy'),
      }),
  },
  'key.revoke': {
    written: one,
    prepare: async (own, { renewedKeyId }) =>
      asked(revokeKey, bySystem(own.organizationId), { keyId: renewedKeyId, reason: 'leaked' }),
  },
  'key.restore': {
    written: one,
    prepare: async (own, { permanentKeyId }) =>
      asked(restoreKey, bySystem(own.organizationId), { keyId: permanentKeyId }),
  },
  'key.extend': {
    written: one,
    prepare: async (own, { renewedKeyId }) =>
      asked(extendKey, bySystem(own.organizationId), {
        keyId: renewedKeyId,
        until: new Date(Date.now() + 1_500 * 86_400_000),
        reason: 'Because.',
      }),
  },
  'subscription.start': {
    written: { keys: 1, ...one },
    prepare: async (own) =>
      asked(startSubscription, bySystem(own.organizationId), {
        productId: products.forms,
        instanceId: await makeInstance(own, 'started'),
      }),
  },
  'subscription.renew': {
    written: { keys: 1, ...one },
    prepare: async (own, { subscriptionId }) =>
      asked(renewSubscription, bySystem(own.organizationId), { subscriptionId }),
  },
  'trial.start': {
    written: { keys: 1, ...one },
    prepare: async (own) =>
      asked(startTrial, bySystem(own.organizationId), {
        productId: products.forms,
        instanceId: await makeInstance(own, 'tried'),
      }),
  },
  'member.add': {
    written: one,
    prepare: async (own) =>
      asked(addMember, bySystem(own.organizationId), { email: `new@${own.slug}.example`, role: 'viewer' }),
  },
  'member.invite': {
    written: { jobs: 1, ...one },
    prepare: async (own) =>
      asked(inviteMember, byMember(own, 'owner'), { email: `next@${own.slug}.example`, role: 'viewer' }),
  },
  'member.withdraw_invitation': {
    written: one,
    prepare: async (own) =>
      asked(withdrawInvitation, byMember(own, 'owner'), { invitationId: await invitationOf(own) }),
  },
  'invitation.accept': {
    written: one,
    prepare: async (own) => {
      const token = randomUUID()
      const id = await invitationOf(own)
      await rowsOf(database, 'update invitations set token_hash = $1 where id = $2', [tokenHash(token), id])
      const [person] = await rowsOf<{ id: string }>(
        database,
        'update people p set email_verified = now() from invitations i where i.email = p.email and i.id = $1 returning p.id',
        [id],
      )
      const by: By = {
        actor: { kind: 'person', personId: person?.id ?? '' },
        organizationId: own.organizationId,
        idempotencyKey: randomUUID(),
      }
      return asked(acceptInvitation, by, { token })
    },
  },
  'member.change_role': {
    written: { jobs: 1, ...one },
    prepare: async (own) =>
      asked(changeRole, byMember(own, 'owner'), { memberId: own.people.viewer, role: 'billing' }),
  },
  'member.remove': {
    written: { jobs: 1, ...one },
    prepare: async (own) => asked(removeMember, byMember(own, 'owner'), { memberId: own.people.viewer }),
  },
  'member.leave': {
    written: one,
    prepare: async (own) => asked(leaveOrganization, byMember(own, 'viewer'), {}),
  },
  'assignment.add': {
    written: one,
    prepare: async (own) =>
      asked(assign, bySystem(own.organizationId), { staffId: await someoneOfStaff(own) }),
  },
  'assignment.remove': {
    written: one,
    prepare: async (own) => {
      const staffId = await someoneOfStaff(own)
      await assign(bySystem(own.organizationId), { staffId })
      return asked(unassign, bySystem(own.organizationId), { staffId })
    },
  },
  'organization.visit': {
    written: one,
    prepare: async (own) => {
      const personId = await someoneOfStaff(own)
      return () => recordVisit(personId, own.organizationId)
    },
  },
}

async function invitationOf({ organizationId }: Fixture): Promise<string> {
  const found = await asSystem('test', (tx) => tx.select().from(invitations))
  const invitation = found.find((one) => one.organizationId === organizationId)
  if (!invitation) throw new Error('fillOrganization() invites somebody')
  return invitation.id
}

async function someoneOfStaff({ slug }: Fixture): Promise<string> {
  const email = `staff@${slug}.northwind.example`
  return (await addStaff({ actor: { kind: 'system' } }, { email, role: 'account_manager' })).personId
}

/** A digest of every row that there is, but for the counters of the limits, which are taken outside transactions. */
async function everyRow(): Promise<string> {
  const tables = await rowsOf<{ name: string }>(
    database,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname = 'public' and tablename not in ('fault', 'rate_limits') or tablename = '_private_jobs'`,
  )
  const digests = tables.map(
    ({ name }) =>
      `(select '${name} ' || count(*) || md5(coalesce(string_agg(r::text, ',' order by r::text), '')) from ${name} r)`,
  )
  const [row] = await rowsOf<{ digest: string }>(
    database,
    `select concat_ws(', ', ${digests.join(', ')}) as digest`,
  )
  return row?.digest ?? ''
}

async function counted(): Promise<Required<Written>> {
  const [row] = await rowsOf<Required<Written>>(
    database,
    `select (select count(*)::int from keys) as keys, (select count(*)::int from audit_entries) as audit_entries,
       (select count(*)::int from graphile_worker._private_jobs) as jobs`,
  )
  if (!row) throw new Error('nothing was counted')
  return row
}

test('[F3] every command of an organization is in the table', () => {
  const known = [...commands].filter(([, { vendor }]) => !vendor).map(([name]) => name)
  expect(Object.keys(cases).sort()).toEqual(known.sort())
  console.log(`[F3] ${known.length} commands`)
})

test.each(Object.entries(cases))(
  '[F3] %s: whatever statement fails, nothing is half done, and asked again it succeeds once',
  async (name, { prepare, written }) => {
    const fixture = await makeOrganization(`f3-${name.replaceAll(/[._]/g, '-')}`)
    const run = await prepare(fixture, await fillOrganization(database, fixture))
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
    }).toEqual({ keys: 0, audit_entries: 0, jobs: 0, ...written })
    console.log(`[F3] ${name}: ${steps + 1} trials`)
  },
)
