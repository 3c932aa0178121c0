import { z } from 'zod'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { NotFound, Refused } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { listKeys } from '@/lib/keys/queries'
import type { TokenScope } from '@/lib/organizations/rules'
import { type TokenOwner, tokenOwner } from '@/lib/organizations/token'
import { type Call, type Checked, judge, judgeAgain, noteAnswer } from './check'
import { takeProgramTurn } from './limits'
import { issueOfflineFile, needsPlugin } from './offline'
import { inTurn, signedVerdict } from './serve'

/** Why a program gets nothing: it shows no token that is good, or one that may not do this. */
export type RefusedProgram = { ok: false; code: 'no_token' | 'scope_missing' }

/**
 * A file, or why there is none: the verdict on the key, signed unless the key is unknown, or, of a suite, that a plugin must
 * be named.
 */
export type FileForProgram =
  | { ok: true; text: string }
  | { ok: false; checked: Checked; signed: string | null }
  | { ok: false; checked?: never; products: readonly string[] }
  | (RefusedProgram & { checked?: never })

/**
 * Whose program asks. What is no token, is nobody's, was revoked or has expired is answered alike.
 * @param authorization the header, `Bearer lkt_…`
 * @throws Refused `too_many`; Unavailable
 */
export async function ownerOf(
  authorization: string | undefined,
  scope: TokenScope,
  from: string,
): Promise<({ ok: true } & TokenOwner) | RefusedProgram> {
  const [, token = ''] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? []
  const owner = await tokenOwner(token)
  await takeProgramTurn(owner?.tokenId ?? null, from)
  if (!owner) return { ok: false, code: 'no_token' }
  return owner.scopes.includes(scope) ? { ok: true, ...owner } : { ok: false, code: 'scope_missing' }
}

/**
 * The offline activation file of one installation, for who has a token and the key. Another organization's key is as
 * unknown as nobody's.
 * @throws Refused `too_many`; Unavailable
 */
export async function fileForProgram(
  { organizationId, tokenId }: TokenOwner,
  call: Call & { installationId: string },
): Promise<FileForProgram> {
  const checked = await judge(call)
  if (checked.found?.organizationId !== organizationId) return refuse(unknownTo(checked), call)
  const { found, key, ownProduct, verdict } = checked
  if (ownProduct && needsPlugin(ownProduct, call.product)) return { ok: false, products: ownProduct.contains }
  if (!key || !verdict.ok) return refuse(checked, call)
  const { product, installationId } = call
  const by = { actor: { kind: 'token', tokenId }, organizationId } as const
  try {
    const input = { keyId: found.id, key, product, installationId, tokenId }
    // Twenty at once would hold twenty connections, and those behind wait for the key's lock longer than Postgres lets them.
    const { text } = await inTurn(found.id, () => issueOfflineFile(by, input))
    noteAnswer(call, checked, 'offline_file', null)
    return { ok: true, text }
  } catch (error) {
    if (!(error instanceof Refused || error instanceof NotFound)) throw error
    if (error.facts.what === 'token') return { ok: false, code: 'no_token' }
    // Somebody was faster: what is said is as things stand by now.
    const after = await judgeAgain(call)
    if (after.verdict.ok) throw error
    return refuse(after, call)
  }
}

/**
 * A program asks, and no GLPI: nothing is asked of the members, so that there is no code that opens a case. That a key is
 * unknown is not signed: it is said of another organization's good key as well, and nobody should be able to show it around.
 */
async function refuse(judged: Checked, call: Call) {
  const checked = { ...judged, refusalCode: null }
  noteAnswer(call, checked, 'offline_file', null)
  const signed = checked.code === 'unknown' ? null : await signedVerdict(checked, call)
  return { ok: false, checked, signed } as const
}

/** What is said of a key that the organization does not have, whoever has it. */
function unknownTo({ isTest: _, ...checked }: Checked): Checked {
  const code = checked.code === 'malformed' ? checked.code : 'unknown'
  const nobodys = { found: null, product: null, ownProduct: null, refusalCode: null, notes: [] }
  return { ...checked, ...nobodys, code, verdict: { ok: false, code, notes: [] } }
}

const mostKeys = 200

/**
 * Where a page ends, as a caller hands it back: the sorting value (seconds since 1970, as many as Postgres has in a time) and
 * the ID of its last key.
 */
const Cursor = z.tuple([z.string().regex(/^(?:\d{1,11}(?:\.\d{1,6})?|Infinity)$/), z.string().refine(isId)])

/**
 * An organization's keys as a program lists them, two hundred at a time, by their end. Never the key itself: its last four
 * characters, and where it belongs.
 * @param after what the page before said; null for what is none
 * @throws Unavailable
 */
export async function keysForProgram({ organizationId }: TokenOwner, after: string | undefined) {
  const cursor = after === undefined ? undefined : readCursor(after)
  if (cursor === null) return null
  const page = { sort: 'until', size: mostKeys, ...(cursor && { cursor }) } as const
  const { rows, next } = await asOrganization(organizationId, (tx) =>
    listKeys(tx, { organizationId, state: 'all' }, page, now()),
  )
  return {
    keys: rows.map((row) => ({
      short_id: row.shortId,
      last_four: row.lastFour,
      product: row.product,
      kind: row.kind,
      state: row.state,
      paid_until: row.termEndsAt?.toISOString() ?? null,
      works_until: row.expiresAt?.toISOString() ?? null,
      instance:
        row.instanceShortId !== null && row.instance !== null
          ? { short_id: row.instanceShortId, label: row.instance, url: row.url }
          : null,
    })),
    next: next ? Buffer.from(JSON.stringify([next.value, next.id])).toString('base64url') : null,
  }
}

function readCursor(text: string) {
  const parsed = Cursor.safeParse(safeJson(Buffer.from(text, 'base64url').toString()))
  return parsed.success ? ({ direction: 'after', value: parsed.data[0], id: parsed.data[1] } as const) : null
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
