import type { ClientBase } from 'pg'

/**
 * Refuses a role that could go around row security, so that a wrong address stops the start and not, one day, the
 * second lock. What a role could become counts too, since `set role` is one statement.
 * @param client a connection as the process will use it.
 * @throws Error that says what is wrong with the role and how to set it right.
 */
export async function checkRole(client: Pick<ClientBase, 'query'>) {
  const { rows } = await client.query<{ role: string; as: string; because: string }>(
    `select current_user as role, r.rolname as as, reason.because
     from pg_roles r, lateral (values
       (1, r.rolsuper, 'is a superuser'),
       (2, r.rolbypassrls, 'bypasses row security'),
       (6, r.rolcreaterole, 'may create roles'),
       (3, exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace), 'owns a table'),
       (4, exists (select from pg_database d where d.datname = current_database() and d.datdba = r.oid), 'owns the database'),
       (5, exists (select from pg_namespace n where n.nspname = 'public' and n.nspowner = r.oid), 'owns the schema')
     ) reason(weight, holds, because)
     where pg_has_role(current_user, r.oid, 'member') and reason.holds
     order by r.rolname <> current_user, reason.weight, r.rolname`,
  )
  const [first] = rows
  if (!first) return
  const by = first.as === first.role ? first.because : `is a member of ${first.as}, which ${first.because}`
  throw new Error(
    `The database role ${first.role} ${by}: row-level security would not hold it. ` +
      'Use latchkey_app for DATABASE_URL and latchkey_worker for WORKER_DATABASE_URL, as `npm run db:migrate` makes them.',
  )
}
