import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { keys } from '@/db/schema/keys'
import { people } from '@/db/schema/people'
import { command } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { isId, newId } from '@/lib/ids'
import { openText, sealText } from '@/lib/keys/vault'
import { openJoinRequest } from '@/lib/organizations/join'

const proofMinutes = 30
const identity = (personId: string) => `ask to join ${personId}`

/** Says, sealed, that somebody has shown a whole key that works: so the key itself need not be sent back to be shown again. */
export const proofOf = (personId: string, key: { organizationId: string; id: string }, at: Date) =>
  sealText([key.organizationId, key.id, at.getTime(), newId(at)].join(' '), identity(personId))

/** Whose key it was that this person has shown, and what a repeat of it is known by; null where it was somebody else, none, or too long ago. */
export function readProof(proof: string, personId: string, now: Date) {
  const [organizationId, keyId, time, once] = opened(proof, personId).split(' ')
  const isFresh = now.getTime() - Number(time) < proofMinutes * 60_000
  return isId(organizationId) && isId(keyId) && isId(once) && isFresh ? { organizationId, keyId, once } : null
}

function opened(proof: string, personId: string): string {
  try {
    return openText(proof, identity(personId))
  } catch {
    // It was changed, or was given to somebody else.
    return ''
  }
}

/**
 * Asks the owners of an organization to let in somebody who holds a key of it. They learn who asks, and the asker not who they
 * are.
 * @throws NotFound; as `openJoinRequest` does; Refused `too_many`: an organization once a week, three a day
 */
export const askToJoin = command(
  'member.ask_to_join',
  z.object({ proof: z.string().max(500) }),
  async ({ tx, organizationId, personId, now, audit }, { proof }) => {
    if (!personId) throw new TypeError('only a person asks')
    const shown = readProof(proof, personId, now)
    if (shown?.organizationId !== organizationId) throw new NotFound('key')
    const [[key], [person]] = await Promise.all([
      tx
        .select({ shortId: keys.shortId })
        .from(keys)
        .where(and(eq(keys.organizationId, organizationId), eq(keys.id, shown.keyId))),
      tx.select({ email: people.email }).from(people).where(eq(people.id, personId)),
    ])
    if (!key || !person) throw new NotFound('key')
    const { email } = person
    const { shortId } = key
    await openJoinRequest(tx, { organizationId, personId, key: { id: shown.keyId, shortId }, now })
    audit({ keyId: shown.keyId, details: { email, shortId } })
    return null
  },
  {
    once: true,
    limits: (_input, personId, _role, organizationId) => [
      { name: 'ask_to_join', key: `${personId} ${organizationId}`, points: 1, perSeconds: 7 * 86_400 },
      { name: 'ask_to_join_day', key: personId ?? '', points: 3, perSeconds: 86_400 },
    ],
  },
)
