import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { parseKey } from '@/lib/keys/format'
import { isNoKey } from '@/lib/keys/mistyped'
import { stateOf } from '@/lib/keys/rules'
import { fingerprint } from '@/lib/keys/vault'
import { type CheckedProduct, catalog, unlockedBy } from './catalog'
import { type FoundKey, findKey, isFollowed } from './facts'
import { type Fault, faultIn } from './fault'
import { type AnswerCode, type AskedFor, history } from './history'
import { takeGuess, takeTurn } from './limits'
import { refusalCode } from './refusal-code'
import {
  type Asked,
  type CheckCode,
  type CheckNote,
  type CheckVerdict,
  type HandoverNote,
  isNameless,
  type QuestionKind,
  verdictOn,
} from './rules'
import { judgeTestKey } from './test-keys'

const recoverySeconds = 3_600

/** What a GLPI, or somebody for it, presents. */
export interface Call extends Asked {
  /** As it was pasted. */
  key: string
  /** In normal form, and its identity (lib/instances/url.ts). */
  url?: string | undefined
  address?: string | undefined
  /** The network address that the call came from, for the limits alone. */
  from?: string | undefined
  /** Of its activation, which proves that it is the installation that it says. */
  secret?: string | undefined
  /** GLPI itself asks, whose calls know no secret. */
  fromGlpi?: true
}

/** The answer to a check, with what its sentence and its remedy need. */
export interface Checked {
  code: CheckCode
  notes: readonly CheckNote[]
  verdict: CheckVerdict
  /** The string that was looked up; null where it is none. */
  key: string | null
  fingerprint: Buffer | null
  found: FoundKey | null
  /** The product that asks, where it is known; where none is said, the key's own. */
  product: CheckedProduct | null
  ownProduct: CheckedProduct | null
  /** Of a malformed key: what is wrong with it, and where. */
  fault: Fault | null
  /** Of `bound_elsewhere`, for the one who knows which installation it is. */
  refusalCode: string | null
  /** Of a test key (test-keys.ts): nothing is written, and what is said of it is not signed by a key that anybody trusts. */
  isTest?: true
  at: Date
}

/**
 * The verdict on a presented key, with an entry for the history.
 * @param asked what the history calls it
 * @throws Unavailable
 */
export async function checkKey(call: Call, asked: AskedFor): Promise<Checked> {
  const checked = await judge(call)
  noteAnswer(call, checked, asked)
  return checked
}

/**
 * The verdict on a presented key: one statement of the database, and nothing is noted.
 * @throws Refused `too_many`; Unavailable
 */
export async function judge(call: Call): Promise<Checked> {
  const checked = await judgeAgain(call)
  await takeTurn(call, checked)
  return checked
}

/** The same again in the course of one call, which has taken its turn. */
export async function judgeAgain(call: Call): Promise<Checked> {
  const at = now()
  const looked = await lookUp(call, at)
  const { byId, byReference } = await catalog()
  if (!looked.found) {
    const test = looked.key && judgeTestKey(looked.key, call, byReference, at)
    if (test) return { ...looked, ...test, at }
    // It may have been issued, or brought along in a format of its own, after the backup that the database is of, and GLPIs
    // would remember a `no` for a day.
    const isKey = !looked.fault || !isNoKey(call.key)
    if (isKey && env().RECOVERY === '1') {
      // Nobody guesses unseen meanwhile.
      await takeGuess(call.from)
      throw new Unavailable('recovery', recoverySeconds)
    }
    const product = (call.product && byReference.get(call.product)) || null
    const code = looked.fault ? 'malformed' : 'unknown'
    const verdict: CheckVerdict = { ok: false, code, notes: [] }
    return { ...looked, code, notes: [], verdict, product, ownProduct: null, refusalCode: null, at }
  }
  const { found } = looked
  const own = byId.get(found.productId)
  // One that was added within the minute for which the catalog is kept.
  if (!own) throw new Error(`the catalog lacks the product of ${found.shortId}`)
  const product = call.product ? (byReference.get(call.product) ?? null) : own
  const releases = product?.releases ?? []
  const verdict = verdictOn({ ...found, products: unlockedBy(own) }, call, releases, at)
  const code =
    verdict.code === 'bound_elsewhere' && call.installationId
      ? refusalCode(found.id, call.installationId)
      : null
  const { notes } = verdict
  return { ...looked, code: verdict.code, notes, verdict, product, ownProduct: own, refusalCode: code, at }
}

/** Keys brought along from elsewhere, of any format, are looked up as they are, only trimmed (DESIGN §5). */
async function lookUp(
  call: Call,
  at: Date,
): Promise<Pick<Checked, 'key' | 'fingerprint' | 'found' | 'fault'>> {
  const parsed = parseKey(call.key)
  const key = parsed.ok ? parsed.key : call.key.trim()
  if (!key) return { key: null, fingerprint: null, found: null, fault: faultIn(call.key) }
  const lookedUp = fingerprint(key)
  const found = await findKey(lookedUp, { installationId: call.installationId, address: call.address })
  // A second statement, for what has ended alone: also where the term after it was refunded, one that is paid may follow.
  if (found && stateOf(found, at) === 'expired') found.followed = await isFollowed(found.id, at)
  return {
    key: parsed.ok || found ? key : null,
    fingerprint: lookedUp,
    found,
    fault: found ? null : faultIn(call.key),
  }
}

/**
 * Puts an answer into the key's history.
 * @param question what it leaves to be asked, where the verdict alone does not say it
 * @param code what was answered, where that is not the verdict
 * @param also what it says beside the verdict's notes
 */
export function noteAnswer(
  call: Call,
  checked: Checked,
  asked: AskedFor,
  question = questionOf(checked),
  code = answerCode(call, checked),
  also: readonly HandoverNote[] = [],
) {
  const { found, verdict, at, isTest } = checked
  if (!found || isTest) return
  history.note({
    at,
    organizationId: found.organizationId,
    keyId: found.id,
    asked,
    code,
    notes: [...(code === verdict.code ? verdict.notes : []), ...also],
    instanceId: verdict.ok ? (verdict.place?.instanceId ?? null) : null,
    installationId: call.installationId ?? null,
    url: call.url ?? null,
    glpiVersion: call.glpiVersion ?? null,
    productVersion: versionSaid(call, checked),
    plugin: pluginSaid(call, checked),
    ...(question && call.installationId
      ? { question: { kind: question, refusalCode: refusalCode(found.id, call.installationId) } }
      : {}),
  })
}

/** Which version was said to be in use; where it is not the key's own product, as with a suite's plugins, also of which. */
function versionSaid({ product, productVersion }: Call, { ownProduct }: Checked): string | null {
  if (!productVersion) return null
  return product && product !== ownProduct?.reference ? `${product} ${productVersion}` : productVersion
}

const pluginSaid = ({ productVersion: version }: Call, { product }: Checked) =>
  version && product ? { reference: product.reference, version } : null

/** A refusal where another GLPI is nothing that is known. */
const answerCode = (call: Call, { code }: Checked): AnswerCode =>
  code === 'bound_elsewhere' && isNameless(call) ? 'no_installation' : code

/** The same key with another verdict: for what only some callers may. */
export function refusedAs(
  code: 'bound_elsewhere' | 'wrong_product',
  checked: Checked,
  product = checked.product,
): Checked {
  return { ...checked, code, notes: [], verdict: { ok: false, code, notes: [] }, product }
}

function questionOf({ verdict }: Checked): QuestionKind | null {
  if (verdict.code === 'bound_elsewhere') return 'installation'
  return verdict.ok ? verdict.asks : null
}
