import type { ClientBase } from 'pg'

/*
 * Who may do what in the database. Every statement can be repeated, so `npm run db:migrate` runs them each time.
 *
 *   latchkey_app       the portal: reads and writes rows of its scope, owns nothing
 *   latchkey_worker    the worker: the same, and graphile-worker's tables by membership in latchkey_jobs
 *   latchkey_key_service   what GLPI servers talk to: may call a few functions, and note activations in one organization
 *   latchkey_jobs      no login; owns graphile-worker's schema
 *   latchkey_enqueuer  no login; owns the function by which jobs get in there, so that the worker cannot change it. Of no
 *                      other use: the worker can change what that function calls, which then runs as this role
 *   latchkey_definer   no login; owns the other security-definer functions, reads through policies of its own
 */

export const appRole = 'latchkey_app'
export const workerRole = 'latchkey_worker'
export const keyServiceRole = 'latchkey_key_service'
export const noLoginRoles = ['latchkey_jobs', 'latchkey_enqueuer', 'latchkey_definer'] as const

/** What is retired, revoked or withdrawn in a row of its own, and never removed. */
const kept = [
  ...['organizations', 'invitations', 'people', 'products', 'releases'],
  ...['instances', 'instance_addresses', 'subscriptions', 'terms', 'audit_heads'],
  ...['keys', 'revocations', 'restorations', 'extensions', 'staff', 'signing_keys', 'key_sets'],
  ...['activations', 'question_counts', 'check_days', 'sightings', 'api_tokens', 'offline_files'],
  ...['prices', 'billing_accounts', 'checkouts', 'checkout_lines', 'stripe_events'],
  ...['reminders', 'sent_mails', 'handovers'],
  ...['stripe_reconciliations', 'payment_differences'],
  ...['invoices', 'invoice_lines', 'invoice_entries', 'payment_questions', 'term_refunds'],
  ...['automatic_renewals', 'automatic_charges', 'offline_file_closings'],
  ...['requests', 'request_answers', 'trial_sign_ups', 'trial_visits'],
].join(', ')

/**
 * What may change of a key after it was issued (only the rotation of the key ring seals it anew: a trigger), of a revocation,
 * of a token, and of what is paid: how a payment stands, never what for or how much.
 */
const changes = {
  keys: 'instance_id, starts_at, expires_at, renewed_at, superseded_at, first_seen_at, replaced_at, refunded_at, cipher, ring_version',
  revocations: 'restored_at',
  signing_keys: 'cipher, ring_version, signs_from, stops_at, last_expires_at, dropped_at',
  api_tokens: 'revoked_at, revoked_by_id, last_used_at',
  offline_files: 'gone_at',
  prices: 'withdrawn_at, stripe_price_id',
  billing_accounts: 'currency, customer_id, former_customer_ids',
  checkouts:
    'attempt, session_id, session_url, expires_at, completed_at, ended_at, ended, late_after, invoice_id',
  checkout_lines: 'ended_at, term_id',
  stripe_events: 'due_at, tries, done_at, outcome',
  reminders: 'done_at',
  payment_differences: 'gone_at',
  // What Stripe says of it now.
  invoices:
    'status, amount_paid, credited, refunded, hosted_url, pdf_url, paid_at, due_at, payment_intent_id, reading',
  invoice_entries: 'status, amount, pdf_url, due_at',
  payment_questions: 'closed_at, closed_by_id',
  automatic_renewals:
    'attempt, session_id, session_url, stripe_subscription_id, started_at, charges_at, failed_at, ended_at, ended, ended_by_id, cancelled_at',
  automatic_charges: 'failed_at',
  terms: 'refunded_at',
  term_refunds: 'restored_at',
  requests: 'closed_at',
  // It is confirmed, decided and begun, and who it was is forgotten.
  trial_sign_ups:
    'email, organization_name, url, network, confirmed_at, person_id, outcome, organization_id, doubt, begun_at, key_id, request_id',
  // Nothing (it gives itself its own value), so that it can be locked to be counted.
  checks: 'id',
}
const written = [
  ...['audit_entries', 'extensions', 'restorations', 'key_sets', 'invoice_lines', 'sent_mails'],
  ...['offline_file_closings', 'stripe_reconciliations', 'sealed_keys', 'handovers', 'request_answers'],
  ...Object.keys(changes),
].join(', ')

