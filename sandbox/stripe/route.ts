import { z } from 'zod'
import type { FormFields } from './form'
import { readParams } from './params'
import type { World } from './world'

type Method = 'GET' | 'POST' | 'DELETE'
type Names<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | Names<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never
type Ids<Path extends string> = { [Name in Names<Path>]: string }

export interface Route {
  method: Method
  path: string
  /** @returns the call, whose parameters are as Stripe wants them; not yet made. */
  prepare(fields: FormFields, ids: Record<string, string>): (world: World) => object
}

/**
 * One thing that can be asked of Stripe.
 * @param path `:id` stands for a part, which `answer` gets as `ids.id`
 * @param shape the parameters that it knows; any other is refused
 */
export function route<Path extends string, Shape extends z.core.$ZodLooseShape>(
  method: Method,
  path: Path,
  shape: Shape,
  answer: (call: {
    world: World
    params: z.output<z.ZodObject<Shape, z.core.$strict>>
    ids: Ids<Path>
  }) => object,
): Route {
  const schema = z.strictObject(shape)
  return {
    method,
    path,
    prepare(fields, found) {
      const params = readParams(schema, fields)
      // The path's names are the ones that `matching` found in it.
      const ids = found as Ids<Path>
      return (world) => answer({ world, params, ids })
    },
  }
}

/** The route that a request asks for, with the parts of its path. */
export function matching(routes: Route[], method: string, path: string) {
  const parts = path.split('/')
  for (const candidate of routes) {
    if (candidate.method !== method) continue
    const ids = idsIn(candidate.path.split('/'), parts)
    if (ids) return { route: candidate, ids }
  }
  return undefined
}

function idsIn(pattern: string[], parts: string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined
  const ids: Record<string, string> = {}
  for (const [at, expected] of pattern.entries()) {
    const part = parts[at] ?? ''
    if (!expected.startsWith(':')) {
      if (expected !== part) return undefined
    } else if (part === '') return undefined
    else ids[expected.slice(1)] = decodeURIComponent(part)
  }
  return ids
}
