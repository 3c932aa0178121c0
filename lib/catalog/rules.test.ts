import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareVersions,
  fits,
  fittingReleases,
  newestFitting,
  parseGlpiVersion,
  upgradeOutlook,
} from '@/lib/catalog/rules'

describe('comparing versions', () => {
  const ascending = [
    ...[
      '0.90',
      '9.5',
      '9.5.13',
      '10.0.0-dev',
      '10.0.0-alpha',
      '10.0.0-beta',
      '10.0.0-beta2',
      '10.0.0-beta10',
    ],
    ...[
      '10.0.0-rc1',
      '10.0.0-rc.2',
      '10.0.0',
      '10.0.0-p1',
      '10.0.9',
      '10.0.10',
      '10.0.10.1',
      '10.1',
      '11.0.0-preview',
    ],
    ...['11.0.0-dev', '11.0.0-b1', '11.0', '11.0.1', '100.0'],
  ]

  test('is numeric part by part, and a pre-release comes before its release', () => {
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) {
        expect(compareVersions(a, b), `${a} and ${b}`).toBe(Math.sign(i - j))
      }
    }
  })

  test.each([
    ['11', '11.0.0'],
    ['11.0', '11.0.0'],
    ['v2.1.0', '2.1.0'],
    ['2.1.0+build7', '2.1.0'],
    ['2.1.0-RC1', '2.1.0rc1'],
    ['2.1.0-a1', '2.1.0-alpha1'],
    ['010.0', '10.0'],
    ['10.0.0-pl1', '10.0.0-p1'],
    // What is no version reads as 0, whatever digits follow.
    ['plugin 2', '0'],
  ])('%s and %s are the same', (a, b) => {
    expect(compareVersions(a, b)).toBe(0)
  })

  test('is an order for any text', () => {
    const version = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc
        .tuple(
          fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }),
          fc.constantFrom('', '-beta', '-rc1', '-x'),
        )
        .map(([numbers, suffix]) => numbers.join('.') + suffix),
    )
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0)
        const [x, y, z] = [a, b, c].sort(compareVersions)
        // `?? ''`: three strings were sorted, the compiler does not count them.
        expect(compareVersions(x ?? '', y ?? '')).toBeLessThanOrEqual(0)
        expect(compareVersions(x ?? '', z ?? '')).toBeLessThanOrEqual(0)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('whether a release fits', () => {
  test.each([
    ['10.0', '11.0', '10.0.0', true],
    ['10.0', '11.0', '10.0.18', true],
    ['10.0', '11.0', '11.0.0', true],
    ['10.0', '11.0', '11.0.9', true],
    ['10.0', '11.0', '11.1.0', false],
    ['10.0', '11.0', '12.0', false],
    ['10.0', '11.0', '9.5.13', false],
    ['10.0', '11.0', '10.5.1', true],
    ['10.0', '10.0', '10.0.18', true],
    ['10.0', '10.0', '11.0.0', false],
    ['10', '10', '10.9.9', true],
    ['10.0.5', '10.0.9', '10.0.4', false],
    ['10.0.5', '10.0.9', '10.0.5', true],
    ['10.0.5', '10.0.9', '10.0.10', false],
    ['10.0', null, '99.9', true],
    ['10.0', null, '9.5', false],
    // As many parts as people name: somewhere in GLPI 11, in 10.0.
    ['10.0', '11.0', '11', true],
    ['10.0.5', '10.0.9', '10.0', true],
    ['10.0.5', '10.0.9', '10', true],
    ['10.0', '10.0', '11', false],
    ['9.5', '9.5', '9.4', false],
    // Pre-releases of GLPI count as the release that they lead to.
    ['11.0', '11.0', '11.0.0-beta', true],
    ['11.0', '11.0', '11.0.0-dev', true],
    ['10.0', '10.0', '11.0.0-dev', false],
    ['11.0.0-rc1', '11.0', '11.0.0-beta', false],
    ['11.0.0-rc1', '11.0', '11.0.0-rc2', true],
    ['11.0.0-rc1', '11.0', '11', true],
  ])('%s to %s and GLPI %s: %s', (glpiMin, glpiMax, glpiVersion, expected) => {
    expect(fits({ version: '1.0', glpiMin, glpiMax }, glpiVersion)).toBe(expected)
  })
})

const old = { version: '1.9.0', glpiMin: '9.5', glpiMax: '10.0' }
const current = { version: '2.10.0', glpiMin: '10.0', glpiMax: '11.0' }
const earlier = { version: '2.9.0', glpiMin: '10.0', glpiMax: '11.0' }
const in10 = { version: '1.0.0', glpiMin: '10', glpiMax: '10.0' }
const preview = { version: '3.0.0-beta', glpiMin: '11.0', glpiMax: null }

