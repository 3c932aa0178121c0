import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import { pool } from '@/db/client'
import { unavailableWhenDown } from '@/db/failures'
import { Refused } from '@/lib/errors'

export interface Limit {
  name: string
  /** Who is counted. */
  key: string
  points: number
  perSeconds: number
  /** Points that are taken; one unless said. */
  cost?: number
  /** What was refused counts too, as where it is guesses that are limited. Else it gets its points back. */
  countsRefused?: true
}
export type Limits = readonly Limit[]

const limiters = new Map<string, RateLimiterPostgres>()

/**
 * Takes one point of each limit.
 * @throws Refused `too_many` with the limit's name and points and `retryAfterSeconds`; `repeated` from the second time on until the limit is over.
 */
export async function takePoints(limits: Limits) {
  for (const one of limits) {
    try {
      await unavailableWhenDown(() => limiter(one).consume(one.key, one.cost ?? 1))
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error
      throw new Refused('too_many', {
        limit: one.name,
        points: one.points,
        repeated: error.consumedPoints - (one.cost ?? 1) > one.points,
        retryAfterSeconds: Math.ceil(error.msBeforeNext / 1000),
      })
    }
  }
}

/** Gives back what was taken for something that turned out to be nothing new, or was refused. */
export async function giveBackPoints(limits: Limits) {
  for (const one of limits) await unavailableWhenDown(() => limiter(one).reward(one.key, one.cost ?? 1))
}

function limiter({ name, points, perSeconds }: Limit) {
  let found = limiters.get(name)
  if (!found) {
    found = new RateLimiterPostgres({
      storeClient: pool(),
      storeType: 'pool',
      tableName: 'rate_limits',
      tableCreated: true,
      keyPrefix: name,
      points,
      duration: perSeconds,
    })
    limiters.set(name, found)
  }
  return found
}
