import { env } from '@/lib/env'
import { lastFour } from '@/lib/keys/format'
import { daysLeft, lastDay } from '@/lib/messages/dates'
import { type Language, type Translate, translator } from '@/lib/messages/translator'
import type { Checked } from './check'
import type { Connectivity } from './connectivity'
import { type Diagnosis, type DiagnosisCode, isKnownVersion, isWithin, type Question } from './diagnosis'
import { nameOf, sayMistakes } from './mistake-phrases'
import { nameJoint } from './named'
import { verdictFacts } from './phrases'
import { fittingRelease } from './rules'

/** A diagnosis in words, as the check page shows it. A whole key is in it only as `likely`. */
export interface Said {
  tone: 'ok' | 'soon' | 'bad' | 'info'
  title: string
  lines: string[]
  /** The key that it is about, masked. */
  masked: { start: string; end: string; label: string; about: string } | null
  /** Whoever pasted the key but for a character or two holds it anyhow. */
  likely: string | null
  /** Null where nothing leads any further. */
  remedy: { href: string; text: string } | null
  /** How to be let in, by a page or by sending the proof back. */
  ask: { text: string; href?: string; proof?: string } | null
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
  no_release: 'soon',
  other_address: 'soon',
  stray_characters: 'soon',
  text_around: 'soon',
  case: 'info',
  product_name: 'info',
  several_keys: 'info',
}

/** Says a diagnosis to a person: what it is, where, and what to do. */
export function sayDiagnosis(diagnosis: Diagnosis, question: Question, language: Language): Said {
  const { code, connectivity, likely, beneath, cleaned } = diagnosis
  const t = translator(language)
  const remedy = remedyOf(diagnosis, t)
  if (connectivity)
    return { ...sayConnectivity(connectivity, t), masked: null, likely: null, ask: null, remedy }
  const facts = factsOf(diagnosis, question, language)
  // that of the test of the connection was said above
  const said = `check.diagnosis.${code as SaidCode}` as const
  const right = beneath && beneath.code !== 'ok' ? sayDiagnosis(beneath, question, language) : null
  return {
    tone: tones[code] ?? 'bad',
    title: t(`${said}.title`, facts),
    lines: [
      t(`${said}.text`, facts),
      ...sayMistakes(diagnosis, mostMistakes, t),
      ...(cleaned ? [sayCleaned(cleaned, t)] : []),
      ...until(diagnosis, question, language),
      ...further(diagnosis, t),
      ...(right ? [`${right.title}.`, ...right.lines] : []),
    ],
    masked: likely ? null : (right?.masked ?? maskedKey(diagnosis, t)),
    likely,
    remedy: right?.remedy ?? remedy,
    ask: askFor(beneath ?? diagnosis, t),
  }
}

/** Those that have their sentences under their own name. */
type SaidCode = Exclude<DiagnosisCode, 'connectivity'>

function factsOf(
  { code, checked, product, opens, likely, beneath, own }: Diagnosis,
  question: Question,
  language: Language,
) {
  const facts = checked && verdictFacts(checked, question, language)
  return {
    ...facts,
    ...(product && { product: product.name }),
    ...(code === 'no_key_needed' && !product && { product: 'GLPI' }),
    shortId: checked?.found?.shortId ?? '',
    support: env().SUPPORT_EMAIL,
    opens: opens?.split(nameJoint).join(', ') ?? '',
    names: opens?.split(nameJoint).length ?? 0,
    newer: own?.newer?.shortId ?? (checked?.notes.includes('renewed') ? 'some' : 'none'),
    certain: likely ? 'yes' : beneath ? 'vain' : 'no',
  }
}

function maskedKey({ checked, likely }: Diagnosis, t: Translate): Said['masked'] {
  if (!checked?.found || !checked.key || likely) return null
  const end = lastFour(checked.key)
  const { shortId } = checked.found
  const about = t('check.about', { shortId, product: checked.ownProduct?.name ?? '' })
  return { start: checked.key.slice(0, 4), end, label: t('check.masked', { lastFour: end }), about }
}

const saysUntil: readonly DiagnosisCode[] = ['ok', 'no_release', 'version_mismatch']

/** Until when a key that works does so, and which version fits. What is paid is told to its own people alone. */
function until({ code, checked, own }: Diagnosis, question: Question, language: Language): string[] {
  if (!checked?.found || !saysUntil.includes(code)) return []
  const t = translator(language)
  const { found, at } = checked
  const { timeZone } = found.organization
  const day = (end: Date) => lastDay(end, language, timeZone)
  const versions = whichVersion(checked, question, t)
  if (!found.expiresAt) return [t('check.until.never'), ...versions]
  const facts = { date: day(found.expiresAt), days: daysLeft(found.expiresAt, at, timeZone) }
  if (found.kind === 'trial') return [t('check.until.trial', facts), ...versions]
  if (!own || !found.termEndsAt) return [t('check.until.works', facts), ...versions]
  return [t('check.until.paid', { ...facts, paid: day(found.termEndsAt) }), ...versions]
}

/** Of a plugin whose version was not said, or is none that is known: so, and which one fits that GLPI. */
function whichVersion({ product }: Checked, question: Question, t: Translate): string[] {
  if (!product || product.releases.length === 0 || isKnownVersion(question, product)) return []
  const { glpiVersion: glpi, productVersion: version } = question
  const { fits } = fittingRelease(question, product.releases)
  return [
    ...(version ? [t('check.until.no_version', { product: product.name, version })] : []),
    ...(glpi && fits ? [t('check.until.install', { glpi, product: product.name, fits })] : []),
  ]
}

