import { subscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createToken } from '@/lib/organizations/create-token'
import type { TokenScope } from '@/lib/organizations/rules'
import { tokenFor } from '@/lib/organizations/token'
import { byMember, productDatabase } from '@/sandbox/test/fixture'
import { type Answer, startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { yourKey } from './examples/example'
import { isUndocumented } from './openapi'
import { buildServer } from './server'

const database = await productDatabase()
const service = await startKeyService(database)
const silent = await startKeyService(database, {
  KEY_SERVICE_DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:9/none',
})
const fixture = await makeCustomer('acme')

/*
 * What OpenAPI 3.1 says of a document, as far as ours goes: a member that is none of these is a mistake, or belongs here.
 * https://spec.openapis.org/oas/v3.1.1.html
 */
const Examples = z.record(z.string(), z.strictObject({ summary: z.string(), value: z.unknown() }))
const Schema = z.record(z.string(), z.unknown())
const Content = z.record(
  z.string().regex(/^application\/(problem\+)?json$/),
  z.strictObject({ schema: Schema, examples: Examples }),
)
const Header = z.strictObject({ description: z.string(), schema: Schema })
const Operation = z.strictObject({
  operationId: z.string().regex(/^[a-z]\w+$/i),
  summary: z.string().min(5),
  description: z.string().min(5).optional(),
  tags: z.array(z.string()).length(1),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  parameters: z
    .array(
      z.strictObject({
        name: z.string(),
        in: z.enum(['path', 'query']),
        required: z.boolean(),
        description: z.string().optional(),
        schema: Schema,
        examples: Examples,
      }),
    )
    .optional(),
  requestBody: z.strictObject({ required: z.boolean().optional(), content: Content }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({
      description: z.string().min(5),
      headers: z.record(z.string(), Header).optional(),
      content: Content,
    }),
  ),
})
const Document = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string(), description: z.string() })),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
  components: z.strictObject({
    schemas: z.record(z.string(), Schema),
    securitySchemes: z.record(z.string(), z.record(z.string(), z.string())),
  }),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(['get', 'post', 'delete']), Operation)),
})
type Operation = z.infer<typeof Operation>

const text = await (await fetch(`${service.url}/api/openapi.json`)).text()
const document = Document.parse(JSON.parse(text))
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
)

/** What a schema of the document says, as something that validates. */
function validator(schema: Record<string, unknown>) {
  const whole = JSON.stringify({ ...schema, $defs: document.components.schemas })
  return z.fromJSONSchema(JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')))
}

test('the document is one of OpenAPI 3.1, whole in itself', () => {
  expect(operations.length).toBeGreaterThan(8)
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  const named = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name)
  expect(new Set(named)).toEqual(new Set(Object.keys(document.components.schemas)))
  for (const { path, operation } of operations) {
    const inPath = operation.parameters?.filter((one) => one.in === 'path').map(({ name }) => name) ?? []
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining(operation.tags))
    for (const name of (operation.security ?? []).flatMap((one) => Object.keys(one)))
      expect(Object.keys(document.components.securitySchemes)).toContain(name)
  }
})

test('it is kept by nobody, and tells nothing of the machine', async () => {
  const answer = await service.ask('GET', '/api/openapi.json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('content-type')).toContain('application/json')
  expect(text).not.toContain(process.cwd())
  expect(text).not.toMatch(/127\.0\.0\.1|localhost|postgres|node_modules|\.ts\b/)
})

test('the portal’s page shows this document (npm run reference)', () => {
  const file = path.join(import.meta.dirname, '../app/help/api/openapi.json')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(text))
})

test('every route of the server is in it, or on the short list', async () => {
  const routes: string[] = []
  const listen = (message: unknown) => {
    // what this channel of fastify's carries
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRoute', ({ method, url }) => {
      routes.push(...[method].flat().map((one) => `${one} ${url.replace(/:(\w+)/g, '{$1}')}`))
    })
  }
  subscribe('fastify.initialization', listen)
  const app = await buildServer(() => false)
  await app.ready()
  await app.close()
  const documented = operations.map(({ method, path }) => `${method} ${path}`)
  const isListed = (route: string) => isUndocumented(route.split(' ')[1] ?? '')
  // To each GET belongs a HEAD, of fastify's own.
  const unsaid = routes.filter((one) => !documented.includes(one) && !one.startsWith('HEAD '))
  expect(unsaid.filter((one) => !isListed(one))).toEqual([])
  expect(unsaid.length).toBeGreaterThan(0)
  expect(documented.filter((one) => !routes.includes(one))).toEqual([])
})

/** What an answer consists of: its members' names and kinds, and its code. */
function outline(value: unknown, name = ''): unknown {
  if (name === 'code' || name === 'status' || name === 'title') return value
  if (Array.isArray(value)) return value.slice(0, 1).map((one) => outline(one))
  if (value === null || typeof value !== 'object') return typeof value
  const members = Object.entries(value).map(([key, one]) => [key, outline(one, key)] as const)
  return Object.fromEntries(members.sort(([a], [b]) => a.localeCompare(b)))
}

async function authorization(...scopes: TokenScope[]) {
  const by = byMember(fixture, 'technical')
  await createToken(by, { name: 'Ansible', scopes, days: 30 })
  return { Authorization: `Bearer ${tokenFor(by)}` }
}

/** The token that an example is about. */
async function headersFor(operation: Operation, code: unknown): Promise<Record<string, string>> {
  const needs = operation.security?.some((one) => 'token' in one)
  if (!needs || code === 'no_token') return {}
  const scope = operation.operationId === 'listKeys' ? 'keys.read' : 'offline_files.create'
  const other = scope === 'keys.read' ? 'offline_files.create' : 'keys.read'
  return authorization(code === 'scope_missing' ? other : scope)
}