/** What the key service reads and writes beside its functions; no cipher text, no person, no reason that somebody wrote. */
const keyServiceRights = [
  'select on products, releases, suite_products, activations, audit_heads, instances, instance_addresses',
  `select (id, organization_id, short_id, product_id, kind, sold_kind, trial_ordinal, binding, instance_id, term_id,
     term_ends_at, issued_at, starts_at, expires_at, due_at, ends_at, follows_id, renewed_at, superseded_at, first_seen_at,
     replaced_at, refunded_at, last_four) on keys`,
  'select (id, organization_id, key_id, reason, revoked_at, restored_at) on revocations',
  'select on signing_keys, key_sets',
  'select (id, organization_id, activation_id, issued_at, gone_at) on offline_files',
  // A token that is revoked meanwhile gets nothing, and what it got says which one it was.
  `select (id, organization_id, name, last_four, scopes, created_at, expires_at, revoked_at, last_used_at) on api_tokens`,
  'insert on activations, offline_files, audit_entries, audit_heads',
  // That entries are numbered without a gap is asked as whoever adds one.
  'select (organization_id, sequence, hash) on audit_entries',
  'update (given_back_at, lease_ends_at) on activations',
  'update (last_used_at) on api_tokens',
  'update (installation_id) on instances',
  'update (first_seen_at, replaced_at) on keys',
  'update (sequence, hash) on audit_heads',
  'execute on function current_scope(), current_organization(), check_key(bytea, text, text), record_checks(jsonb)',
  'execute on function api_token_owner(bytea, timestamptz)',
  'execute on function refresh_activation(uuid, uuid, uuid, uuid, timestamptz, timestamptz, text)',
  'execute on function refresh_activation(uuid, uuid, uuid, uuid, timestamptz, timestamptz, text, boolean)',
  // Of what is sealed it learns what it asks for one by one, and notes that it did.
  'execute on function hand_over(uuid, uuid, boolean, timestamptz)',
  'execute on function entitled_products(uuid, text, timestamptz)',
  'execute on function key_is_followed(uuid, timestamptz)',
  'execute on function believed(timestamptz), is_believed(timestamptz)',
  'execute on function place_holds(uuid, uuid, text), place_left_until(uuid, uuid, text)',
]

const definerFunctions = [
  'session_context(text)',
  'search_instances(text, text[], integer)',
  'check_key(bytea, text, text)',
  'refresh_activation(uuid, uuid, uuid, uuid, timestamptz, timestamptz, text)',
  'refresh_activation(uuid, uuid, uuid, uuid, timestamptz, timestamptz, text, boolean)',
  'hand_over(uuid, uuid, boolean, timestamptz)',
  'record_checks(jsonb)',
  'api_token_owner(bytea, timestamptz)',
  'entitled_products(uuid, text, timestamptz)',
  'key_is_followed(uuid, timestamptz)',
  'known_elsewhere(uuid)',
]

/** What the definer functions read and write, by column. */
const definerRights = [
  'select (id, organization_id, label_folded, test_of_id, installation_id, environment, retired_at, glpi_version) on instances',
  'select (organization_id, instance_id, url, url_identity, ordinal, retired_at) on instance_addresses',
  'select on sessions, people, memberships, organizations, staff, activations, questions, question_counts, sightings',
  'select on sealed_keys, handovers',
  `select (id, organization_id, short_id, product_id, kind, binding, instance_id, issued_at, starts_at, expires_at, term_ends_at,
     renewed_at, superseded_at, first_seen_at, replaced_at, refunded_at, follows_id, fingerprint) on keys`,
  'select (organization_id, key_id, reason, revoked_at, restored_at) on revocations',
  'select (reference) on products',
  'select (id, organization_id, token_hash, scopes, expires_at, revoked_at, last_used_at) on api_tokens',
  'update (leases, lease_ends_at, refreshed_at, proved_at) on activations',
  'update (glpi_version) on instances',
  'insert on checks, sightings, questions, question_counts, handovers',
  'update on sightings, question_counts',
  'update (calls, listed, first_at, last_at, url, glpi_version, answer, answered_at, answered_by_id) on questions',
]

/** Creates the roles that are missing and sets the passwords that the addresses of the two processes name. */
export async function createRoles(
  owner: ClientBase,
  passwords: Record<'app' | 'worker' | 'keyService', string>,
) {
  for (const role of noLoginRoles) await createRole(owner, role, 'nologin')
  await createRole(owner, appRole, 'login')
  const logins = [
    [appRole, passwords.app],
    [workerRole, passwords.worker],
    [keyServiceRole, passwords.keyService],
  ] as const
  for (const [role, password] of logins) {
    await createRole(owner, role, 'login')
    await owner.query(`alter role ${role} with login password ${owner.escapeLiteral(password)}`)
  }
  // As the pool's own (db/client.ts), for whoever connects with its password and is in no hurry.
  for (const limit of [
    'statement_timeout = 10000',
    'lock_timeout = 5000',
    'idle_in_transaction_session_timeout = 15000',
  ])
    await owner.query(`alter role ${keyServiceRole} set ${limit}`)
  // From Postgres 16 on a role's creator may give it away, but not act as it, unless it grants itself that.
  for (const role of noLoginRoles) await owner.query(`grant ${role} to current_user`)
  await owner.query(`grant latchkey_jobs to ${workerRole}, latchkey_enqueuer`)
}

