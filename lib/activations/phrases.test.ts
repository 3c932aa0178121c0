import { describe, expect, test } from 'vitest'
import { generateKey } from '@/lib/keys/format'
import { makeCatalog, productDatabase, type Reference } from '@/sandbox/test/fixture'
import { type CheckedProduct, catalog } from './catalog'
import type { Checked } from './check'
import { sayDiagnosis } from './diagnosis-phrases'
import type { FoundKey } from './facts'
import { faultIn } from './fault'
import { verdictSentence } from './phrases'
import type { Asked, CheckCode, CheckNote } from './rules'

// The sentences name the portal's address, which the environment says.
await productDatabase()

await makeCatalog()
const { byReference } = await catalog()
function product(reference: Reference): CheckedProduct {
  const found = byReference.get(reference)
  if (!found) throw new Error(`the catalog lacks ${reference}`)
  return found
}
const forms = product('forms')
const suite = product('suite')

const key: FoundKey = {
  ...{
    id: 'k',
    organizationId: 'o',
    shortId: 'K-7QF3XM',
    kind: 'subscription',
    binding: 'url',
    productId: 'p',
  },
  ...{
    startsAt: new Date('2025-06-30T22:00:00Z'),
    expiresAt: new Date('2026-06-30T22:00:00Z'),
    termEndsAt: null,
  },
  ...{ renewedAt: null, replacedAt: null, firstSeenAt: null, revoked: false, revokedReason: null },
  followed: false,
  ...{ organization: { name: 'Acme', slug: 'acme', timeZone: 'Europe/Paris' }, places: [], activation: null },
}
interface Case {
  found?: Partial<FoundKey>
  own?: CheckedProduct
  asking?: CheckedProduct | null
  notes?: CheckNote[]
  refusalCode?: string
}

function checkedAs(
  code: CheckCode,
  { found, own = forms, asking = own, notes = [], refusalCode }: Case,
): Checked {
  return {
    ...{ code, notes, key: 'gks1', fingerprint: null, fault: null, at: new Date() },
    ...{ verdict: { ok: false, code: 'unknown', notes: [] }, found: { ...key, ...found } },
    ...{ product: asking, ownProduct: own, refusalCode: refusalCode ?? null },
  }
}

/** What a GLPI is told, and what the check page says, in both languages. */
function said(code: CheckCode, one: Case, asked: Asked = {}) {
  const checked = checkedAs(code, one)
  const nothing = {
    ...{
      mistakes: [],
      cut: null,
      strays: [],
      cleaned: null,
      likely: null,
      beneath: null,
      connectivity: null,
    },
    ...{ product: null, opens: null, own: null, ask: null, signedIn: false, searches: null },
  }
  const note = code === 'expired' ? undefined : checked.notes[0]
  const diagnosis = { ...nothing, code: note ?? (code as Exclude<CheckCode, 'malformed'>), checked }
  return (['en', 'fr'] as const).flatMap((language) => {
    const { title, lines, remedy } = sayDiagnosis(diagnosis, { ...asked, pasted: '' }, language)
    return [verdictSentence(checked, asked, language), [title, lines[0], remedy?.text].join(' ')]
  })
}