/** What is to be known beside: that GLPI goes on, how it asks again, and how one who may not see the key comes to. */
function further({ code, checked, own, ask }: Diagnosis, t: Translate): string[] {
  if (!checked?.found) return []
  const { verdict } = checked
  const ends = checked.code === 'expired' || checked.code === 'revoked'
  return [
    ...(ends ? [t('activations.glpi_goes_on')] : []),
    ...(verdict.ok && verdict.asks ? [t('check.asks_address')] : []),
    ...(isElsewhere(code) && !own?.question ? [t('check.asks_once_called')] : []),
    ...(verdict.ok ? [] : [t('activations.ask_again')]),
    ...(own
      ? []
      : [
          ask
            ? t('check.ask_join', { signed: ask === 'sign_in' ? 'out' : 'in' })
            : t('check.ask_owner', { support: env().SUPPORT_EMAIL }),
        ]),
  ]
}

function sayCleaned(cleaned: NonNullable<Diagnosis['cleaned']>, t: Translate): string {
  if (cleaned === 'break') return t('check.cleaned_break')
  if (cleaned === 'text') return t('check.cleaned_text')
  const { place } = cleaned
  const found = nameOf(cleaned.found, t)
  return isWithin(cleaned) ? t('check.cleaned_within', { place, found }) : t('check.cleaned', { found })
}

function sayConnectivity({ finding, clockSeconds, http, way }: Connectivity, t: Translate) {
  const { hostname: host, port, protocol } = new URL(env().PUBLIC_URL)
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
    lines: [
      t(`check.finding.${finding}.text`, facts),
      ...(way ? [t('check.way', { from: way.from, via: way.via ?? 'none' })] : []),
    ],
  }
}

/** The page to sign in on leads back to where the key is pasted again: it is kept nowhere. */
function askFor({ ask }: Diagnosis, t: Translate): Said['ask'] {
  if (ask === 'sign_in') return { text: t('check.remedy.sign_in'), href: '/sign-in?to=%2Fcheck' }
  return ask && { text: t('check.remedy.ask'), proof: ask.proof }
}

const openedBy: Partial<Record<DiagnosisCode, 'newer' | 'copy' | 'which' | 'versions'>> = {
  expired: 'newer',
  replaced: 'newer',
  renewed: 'newer',
  stray_characters: 'copy',
  text_around: 'copy',
  wrong_product: 'which',
  wrong_kind: 'which',
  version_mismatch: 'versions',
  no_release: 'versions',
}

/** The one thing to do. A key's own people are led to the key; others to where it is asked whether they are some. */
function remedyOf(diagnosis: Diagnosis, t: Translate): Said['remedy'] {
  const { code, checked, own, connectivity, opens, product, searches } = diagnosis
  const support = { href: `mailto:${env().SUPPORT_EMAIL}`, text: t('check.remedy.support') }
  if (connectivity) {
    const isOurs = connectivity.finding === 'ok' || connectivity.finding === 'no_answer'
    return isOurs ? support : { href: `#${testAnchor}`, text: t('check.remedy.again') }
  }
  if (code === 'ok' || code === 'unreached') return { href: `#${testAnchor}`, text: t('check.remedy.test') }
  // What was revoked or is over, nobody can take up again in the portal.
  const isOver = code === 'expired' && !checked?.notes.includes('renewed')
  if (isOver || (code === 'revoked' && !own))
    return { ...support, href: `${support.href}?subject=${checked?.found?.shortId}` }
  if (isElsewhere(code) && own?.question) return { href: own.question, text: t('check.remedy.move') }
  if (checked?.found) return keyRemedy(diagnosis, checked.found.shortId, t)
  if (code === 'case') return { href: `/open/${opens}`, text: t('check.remedy.case') }
  if (code === 'no_key_needed' && !product) return null
  if (code === 'glpi_verdict') return { href: '/help/glpi', text: t('glpi.link') }
  if (code === 'no_key_needed' && product)
    return product.homepageUrl
      ? { href: product.homepageUrl, text: t('check.remedy.product', { product: product.name }) }
      : support
  if (code === 'portal_token') return { href: '/', text: t('check.remedy.token') }
  const search = code === 'masked' ? `?q=${opens}` : ''
  return { href: searches ? `/${searches}/keys${search}` : '/', text: t('check.remedy.portal') }
}

/** Who is signed in and not of its people would find nothing; who is not signed in may turn out to be one of them. */
function keyRemedy({ code, checked, own, signedIn }: Diagnosis, shortId: string, t: Translate) {
  if (!own && (signedIn || checked?.isTest)) return null
  const opened = openedBy[code] ?? 'key'
  // What an unknown product needs, nobody knows.
  const which = opened === 'which' && (!checked?.product || (own && !own.right)) ? 'key' : opened
  const page = { newer: own?.newer?.page, which: own?.right, ...{ key: null, copy: null, versions: null } }[
    which
  ]
  // Not by a refusal code, which opens a case: this GLPI may never have called.
  const href = page ?? own?.page ?? `${env().PUBLIC_URL}/open/${shortId}`
  return { href, text: t(`check.remedy.${which}`) }
}

const isElsewhere = (code: DiagnosisCode) => code === 'bound_elsewhere' || code === 'other_address'
