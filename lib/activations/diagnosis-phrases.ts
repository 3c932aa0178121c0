import { env } from '@/lib/env'
import type { Mistake } from '@/lib/keys/explain'
import { lastFour } from '@/lib/keys/format'
import { type Language, type Translate, translator } from '@/lib/messages/translator'
import type { Connectivity } from './connectivity'
import type { Diagnosis, DiagnosisCode, Question } from './diagnosis'
import type { FoundKey } from './facts'
import { remedyPage, verdictFacts } from './phrases'
import type { Stray } from './recognize'

/** A diagnosis in words, as the check page shows it. A whole key is in it only as `likely`. */
export interface Said {
  tone: 'ok' | 'soon' | 'bad' | 'info'
  title: string
  lines: string[]
  /** The key that it is about, masked. */
  masked: { start: string; end: string; label: string; about: string } | null
  /** Whoever pasted the key but for a character or two holds it anyhow. */
  likely: string | null
  remedy: { href: string; text: string }
}

/** Where the page has its test of the connection. */
export const testAnchor = 'connection'
const mostMistakes = 5

const tones: Partial<Record<DiagnosisCode, Said['tone']>> = {
  ok: 'ok',
  no_key_needed: 'ok',
  renewed: 'soon',
  replaced: 'soon',
  version_mismatch: 'soon',
  stray_characters: 'soon',
  text_around: 'soon',
  case: 'info',
  product_name: 'info',
  several_keys: 'info',
}

/** Says a diagnosis to a person: what it is, where, and what to do. */
export function sayDiagnosis(diagnosis: Diagnosis, question: Question, language: Language): Said {
  const { code, connectivity, likely } = diagnosis
  const t = translator(language)
  const remedy = remedyOf(diagnosis, t)
  if (connectivity) return { ...sayConnectivity(connectivity, t), masked: null, likely: null, remedy }
  const facts = factsOf(diagnosis, question, language)
  // that of the test of the connection was said above
  const said = `check.diagnosis.${code as SaidCode}` as const
  return {
    tone: tones[code] ?? 'bad',
    title: t(`${said}.title`, facts),
    lines: [t(`${said}.text`, facts), ...places(diagnosis, t), ...further(diagnosis, t)],
    masked: maskedKey(diagnosis, t),
    likely,
    remedy,
  }
}

/** Those that have their sentences under their own name. */
type SaidCode = Exclude<DiagnosisCode, 'connectivity'>

function factsOf({ checked, product, opens, likely }: Diagnosis, question: Question, language: Language) {
  const facts = checked && verdictFacts(checked, question, language)
  return {
    ...facts,
    ...(product && { product: product.name }),
    shortId: checked?.found?.shortId ?? '',
    support: env().SUPPORT_EMAIL,
    opens: opens ?? '',
    certain: likely ? 'yes' : 'no',
  }
}

function maskedKey({ checked, likely }: Diagnosis, t: Translate): Said['masked'] {
  if (!checked?.found || !checked.key || likely) return null
  const end = lastFour(checked.key)
  const { shortId } = checked.found
  const about = t('check.about', { shortId, product: checked.ownProduct?.name ?? '' })
  return { start: checked.key.slice(0, 4), end, label: t('check.masked', { lastFour: end }), about }
}

/** What is to be known beside: that GLPI goes on, how it asks again, and how one who may not see the key comes to. */
function further({ checked, keyPage }: Diagnosis, t: Translate): string[] {
  if (!checked?.found) return []
  const ends = checked.code === 'expired' || checked.code === 'revoked'
  return [
    ...(ends ? [t('activations.glpi_goes_on')] : []),
    ...(checked.verdict.ok ? [] : [t('activations.ask_again')]),
    ...(keyPage ? [] : [t('check.ask_owner', { support: env().SUPPORT_EMAIL })]),
  ]
}

