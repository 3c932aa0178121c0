import { InvalidInput, Unavailable } from '@/lib/errors'
import { keyLength } from '@/lib/keys/checksum'
import type { Mistake } from '@/lib/keys/explain'
import { findKeys, parseKey } from '@/lib/keys/format'
import { works } from '@/lib/keys/rules'
import { takePoints } from '@/lib/limits'
import { proofOf } from './ask-to-join'
import { type CheckedProduct, catalog } from './catalog'
import type { ChangedKey } from './changed-key'
import { type Call, type Checked, judge, judgeAgain } from './check'
import { type Connectivity, readConnectivity } from './connectivity'
import { type Fault, faultIn } from './fault'
import { type OwnKey, ownKey, staffsKey } from './own-key'
import { isGlpiItself, isVague, type NotKey, recognize, type Stray, strayIn } from './recognize'
import { type CheckCode, fittingRelease } from './rules'

/** What the check page can answer: a verdict, what is wrong with how the key came here, or what it is instead. */
export type DiagnosisCode =
  | Exclude<CheckCode, 'malformed'>
  | 'renewed'
  | 'replaced'
  | 'version_mismatch'
  | 'no_release'
  | 'other_address'
  | 'stray_characters'
  | 'text_around'
  | 'mistyped'
  | 'several_keys'
  | 'no_key_needed'
  | 'product_name'
  | 'connectivity'
  | NotKey

export interface Diagnosis {
  code: DiagnosisCode
  /** The verdict that it stands on; null where nothing was looked up. */
  checked: Checked | null
  /** Of a key that was changed on its way. */
  mistakes: Mistake[]
  cut: ChangedKey['cut']
  /** What stands around and within a key that is right but for that, and is refused for it. */
  strays: Stray[]
  /** Of what is cleaned away wherever a key is taken, the first; `text` where it is words. */
  cleaned: Stray | 'text' | 'break' | null
  /** The right key, where it is certain: it is the only one that fits, and it was issued. */
  likely: string | null
  /** Of `mistyped`: what there is to be said of the right key itself, as if that had been pasted. */
  beneath: Diagnosis | null
  connectivity: Connectivity | null
  /** Of `no_key_needed`, where it is not GLPI itself, and `product_name`. */
  product: CheckedProduct | null
  /** Of a `case`: what opens it in the portal; of a `masked` key, its end. */
  opens: string | null
  /** For the key's organization's own people alone. */
  own: OwnKey | null
  /** Of a key that works, for who is not of its organization: how they may ask to be let in. */
  ask: 'sign_in' | { proof: string } | null
  /** Who asks is signed in: what is not `own` is not found by them either. */
  signedIn: boolean
  /** The address of the organization whose keys they look through; null where that is none, or none of several. */
  searches: string | null
}

export interface Question extends Omit<Call, 'key' | 'from'> {
  pasted: string
}

/** Who asks: from which network (lib/network.ts) and, where somebody is signed in, in which organizations they are. */
export interface Asker {
  from: string
  memberships: readonly { organizationId: string; slug: string }[]
  /** Null: nobody is signed in. */
  personId: string | null
  isStaff: boolean
}

const nothing = {
  ...{ signedIn: false, searches: null },
  ...{
    checked: null,
    mistakes: [],
    cut: null,
    strays: [],
    cleaned: null,
    likely: null,
    beneath: null,
    connectivity: null,
  },
  ...{ product: null, opens: null, own: null, ask: null },
} satisfies Omit<Diagnosis, 'code'>

const longestPaste = 20_000
/** Ten answers a minute for a whole office behind one address; an answer costs two look-ups at the most. */
const perNetwork = { name: 'check', points: 60, perSeconds: 360 }

/**
 * The one diagnosis for whatever was pasted. The verdict on a key is `judge()`'s, which GLPIs get as well; a stranger learns
 * from it what the key's holder may. Nothing of it is kept.
 * @throws Refused `too_many`; InvalidInput where nothing was pasted, or more than anybody reads; Unavailable
 */
