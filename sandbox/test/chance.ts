/** From where chance begins: `SEED=7` tries other cases than CI does. */
export const seed = Number(process.env.SEED ?? 1)
/** A generator of its own, so that a failure can be seen again: https://en.wikipedia.org/wiki/Linear_congruential_generator */
let drawn = seed

export function below(most: number): number {
  drawn = (drawn * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((drawn / 2_147_483_648) * most)
}

export const oneOf = <T>(list: readonly T[]): T | undefined => list[below(list.length)]

export function shuffled<T>(list: readonly T[]): T[] {
  const from = [...list]
  return list.flatMap(() => from.splice(below(from.length), 1))
}
