import pg from 'pg'
import type { Call } from '@/bench/call-load'
import type { Bench } from '@/bench/product'
import { open } from '@/lib/keys/vault'
import { freePort } from '@/sandbox/ports'
import { startProduct } from '@/scripts/product'

/** How many keys are put to use. */
const wanted = 1_000
const json = { 'Content-Type': 'application/json' }

export interface UsedKey {
  id: string
  key: string
  product: string
  installation: string
  activation: string
}

/** A key service, and the keys that it is asked for. */
export interface Asked {
  url: string
  used: UsedKey[]
}

/** What is asked of the key service, and what a right answer holds. */
export interface Route {
  name: string
  calls: Call[]
  expected: string
}

/** The key service on a database of the bench; ready when this returns. */
export async function startService(
  { postgres, env }: Bench,
  database: string,
  print: (line: string) => void,
) {
  const keyServicePort = await freePort()
  const [service] = startProduct({
    parts: ['key-service'],
    host: '127.0.0.1',
    port: 0,
    keyServicePort,
    env: {
      ...process.env,
      ...env,
      KEY_SERVICE_DATABASE_URL: postgres.url(database, 'latchkey_key_service'),
      LOG_LEVEL: 'warn',
    },
    print,
  })
  if (!service) throw new Error('there is no part "key-service"')
  await service.ready
  return { url: `http://127.0.0.1:${keyServicePort}`, stop: () => service.stop() }
}

export function routesOf(used: UsedKey[]): Route[] {
  const post = (path: string, body: object): Call => ({
    method: 'POST',
    path,
    headers: json,
    body: JSON.stringify(body),
  })
  return [
    {
      name: 'validate',
      expected: '"code":"ok"',
      calls: used.map(({ key, installation }) =>
        post('/api/v1/keys/validate', { key, installation_id: installation }),
      ),
    },
    {
      name: 'refresh',
      expected: '"lease"',
      calls: used.map(({ key, product, installation, activation }) =>
        post(`/api/v1/activations/${activation}/refresh`, { key, product, installation_id: installation }),
      ),
    },
    {
      name: 'registration/info',
      expected: '"is_valid":true',
      calls: used.map(({ key, installation }) => ({
        method: 'GET',
        path: '/api/registration/info',
        headers: {
          'X-Registration-Key': key,
          'X-Glpi-Network-Uid': installation,
          'User-Agent': 'GLPI/11.0.2 (installation-mode:TARBALL)',
        },
      })),
    },
  ]
}

/** Puts some of the seed's keys to use, spread over all organizations. */
export async function activateSome({ postgres }: Bench, url: string): Promise<UsedKey[]> {
  const owner = new pg.Client({ connectionString: postgres.ownerUrl })
  await owner.connect()
  try {
    await owner.query(`set latchkey.scope = 'system'`)
    const { rows } = await owner.query<{ id: string; cipher: Buffer; ringVersion: number; product: string }>(
      `select k.id, k.cipher, k.ring_version as "ringVersion", p.reference as product
       from keys k join products p on p.id = k.product_id
       where k.instance_id is not null and k.starts_at <= now() and k.ends_at > now() + interval '2 days'
         and p.kind = 'plugin' and not exists (select from revocations r where r.key_id = k.id and r.restored_at is null)
       order by k.fingerprint limit $1`,
      [wanted * 2],
    )
    const used: UsedKey[] = []
    for (const { id, product, ...sealed } of rows) {
      if (used.length === wanted) break
      const [key, installation] = [open(sealed, id), `bench-${id}`]
      const body = JSON.stringify({ key, product, installation_id: installation })
      const answer = await fetch(`${url}/api/v1/activations`, { method: 'POST', headers: json, body })
      const { activation } = (await answer.json()) as { activation?: { id: string } }
      if (activation) used.push({ id, key, product, installation, activation: activation.id })
    }
    if (used.length < wanted) throw new Error(`Only ${used.length} keys of the seed could be activated.`)
    return used
  } finally {
    await owner.end()
  }
}
