import { z } from 'zod'
import { type Failure, invalid } from './failure'
import type { FormFields } from './form'

export const text = z.string().max(5000)
export const integer = z
  .string()
  .regex(/^-?\d{1,15}$/, 'integer')
  .transform(Number)
export const natural = integer.refine((number) => number >= 0, 'natural')
export const bool = z.enum(['true', 'false']).transform((word) => word === 'true')
export const currency = z
  .string()
  .regex(/^[A-Za-z]{3}$/, 'currency')
  .transform((code) => code.toLowerCase())

/** An empty value unsets, as null in the SDK's parameters does. */
export const clearable = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? null : value), schema.nullable())

export const metadata = z.preprocess(
  (value) => (value === '' ? null : value),
  z.record(z.string().max(40), z.string().max(500)).nullable(),
)

export const address = z.strictObject({
  city: text.optional(),
  country: text.optional(),
  line1: text.optional(),
  line2: text.optional(),
  postal_code: text.optional(),
  state: text.optional(),
})

/** A moment or a span of moments, as lists are filtered. */
export const span = z.union([
  integer.transform((moment) => ({ gte: moment, lte: moment })),
  z.strictObject({
    gt: integer.optional(),
    gte: integer.optional(),
    lt: integer.optional(),
    lte: integer.optional(),
  }),
])

export const pages = {
  limit: integer.refine((number) => number >= 1 && number <= 100, 'limit').optional(),
  starting_after: text.optional(),
  ending_before: text.optional(),
}

/** Names the SDK's parameters that a shape takes a part of: one that the SDK does not have does not compile. */
export const accepts =
  <Documented>() =>
  <Shape extends { [Name in keyof Documented]?: z.ZodType }>(
    shape: Shape & Record<Exclude<keyof Shape, keyof Documented>, never>,
  ): Shape =>
    shape

/** @throws {Failure} as Stripe refuses parameters: unknown, missing, or of another form. */
export function readParams<S extends z.ZodType>(schema: S, fields: FormFields): z.output<S> {
  const read = schema.safeParse(fields)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw issue ? refusalOf(issue, fields) : invalid('Invalid parameters')
}

const nameOf = (path: PropertyKey[]) =>
  path.map((part, at) => (at === 0 ? String(part) : `[${String(part)}]`)).join('')

function refusalOf(issue: z.core.$ZodIssue, fields: FormFields): Failure {
  if (issue.code === 'unrecognized_keys') {
    const name = nameOf([...issue.path, issue.keys[0] ?? ''])
    return invalid(`Received unknown parameter: ${name}`, name, 'parameter_unknown')
  }
  const name = nameOf(issue.path)
  const value = valueAt(issue.path, fields)
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.at(-1)?.[0]
    if (inner && value !== undefined)
      return refusalOf({ ...inner, path: [...issue.path, ...inner.path] }, fields)
  }
  if (value === undefined) return invalid(`Missing required param: ${name}.`, name, 'parameter_missing')
  if (issue.message === 'integer') {
    return invalid(`Invalid integer: ${String(value)}`, name, 'parameter_invalid_integer')
  }
  if (value === '') {
    return invalid(
      `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; however '${name}' cannot be unset.`,
      name,
      'parameter_invalid_empty',
    )
  }
  if (issue.code === 'invalid_value') {
    return invalid(`Invalid ${name}: must be one of ${issue.values.map(String).join(', ')}`, name)
  }
  return invalid(`Invalid ${name}: ${issue.message}`, name)
}

function valueAt(path: PropertyKey[], fields: unknown): unknown {
  let value = fields
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, part)
  }
  return value
}

/** Metadata after a change: an empty value takes a name away, null all of them. */
export function changedMetadata(
  before: Record<string, string>,
  change: Record<string, string> | null | undefined,
): Record<string, string> {
  if (change === null) return {}
  const after = { ...before, ...change }
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== ''))
}

type Given<T> = { [Name in keyof T]: Exclude<T[Name], undefined> }

/** Without what was not said, so that it changes nothing where it is spread. */
export function given<T extends object>(params: T): Partial<Given<T>> {
  const said: Partial<Given<T>> = {}
  for (const name in params) {
    const value = params[name]
    // `undefined` is what was just excluded.
    if (value !== undefined) said[name] = value as Given<T>[typeof name]
  }
  return said
}