export async function diagnose(question: Question, asker: Asker): Promise<Diagnosis> {
  const [only, other] = asker.memberships
  const searches = only && !other ? only.slug : null
  return { ...(await diagnosed(question, asker)), signedIn: asker.personId !== null, searches }
}

async function diagnosed(question: Question, asker: Asker): Promise<Diagnosis> {
  const { from } = asker
  await takePoints([{ ...perNetwork, key: from }])
  const { pasted, ...asked } = question
  if (pasted.length > longestPaste) throw new InvalidInput({ pasted: 'too_long' })
  const connectivity = readConnectivity(pasted)
  if (connectivity) return { ...nothing, code: 'connectivity', connectivity }
  const product = await namedProduct(pasted, asked.product)
  if (product?.openSource) return { ...nothing, code: 'no_key_needed', product }
  if (isGlpiItself(pasted)) return { ...nothing, code: 'no_key_needed' }
  if (!pasted.trim()) throw new InvalidInput({ pasted: 'required' })
  const fault = faultIn(pasted)
  if (fault?.what === 'several') return { ...nothing, code: 'several_keys' }
  const checked = await unlessRecovering(() => judge({ ...asked, from, key: keyIn(fault) ?? pasted }))
  if (!checked)
    return product && !asked.product ? { ...nothing, code: 'product_name', product } : ofNothingElse(pasted)
  if (checked.found) return ofVerdict(question, checked, asker)
  if (checked.code === 'unknown') return { ...nothing, code: 'unknown', checked }
  if (product && !asked.product) return { ...nothing, code: 'product_name', product }
  if (fault?.what === 'none') return ofNone(fault, checked)
  if (fault?.what !== 'changed') return { ...nothing, code: 'unknown', checked }
  return ofChanged(fault, checked, async (suggestion) => {
    const right = await unlessRecovering(() => judgeAgain({ ...asked, from, key: suggestion }))
    return right?.found ? ofVerdict({ ...asked, pasted: suggestion }, right, asker) : null
  })
}

/** The right key that stands in what was pasted, beside what it is refused for. */
const keyIn = (fault: Fault | null) =>
  fault?.what === 'stray' || fault?.what === 'around' ? fault.key : null

/** The product that asks, else the one whose name is all that was pasted. */
async function namedProduct(pasted: string, reference: string | undefined): Promise<CheckedProduct | null> {
  const { byReference } = await catalog()
  if (reference) return byReference.get(reference) ?? null
  const text = pasted.trim().toLowerCase()
  return (
    [...byReference.values()].find((one) => [one.reference, one.name.toLowerCase()].includes(text)) ?? null
  )
}

async function ofVerdict(question: Question, checked: Checked, asker: Asker): Promise<Diagnosis> {
  const own = await ownOf(question, checked, asker)
  const { strays, cleaned } = beside(question.pasted)
  const found = { ...nothing, checked, own, cleaned, ask: own ? null : askOf(checked, asker) }
  const { verdict } = checked
  if (isAboutAddress(question, checked)) return { ...found, code: 'other_address' }
  if (!verdict.ok) return { ...found, code: verdict.code === 'malformed' ? 'unknown' : verdict.code }
  // With that around it a key works nowhere, whatever else there is to know of it.
  if (strays === 'text') return { ...found, code: 'text_around' }
  if (strays.length > 0) return { ...found, code: 'stray_characters', strays }
  // Who says the versions asks about them.
  const [note] = (['version_mismatch', 'replaced', 'renewed'] as const).filter((one) =>
    verdict.notes.includes(one),
  )
  return { ...found, code: note ?? (fitsNone(question, checked) ? 'no_release' : 'ok') }
}

/** What is for the key's own people alone, and the vendor's. */
async function ownOf(question: Question, { found, at, isTest }: Checked, asker: Asker) {
  if (!found || isTest) return null
  const mine = asker.memberships.find(({ organizationId }) => organizationId === found.organizationId)
  if (mine) return ownKey(mine.slug, found, question, at)
  return asker.isStaff && asker.personId ? staffsKey(asker.personId, found, question, at) : null
}