describe('the releases for a GLPI version', () => {
  test('are listed newest first', () => {
    const releases = [old, earlier, preview, current]
    expect(fittingReleases(releases, '10.0.18')).toEqual([current, earlier, old])
    expect(fittingReleases(releases, '11.0.4')).toEqual([preview, current, earlier])
    expect(fittingReleases(releases, '9.4')).toEqual([])
    expect(releases).toEqual([old, earlier, preview, current])
  })

  test('the one to install is a pre-release only where there is nothing else', () => {
    expect(newestFitting([old, preview, earlier, current], '11.0.4')).toBe(current)
    expect(newestFitting([old, preview], '11.0.4')).toBe(preview)
    expect(newestFitting([old], '11.0.4')).toBeNull()
    expect(newestFitting([], '11.0.4')).toBeNull()
  })
})

describe('the outlook for a planned GLPI version', () => {
  test.each([
    ['a release fits', [old, current], false, '11.0', { fits: true, release: current }],
    ['the newest of several', [earlier, current], true, '11', { fits: true, release: current }],
    ['none yet', [old, current], false, '12.0', { fits: false, because: 'no_release_yet', upTo: '11.0' }],
    [
      'none yet, in any order',
      [current, old],
      false,
      '12.0',
      { fits: false, because: 'no_release_yet', upTo: '11.0' },
    ],
    ['none yet within 10', [in10], false, '10.5', { fits: false, because: 'no_release_yet', upTo: '10.0' }],
    ['none any more', [old], true, '11.0', { fits: false, because: 'ended', upTo: '10.0' }],
    ['no release at all', [], false, '11.0', { fits: false, because: 'no_release_yet', upTo: null }],
    ['ended without a release', [], true, '11.0', { fits: false, because: 'ended', upTo: null }],
    ['an older GLPI', [current, old], false, '9.4', { fits: false, because: 'glpi_too_old', from: '9.5' }],
    ['an older GLPI, ended', [current], true, '9.5', { fits: false, because: 'glpi_too_old', from: '10.0' }],
    ['a gap', [old, preview], false, '10.5', { fits: false, because: 'no_release_yet', upTo: '10.0' }],
  ])('%s', (_case, releases, ended, planned, verdict) => {
    const product = { name: 'Forms Pro', releases, ended }
    expect(upgradeOutlook([product], planned)).toEqual([{ product, verdict }])
  })

  test('keeps the order of the products', () => {
    const products = [
      { releases: [old], ended: false },
      { releases: [current], ended: false },
    ]
    expect(upgradeOutlook(products, '11.0').map(({ verdict }) => verdict.fits)).toEqual([false, true])
  })
})

test.each([
  ['11', '11'],
  ['11.0', '11.0'],
  ['11.0.4', '11.0.4'],
  [' 10.0.18 \n', '10.0.18'],
  ['GLPI 11.0.4', '11.0.4'],
  ['glpi 10', '10'],
  ['GLPI-10.0', '10.0'],
  ['GLPI: 10.0', '10.0'],
  ['GLPI v10.0.5', '10.0.5'],
  ['GLPI version 10.0.5', '10.0.5'],
  ['version 10.0.5', '10.0.5'],
  ['v10.0.5', '10.0.5'],
  ['GLPI 10.0.18 Copyright (C) 2015-2026', '10.0.18'],
  ['GLPI/11.0.2 (installation-mode:TARBALL)', '11.0.2'],
  ['GLPI/10.0.0-dev (installation-mode:GIT; x)', '10.0.0-dev'],
  ['GLPI/11.0.0-RC1', '11.0.0-rc1'],
  ['0.90.5', '0.90.5'],
  ['9.5.13', '9.5.13'],
  ['', null],
  ['GLPI', null],
  ['the latest', null],
  ['Mozilla/5.0 (X11; Linux x86_64)', null],
  ['curl/8.5.0', null],
  ['GLPI-Agent/1.5', null],
  ['GLPI-Agent_v1.9', null],
  ['11.', null],
  ['11..0', null],
  ['11,0', null],
  ['-11', null],
  ['11.0.4 or so', null],
  ['99999', null],
  ['1.2.3.4.5', null],
  ['V10.0.5', '10.0.5'],
  ['11.0.0-RC1', '11.0.0-rc1'],
])('the GLPI version in %.60j is %s', (text, version) => {
  expect(parseGlpiVersion(text)).toBe(version)
})

test('a version is looked for in 500 characters at most', () => {
  expect(parseGlpiVersion(`11.0${' '.repeat(496)}`)).toBe('11.0')
  expect(parseGlpiVersion(`11.0${' '.repeat(497)}`)).toBeNull()
  expect(parseGlpiVersion(`GLPI ${'1'.repeat(1_000_000)}`)).toBeNull()
})