/** An example as it is sent: with its parameters in the address. */
function exampleOf(path: string, operation: Operation, name: string) {
  const given = (operation.parameters ?? []).map((one) => [one, one.examples[name]?.value] as const)
  const filled = given.reduce((at, [one, value]) => at.replace(`{${one.name}}`, String(value)), path)
  const asked = given.filter(([one, value]) => one.in === 'query' && value !== undefined)
  const query = new URLSearchParams(asked.map(([one, value]) => [one.name, String(value)]))
  const body = operation.requestBody?.content['application/json']?.examples[name]?.value
  return { address: `${filled}?${query}`, body: body && JSON.stringify(body) }
}

/** Puts a key that somebody has bought in the place of the one that stands for it. */
async function bought(body: unknown, code: unknown) {
  if (typeof body !== 'string' || !body.includes(yourKey)) return body
  const { key, url } = await sold(database, fixture)
  const other = { key, product: 'forms', installation_id: 'another' }
  if (code === 'bound_elsewhere') await service.ask('POST', '/api/v1/activations', other)
  return body.replace(yourKey, key).replace('https://glpi.example.com', url)
}

function expectAsDocumented(answer: Answer, status: string, operation: Operation, name: string) {
  const content = operation.responses[status]?.content ?? {}
  const [type, media] = Object.entries(content)[0] ?? []
  const example = media?.examples[name]?.value
  expect(answer.status).toBe(Number(status))
  expect(answer.headers.get('content-type')?.split(';')[0]).toBe(type)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(outline(answer.body)).toEqual(outline(example))
  const schema = validator(media?.schema ?? {})
  expect(schema.safeParse(answer.body).error).toBeUndefined()
  expect(schema.safeParse(example).error).toBeUndefined()
}

describe.each(operations)('$method $path', ({ method, path, operation }) => {
  const answers = Object.entries(operation.responses).flatMap(([status, { content }]) =>
    Object.values(content).flatMap(({ examples }) =>
      Object.entries(examples).map(([name, { value }]) => ({ status, name, value })),
    ),
  )
  // Those that every operation answers alike have tests of their own.
  const alike = ['too_many', 'unavailable', 'invalid_json', 'too_large', 'unsupported_media_type']
  const runnable = answers.filter(({ name }) => !alike.includes(name))

  test('has an example of each answer, and an answer to each example', () => {
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(Object.keys(operation.responses)))
    const asked = [
      ...(operation.parameters ?? []).map(({ examples }) => examples),
      operation.requestBody?.content['application/json']?.examples ?? {},
    ].flatMap((examples) => Object.keys(examples))
    expect(answers.map(({ name }) => name)).toEqual(expect.arrayContaining(asked))
    const bodies = operation.requestBody?.content['application/json']
    const schema = validator(bodies?.schema ?? {})
    for (const { status, name } of runnable) {
      const body = bodies?.examples[name]?.value
      if (Number(status) !== 400 && body) expect(schema.safeParse(body).error).toBeUndefined()
    }
  })

  test.each(runnable)('answers $status to the example $name', async ({ status, name, value }) => {
    const { code } = z.looseObject({ code: z.unknown().optional() }).parse(value)
    const { address, body } = exampleOf(path, operation, name)
    const headers = await headersFor(operation, code)
    const answer = await service.ask(method, address, await bought(body, code), headers)
    expectAsDocumented(answer, status, operation, name)
  })

  test('each code stands in the description of its status', () => {
    for (const { status, value } of answers) {
      const { code } = z.looseObject({ code: z.unknown().optional() }).parse(value)
      if (Number(status) >= 400) expect(operation.responses[status]?.description).toContain(`\`${code}\``)
    }
  })

  test.each(
    operation.requestBody
      ? ([
          ['400', 'invalid_json', '{"key":', {}],
          ['400', 'invalid_json', '', {}],
          ['400', 'invalid_json', '{"__proto__":{"x":1}}', {}],
          ['413', 'too_large', JSON.stringify('x'.repeat(17_000)), {}],
          ['415', 'unsupported_media_type', '<key/>', { 'Content-Type': 'application/xml' }],
        ] as const)
      : [],
  )('answers %s %s to the body %s', async (status, name, body, type) => {
    const { name: any = '' } = runnable.find((one) => one.status.startsWith('2')) ?? {}
    const { address } = exampleOf(path, operation, any)
    const headers = { ...(await headersFor(operation, null)), ...type }
    expectAsDocumented(await service.ask(method, address, body, headers), status, operation, name)
  })

  if (!('503' in operation.responses)) return
  test('answers 503 while there is no database', async () => {
    const { name = '' } = runnable.find(({ status }) => status.startsWith('2')) ?? {}
    const { address, body } = exampleOf(path, operation, name)
    const answer = await silent.ask(method, address, body, await headersFor(operation, null))
    expectAsDocumented(answer, '503', operation, 'unavailable')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

test('who asks too often is told when to ask again', async () => {
  const limited = operations.filter(({ operation }) => '429' in operation.responses)
  expect(limited.length).toBeGreaterThan(5)
  const found = limited.find(({ operation }) => operation.operationId === 'testKeys')
  if (!found) throw new Error('there is no operation testKeys')
  const ask = () => service.ask('GET', `${found.path}?product=forms`)
  let answers: Answer[] = []
  for (let round = 0; round < 20 && !answers.some(({ status }) => status === 429); round++)
    answers = await Promise.all(Array.from({ length: 100 }, ask))
  const refused = answers.find(({ status }) => status === 429)
  if (!refused) throw new Error('nothing was refused')
  expectAsDocumented(refused, '429', found.operation, 'too_many')
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
})
