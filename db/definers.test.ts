import { createHash, randomUUID } from 'node:crypto'
import type pg from 'pg'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tokenHash } from '@/lib/people/tokens'
import {
  type Fixture,
  makeFilled,
  onConnection,
  productDatabase,
  refusalOf,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
const token = createHash('sha256').update('a cookie').digest('base64url')
const apiToken = `lkt_${'t'.repeat(43)}`
let own: Fixture

beforeAll(async () => {
  own = await makeFilled(database)
  await rowsOf(
    database,
    `insert into sessions (token_hash, person_id, expires, last_used_at, created_at, device)
     values ($1, $2, now() + interval '1 day', now(), now(), 'a test')`,
    [token, own.people.owner],
  )
  await rowsOf(
    database,
    `insert into api_tokens (id, organization_id, name, scopes, token_hash, last_four, created_at, created_by_id, expires_at)
     values ($1, $2, 'a test', '{keys.read}', $3, 'tttt', now(), $4, now() + interval '30 days')`,
    [randomUUID(), own.organizationId, tokenHash(apiToken), own.people.owner],
  )
})

/** What a definer function may do for a login role; a new one fails until it is listed here, with its attacks below. */
const known = [
  { name: 'api_token_owner(bytea,timestamp with time zone)', owner: 'latchkey_definer' },
  { name: 'check_key(bytea,text,text)', owner: 'latchkey_definer' },
  { name: 'enqueue_job(text,json,text,timestamp with time zone)', owner: 'latchkey_enqueuer' },
  { name: 'entitled_products(uuid,text,timestamp with time zone)', owner: 'latchkey_definer' },
  { name: 'hand_over(uuid,uuid,boolean,timestamp with time zone)', owner: 'latchkey_definer' },
  { name: 'key_is_followed(uuid,timestamp with time zone)', owner: 'latchkey_definer' },
  { name: 'known_elsewhere(uuid)', owner: 'latchkey_definer' },
  { name: 'record_checks(jsonb)', owner: 'latchkey_definer' },
  {
    name: 'refresh_activation(uuid,uuid,uuid,uuid,timestamp with time zone,timestamp with time zone,text,boolean)',
    owner: 'latchkey_definer',
  },
  {
    name: 'refresh_activation(uuid,uuid,uuid,uuid,timestamp with time zone,timestamp with time zone,text)',
    owner: 'latchkey_definer',
  },
  { name: 'search_instances(text,text[],integer)', owner: 'latchkey_definer' },
  { name: 'session_context(text)', owner: 'latchkey_definer' },
]

/** Every schema but Postgres' own: a function elsewhere than in `public` can be called by its whole name just as well. */
const ours = `(select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')`
/**
 * Of these the ones in which a login role can name anything. The library's of jobs is the worker's to use: none of its
 * functions is a definer's, and its tables are closed to the portal (below).
 */
const open = `(select n.oid from pg_namespace n where n.oid in ${ours} and (has_schema_privilege('latchkey_app', n.oid, 'usage')
  or n.nspname <> 'graphile_worker' and has_schema_privilege('latchkey_worker', n.oid, 'usage')))`

test('[A5] each definer function is a listed one, of a role without login, with a search path of its own', async () => {
  const rows = await rowsOf(
    database,
    `select p.oid::regprocedure::text as name, r.rolname as owner, r.rolcanlogin, r.rolsuper, r.rolbypassrls, p.proconfig
     from pg_proc p join pg_roles r on r.oid = p.proowner
     where p.prosecdef and p.pronamespace in ${ours} order by 1`,
  )
  const safe = { rolcanlogin: false, rolsuper: false, rolbypassrls: false }
  const proconfig = ['search_path=pg_catalog, public, pg_temp']
  expect(rows).toEqual(known.map((one) => ({ ...one, ...safe, proconfig })))
  console.log(`[A5] ${rows.length} definer functions`)
})

test('[A5] PUBLIC may execute no function, create nothing and make no temporary objects; views are barriers', async () => {
  const found = await rowsOf(
    database,
    `select p.oid::regprocedure::text as what from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
       where p.pronamespace in ${open} and a.grantee = 0
         -- Those of extensions belong to the server's superuser, whose grants nobody else can take back; they read no table.
         and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
     union all select 'database ' || a.privilege_type from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
       where d.datname = current_database() and a.grantee = 0
     union all select 'schema ' || a.privilege_type from pg_namespace n, aclexplode(n.nspacl) a
       where n.oid in ${ours} and a.grantee = 0 and (a.privilege_type = 'CREATE' or n.nspname <> 'public')
     union all select 'table ' || c.relname from pg_class c, aclexplode(c.relacl) a
       where c.relnamespace in ${ours} and a.grantee = 0
     union all select 'view ' || c.relname from pg_class c
       where c.relkind in ('v', 'm') and c.relnamespace in ${open}
         and not coalesce(c.reloptions, '{}') @> array['security_barrier=true']`,
  )
  expect(found).toEqual([])
  const [looked] = await rowsOf<{ n: number }>(
    database,
    `select (select count(*) from pg_proc where pronamespace in ${open})::int
       + (select count(*) from pg_class where relnamespace in ${ours})::int as n`,
  )
  expect(looked?.n).toBeGreaterThan(50)
  console.log(`[A5] ${looked?.n} functions, tables and views`)
})

const logins = [
  ['latchkey_app', database.appUrl],
  ['latchkey_worker', database.workerUrl],
] as const

describe.each(logins)('from %s', (role, url) => {
  const attack = <T>(work: (client: pg.Client) => Promise<T>) =>
    onConnection(url, async (client) => {
      await client.query('begin')
      return work(client)
    })

  const report = (trials: number) => console.log(`[A5] ${role}: ${trials} trials`)
  const expectRefused = async (client: pg.Client, statements: string[]) => {
    for (const statement of statements)
      expect((await refusalOf(client, statement)).code, statement).toBe('42501')
    report(statements.length)
  }

  beforeEach(async () => {
    // The deeper lock is tried as if the first one, that nobody may make temporary objects, were open.
    await rowsOf(database, `grant temporary on database ${database.name} to ${role}`)
    return async () => {
      await rowsOf(database, `revoke temporary on database ${database.name} from ${role}`)
    }
  })

  test('[A5] temporary objects are refused', async () => {
    await rowsOf(database, `revoke temporary on database ${database.name} from ${role}`)
    await attack(async (client) => {
      await expectRefused(client, [
        'create temporary table people (id uuid)',
        'create temporary view everything as select * from public.keys',
        'create function pg_temp.leak(text) returns boolean language sql as $$ select true $$',
      ])
    })
  })

  test('[A5] a temporary table in the search path does not stand in for what a definer function reads', async () => {
    await attack(async (client) => {
      await client.query(`
        create temporary table sessions as select 'forged'::text as token_hash, '${own.people.owner}'::uuid as person_id,
          now() as expires, now() as last_used_at, now() as created_at, ''::text as device;
        create temporary table memberships (organization_id uuid, person_id uuid, role text);
        set local search_path = pg_temp, public, pg_catalog`)
      expect((await client.query(`select * from public.session_context('forged')`)).rowCount).toBe(0)
      const { rows } = await client.query('select memberships from public.session_context($1)', [token])
      expect(rows).toEqual([{ memberships: [expect.objectContaining({ slug: 'acme', role: 'owner' })] }])
      report(2)
    })
  })

  test('[A5] a temporary operator does not let a definer function compare otherwise', async () => {
    await attack(async (client) => {
      await client.query(`
        create function pg_temp.always(text, text) returns boolean language sql as $$ select true $$;
        create operator pg_temp.= (leftarg = text, rightarg = text, function = pg_temp.always);
        set local search_path = pg_temp, public, pg_catalog`)
      expect((await client.query(`select * from public.session_context('no such token')`)).rowCount).toBe(0)
      report(1)
    })
  })

  test('[A5] a leaking predicate sees no row that the policy hides', async () => {
    await attack(async (client) => {
      const seen: (string | undefined)[] = []
      client.on('notice', ({ message }) => seen.push(message))
      await client.query(`create function pg_temp.leak(anyelement) returns boolean cost 0.0000001 language plpgsql
        as $$ begin raise notice 'seen %', $1; return true; end $$`)
      const hidden = [
        ['keys', 'short_id'],
        ['instances', 'label'],
        ['organizations', 'slug'],
        ['memberships', 'person_id'],
        ['api_tokens', 'last_four'],
      ]
      for (const [table, column] of hidden) {
        const { rowCount } = await client.query(`select from ${table} where pg_temp.leak(${column})`)
        expect(rowCount, table).toBe(0)
      }
      expect(seen).toEqual([])
      report(hidden.length)
    })
  })

  test('[A5] the role can become nobody who owns tables or functions that read everything', async () => {
    await attack(async (client) => {
      const others = [
        'latchkey_definer',
        'latchkey_enqueuer',
        'latchkey_owner',
        'postgres',
        'pg_read_all_data',
        'pg_write_all_data',
      ]
      await expectRefused(
        client,
        others.flatMap((other) => [`set role ${other}`, `set session authorization ${other}`]),
      )
      const jobs = await refusalOf(client, 'set role latchkey_jobs')
      // The worker must: graphile-worker changes its own tables as their owner. It reads nothing of ours as such.
      expect(jobs.code).toBe(role === 'latchkey_worker' ? 'done' : '42501')
      if (jobs.code !== 'done') return
      await client.query('set role latchkey_jobs')
      const tables = ['keys', 'people', 'sessions', 'audit_entries', 'sign_ins']
      await expectRefused(
        client,
        tables.map((table) => `select from ${table}`),
      )
      const signature = 'public.enqueue_job(text, json, text, timestamptz)'
      await expectRefused(client, [
        `drop function ${signature}`,
        `alter function ${signature} owner to latchkey_worker`,
        `alter function ${signature} security invoker`,
        `revoke execute on function ${signature} from latchkey_app`,
        `create or replace function public.enqueue_job(task text, payload json, job_key text, run_at timestamptz)
           returns void language sql security definer as 'select'`,
      ])
    })
  })

  test('[A5] session_context gives nothing without a token that somebody holds', async () => {
    await attack(async (client) => {
      const guesses = ['', '%', "' or true --", '_'.repeat(43), token.slice(0, -1), null]
      for (const guess of guesses) {
        expect((await client.query('select * from session_context($1)', [guess])).rowCount).toBe(0)
      }
      report(guesses.length)
    })
  })

  test('[A5] key_is_followed says nothing of what is no key, and asks no table of the asker’s own', async () => {
    const call = 'select key_is_followed($1, now()) as followed'
    const [key] = await rowsOf<{ id: string }>(database, 'select id from keys limit 1')
    await attack(async (client) => {
      await client.query(`create temporary table keys as select '${key?.id}'::uuid as follows_id, gen_random_uuid() as id,
        '${own.organizationId}'::uuid as organization_id, now() - interval '1 day' as starts_at, null::timestamptz as expires_at`)
      await client.query('set local search_path = pg_temp, public, pg_catalog')
      const guesses = [randomUUID(), null, key?.id ?? '']
      for (const guess of guesses) {
        const { rows } = await client.query(call.replace('key_is', 'public.key_is'), [guess])
        expect(rows).toEqual([{ followed: false }])
      }
      report(guesses.length)
    })
  })

  test('[A5] known_elsewhere answers yes or no, of nothing but an instance of the organization at hand, and from no table of the asker’s own', async () => {
    const call = 'select public.known_elsewhere($1) as known'
    const [theirs] = await rowsOf<{ id: string }>(
      database,
      `select id from instances where installation_id is not null and organization_id = $1`,
      [own.organizationId],
    )
    await attack(async (client) => {
      const ask = async (id: string | null) => (await client.query(call, [id])).rows
      await client.query(`create temporary table instances as select '${theirs?.id}'::uuid as id,
          gen_random_uuid() as organization_id, 'x'::text as installation_id;
        create temporary table instance_addresses (organization_id uuid, instance_id uuid, url_identity text);
        set local search_path = pg_temp, public, pg_catalog`)
      for (const scope of ['', randomUUID(), own.organizationId]) {
        await client.query(`select set_config('latchkey.organization_id', $1, true)`, [scope])
        for (const id of [theirs?.id ?? '', randomUUID(), null])
          expect(await ask(id)).toEqual([{ known: false }])
      }
      report(9)
    })
  })

  test('[A5] api_token_owner gives nothing without the hash of a token that works', async () => {
    const call = 'select * from public.api_token_owner($1, $2)'
    const at = new Date()
    await attack(async (client) => {
      const guesses = [Buffer.alloc(0), Buffer.alloc(32), tokenHash('lkt_'), tokenHash(apiToken.slice(0, -1))]
      for (const guess of [...guesses, null]) expect((await client.query(call, [guess, at])).rowCount).toBe(0)
      expect((await client.query(call, [tokenHash(apiToken), null])).rowCount).toBe(0)
      // Neither a table nor an operator of the asker's own stands in for what it reads and compares.
      await client.query(`
        create temporary table api_tokens as select null::uuid as id, null::uuid as organization_id, '\\x00'::bytea as token_hash,
          '{}'::text[] as scopes, now() + interval '1 day' as expires_at, null::timestamptz as revoked_at, now() as last_used_at;
        create function pg_temp.always(bytea, bytea) returns boolean language sql as $$ select true $$;
        create operator pg_temp.= (leftarg = bytea, rightarg = bytea, function = pg_temp.always);
        set local search_path = pg_temp, public, pg_catalog`)
      expect((await client.query(call, [Buffer.from([0]), at])).rowCount).toBe(0)
      const { rows, fields } = await client.query(call, [tokenHash(apiToken), at])
      expect(rows).toMatchObject([{ organization_id: own.organizationId, scopes: ['keys.read'] }])
      expect(fields.map(({ name }) => name).sort()).toEqual([
        ...['last_used_at', 'organization_id', 'scopes', 'token_id'],
      ])
      report(guesses.length + 4)
    })
  })

  test('[A5] entitled_products gives nothing but products, and those to an installation that the key is at home in', async () => {
    const call = 'select * from public.entitled_products($1, $2, $3)'
    const [key] = await rowsOf<{ id: string; uid: string }>(
      database,
      `select k.id, i.installation_id as uid from keys k join instances i on i.id = k.instance_id
       where i.installation_id is not null and k.kind = 'subscription' limit 1`,
    )
    const at = new Date()
    await attack(async (client) => {
      const none = [
        [randomUUID(), key?.uid, at],
        [key?.id, 'another', at],
        [key?.id, '', at],
        [key?.id, '%', at],
        [key?.id, null, at],
        [null, key?.uid, at],
        [key?.id, key?.uid, null],
        [key?.id, key?.uid, new Date('2000-01-01')],
      ]
      for (const given of none) expect((await client.query(call, given)).rowCount).toBe(0)
      // Neither a table nor an operator of the asker's own stands in for what it reads and compares.
      await client.query(`
        create temporary table keys as select '${randomUUID()}'::uuid as id, null::uuid as organization_id;
        create function pg_temp.always(text, text) returns boolean language sql as $$ select true $$;
        create operator pg_temp.= (leftarg = text, rightarg = text, function = pg_temp.always);
        set local search_path = pg_temp, public, pg_catalog`)
      expect((await client.query(call, [key?.id, 'another', at])).rowCount).toBe(0)
      const { rows, fields } = await client.query(call, [key?.id, key?.uid, at])
      expect(rows.length).toBeGreaterThan(0)
      expect(fields.map(({ name }) => name)).toEqual(['entitled_products'])
      report(none.length + 2)
    })
  })

  test('[A5] search_instances gives nothing but IDs, and those in the scope of staff alone', async () => {
    const call = `select * from search_instances('%', array['%'], 1000)`
    await attack(async (client) => {
      expect((await client.query(call)).rowCount).toBe(0)
      await client.query(`set local latchkey.organization_id = '${own.organizationId}'`)
      expect((await client.query(call)).rowCount).toBe(0)
      await client.query(`set local latchkey.scope = 'staff'`)
      const { rows, fields } = await client.query(call)
      expect(rows.length).toBeGreaterThan(0)
      expect(fields.map(({ name }) => name)).toEqual(['search_instances'])
      console.log(`[A5] 3 scopes, ${rows.length} IDs`)
      // Neither what stands in the pattern nor what stands in its way is more than text.
      await client.query(`
        create function pg_temp.always(text, text) returns boolean language sql as $$ select true $$;
        create operator pg_temp.~~ (leftarg = text, rightarg = text, function = pg_temp.always);
        set local search_path = pg_temp, public, pg_catalog`)
      const evil = `x') or true --`
      expect(
        (await client.query('select * from public.search_instances($1, $2, 9)', [evil, [evil]])).rowCount,
      ).toBe(0)
    })
  })

  test('[A5] enqueue_job writes one job and nothing else, whatever it is given', async () => {
    const tables = () =>
      rowsOf(
        database,
        `select relname, n_live_tup from (values ('keys', (select count(*) from keys)), ('people', (select count(*) from people)),
           ('sessions', (select count(*) from sessions))) t(relname, n_live_tup)`,
      )
    const before = await tables()
    await attack(async (client) => {
      const evil = `x', '{}'); delete from sessions; --${randomUUID()}`
      await client.query('select enqueue_job($1, $2, $3, null)', ['a task', '{}', evil])
      await client.query('commit')
    })
    expect(await tables()).toEqual(before)
    report(1)
  })

  test('[A5] the tables of jobs are closed to the portal, and audit entries to change for both', async () => {
    await attack(async (client) => {
      const jobs = await refusalOf(client, 'select from graphile_worker._private_jobs')
      if (role === 'latchkey_app') expect(jobs.code).toBe('42501')
      await client.query(`set local latchkey.scope = 'system'`)
      await expectRefused(client, [
        'update audit_entries set action = action',
        'delete from audit_entries',
        'truncate audit_entries',
        'delete from audit_heads',
        ...['keys', 'terms', 'revocations', 'restorations', 'extensions', 'invitations', 'api_tokens'].map(
          (table) => `delete from ${table}`,
        ),
        'create table public.mine ()',
        'alter table keys no force row level security',
        'create or replace function current_scope() returns text language sql as $$ select $$',
      ])
    })
  })
})
