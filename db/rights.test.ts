import { expect, test } from 'vitest'
import { onConnection, productDatabase } from '@/sandbox/test/fixture'

const database = await productDatabase()

test("the portal's role removes what ends by itself, members, assignments and parts of suites; the worker's only the first", async () => {
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
      tables: [...byItself, 'assignments', 'memberships', 'suite_products'].sort().join(' '),
    },
    { role: 'latchkey_worker', tables: byItself.join(' ') },
  ])
})
