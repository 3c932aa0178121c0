import { z } from 'zod'
import { apiTokens } from '@/db/schema/api-tokens'
import { type By, command } from '@/lib/command'
import { Conflict, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { findKeys } from '@/lib/keys/format'
import { oneLine } from '@/lib/one-line'
import { tokenHash } from '@/lib/people/tokens'
import { later, startOfDay } from './calendar'
import { timeZoneOf } from './queries'
import { mayCreateToken, mostTokens, tokenDays, tokenScopes } from './rules'
import { tokenFor } from './token'
import { countWorkingTokens } from './tokens'

const CreateToken = z.object({
  name: z
    .string('required')
    .transform(oneLine)
    .pipe(z.string().min(1, 'required').max(100, 'too_long'))
    // A name is shown to others, and recorded: nobody's key belongs in it.
    .refine((name) => findKeys(name).length === 0, 'name_key'),
  scopes: z
    .array(z.enum(tokenScopes))
    .min(1, 'required')
    .transform((chosen) => tokenScopes.filter((scope) => chosen.includes(scope))),
  days: z.literal(tokenDays, 'required'),
  /** SHA-256, in base64url. */
  hash: z.string().length(43),
  lastFour: z.string().length(4),
})

/** Answers of this run, and not of an earlier one of the same form, which come from the database. */
const fresh = new WeakSet<object>()

const create = command(
  'token.create',
  CreateToken,
  async ({ tx, organizationId, personId, now, audit }, { name, scopes, days, hash, lastFour }) => {
    if (!personId) throw new TypeError('only a person makes a token')
    const verdict = mayCreateToken(await countWorkingTokens(tx, organizationId, now))
    if (!verdict.ok) throw new Refused(verdict.because, { most: mostTokens })
    const timeZone = await timeZoneOf(tx, organizationId)
    // At midnight, so that the day that pages name is a whole one.
    const expiresAt = later(startOfDay(now, timeZone), timeZone, { days: days + 1 })
    const id = newId(now)
    const made = await tx
      .insert(apiTokens)
      .values({
        ...{ id, organizationId, name, scopes, lastFour, expiresAt },
        tokenHash: Buffer.from(hash, 'base64url'),
        createdAt: now,
        createdById: personId,
      })
      .onConflictDoNothing({ target: apiTokens.tokenHash })
      .returning({ id: apiTokens.id })
    // A form from before its run was forgotten: its token has been shown.
    if (made.length === 0) throw new Conflict('idempotency_key_reused')
    audit({ details: { name, scopes: scopes.join(', '), until: expiresAt.toISOString(), lastFour } })
    const answer = { tokenId: id, name }
    fresh.add(answer)
    return answer
  },
  // In turn, so that no two count the same tokens, and each counts those of who is being removed.
  { once: true, membersInTurn: true },
)

/**
 * Makes a token, and shows it: from then on only its hash is kept. The same form sent again, as by reloading its answer,
 * makes and shows none: whoever comes to the screen later would read it.
 * @throws Forbidden; Refused `tokens_full`, `token_shown`.
 */
export async function createToken(
  by: By,
  asked: { name: string; scopes: readonly string[]; days: number },
): Promise<{ tokenId: string; name: string; token: string }> {
  const token = tokenFor(by)
  // What the schema does not know it refuses.
  const { name, scopes, days } = asked as Pick<z.input<typeof CreateToken>, 'name' | 'scopes' | 'days'>
  const hash = tokenHash(token).toString('base64url')
  const made = await create(by, { name, scopes, days, hash, lastFour: token.slice(-4) })
  if (!fresh.has(made)) throw new Refused('token_shown')
  return { ...made, token }
}
