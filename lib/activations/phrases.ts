import { compareVersions } from '@/lib/catalog/rules'
import { env } from '@/lib/env'
import { lastDay } from '@/lib/messages/dates'
import { type Language, type Translate, translator } from '@/lib/messages/translator'
import type { Checked } from './check'
import type { Fault } from './fault'
import { sayMistakes } from './mistake-phrases'
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
    mistakes: mistakesOf(checked.fault, translator(language)),
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

function messageOf({ code, fault, product, refusalCode }: Checked, asked: Asked) {
  if (code === 'wrong_product' && !product) return 'unknown_product'
  if (code === 'malformed') return malformedAs(fault)
  if (code === 'bound_elsewhere' && isNameless(asked)) return 'no_installation'
  if (code === 'bound_elsewhere' && !refusalCode) return 'bound_elsewhere_no_code'
  return code
}

function malformedAs(fault: Fault | null) {
  switch (fault?.what) {
    case 'around':
      return 'malformed_around'
    case 'several':
      return 'malformed_several'
    case 'stray':
      return 'malformed_stray'
    case 'changed':
      return 'malformed_changed'
    default:
      return 'malformed'
  }
}

/** GLPI has a line or two for it. */
const mostMistakes = 2

/** What is wrong, and where; not what belongs there, which the check page says to who has the rest of a key that was issued. */
function mistakesOf(fault: Fault | null, t: Translate): string {
  if (fault?.what !== 'changed' && fault?.what !== 'stray') return ''
  const { mistakes, cut, strays } = { mistakes: [], cut: null, strays: [], ...fault }
  const places = mistakes.map(({ expected: _, ...mistake }) => mistake)
  return sayMistakes({ mistakes: places, cut, strays }, mostMistakes, t).join(' ')
}
