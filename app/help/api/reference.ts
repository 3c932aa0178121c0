import { z } from 'zod'
import document from './openapi.json'

/*
 * What the page shows of the key service's reference, which `npm run reference` has written down.
 */

const Examples = z.record(z.string(), z.object({ summary: z.string(), value: z.unknown() }))
const Content = z.record(z.string(), z.object({ schema: z.unknown(), examples: Examples }))
const Schema = z.object({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  format: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
})
const Operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()),
  security: z.array(z.record(z.string(), z.unknown())).optional(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean(),
        description: z.string().optional(),
        schema: z.unknown(),
        examples: Examples,
      }),
    )
    .optional(),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: Content })),
})
type Operation = z.infer<typeof Operation>
const Reference = z.object({
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
})

const read = Reference.parse(document)

/** A field of a request or an answer, as a line of a table. */
export interface Field {
  name: string
  type: string
  required: boolean
  description: string | undefined
}

function schemaOf(value: unknown): z.infer<typeof Schema> {
  const schema = Schema.parse(value)
  const { $ref } = schema
  return $ref ? schemaOf(read.components.schemas[$ref.replace('#/components/schemas/', '')]) : schema
}

function typeOf(value: unknown): string {
  const { type, format, enum: values, items, anyOf } = schemaOf(value)
  if (values) return values.join(' | ')
  if (anyOf) return anyOf.map(typeOf).join(' | ')
  if (type === 'array') return `${typeOf(items)}[]`
  // Where it may also be null, there are several.
  return [type ?? []]
    .flat()
    .map((one) => (one === 'string' && format ? format : one))
    .join(' | ')
}

/** The members of an object, those of objects within it by their path. */
function fieldsOf(value: unknown, before = ''): Field[] {
  const { properties = {}, required = [], anyOf = [] } = schemaOf(value)
  const either = anyOf.flatMap((one) => fieldsOf(one, before))
  const own = Object.entries(properties).flatMap(([key, member]) => {
    const name = before + key
    const { description, type, items } = schemaOf(member)
    const inner = type === 'array' ? fieldsOf(items, `${name}[].`) : fieldsOf(member, `${name}.`)
    return [{ name, type: typeOf(member), required: required.includes(key), description }, ...inner]
  })
  return [...own, ...either]
}

/** An example as it is sent and answered: what stands in the address, the body, the answer. */
function examplesOf(path: string, { parameters = [], requestBody, responses }: Operation) {
  return Object.entries(responses).flatMap(([status, { content }]) =>
    Object.values(content).flatMap(({ examples }) =>
      Object.entries(examples).map(([name, { summary, value }]) => {
        const given = parameters.map((one) => [one, one.examples[name]?.value] as const)
        const address = given.reduce((at, [one, text]) => at.replace(`{${one.name}}`, String(text)), path)
        const query = given.flatMap(([one, text]) =>
          one.in === 'query' && text ? `${one.name}=${text}` : [],
        )
        const body = Object.values(requestBody?.content ?? {})[0]?.examples[name]?.value
        return {
          name,
          status,
          summary,
          address: address + (query.length > 0 ? `?${query.join('&')}` : ''),
          body: body === undefined ? null : json(body),
          answer: json(value),
        }
      }),
    ),
  )
}

/** What every operation answers alike is no example of one. */
const alike = ['too_many', 'unavailable', 'invalid_json', 'too_large', 'unsupported_media_type']

const json = (value: unknown) => JSON.stringify(value, null, 2)

const operations = Object.entries(read.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => {
    const { operationId: id, summary, description, tags, security, parameters = [], requestBody } = operation
    const [sent] = Object.values(requestBody?.content ?? {})
    const named: Field[] = parameters.map(({ name, required, description, schema }) => ({
      name,
      type: typeOf(schema),
      required,
      description,
    }))
    const [answer] = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
    const [answered] = Object.values(answer?.[1].content ?? {})
    const schemes = (security ?? []).flatMap((one) => Object.keys(one))
    return {
      id,
      method: method.toUpperCase(),
      path,
      summary,
      description,
      tag: tags[0] ?? '',
      needs: schemes.includes('token') ? 'token' : schemes.length > 0 ? 'key' : 'nothing',
      fields: [...named, ...(sent ? fieldsOf(sent.schema) : [])],
      answered: answered ? fieldsOf(answered.schema) : [],
      statuses: Object.entries(operation.responses).map(([status, said]) => ({ status, ...said })),
      examples: examplesOf(path, operation).filter(({ name }) => !alike.includes(name)),
    } as const
  }),
)

export type ShownOperation = (typeof operations)[number]

/** The reference, by its chapters. */
export const reference = {
  chapters: read.tags.map(({ name, description }) => ({
    name,
    description,
    operations: operations.filter(({ tag }) => tag === name),
  })),
}
