import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isReserved, maxSlugLength, parseSlug, slugify } from '@/lib/organizations/slug'

describe('reading a slug', () => {
  test.each([
    ['acme', 'acme'],
    ['Acme', 'acme'],
    [' mairie-de-lyon\n', 'mairie-de-lyon'],
    ['a1', 'a1'],
    ['42', '42'],
    ['a-b-c', 'a-b-c'],
    ['trial-labs', 'trial-labs'],
    ['x'.repeat(maxSlugLength), 'x'.repeat(maxSlugLength)],
  ])('%j is %s', (text, slug) => {
    expect(parseSlug(text)).toEqual({ ok: true, slug })
  })

  test.each([
    ['', 'empty'],
    [' \t', 'empty'],
    ['a', 'too_short'],
    ['x'.repeat(maxSlugLength + 1), 'too_long'],
    ['x'.repeat(1_000_000), 'too_long'],
    ['acme corp', 'characters'],
    ['acme_corp', 'characters'],
    ['acme.example', 'characters'],
    ['acmé', 'characters'],
    ['acme/keys', 'characters'],
    ['..', 'characters'],
    ['%61cme', 'characters'],
    ['аcme', 'characters'],
    ['-acme', 'hyphens'],
    ['acme-', 'hyphens'],
    ['acme--corp', 'hyphens'],
    ['-', 'hyphens'],
    ['api', 'reserved'],
    ['API', 'reserved'],
    ['_next', 'reserved'],
    ['favicon.ico', 'reserved'],
    ['sign-in', 'reserved'],
    ['fr', 'reserved'],
  ])('%.50j is refused: %s', (text, because) => {
    expect(parseSlug(text)).toEqual({ ok: false, because })
  })
})

test.each([
  ...[
    'api',
    'staff',
    'account',
    'sign-in',
    'check',
    'trial',
    'health',
    'ready',
    '_next',
    'favicon.ico',
    'robots.txt',
  ],
  ...[
    '.well-known',
    'well-known',
    'admin',
    'www',
    'help',
    'legal',
    'privacy',
    'static',
    'public',
    'assets',
    'new',
  ],
  ...['invite', 'docs', 'en', 'fr', 'Staff'],
])('the portal keeps %s for itself', (slug) => {
  expect(isReserved(slug)).toBe(true)
})

test.each(['acme', 'mairie', 'checkpoint', 'newport', 'constructor'])('%s is free to use', (slug) => {
  expect(isReserved(slug)).toBe(false)
})

describe('proposing a slug', () => {
  test.each([
    ['Acme', 'acme'],
    ["Hôpital de l'Étoile", 'hopital-de-l-etoile'],
    ['Ville de Besançon (DSI)', 'ville-de-besancon-dsi'],
    ['Straße & Söhne GmbH', 'strasse-sohne-gmbh'],
    ['Łódź Ærø İstanbul ırmak', 'lodz-aero-istanbul-irmak'],
    ['Ｆｕｌｌ Ｗｉｄｔｈ', 'full-width'],
    ['  --Acme--  ', 'acme'],
    ['ACME 2026', 'acme-2026'],
    ['<b>Acme</b>', 'b-acme-b'],
    ['شركة Acme', 'acme'],
    ['شركة', 'org-x7f2'],
    ['株式会社', 'org-x7f2'],
    ['Общество', 'org-x7f2'],
    ['🔑', 'org-x7f2'],
    ['', 'org-x7f2'],
    ['A', 'org-x7f2'],
    ['API', 'api-x7f2'],
    ['Sign in', 'sign-in-x7f2'],
    [`${'agglomeration '.repeat(5)}`, 'agglomeration-agglomeration'],
    ['x'.repeat(200), 'x'.repeat(maxSlugLength)],
    [`${'a'.repeat(20)} ${'b'.repeat(19)} c`, `${'a'.repeat(20)}-${'b'.repeat(19)}`],
  ])('for %j it is %s', (name, slug) => {
    expect(slugify(name, 'x7f2')).toBe(slug)
  })

  test('any name gets one that can be used', () => {
    const unit = fc.oneof(fc.constantFrom(..."aéßK-'& 1İ"), fc.string({ unit: 'binary', maxLength: 3 }))
    const name = fc.oneof(fc.string({ unit, maxLength: 80 }), fc.constantFrom('api', 'Sign-In', 'fr', 'Org'))
    const suffix = fc.string({ unit: fc.constantFrom(...'abxyz0189'), minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(name, suffix, (text, end) => {
        const slug = slugify(text, end)
        expect(parseSlug(slug)).toEqual({ ok: true, slug })
      }),
      { numRuns: 10_000 },
    )
  })
})
