import { invalid } from './failure'
import type { World } from './world'

/** What an object holds only when it is asked for, by the object's name and the field's. */
export type Included = Record<string, Record<string, (world: World, id: string) => unknown>>

/** Finds a whole object by its ID. */
export type Whole = (world: World, id: string) => object | undefined

const deepest = 4

/**
 * The answer with what `expand` asks for in place of the IDs.
 * @throws {import('./failure').Failure} when a property cannot be expanded, as Stripe refuses it.
 */
export function expanded(
  world: World,
  answer: object,
  paths: string[],
  find: { whole: Whole; included: Included },
): object {
  let result = answer
  for (const path of paths) {
    const parts = path.split('.')
    if (parts.length > deepest + 1) {
      throw invalid(`You cannot expand more than ${deepest} levels of a property (${path}).`, 'expand')
    }
    const next = step(result, parts)
    if (typeof next === 'object' && next !== null) result = next
  }
  return result

  function step(value: unknown, parts: string[]): unknown {
    const [name, ...rest] = parts
    if (name === undefined || value === null) return value
    if (Array.isArray(value)) return value.map((element) => step(element, parts))
    if (typeof value !== 'object') throw refused(parts)
    const inner = innerOf(value, name, parts)
    return { ...value, [name]: step(inner, rest) }
  }

  function innerOf(object: object, name: string, parts: string[]): unknown {
    const include = find.included[String(Reflect.get(object, 'object'))]?.[name]
    if (include) return include(world, String(Reflect.get(object, 'id')))
    if (!(name in object)) throw refused(parts)
    const value: unknown = Reflect.get(object, name)
    return Array.isArray(value) ? value.map((one) => whole(one, parts)) : whole(value, parts)
  }

  function whole(value: unknown, parts: string[]): unknown {
    if (typeof value === 'object') return value
    const object = typeof value === 'string' ? find.whole(world, value) : undefined
    if (!object) throw refused(parts)
    return object
  }
}

const refused = (parts: string[]) =>
  invalid(
    `This property cannot be expanded (${parts[0]}). You may want to try expanding 'data.${parts[0]}' instead.`,
    'expand',
  )