/** What stands beside a key: what it is refused for, or what the service cleans away (`parseKey`, which reads keys there). */
function beside(pasted: string): { strays: Stray[] | 'text'; cleaned: Diagnosis['cleaned'] } {
  const [key] = findKeys(pasted)
  // A key brought along from elsewhere has characters of its own.
  const strays = key ? (strayIn(pasted) ?? 'text') : []
  if (!parseKey(pasted).ok) return { strays, cleaned: null }
  // Some GLPIs cannot send it, so that it is to be known of before all others.
  if (/[\r\n]/.test(pasted)) return { strays: [], cleaned: 'break' }
  if (strays === 'text') return { strays: [], cleaned: strays }
  // What stands within the key is what somebody looks for.
  return { strays: [], cleaned: strays.find(isWithin) ?? strays[0] ?? null }
}

/** Whether it stands between two characters of the key, and not before or behind it. */
export const isWithin = ({ place }: Stray) => place > 0 && place < keyLength

/** Test keys belong to nobody, and the vendor's people see every organization anyhow. */
function askOf({ found, verdict, isTest, at }: Checked, { personId, isStaff }: Asker): Diagnosis['ask'] {
  const isGood = verdict.state !== undefined && works(verdict.state)
  if (!found || !isGood || isTest || isStaff) return null
  return personId ? { proof: proofOf(personId, found, at) } : 'sign_in'
}

/** Who says no version of the plugin, or none that is known, is told all the same where none of them works on that GLPI. */
function fitsNone(question: Question, { product }: Checked): boolean {
  if (!product || product.releases.length === 0 || isKnownVersion(question, product)) return false
  return !!question.glpiVersion && !fittingRelease(question, product.releases).fits
}

export const isKnownVersion = ({ productVersion }: Question, { releases }: CheckedProduct) =>
  releases.some(({ version }) => version === productVersion)

/** By its address alone nobody can say whether a GLPI is the one that the key knows: its installation ID decides. */
function isAboutAddress({ installationId }: Question, { code, found }: Checked): boolean {
  if (code !== 'bound_elsewhere' || installationId || !found) return false
  return found.binding !== 'organization' && found.places.some((place) => place.installationId !== null)
}

const ofNone = ({ recognized }: Extract<Fault, { what: 'none' }>, checked: Checked): Diagnosis => ({
  ...nothing,
  code: recognized.what,
  checked,
  opens: recognized.opens ?? null,
})

/** What was a key. */
async function ofChanged(
  fault: Extract<Fault, { what: 'changed' }>,
  checked: Checked,
  look: (key: string) => Promise<Diagnosis | null>,
): Promise<Diagnosis> {
  const { mistakes, suggestion, cut } = fault
  // By chance one text in a thousand is near a key that nobody has: then nobody can say what belongs there.
  const beneath = suggestion ? await look(suggestion) : null
  if (suggestion && beneath) {
    // Of another address nothing is decided by that: the key may well work there.
    const likely = beneath.checked?.verdict.ok || beneath.code === 'other_address' ? suggestion : null
    return { ...nothing, code: 'mistyped', checked, mistakes, likely, beneath }
  }
  const uncertain = mistakes.map(({ expected: _, ...mistake }) => mistake)
  return {
    ...nothing,
    code: 'mistyped',
    checked,
    mistakes: uncertain,
    cut,
  }
}

/** After a restore the verdict is kept back on what may be a key that is not found: null. */
async function unlessRecovering<T>(judged: () => Promise<T>): Promise<T | null> {
  try {
    return await judged()
  } catch (error) {
    if (error instanceof Unavailable && error.facts.what === 'recovery') return null
    throw error
  }
}

/** What is no key of any format, whatever a database says. @throws Unavailable where it may be one */
function ofNothingElse(pasted: string): Diagnosis {
  const { what, opens = null } = recognize(pasted)
  // Keys that were brought along may have as many letters and digits as these.
  if (isVague(what) || what === 'glpi_token' || what === 'glpicrypt') throw new Unavailable('recovery')
  return { ...nothing, code: what, opens }
}
