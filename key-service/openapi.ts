import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { takeAddressTurn } from '@/lib/activations/limits'
import type { Example } from './examples/example'
import { bodyErrors, errors, examples } from './examples/examples'

/*
 * The reference of the API, made from the schemas that parse the requests. What is shown in it as an example is run by a
 * test against the service.
 */

/** Which routes are not in it, by how they begin, and why. */
const undocumented = {
  '/api/openapi.json': 'is the reference itself',
  '/api/v1/test/': 'is the same again, for builds for tests',
  '/api/registration/': 'is what GLPI asks by itself',
  '/api/marketplace/': 'is what GLPI asks by itself',
  '/api/glpi-plugins/': 'is what GLPI asks by itself',
  '/api/ping': 'is what GLPI asks by itself',
}

export const isUndocumented = (url: string) =>
  // What GLPI before 11 asks, where the key service is a host of its own.
  url === '/' || Object.keys(undocumented).some((beginning) => url.startsWith(beginning))

const info = {
  title: 'Key service',
  version: '1',
  description:
    'What GLPI plugins, and programs of an organization, ask. Authentication of a GLPI is its registration key, in the body or in the header X-Registration-Key, never in an address. Errors are problem details (RFC 9457): programs decide by `code`, people read `detail`. Beside those of each operation there are `timeout` (408: a request that does not come to its end), `expectation_failed` (417: another `Expect` than `100-continue`), `unexpected` (500: a fault of ours, with a `reference` for the support) and, of downloads, `unknown_release` (404). Bodies are JSON of at most 16 kB; fields that are not known are ignored, on both sides. Answers may be kept by nobody. Where a statement is signed, believe that, and not what stands beside it.',
}

const tags = [
  { name: 'Activations', description: 'What a plugin asks with its key.' },
  { name: 'Test keys', description: 'For those who write plugins.' },
  { name: 'Programs', description: 'What an organization’s own programs ask, with an API token.' },
  { name: 'Service', description: 'What everybody may ask.' },
]

const securitySchemes = {
  registrationKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Registration-Key',
    description: 'The registration key, where it is not in the body.',
  },
  token: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token, which owners and technical members make in the organization’s settings.',
  },
} as const

/** Documents every route that is registered after this. */
export async function documentRoutes(app: FastifyInstance) {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info,
      servers: [{ url: '/', description: 'The portal’s host' }],
      tags,
      components: { securitySchemes },
    },
    transform: (route) => {
      if (isUndocumented(route.url)) return { schema: { hide: true }, url: route.url }
      if (!route.schema?.operationId) throw new Error(`${route.url} says nothing for the reference`)
      return jsonSchemaTransform(route)
    },
    transformObject: jsonSchemaTransformObject,
  })
  let text: string | undefined
  app.get('/api/openapi.json', async (request, reply) => {
    await takeAddressTurn(request.ip)
    text ??= JSON.stringify(referenceOf(app))
    return reply.type('application/json').send(text)
  })
}

const Content = z.record(z.string(), z.looseObject({}))
const Response = z.looseObject({ description: z.string(), content: Content.optional() })
const Operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(z.looseObject({ name: z.string() })).optional(),
  requestBody: z.looseObject({ content: Content }).optional(),
  responses: z.record(z.string(), Response),
})
type Operation = z.infer<typeof Operation>
const Made = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
})

/** The document, with examples and errors, once the routes are registered. */
export function referenceOf(app: FastifyInstance) {
  const { paths, components, ...made } = Made.parse(app.swagger())
  const shown = mapValues(paths, (methods) => mapValues(methods, explained))
  // A newer portal may answer with more.
  const open = (key: string, value: unknown) =>
    key === 'additionalProperties' && value === false ? undefined : value
  const schemas = usedOf(components.schemas, JSON.stringify(shown))
  return JSON.parse(JSON.stringify({ ...made, paths: shown, components: { ...components, schemas } }), open)
}

/** Every schema that has a name is made both as what is sent and as what is answered; and what names it may name others. */
function usedOf(schemas: Record<string, unknown>, text: string): Record<string, unknown> {
  const used = Object.entries(schemas).filter(([name]) => text.includes(`"#/components/schemas/${name}"`))
  const others = Object.entries(schemas).filter((one) => !used.some(([name]) => name === one[0]))
  if (used.length === 0) return {}
  return { ...Object.fromEntries(used), ...usedOf(Object.fromEntries(others), JSON.stringify(used)) }
}

/** Each names the codes that it may have. */
const descriptions: Record<string, string> = {
  200: 'The answer.',
  201: 'It was made by this call.',
  400: 'Something is missing or malformed: `invalid_input`, and `fields` says of each such field that it is `required`, or of a `wrong_type`, `too_long`, an `unknown_value`, `not_found` or otherwise `malformed`. Or the key is no key: `malformed`. Or the body is no JSON: `invalid_json`. Or the request is none: `bad_request`.',
  401: 'No API token, or none that is good: `no_token`.',
  403: 'The key is refused, and `signed` says so: `wrong_product`, `wrong_kind`, `not_started`, `expired`, `revoked`. Or, not signed, the token lacks the scope (`scope_missing`), or an activation is given back without its secret (`secret_needed`).',
  404: 'Nobody was given this key here: `unknown`. Or there is no such thing: `unknown_activation`, `unknown_product`, `not_found`.',
  409: 'The key belongs to another installation: `bound_elsewhere`.',
  413: 'The body has more than 16 kB: `too_large`.',
  415: 'The body is said to be something else than JSON: `unsupported_media_type`.',
  429: 'Asked too often: `too_many`.',
  503: 'The service cannot answer: `unavailable`. It says nothing about the key.',
}
const retryAfter = { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } }

/** An operation with its examples: a request and its answer have the same name. */
function explained({ requestBody, parameters, responses, ...operation }: Operation) {
  const own = examples[operation.operationId] ?? []
  const alike = requestBody ? [...errors, ...bodyErrors] : errors
  const sent = own.flatMap((one) => ('body' in one ? [[one.name, shown(one, one.body)] as const] : []))
  const named = (parameter: string) =>
    own.flatMap((one) => {
      const value = one.parameters?.[parameter]
      return value === undefined ? [] : [[one.name, shown(one, value)] as const]
    })
  return {
    ...operation,
    ...(parameters && {
      parameters: parameters.map((one) => ({ ...one, examples: Object.fromEntries(named(one.name)) })),
    }),
    ...(requestBody && { requestBody: withExamples(requestBody, Object.fromEntries(sent)) }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        answered(status, response, [...own, ...alike]),
      ]),
    ),
  }
}

function answered(status: string, response: z.infer<typeof Response>, all: readonly Example[]) {
  const answers = all.filter((one) => String(one.status) === status)
  const given = Object.fromEntries(answers.map((one) => [one.name, shown(one, one.answer)]))
  const { content = {} } = withExamples(response, given)
  const { 'application/json': json } = content
  return {
    description: descriptions[status] ?? response.description,
    ...(status === '429' || status === '503' ? { headers: retryAfter } : {}),
    content: Number(status) < 400 ? content : { 'application/problem+json': json },
  }
}

const shown = ({ summary }: Example, value: unknown) => ({ summary, value })

const withExamples = <Of extends { content?: z.infer<typeof Content> | undefined }>(
  of: Of,
  given: Record<string, unknown>,
) => ({ ...of, content: mapValues(of.content ?? {}, (media) => ({ ...media, examples: given })) })

const mapValues = <Value, Made>(values: Record<string, Value>, make: (value: Value) => Made) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, make(value)]))
