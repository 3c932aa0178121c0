import { createHash } from 'node:crypto'
import { cookies } from 'next/headers'
import { notFound } from 'next/navigation'
import { Pool } from 'pg'

/*
 * The least that Next and Postgres can do for the keys page, to compare it with: the same check of the session, the
 * same fifty rows under the same row security, as a plain table.
 */

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 })

const first50 = `
  with page as materialized (
    select k.* from keys k
    where k.organization_id = $1 and k.ends_at > $2
      and not exists (select from revocations r where r.organization_id = k.organization_id and r.key_id = k.id and r.restored_at is null)
    order by k.ends_at, k.id limit 50
  )
  select page.id, page.short_id, p.name as product, i.label as instance, a.url, page.last_four, page.kind, page.expires_at
  from page join products p on p.id = page.product_id
    left join instances i on i.organization_id = page.organization_id and i.id = page.instance_id
    left join instance_addresses a on a.organization_id = page.organization_id and a.instance_id = page.instance_id
      and a.ordinal = 0 and a.retired_at is not distinct from i.retired_at
  order by page.ends_at, page.id`

interface Row {
  id: string
  short_id: string
  product: string
  instance: string | null
  url: string | null
  last_four: string
  kind: string
  expires_at: Date | null
}

export default async function BareKeysPage({ params }: { params: Promise<{ org: string }> }) {
  const { org } = await params
  const rows = await keysOf(org)
  return (
    <table>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>{row.product}</td>
            <td>{row.short_id}</td>
            <td>{row.instance}</td>
            <td>{row.url}</td>
            <td>{row.kind}</td>
            <td>{row.expires_at?.toISOString()}</td>
            <td>{row.last_four}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

async function keysOf(slug: string): Promise<Row[]> {
  const token = (await cookies()).get('session')?.value ?? ''
  const hash = createHash('sha256').update(token).digest('base64url')
  const session = await pool.query({
    name: 'session_context',
    text: 'select * from session_context($1)',
    values: [hash],
  })
  const memberships: { slug: string; organizationId: string }[] = session.rows[0]?.memberships ?? []
  const organizationId = memberships.find((membership) => membership.slug === slug)?.organizationId
  if (!organizationId) notFound()
  const client = await pool.connect()
  try {
    await client.query(`begin; set local latchkey.organization_id = '${organizationId}'`)
    const values = [organizationId, new Date()]
    const { rows } = await client.query<Row>({ name: 'first50', text: first50, values })
    await client.query('commit')
    return rows
  } finally {
    client.release()
  }
}
