import { compareVersions } from '@/lib/catalog/rules'
import { env } from '@/lib/env'
import { keyLength } from '@/lib/keys/checksum'
import type { Mistake } from '@/lib/keys/explain'
import { lastDay } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import type { Checked } from './check'
import { type Asked, fittingRelease, isNameless } from './rules'

/**
 * The portal's page that solves it. It names the refusal or the key by what is safe to say; whose they are, and whether
 * one may see it, the portal asks when it is opened.
 */
export function remedyPage({ found, refusalCode }: Pick<Checked, 'found' | 'refusalCode'>): string {
  const opens = refusalCode ?? found?.shortId
  return opens ? `${env().PUBLIC_URL}/open/${opens}` : `${env().PUBLIC_URL}/check`
}

/** What the sentences on a verdict are made of: nothing that its key's holder may not know. */
export function verdictFacts(checked: Checked, asked: Asked, language: Language) {
  const { found, product, ownProduct, refusalCode, isTest } = checked
  const { fits } = fittingRelease(asked, product?.releases ?? [])
  // A test key is told of a release in any case, so that a plugin's maker sees the whole sentence.
  const shown = isTest ? (newestOf(product) ?? 'none') : 'unknown'
  const day = (end: Date | null) => (found && end ? lastDay(end, language, found.organization.timeZone) : '')
  return {
    page: remedyPage(checked),
    product: product?.name ?? cut(asked.product ?? ''),
    known: product ? 'yes' : 'no',
    keyProduct: ownProduct?.name ?? '',
    parts: ownProduct?.contains.length ? 'some' : 'none',
    kind: found?.kind ?? '',
    shared: found?.binding === 'organization' ? 'yes' : 'no',
    ended: endedAs(checked),
    from: found
      ? lastDay(new Date(found.startsAt.getTime() + 86_400_000), language, found.organization.timeZone)
      : '',
    until: day(found?.expiresAt ?? null),
    reason: found?.revokedReason ?? '',
    code: refusalCode ?? '',
    place: checked.mistakes?.mistakes[0]?.place ?? 0,
    version: asked.productVersion || 'none',
    glpi: asked.glpiVersion || 'none',
    fits: asked.glpiVersion ? (fits ?? 'none') : shown,
  }
}

const newestOf = (product: Checked['product']) =>
  product?.releases.map(({ version }) => version).sort((a, b) => compareVersions(b, a))[0]

/** The verdict in a sentence for a GLPI's administrator, which says what to do next; its notes follow it. */
export function verdictSentence(checked: Checked, asked: Asked, language: Language): string {
  const t = translator(language)
  const facts = verdictFacts(checked, asked, language)
  const said = [t(`activations.verdict.${messageOf(checked, asked)}`, facts)]
  // That a newer key follows an expired one, its own sentence says.
  const notes = checked.code === 'expired' ? [] : checked.notes
  for (const note of notes) said.push(t(`activations.note.${note}`, facts))
  return said.join(' ')
}

/** What to do about a key that has ended: a trial cannot be renewed (DESIGN §2, rule 7), nor what has been already. */
function endedAs({ found, notes }: Pick<Checked, 'found' | 'notes'>) {
  if (notes.includes('renewed')) return 'renewed'
  return found?.kind === 'trial' ? 'trial' : 'other'
}

const longestShown = 40
const cut = (text: string) => (text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)

function messageOf({ code, mistakes, product, refusalCode }: Checked, asked: Asked) {
  if (code === 'wrong_product' && !product) return 'unknown_product'
  if (code === 'malformed') return malformedAs(mistakes?.mistakes[0])
  if (code === 'bound_elsewhere' && isNameless(asked)) return 'no_installation'
  if (code === 'bound_elsewhere' && !refusalCode) return 'bound_elsewhere_no_code'
  return code
}

function malformedAs(mistake: Mistake | undefined) {
  if (!mistake) return 'malformed'
  if (mistake.what !== 'missing') return 'malformed_at'
  return mistake.placeInKey === keyLength ? 'malformed_end' : 'malformed_missing'
}
