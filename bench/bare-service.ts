/*
 * What the key service is compared with: a bare node:http server that sends Postgres the same statements, signs as much
 * and answers, and checks nothing.
 */
import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env.KEY_SERVICE_DATABASE_URL ?? '', max: 10 })
const secret = Buffer.from(process.env.KEY_FINGERPRINT_SECRET ?? '', 'base64')
const { privateKey } = generateKeyPairSync('ed25519')
const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'lease+jwt', kid: 'bare' })).toString(
  'base64url',
)

const statement = { name: 'check_key', text: 'select * from check_key($1, $2, $3)' }
const second = {
  name: 'refresh_activation',
  text: 'select refresh_activation($1, $2, $3, $4, $5, $6, $7) as copied',
}

async function bodyOf(request: IncomingMessage) {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}')
}

const signed = (claims: unknown) => {
  const text = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
}

const server = createServer(async (request, response) => {
  const body = request.method === 'POST' ? await bodyOf(request) : {}
  const key = body.key ?? request.headers['x-registration-key']
  const caller = body.installation_id ?? request.headers['x-glpi-network-uid'] ?? null
  const print = createHmac('sha256', secret).update(key).digest()
  const [row] = (await pool.query({ ...statement, values: [print, caller, null] })).rows
  const at = new Date()
  let answer: object = {
    is_valid: true,
    owner: { name: row.organization },
    subscription: { end_date: row.expires_at },
  }
  if (request.url?.endsWith('/refresh')) {
    const ends = new Date(at.getTime() + 604_800_000)
    const values = [row.activation.id, row.key_id, null, randomUUID(), ends, at, body.product]
    await pool.query({ ...second, values })
    answer = { activation: { id: row.activation.id }, lease: signed({ ...row, jti: randomUUID(), iat: at }) }
  } else if (request.method === 'POST')
    answer = { valid: true, code: 'ok', signed: signed({ valid: true, iat: at }) }
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer))
})
server.listen(Number(process.env.PORT), '127.0.0.1')