function places({ mistakes, strays }: Diagnosis, t: Translate): string[] {
  const said = [
    ...strays.map(({ place, found }) => t('check.mistake.stray', { place, found: nameOf(found, t) })),
    ...mistakes.map((mistake) => sayMistake(mistake, t)),
  ]
  const more = said.length - mostMistakes
  return more > 0 ? [...said.slice(0, mostMistakes), t('check.mistake.more', { count: more })] : said
}

function sayMistake({ what, place, found, expected, likely }: Mistake, t: Translate): string {
  const character = nameOf(found ?? '', t)
  if (what === 'wrong' && likely)
    return t('check.mistake.likely', { place, found: character, likely: nameOf(likely, t) })
  const right = expected ? nameOf(expected, t) : 'none'
  return t(`check.mistake.${what}`, { place, found: character, expected: right })
}

/** A character in words, also one that nobody sees. */
function nameOf(character: Stray['found'], t: Translate): string {
  if (character === ' ') return t('check.character.space')
  if (character === '\n' || character === '\r') return t('check.character.break')
  if (character === '\t') return t('check.character.tab')
  if (/\p{Zs}/u.test(character)) return t('check.character.no_break_space')
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  if (/[\p{C}\p{DI}\u2800]/u.test(character)) return t('check.character.unseen', { code })
  if (/["'\p{Pi}\p{Pf}]/u.test(character)) return t('check.character.quote', { character })
  return t('check.character.other', { character })
}

function sayConnectivity({ finding, clockSeconds, http }: Connectivity, t: Translate) {
  const { host, port, protocol } = new URL(env().PUBLIC_URL)
  const facts = {
    host,
    port: port || (protocol === 'https:' ? '443' : '80'),
    support: env().SUPPORT_EMAIL,
    http: String(http ?? ''),
    seconds: clockSeconds === null ? 'none' : `${Math.abs(clockSeconds)} s`,
  }
  return {
    tone: finding === 'ok' ? ('ok' as const) : ('bad' as const),
    title: t(`check.finding.${finding}.title`),
    lines: [t(`check.finding.${finding}.text`, facts)],
  }
}

const openedBy: Partial<Record<DiagnosisCode, 'renew' | 'newer' | 'copy' | 'which' | 'move' | 'versions'>> = {
  expired: 'renew',
  replaced: 'newer',
  renewed: 'newer',
  stray_characters: 'copy',
  text_around: 'copy',
  wrong_product: 'which',
  wrong_kind: 'which',
  bound_elsewhere: 'move',
  version_mismatch: 'versions',
}

function opening(code: DiagnosisCode, { kind, renewedAt }: FoundKey) {
  if (code === 'expired' && renewedAt) return 'newer'
  return code === 'expired' && kind === 'trial' ? 'key' : (openedBy[code] ?? 'key')
}

/** The one thing to do. A key's own people are led to the key; others to where it is asked whether they are some. */
function remedyOf(diagnosis: Diagnosis, t: Translate): Said['remedy'] {
  const { code, checked, keyPage, connectivity, opens, product } = diagnosis
  const support = { href: `mailto:${env().SUPPORT_EMAIL}`, text: t('check.remedy.support') }
  if (connectivity) {
    const isOurs = connectivity.finding === 'ok' || connectivity.finding === 'no_answer'
    return isOurs ? support : { href: `#${testAnchor}`, text: t('check.remedy.again') }
  }
  if (code === 'ok') return { href: `#${testAnchor}`, text: t('check.remedy.test') }
  if (code === 'revoked' && !keyPage)
    return { ...support, href: `${support.href}?subject=${checked?.found?.shortId}` }
  if (checked?.found)
    return { href: keyPage ?? remedyPage(checked), text: t(`check.remedy.${opening(code, checked.found)}`) }
  if (opens) return { href: `/open/${opens}`, text: t('check.remedy.case') }
  if (code === 'no_key_needed' && product)
    return product.homepageUrl
      ? { href: product.homepageUrl, text: t('check.remedy.product', { product: product.name }) }
      : support
  return { href: '/', text: t(code === 'portal_token' ? 'check.remedy.token' : 'check.remedy.portal') }
}
