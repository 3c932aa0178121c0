import { expect, test } from 'vitest'
import { onConnection, productDatabase, refusalOf } from '@/sandbox/test/fixture'

const database = await productDatabase()

/** What may be told otherwise of a row after it was written; nothing else of these, and of other tables what their checks allow. */
const changeable: Record<string, string[]> = {
  // It is moved, extended, renewed, replaced and seen. The last two are for the rotation of the key ring.
  keys: [
    ...[
      'instance_id',
      'starts_at',
      'expires_at',
      'renewed_at',
      'superseded_at',
      'first_seen_at',
      'replaced_at',
    ],
    ...['refunded_at', 'cipher', 'ring_version'],
  ],
  revocations: ['restored_at'],
  // It is published, and stops when the next one is.
  signing_keys: ['cipher', 'ring_version', 'signs_from', 'stops_at', 'last_expires_at', 'dropped_at'],
  key_sets: [],
  // It is used, and revoked: never lengthened, nor allowed more.
  api_tokens: ['revoked_at', 'revoked_by_id', 'last_used_at'],
  // It is withdrawn, and Stripe is told of it.
  prices: ['withdrawn_at', 'stripe_price_id'],
  billing_accounts: ['currency', 'customer_id', 'former_customer_ids'],
  // How it stands; never what is paid, or how much.
  checkouts: [
    ...[
      'attempt',
      'session_id',
      'session_url',
      'expires_at',
      'completed_at',
      'ended_at',
      'ended',
      'late_after',
    ],
    'invoice_id',
  ],
  checkout_lines: ['ended_at', 'term_id'],
  // Everybody was told.
  reminders: ['done_at'],
  sent_mails: [],
  // It ends; what it asks for stays.
  requests: ['closed_at'],
  request_answers: [],
  // It is confirmed, decided and begun, and who it was is forgotten; never which product it was, or when.
  trial_sign_ups: [
    ...[
      'email',
      'organization_name',
      'url',
      'network',
      'confirmed_at',
      'person_id',
      'outcome',
      'organization_id',
    ],
    ...['doubt', 'begun_at', 'key_id', 'request_id'],
  ],
  sealed_keys: [],
  handovers: [],
  stripe_reconciliations: [],
  // It is no longer so.
  payment_differences: ['gone_at'],
  restorations: [],
  extensions: [],
  // Its money goes back, or comes again.
  terms: ['refunded_at'],
  term_refunds: ['restored_at'],
  // How it stands at Stripe; never what was invoiced.
  invoices: [
    ...['status', 'amount_paid', 'credited', 'refunded', 'hosted_url', 'pdf_url', 'paid_at', 'due_at'],
    ...['payment_intent_id', 'reading'],
  ],
  invoice_lines: [],
  invoice_entries: ['status', 'amount', 'pdf_url', 'due_at'],
  payment_questions: ['closed_at', 'closed_by_id'],
  // How it stands at Stripe; never what is charged.
  automatic_renewals: [
    ...[
      'attempt',
      'session_id',
      'session_url',
      'stripe_subscription_id',
      'started_at',
      'charges_at',
      'failed_at',
    ],
    ...['ended_at', 'ended', 'ended_by_id', 'cancelled_at'],
  ],
  automatic_charges: ['failed_at'],
  audit_entries: [],
}

test.each(Object.entries(changeable))(
  'of %s there changes what has to, and nothing else',
  async (table, columns) => {
    for (const url of [database.appUrl, database.workerUrl])
      await onConnection(url, async (client) => {
        await client.query(`begin; set local latchkey.scope = 'system'`)
        const { rows } = await client.query<{ name: string }>(
          `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and attgenerated = ''
             and not attisdropped`,
          [table],
        )
        const changed: string[] = []
        for (const { name } of rows) {
          const { code } = await refusalOf(client, `update ${table} set ${name} = ${name}`)
          expect(code, name).toMatch(/^(done|42501)$/)
          if (code === 'done') changed.push(name)
        }
        expect(changed.sort()).toEqual(columns.sort())
      })
  },
)

test('what a GLPI was answered is told by nobody otherwise, and locked to be counted', async () => {
  for (const url of [database.appUrl, database.workerUrl])
    await onConnection(url, async (client) => {
      await client.query(`begin; set local latchkey.scope = 'system'`)
      for (const column of ['code', 'calls', 'at', 'installation_id'])
        expect((await refusalOf(client, `update checks set ${column} = ${column}`)).code, column).toBe(
          '42501',
        )
      expect((await refusalOf(client, 'select id from checks for update')).code).toBe('done')
    })
})

test('what Stripe tells is taken in by both, since the worker asks for what never came, and worked on by the worker alone', async () => {
  const columns = ['id', 'type', 'object_id', 'live', 'happened_at', 'received_at', 'missed']
  const worked = ['due_at', 'tries', 'done_at', 'outcome']
  const rights = (url: string) =>
    onConnection(url, async (client) => {
      await client.query('begin')
      const taken = await refusalOf(
        client,
        `insert into stripe_events (${columns}, due_at) values ('evt_1', 'x', 'cs_1', false, now(), now(), false, now())`,
      )
      const changed: string[] = []
      for (const column of [...columns, ...worked]) {
        const { code } = await refusalOf(client, `update stripe_events set ${column} = ${column}`)
        expect(code, column).toMatch(/^(done|42501)$/)
        if (code === 'done') changed.push(column)
      }
      return { taken: taken.code, changed }
    })
  expect(await rights(database.appUrl)).toEqual({ taken: 'done', changed: [] })
  expect(await rights(database.workerUrl)).toEqual({ taken: 'done', changed: worked })
})

test('the key service learns nothing of what is paid', async () => {
  const tables = ['prices', 'billing_accounts', 'checkouts', 'checkout_lines', 'stripe_events', 'reminders']
  tables.push('stripe_reconciliations', 'payment_differences')
  const read = await onConnection(database.keyServiceUrl, async (client) => {
    const found: string[] = []
    for (const table of tables) {
      const { rows } = await client.query(
        `select from pg_attribute where attrelid = $1::regclass and attnum > 0
           and has_column_privilege(attrelid, attnum, 'select, insert, update, references')`,
        [table],
      )
      if (rows.length > 0) found.push(table)
    }
    return found
  })
  expect(read).toEqual([])
})

test("the portal's role removes what ends by itself, members, assignments, parts of suites and what is sealed; the worker's only the first", async () => {
  const byItself = ['command_runs', 'email_changes', 'known_browsers', 'rate_limits', 'sessions', 'sign_ins']
  const rights = await onConnection(database.ownerUrl, (client) =>
    client.query(
      `select grantee as role, string_agg(table_name, ' ' order by table_name) as tables
       from information_schema.role_table_grants
       where table_schema = 'public' and privilege_type in ('DELETE', 'TRUNCATE') and grantee in ('latchkey_app', 'latchkey_worker')
       group by 1 order by 1`,
    ),
  )
  expect(rights.rows).toEqual([
    {
      role: 'latchkey_app',
      tables: [...byItself, 'assignments', 'memberships', 'sealed_keys', 'suite_products'].sort().join(' '),
    },
    { role: 'latchkey_worker', tables: [...byItself, 'checks', 'questions'].sort().join(' ') },
  ])
})
