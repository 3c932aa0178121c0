import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { refusedCalls } from '@/lib/activations/calls'
import { createToken } from '@/lib/organizations/create-token'
import type { TokenScope } from '@/lib/organizations/rules'
import {
  byMember,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeOrganization,
  onConnection,
  productDatabase,
  refusalOf,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
let own: Fixture & Awaited<ReturnType<typeof fillOrganization>>

beforeAll(async () => {
  await makeCatalog()
  const organization = await makeOrganization('acme')
  own = { ...organization, ...(await fillOrganization(database, organization)) }
})

const tokenFor = async (...scopes: TokenScope[]) =>
  (await createToken(byMember(own, 'owner'), { name: 'Puppet', scopes, days: 30 })).tokenId

/** Postgres' own time, as in production: what a sandbox tells is believed (sandbox/database.ts). */
async function withoutSandbox<T>(work: () => Promise<T>): Promise<T> {
  const migration = readFileSync('db/migrations/0044_what_the_key_service_says.sql', 'utf8')
  const [believed = ''] = /^create function believed[^;]*;/m.exec(migration) ?? []
  await rowsOf(database, believed.replace('create', 'create or replace'))
  try {
    return await work()
  } finally {
    await rowsOf(
      database,
      'create or replace function believed(at timestamptz) returns timestamptz language sql stable return at',
    )
  }
}

/** As a process would be that somebody has taken over: it names the organization, and any scope that it likes. */
const asKeyService = async (statement: string) =>
  onConnection(database.keyServiceUrl, async (client) => {
    await client.query(
      `begin; set local latchkey.organization_id = '${own.organizationId}'; set local latchkey.scope = 'system'`,
    )
    return refusalOf(client, statement)
  })

test('[A5] the key service has these rights and no others', async () => {
  const rights = await rowsOf<{ right: string }>(
    database,
    `select privilege_type || ' ' || table_name as right from information_schema.role_table_grants
       where grantee = 'latchkey_key_service' and table_schema not in ('migrations')
     union all
     select privilege_type || ' ' || table_name || ': ' || string_agg(column_name, ' ' order by column_name)
       from information_schema.column_privileges c
       where grantee = 'latchkey_key_service' and table_schema not in ('migrations') and not exists (
         select from information_schema.role_table_grants t
         where t.grantee = c.grantee and t.table_name = c.table_name and t.privilege_type = c.privilege_type)
       group by privilege_type, table_name
     order by 1`,
  )
  expect(rights.map(({ right }) => right)).toEqual([
    'INSERT activations',
    'INSERT audit_entries',
    'INSERT audit_heads',
    'INSERT offline_files',
    'SELECT activations',
    'SELECT api_tokens: created_at expires_at id last_four last_used_at name organization_id revoked_at scopes',
    'SELECT audit_entries: hash organization_id sequence',
    'SELECT audit_heads',
    'SELECT instance_addresses',
    'SELECT instances',
    'SELECT key_sets',
    'SELECT keys: binding due_at ends_at expires_at first_seen_at follows_id id instance_id issued_at kind last_four organization_id ' +
      'product_id refunded_at renewed_at replaced_at short_id sold_kind starts_at superseded_at term_ends_at term_id trial_ordinal',
    'SELECT offline_files: activation_id gone_at id issued_at organization_id',
    'SELECT products',
    'SELECT releases',
    'SELECT revocations: id key_id organization_id reason restored_at revoked_at',
    'SELECT signing_keys',
    'SELECT suite_products',
    'UPDATE activations: given_back_at lease_ends_at',
    'UPDATE api_tokens: last_used_at',
    'UPDATE audit_heads: hash sequence',
    'UPDATE instances: installation_id',
    'UPDATE keys: first_seen_at replaced_at',
  ])
  console.log(`[A5] latchkey_key_service: ${rights.length} rights`)
})

test('[A5] the key service calls these functions and no others', async () => {
  const callable = await rowsOf<{ name: string }>(
    database,
    `select p.proname as name from pg_proc p
     where p.pronamespace = 'public'::regnamespace and has_function_privilege('latchkey_key_service', p.oid, 'execute')
       and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
     order by 1`,
  )
  expect(callable.map(({ name }) => name)).toEqual([
    'api_token_owner',
    'believed',
    'check_key',
    'current_organization',
    'current_scope',
    'entitled_products',
    'hand_over',
    'is_believed',
    'key_is_followed',
    'place_holds',
    'place_left_until',
    'record_checks',
    'refresh_activation',
    'refresh_activation',
  ])
  console.log(`[A5] latchkey_key_service: ${callable.length} functions`)
})

test('[A5] the key service reads no secret, no person and no money, whatever scope it sets', async () => {
  const statements = [
    ...['cipher', 'fingerprint', 'ring_version'].map((column) => `select ${column} from keys`),
    'select note from revocations',
    'select details from audit_entries',
    ...[
      'people',
      'memberships',
      'sessions',
      'organizations',
      'subscriptions',
      'terms',
      'questions',
      'checks',
    ].map((table) => `select from ${table}`),
    'select from session_context(null)',
    `select search_instances('%', '{}', 9)`,
    `select enqueue_job('mail', '{}', null, null)`,
  ]
  for (const statement of statements) expect((await asKeyService(statement)).code, statement).toBe('42501')
  console.log(`[A5] latchkey_key_service: ${statements.length} reads`)
})

test('[A5] the key service is in no scope that sees more than one organization', async () => {
  const other = await makeOrganization('globex')
  await fillOrganization(database, other)
  await onConnection(database.keyServiceUrl, async (client) => {
    for (const scope of ['system', 'staff']) {
      await client.query(`begin; set local latchkey.scope = '${scope}'`)
      for (const table of ['keys', 'instances', 'activations', 'audit_heads'])
        expect((await client.query(`select organization_id from ${table}`)).rowCount, table).toBe(0)
      await client.query(`set local latchkey.organization_id = '${other.organizationId}'`)
      const { rows } = await client.query('select distinct organization_id as id from keys')
      expect(rows).toEqual([{ id: other.organizationId }])
      await client.query('rollback')
    }
    console.log('[A5] latchkey_key_service: 2 scopes, 4 tables')
  })
})

test('the key service gives an instance the installation ID that it lacks, or another after who has left', async () => {
  await onConnection(database.keyServiceUrl, async (client) => {
    await client.query(`begin; set local latchkey.organization_id = '${own.organizationId}'`)
    const given = `update instances set installation_id = 'given' where installation_id is null`
    expect(await refusalOf(client, given)).toMatchObject({ code: 'done', rows: 1 })
    for (const changed of [`'stolen'`, 'null']) {
      const change = `update instances set installation_id = ${changed} where id = '${own.instanceId}'`
      expect((await refusalOf(client, change)).code).toBe('23514')
    }
    const next = `update instances set installation_id = 'next' where id = '${own.instanceId}'`
    expect((await refusalOf(client, next)).code).toBe('23514')
    await client.query(`update activations set given_back_at = now() where instance_id = '${own.instanceId}'`)
    expect(await refusalOf(client, next)).toMatchObject({ code: 'done', rows: 1 })
  })
})

test('the key service changes nothing of a key but that it was seen', async () => {
  for (const change of [
    'expires_at = null',
    'instance_id = null',
    `kind = 'permanent'`,
    'followed_at = now()',
  ])
    expect((await asKeyService(`update keys set ${change}`)).code, change).toMatch(/^42/)
  const revoke = `insert into revocations (id, organization_id, key_id, reason, revoked_at)
    values ('${randomUUID()}', '${own.organizationId}', '${own.keyId}', 'leaked', now())`
  for (const statement of [
    revoke,
    'delete from activations',
    'delete from keys',
    'update audit_entries set sequence = 1',
  ])
    expect((await asKeyService(statement)).code, statement).toBe('42501')
})

test('[A5] the key service writes of GLPIs and tokens, and in nobody’s name', async () => {
  const person = own.people.owner
  const entry = (actor: string, personId: string | null) => `insert into audit_entries
      (id, organization_id, sequence, at, actor, person_id, action, outcome, details, hash)
    select gen_random_uuid(), organization_id, sequence + 1, now(), '${actor}', ${personId ? `'${personId}'` : 'null'}, 'key.revoke',
      'done', '{}', '\\x00' from audit_heads where organization_id = '${own.organizationId}'`
  for (const [actor, personId] of [
    ['member', person],
    ['staff', person],
    ['system', null],
    ['stranger', null],
    ['glpi', person],
    ['token', person],
  ] as const)
    expect((await asKeyService(entry(actor, personId))).code, `${actor} ${personId}`).toBe('42501')
  for (const actor of ['glpi', 'token']) expect((await asKeyService(entry(actor, null))).code).toBe('done')
  const files = await tokenFor('offline_files.create')
  const file = (by: string) => `insert into offline_files
      (id, organization_id, activation_id, key_id, instance_id, installation_id, issued_at, works_until, ${by})
    select gen_random_uuid(), organization_id, id, key_id, instance_id, installation_id, now(), now() + interval '1 day',
      '${by === 'issued_by_id' ? person : files}' from activations where id = '${own.activationId}'`
  expect((await asKeyService(file('issued_by_id'))).code).toBe('42501')
  expect((await asKeyService(file('api_token_id'))).code).toBe('done')
  console.log('[A5] latchkey_key_service: 8 entries, 2 files')
})

test('[A5] the key service undoes no fact: what was seen, given back, held and recorded stays so', async () => {
  const refreshed = (ends: string) =>
    `select refresh_activation('${own.activationId}', '${own.renewedKeyId}', null, gen_random_uuid(), ${ends}, now())`
  expect((await asKeyService(refreshed(`now() + interval '400 days'`))).code).toBe('done')
  const given = `update activations set given_back_at = now() where id = '${own.activationId}'`
  expect((await asKeyService(given)).code).toBe('done')
  await rowsOf(database, `update keys set replaced_at = now() where id = $1`, [own.keyId])
  const undoing = [
    ['keys_stay_seen', `update keys set first_seen_at = null where first_seen_at is not null`],
    ['keys_stay_seen', `update keys set first_seen_at = issued_at where first_seen_at is not null`],
    ['keys_stay_seen', `update keys set first_seen_at = first_seen_at + interval '1 day'`],
    ['keys_stay_seen', `update keys set replaced_at = null where replaced_at is not null`],
    ['activations_stay', `update activations set lease_ends_at = '2999-01-01'`],
    ['activations_stay', `update activations set lease_ends_at = lease_ends_at - interval '1 minute'`],
    ['activations_stay', refreshed(`'2999-01-01'`)],
    ['audit_heads_forward', `update audit_heads set sequence = 0`],
    ['audit_heads_forward', `update audit_heads set sequence = sequence`],
    ['audit_heads_forward', `update audit_heads set sequence = sequence + 1`],
  ]
  for (const [because, undone] of undoing)
    expect(await asKeyService(undone ?? ''), undone).toMatchObject({ code: '23514', constraint: because })
  await rowsOf(database, given)
  for (const when of ['null', `given_back_at + interval '1 day'`]) {
    const undone = await asKeyService(`update activations set given_back_at = ${when}`)
    expect(undone, when).toMatchObject({ code: '23514', constraint: 'activations_stay' })
  }
  console.log(`[A5] latchkey_key_service: ${undoing.length + 2} facts`)
})

test('[A5] an entry beside the end of the audit trail is not committed, and stops nobody', async () => {
  const entry = `insert into audit_entries (id, organization_id, sequence, at, actor, action, outcome, details, hash)
    select gen_random_uuid(), organization_id, sequence + 1, now(), 'glpi', 'key.revoke', 'done', '{}', '\\x01' from audit_heads`
  const forged = [[entry], [entry, `update audit_heads set sequence = sequence + 1, hash = '\\x02'`]]
  for (const statements of forged)
    await onConnection(database.keyServiceUrl, async (client) => {
      await client.query(`begin; set local latchkey.organization_id = '${own.organizationId}'`)
      for (const statement of statements) await client.query(statement)
      await expect(client.query('commit')).rejects.toMatchObject({ constraint: 'audit_entries_end' })
    })
  await tokenFor('keys.read')
  const begun = `insert into audit_heads (organization_id, sequence, hash) values ('${own.organizationId}', 9, '\\x01')`
  expect(await asKeyService(begun)).toMatchObject({ constraint: expect.stringMatching('audit_heads') })
  console.log(`[A5] latchkey_key_service: ${forged.length + 1} ends of the trail`)
})

test('[A5] the key service adds no fact that cannot be, and none for ever', async () => {
  const insert = (table: string, row: Record<string, string>, from: string) =>
    `insert into ${table} (${Object.keys(row).join(', ')}) select ${Object.values(row).join(', ')} ${from}`
  const activation = (more: Record<string, string> = {}) =>
    insert(
      'activations',
      {
        ...{
          id: 'gen_random_uuid()',
          organization_id: 'organization_id',
          key_id: 'id',
          instance_id: 'instance_id',
        },
        ...{ installation_id: `'stolen'`, environment: `'test'`, exclusive: 'false', lease_ends_at: 'now()' },
        ...{ secret_hash: `sha256('')`, created_at: 'now()', refreshed_at: 'now()', ...more },
      },
      `from keys where id = '${own.keyId}'`,
    )
  const files = await tokenFor('offline_files.create')
  const revoked = await tokenFor('offline_files.create')
  const over = await tokenFor('offline_files.create')
  await rowsOf(database, `update api_tokens set revoked_at = now() where id = $1`, [revoked])
  await rowsOf(
    database,
    `update api_tokens set created_at = now() - interval '9 days', expires_at = now() - interval '1 day' where id = $1`,
    [over],
  )
  const file = (more: Record<string, string> = {}) =>
    insert(
      'offline_files',
      {
        ...{
          id: 'gen_random_uuid()',
          organization_id: 'organization_id',
          activation_id: 'id',
          key_id: 'key_id',
        },
        ...{ instance_id: 'instance_id', installation_id: 'installation_id', issued_at: 'now()' },
        ...{ works_until: `now() + interval '2 days'`, api_token_id: `'${files}'`, ...more },
      },
      `from activations where id = '${own.activationId}'`,
    )
  await rowsOf(database, 'update activations set given_back_at = null')
  const later = `timestamptz '2999-01-01'`
  const beyond = `timestamptz '2999-01-02'`
  const wrong = [
    activation({ lease_ends_at: later }),
    activation({ refreshed_at: `now() + interval '1 minute'` }),
    activation({ given_back_at: 'now()' }),
    activation({ leases: `'{"forms":[null,null]}'` }),
    activation({ created_at: later, refreshed_at: later, lease_ends_at: later }),
    `update keys set first_seen_at = ${later} where first_seen_at is null`,
    `update keys set replaced_at = ${later} where replaced_at is null`,
    `update api_tokens set last_used_at = null`,
    `update api_tokens set last_used_at = ${later}`,
    file({ installation_id: `'another'` }),
    file({ key_id: `'${own.permanentKeyId}'` }),
    file({ issued_at: later, works_until: beyond }),
    ...[own.tokenId, revoked, over].map((token) => file({ api_token_id: `'${token}'` })),
  ]
  await withoutSandbox(async () => {
    for (const right of [activation(), file(), `update api_tokens set last_used_at = now()`])
      expect((await asKeyService(right)).code, right).toBe('done')
    for (const statement of wrong) expect((await asKeyService(statement)).code, statement).toBe('23514')
  })
  const back = `update api_tokens set last_used_at = now() - interval '1 hour'`
  await rowsOf(database, 'update api_tokens set last_used_at = now()')
  expect((await asKeyService(back)).code).toBe('23514')
  console.log(`[A5] latchkey_key_service: ${wrong.length + 1} facts that cannot be`)
})

test('[A5] no column that the key service may change takes what cannot be taken back', async () => {
  await tokenFor('keys.read')
  await rowsOf(database, 'update activations set given_back_at = null')
  await rowsOf(database, 'update keys set first_seen_at = null, replaced_at = null')
  await rowsOf(database, 'update api_tokens set last_used_at = null')
  const moments: [column: string, table: string, where: string][] = [
    ['given_back_at', 'activations', 'given_back_at is null'],
    ['lease_ends_at', 'activations', 'true'],
    ['first_seen_at', 'keys', 'first_seen_at is null'],
    ['replaced_at', 'keys', 'replaced_at is null and renewed_at is not null'],
    ['last_used_at', 'api_tokens', 'last_used_at is null'],
  ]
  const ever = [`'infinity'`, `'2099-01-01'`, `now() + interval '500 days'`, `'-infinity'`]
  const changes = [
    ...moments.flatMap(([column, table, where]) =>
      ever.map((value) => `update ${table} set ${column} = ${value} where ${where}`),
    ),
    ...[`''`, `' '`].map(
      (value) => `update instances set installation_id = ${value} where installation_id is null`,
    ),
  ]
  await withoutSandbox(async () => {
    for (const change of changes) expect((await asKeyService(change)).code, change).toBe('23514')
    for (const [column, table, where] of moments) {
      const value = column === 'lease_ends_at' ? `lease_ends_at + interval '1 day'` : 'now()'
      const right = `update ${table} set ${column} = ${value} where ${where}`
      expect(await asKeyService(right), right).toMatchObject({
        code: 'done',
        rows: expect.toSatisfy((n) => n > 0),
      })
    }
  })
  console.log(`[A5] latchkey_key_service: ${changes.length} changes that could not be taken back`)
})

test('[A5] what the key service tells of calls is believed as far as it can be', async () => {
  const { organizationId: organization_id, keyId: key_id, instanceId: instance_id } = own
  const base = {
    organization_id,
    key_id,
    instance_id,
    installation_id: 'made-up',
    at: '2999-01-01T00:00:00Z',
  }
  const check = { ...base, asked: 'validate', code: 'expired', notes: [], calls: 2_147_483_647 }
  const question = { ...base, kind: 'installation', refusal_code: '7QF3XM', calls: 2_147_483_647 }
  const told = (batch: object) => asKeyService(`select record_checks('${JSON.stringify(batch)}')`)
  for (const made of [{ asked: 'made up' }, { code: 'made up' }])
    expect((await told({ checks: [{ ...check, ...made }] })).code).toBe('23514')
  const versions = { product_versions: { forms: '3.2.0', 'made-up': '1.0.0' } }
  const questions = [1, 2, 3].map(() => ({ ...question, id: randomUUID() }))
  const batch = { checks: Array(2_200).fill(check), sightings: [{ ...base, ...versions }], questions }
  await withoutSandbox(() =>
    onConnection(database.keyServiceUrl, async (client) => {
      await client.query('select record_checks($1)', [JSON.stringify(batch)])
      await client.query('select refresh_activation($1, $2, null, $3, now(), $4, $5)', [
        ...[own.activationId, own.renewedKeyId, randomUUID(), '2999-01-01', 'forms'],
      ])
      const { rows } = await client.query(
        'select refresh_activation($1, $2, null, $3, now(), now(), $4) as known',
        [...[own.activationId, own.renewedKeyId, randomUUID(), 'x'.repeat(10_000_000)]],
      )
      expect(rows).toEqual([{ known: null }])
    }),
  )
  const ahead = (column: string) => `${column} between now() and now() + interval '6 minutes'`
  const [row] = await rowsOf(
    database,
    `select ${ahead('c.at')} as at, ${ahead('s.last_at')} as last_at, ${ahead('a.refreshed_at')} as refreshed_at,
       s.product_versions as versions
     from checks c join sightings s using (key_id, installation_id) join activations a on a.id = $1
     where s.installation_id = 'made-up' limit 1`,
    [own.activationId],
  )
  expect(row).toEqual({ at: true, last_at: true, refreshed_at: true, versions: { forms: '3.2.0' } })
  const refused = await asOrganization(organization_id, (tx) =>
    refusedCalls(tx, organization_id, instance_id, new Date()),
  )
  expect(refused.get(key_id)).toBeGreaterThanOrEqual(2_200_000_000)
  console.log('[A5] latchkey_key_service: 5 batches of what cannot be')
})

test('the key service starts with limits to what it waits for', async () => {
  await onConnection(database.keyServiceUrl, async (client) => {
    for (const [name, value] of [
      ['statement_timeout', '10s'],
      ['lock_timeout', '5s'],
      ['idle_in_transaction_session_timeout', '15s'],
    ])
      expect((await client.query(`show ${name}`)).rows[0], name).toEqual({ [name ?? '']: value })
  })
})
