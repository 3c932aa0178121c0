import { type KeyFacts, type KeyState, stateOf, works } from './rules'

export interface StandingKey extends KeyFacts {
  productId: string
  kind: 'subscription' | 'trial' | 'permanent'
  issuedAt: Date
  followsId: string | null
  firstSeenAt: Date | null
}

/** How the keys of one instance stand: each product counts once or, while an old key goes on, by its new one. */
export interface KeysByState {
  overdue: number
  expiring: number
  /** New keys that wait to be put into GLPI. */
  waiting: number
  active: number
  expired: number
  revoked: number
  /** Ends of the trials that run. */
  trials: Date[]
}

export const noKeys: KeysByState = {
  overdue: 0,
  expiring: 0,
  waiting: 0,
  active: 0,
  expired: 0,
  revoked: 0,
  trials: [],
}

/**
 * Counts an instance's keys by state. A key that ended counts while nothing newer of its product works, the newest alone;
 * a trial that is over lacks nothing and does not count.
 */
export function keysByState(keys: readonly StandingKey[], now: Date): KeysByState {
  const counted: KeysByState = { ...noKeys, trials: [] }
  for (const ofProduct of Map.groupBy(keys, ({ productId }) => productId).values()) {
    const standing = ofProduct.map((key) => ({ ...key, state: stateOf(key, now) }))
    const working = standing.filter(({ state }) => works(state))
    for (const key of working) count(counted, key)
    if (working.length > 0) continue
    const ended = standing.filter(({ kind, state }) => kind !== 'trial' && state !== 'not_started')
    const newest = ended.sort((a, b) => b.issuedAt.getTime() - a.issuedAt.getTime())[0]
    if (newest?.state === 'expired' || newest?.state === 'revoked') counted[newest.state]++
  }
  counted.trials.sort((a, b) => a.getTime() - b.getTime())
  return counted
}

function count(counted: KeysByState, key: StandingKey & { state: KeyState }) {
  const { state, expiresAt } = key
  // The newer key beside it is what counts.
  if (state === 'renewed' || state === 'replaced') return
  if (key.followsId && !key.firstSeenAt) counted.waiting++
  else if (key.kind === 'trial' && expiresAt) counted.trials.push(expiresAt)
  else if (state === 'overdue' || state === 'expiring') counted[state]++
  else counted.active++
}
