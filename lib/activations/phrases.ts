import { env } from '@/lib/env'
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
  const { found, product, refusalCode } = checked
  const day = (end: Date | null) => (found && end ? lastDay(end, language, found.organization.timeZone) : '')
  return {
    page: remedyPage(checked),
    product: product?.name ?? asked.product ?? '',
    keyProduct: checked.ownProduct?.name ?? '',
    kind: found?.kind ?? '',
    from: found
      ? lastDay(new Date(found.startsAt.getTime() + 86_400_000), language, found.organization.timeZone)
      : '',
    until: day(found?.expiresAt ?? null),
    reason: found?.revokedReason ?? '',
    code: refusalCode ?? '',
    place: checked.mistakes?.mistakes[0]?.place ?? 0,
    version: asked.productVersion ?? '',
    glpi: asked.glpiVersion ?? '',
    fits: fittingRelease(asked, product?.releases ?? []).fits ?? 'none',
  }
}

/** The verdict in a sentence for a GLPI's administrator, which says what to do next; its notes follow it. */
export function verdictSentence(checked: Checked, asked: Asked, language: Language): string {
  const t = translator(language)
  const facts = verdictFacts(checked, asked, language)
  const said = [t(`activations.verdict.${messageOf(checked, asked)}`, facts)]
  for (const note of checked.notes) said.push(t(`activations.note.${note}`, facts))
  return said.join(' ')
}

function messageOf({ code, mistakes, refusalCode }: Checked, asked: Asked) {
  if (code === 'malformed') return mistakes?.mistakes.length ? 'malformed_at' : 'malformed'
  if (code === 'bound_elsewhere' && isNameless(asked)) return 'no_installation'
  if (code === 'bound_elsewhere' && !refusalCode) return 'bound_elsewhere_no_code'
  return code
}