async function createRole(owner: ClientBase, role: string, login: 'login' | 'nologin') {
  const { rowCount } = await owner.query('select from pg_roles where rolname = $1', [role])
  if (rowCount === 0) await owner.query(`create role ${role} ${login}`)
}

/** Before the migrations: the places that other roles must own. */
export async function prepareSchemas(owner: ClientBase) {
  const { rows } = await owner.query('select current_database() as name')
  const database = owner.escapeIdentifier(rows[0].name)
  await owner.query(`revoke temporary, connect on database ${database} from public`)
  await owner.query(`grant connect on database ${database} to ${appRole}, ${workerRole}, ${keyServiceRole}`)
  await owner.query('create schema if not exists graphile_worker authorization latchkey_jobs')
  await owner.query('alter default privileges revoke execute on functions from public')
}

/** After the migrations: row security forced on each table that has it, and each role's rights, from nothing. */
export async function grantRights(owner: ClientBase) {
  await owner.query(
    'grant usage on schema public to latchkey_app, latchkey_worker, latchkey_key_service, latchkey_definer',
  )
  await owner.query('grant create on schema public to latchkey_definer, latchkey_enqueuer')
  for (const name of definerFunctions) await owner.query(`alter function ${name} owner to latchkey_definer`)
  await owner.query('alter function enqueue_job(text, json, text, timestamptz) owner to latchkey_enqueuer')
  await owner.query('revoke create on schema public from public, latchkey_definer, latchkey_enqueuer')
  await owner.query('revoke all on all functions in schema public from public')
  await owner.query(
    'grant execute on all functions in schema public to latchkey_app, latchkey_worker, latchkey_definer',
  )
  for (const right of definerRights) await owner.query(`grant ${right} to latchkey_definer`)

  const { rows } = await owner.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and relrowsecurity`,
  )
  for (const { name } of rows) await owner.query(`alter table ${name} force row level security`)

  // In one transaction, so that the version that still runs never lacks a right meanwhile.
  await owner.query('begin')
  for (const role of [appRole, workerRole]) {
    await owner.query(`grant select, insert, update, delete on all tables in schema public to ${role}`)
    await owner.query(`grant usage on sequence stripe_readings to ${role}`)
    // What happened stays, told as it was: nobody who serves requests can change or remove it.
    await owner.query(`revoke delete, truncate on audit_entries from ${role}`)
    await owner.query(`revoke update on ${written} from ${role}`)
    for (const [table, columns] of Object.entries(changes))
      await owner.query(`grant update (${columns}) on ${table} to ${role}`)
    // Nor remove what else belongs to somebody; what ends by itself (sessions, limits, runs) is cleared away.
    await owner.query(`revoke delete on ${kept} from ${role}`)
  }
  for (const right of keyServiceRights) await owner.query(`grant ${right} to ${keyServiceRole}`)
  // What a GLPI was answered is counted and then removed by a job.
  await owner.query(`revoke delete on checks from ${appRole}`)
  // So is who called with a key that twenty others claim, once the code of its refusal is over.
  await owner.query(`revoke delete on questions from ${appRole}`)
  // A membership ends by a member's hand, never by a job's; who was one stands in the audit trail. And a key leaks by nobody's
  // word but a person's, who has what is sealed under it removed.
  await owner.query(`revoke delete on memberships, sealed_keys from ${workerRole}`)
  // What a suite contains may change until it is sold; the catalog's command sees to that.
  await owner.query(`revoke delete on suite_products from ${workerRole}`)
  // What Stripe tells is worked on by the worker alone. It takes in as well as the portal does: each night it asks Stripe for
  // what has never come. Who has taken the worker over gains nothing by it: an event says which object to ask Stripe for.
  await owner.query(`revoke update on stripe_events from ${appRole}`)
  // Whom the vendor trusts, and with what, is no job's to change.
  await owner.query(`revoke insert, update, delete on staff, assignments from ${workerRole}`)
  await owner.query('commit')
}

/**
 * Takes from PUBLIC what makes and writes large objects: of rows and temporary tables a role that is taken over can only
 * have its own, but with these it fills the disk. The functions are Postgres' own, so only a superuser may; for anybody else
 * Postgres warns and goes on.
 * @returns whether it is so now
 */
export async function closeLargeObjects(owner: Pick<ClientBase, 'query'>): Promise<boolean> {
  const writing = `select p.oid::regprocedure::text as name from pg_proc p cross join aclexplode(coalesce(proacl, acldefault('f', proowner)))
    where p.pronamespace = 'pg_catalog'::regnamespace and grantee = 0
      and p.proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite')`
  const { rows } = await owner.query<{ name: string }>(writing)
  for (const { name } of rows) await owner.query(`revoke execute on function pg_catalog.${name} from public`)
  return (await owner.query(writing)).rows.length === 0
}