describe('what is said of a verdict is true of each kind of key', () => {
  test.each<[what: string, CheckCode, Case, is: RegExp, not: RegExp]>([
    [
      'a subscription that ended is renewed',
      'expired',
      {},
      /renewed|take it up again|renouveler|reprendre/,
      /essai|trial/i,
    ],
    [
      'a trial that ended is not',
      'expired',
      { found: { kind: 'trial' } },
      /A trial is not renewed: buy Forms Pro|A trial ends for good|Un essai ne se renouvelle pas\s: achetez Forms Pro|Un essai finit pour de bon/,
      /Renew it|Renouvelez|La renouveler/,
    ],
    [
      'one that ended and has a newer one neither',
      'expired',
      { notes: ['renewed'] },
      /newer key follows|clé plus récente lui succède/,
      /Renew it|Renouvelez|La renouveler/,
    ],
    [
      'a key that begins may be the first',
      'not_started',
      {},
      /where there is one|s’il y en a une/,
      /shows both|montre les deux/,
    ],
    [
      'a key of one instance belongs there',
      'bound_elsewhere',
      { refusalCode: '7QF3XM' },
      /another GLPI|un autre GLPI/,
      /all GLPIs/,
    ],
    [
      'a key of the organization belongs to no GLPI',
      'bound_elsewhere',
      { found: { binding: 'organization' }, refusalCode: '7QF3XM' },
      /not among them yet|n’en fait pas encore partie/,
      /another GLPI|un autre GLPI|has moved|a déménagé/,
    ],
    [
      'also at an address that is none of theirs',
      'bound_elsewhere',
      { found: { binding: 'organization' } },
      /all GLPIs|tous les GLPI/,
      /another GLPI|un autre GLPI/,
    ],
    [
      'a plugin’s key goes into the plugin',
      'wrong_product',
      { asking: suite },
      /settings of Forms Pro|réglages du produit «.Forms Pro/,
      /a plugin of|un plugin de/,
    ],
    [
      'a suite’s key goes into its plugins',
      'wrong_product',
      { own: suite, asking: forms },
      /settings of a plugin of Suite|réglages d’un plugin de la suite «.Suite/,
      /settings of Suite|réglages de Suite/,
    ],
  ])('%s', (_what, code, one, is, not) => {
    const asked = one.refusalCode ? { installationId: 'one' } : { url: 'https://glpi.example' }
    for (const sentence of said(code, one, asked)) {
      expect(sentence).toMatch(is)
      expect(sentence).not.toMatch(not)
    }
  })

  test('a product that nobody knows here is said to be that, by what was asked for, cut where it is long', () => {
    for (const sentence of said('wrong_product', { asking: null }, { product: 'nosuch' })) {
      expect(sentence).toMatch(/nosuch/)
      expect(sentence).toMatch(/no product that is known here|aucun produit connu ici/)
      expect(sentence).not.toMatch(/not for|pas de/)
    }
    for (const sentence of said('wrong_product', { asking: null }, { product: 'x'.repeat(100) }))
      expect(/x+…?/.exec(sentence.replace('Forms', ''))?.[0]).toBe(`${'x'.repeat(40)}…`)
  })

  test('a version that was not said is not printed as nothing', () => {
    const note: Case = { notes: ['version_mismatch'] }
    for (const asked of [{}, { glpiVersion: '11.0.2' }, { productVersion: '1.0.0' }])
      for (const sentence of said('ok', note, asked)) {
        expect(sentence).not.toMatch(/[ \u00a0]{2}|none|unknown/)
        // Which release fits is known where GLPI's version is.
        if (!('glpiVersion' in asked)) expect(sentence).not.toMatch(/no release|No version|ucune version/)
      }
    const whole = said('ok', note, { productVersion: '1.0.0', glpiVersion: '11.0.2' })
    for (const sentence of whole) expect(sentence).toMatch(/Forms Pro 1\.0\.0 .*GLPI 11\.0\.2/)
  })
})

test('of the test key with a version that does not fit the sentence names a release, whatever GLPI asks', () => {
  // as: of a release the sentence names its version
  const releases = ['2.9.0', '3.2.0'].map((version) => ({
    version,
    glpiMin: '10.0',
    glpiMax: null,
  })) as CheckedProduct['releases']
  const checked = checkedAs('ok', { own: { ...forms, releases }, notes: ['version_mismatch'] })
  expect(verdictSentence({ ...checked, isTest: true }, {}, 'en')).toContain('Install 3.2.0.')
  expect(verdictSentence(checked, {}, 'en')).not.toContain('Install')
  expect(verdictSentence({ ...checked, isTest: true }, { glpiVersion: '11.0.2' }, 'fr')).toContain('3.2.0')
})

/** One of which the last character is not the one before as well: of two alike either may be missing. */
function anyKey(): string {
  const made = generateKey('subscription')
  return made.at(-1) === made.at(-2) || made.at(9) === made.at(10) || made.at(8) === made.at(9)
    ? anyKey()
    : made
}

test.each([
  ['its end', (whole: string) => whole.slice(0, -1), 'Character 36 is missing', 'Il manque le caractère 36'],
  [
    'a character within',
    (whole: string) => whole.slice(0, 9) + whole.slice(10),
    'Character 10 is missing',
    'Il manque le caractère 10',
  ],
])('of a key that lacks %s it is not said that a character is wrong', (_what, cut, en, fr) => {
  const fault = faultIn(cut(anyKey()))
  const checked = { ...checkedAs('malformed', {}), found: null, product: null, ownProduct: null, fault }
  expect(verdictSentence(checked, {}, 'en')).toContain(`This key was changed on its way. ${en}. Copy`)
  expect(verdictSentence(checked, {}, 'fr')).toContain(fr)
})
