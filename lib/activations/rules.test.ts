import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Asked,
  answersTo,
  type CheckedKey,
  checkCodes,
  contactOf,
  contactOfInstance,
  fittingRelease,
  isNameless,
  keptSince,
  mayAnswer,
  mayHandOver,
  type Place,
  placeOf,
  verdictOn,
  whatFollows,
} from './rules'

const day = (days: number) => new Date(Date.UTC(2026, 5, 15 + days))
const now = day(0)

const own: Place = {
  instanceId: 'own',
  environment: 'production',
  installationId: null,
  url: 'https://glpi.example',
  here: false,
  own: true,
  taken: false,
  freeFrom: null,
  copyUntil: null,
}
const copy: Place = { ...own, instanceId: 'copy', environment: 'test', own: false }

const key: CheckedKey = {
  kind: 'subscription',
  binding: 'url',
  products: ['forms'],
  startsAt: day(-100),
  expiresAt: day(100),
  termEndsAt: day(86),
  renewedAt: null,
  replacedAt: null,
  revoked: false,
  followed: false,
  places: [own],
}
const asked: Asked = { product: 'forms', installationId: 'one' }
const bound = { ...own, installationId: 'one' }
const theirs = { ...own, installationId: 'two' }

describe('the verdict on a key', () => {
  const cases: [what: string, changes: Partial<CheckedKey>, asked: Asked, code: string, notes?: string[]][] =
    [
      ['of its product, at its place', {}, asked, 'ok'],
      ['asked by GLPI itself', {}, { installationId: 'one' }, 'ok'],
      ['asked by nobody in particular', {}, {}, 'ok'],
      ['of another product', {}, { ...asked, product: 'branding' }, 'wrong_product'],
      ['of a suite that contains the product', { products: ['suite', 'branding', 'forms'] }, asked, 'ok'],
      ['of a kind that is not taken', { kind: 'trial' }, { ...asked, kinds: ['subscription'] }, 'wrong_kind'],
      ['of a kind that is taken', { kind: 'trial' }, { ...asked, kinds: ['subscription', 'trial'] }, 'ok'],
      ['that is revoked', { revoked: true }, asked, 'revoked'],
      ['that is revoked and over', { revoked: true, expiresAt: day(-1) }, asked, 'revoked'],
      ['that begins tomorrow', { startsAt: day(1) }, asked, 'not_started'],
      ['that begins now', { startsAt: now }, asked, 'ok'],
      ['that ends now', { expiresAt: now }, asked, 'expired'],
      [
        'that is over, with one that works',
        { expiresAt: day(-1), followed: true },
        asked,
        'expired',
        ['renewed'],
      ],
      ['that is revoked, with one that works', { revoked: true, followed: true }, asked, 'revoked'],
      ['of a term that is over, in its overlap', { termEndsAt: day(-1) }, asked, 'ok'],
      ['that never ends', { kind: 'permanent', expiresAt: null, termEndsAt: null }, asked, 'ok'],
      ['after a renewal', { renewedAt: day(-1) }, asked, 'ok', ['renewed']],
      ['whose newer one has called', { renewedAt: day(-2), replacedAt: day(-1) }, asked, 'ok', ['replaced']],
      ['of another installation', { places: [{ ...own, installationId: 'two' }] }, asked, 'bound_elsewhere'],
      ['of a place that nobody has', { places: [] }, asked, 'bound_elsewhere'],
      ['of a place that nobody has, asked by nobody in particular', { places: [] }, {}, 'ok'],
      [
        'at another address, asked without an installation',
        {},
        { url: 'https://x.example' },
        'bound_elsewhere',
      ],
    ]
  test.each(cases)('%s', (_what, changes, given, code, notes = []) => {
    expect(verdictOn({ ...key, ...changes }, given, [], now)).toMatchObject({
      code,
      ok: code === 'ok',
      notes,
    })
  })

  const releases = [
    { version: '1.9.0', glpiMin: '10.0', glpiMax: '10.0' },
    { version: '2.0.0', glpiMin: '11.0', glpiMax: null },
  ]
  test.each([
    ['10.0.9', '1.9.0', []],
    ['11.0.2', '1.9.0', ['version_mismatch']],
    ['11.0.2', '2.0.0', []],
    // Built by the vendor for a customer, or newer than the catalog: nobody knows that it does not fit.
    ['11.0.2', '2.0.1-custom', []],
    [undefined, '1.9.0', []],
  ])('on GLPI %s with version %s of the plugin', (glpiVersion, productVersion, notes) => {
    const verdict = verdictOn(key, { ...asked, glpiVersion, productVersion }, releases, now)
    expect(verdict).toMatchObject({ code: 'ok', notes })
  })

  test('binds the first that calls, not the one that is bound, and nobody without a name', () => {
    const binds = (places: Place[], given: Asked) => verdictOn({ ...key, places }, given, [], now)
    expect(binds([own], asked)).toMatchObject({ place: own, binds: true })
    expect(binds([bound], asked)).toMatchObject({ place: bound, binds: false })
    expect(binds([], {})).toMatchObject({ place: null, binds: false, asks: null })
  })

  test('a caller without installation and address is nameless', () => {
    expect(isNameless({})).toBe(true)
    expect(isNameless({ installationId: '', url: '' })).toBe(true)
    expect(isNameless({ installationId: 'one' })).toBe(false)
    expect(isNameless({ url: 'u' })).toBe(false)
  })

  test('names the release that fits', () => {
    expect(fittingRelease({ productVersion: '1.9.0' }, releases)).toEqual({ mismatch: false, fits: null })
    expect(fittingRelease({ glpiVersion: '11.0.2', productVersion: '1.9.0' }, releases)).toEqual({
      mismatch: true,
      fits: '2.0.0',
    })
    expect(fittingRelease({ glpiVersion: '9.5.0', productVersion: '1.9.0' }, releases)).toEqual({
      mismatch: true,
      fits: null,
    })
  })
})

describe('where a caller may use a key', () => {
  const at = (places: Place[], given: Asked) => placeOf(places, given, now)
  const here = { ...own, here: true }
  const free = { ok: true, binds: true, asks: null }
  const elsewhere = { ok: false, because: 'bound_elsewhere' }

  test.each<[what: string, places: Place[], asked: Asked, verdict: object]>([
    ['first contact without an address', [own], { installationId: 'one' }, { ...free, place: own }],
    ['first contact at its address', [here], { installationId: 'one', url: 'u' }, { ...free, place: here }],
    ['first contact at another address', [own], { installationId: 'one', url: 'u' }, elsewhere],
    [
      'the one that is known',
      [bound],
      { installationId: 'one' },
      { ok: true, binds: false, asks: null, place: bound },
    ],
    [
      'the one that is known, at a new address',
      [bound],
      { installationId: 'one', url: 'u' },
      { asks: 'address' },
    ],
    [
      'another one, at the address of the one that is known',
      [{ ...bound, here: true }],
      { installationId: 'two', url: 'u' },
      elsewhere,
    ],
    [
      'a test copy at its address',
      [bound, { ...copy, here: true }],
      { installationId: 'two', url: 'u' },
      { ...free, place: { ...copy, here: true } },
    ],
    ['a test copy that says no address', [bound, copy], { installationId: 'two' }, elsewhere],
    [
      'a second test copy',
      [bound, { ...copy, here: true, taken: true }],
      { installationId: 'two', url: 'u' },
      elsewhere,
    ],
    [
      'a clone at the address of the copy',
      [bound, { ...copy, installationId: 'one', here: true }],
      { installationId: 'one', url: 'u' },
      { ok: true, place: { instanceId: 'copy' } },
    ],
    [
      'a clone that says no address',
      [{ ...copy, installationId: 'one' }, bound],
      { installationId: 'one' },
      { ok: true, place: { instanceId: 'own' } },
    ],
    [
      'another, from the day on which it is free',
      [{ ...theirs, freeFrom: now }],
      { installationId: 'one' },
      { ok: true, binds: true },
    ],
    ['another, before that day', [{ ...theirs, freeFrom: day(1) }], { installationId: 'one' }, elsewhere],
    [
      'another, from elsewhere',
      [{ ...theirs, freeFrom: now }],
      { installationId: 'one', url: 'u' },
      elsewhere,
    ],
    ['nobody in particular', [own, copy], {}, { ok: true, place: own, binds: false }],
    [
      'nobody in particular, at the copy’s address',
      [own, { ...copy, here: true }],
      { url: 'u' },
      { ok: true, place: { instanceId: 'copy' } },
    ],
  ])('%s', (_what, places, given, verdict) => {
    expect(at(places, given)).toMatchObject(verdict)
  })

  test('a key of the whole organization is used on its instances, and never by who names none of them', () => {
    const shared = { ...own, own: false }
    expect(at([], { installationId: 'one' })).toEqual(elsewhere)
    expect(at([shared], { installationId: 'one' })).toEqual(elsewhere)
    expect(at([{ ...shared, here: true }], { installationId: 'one', url: 'u' })).toMatchObject(free)
    expect(at([{ ...shared, installationId: 'one' }], { installationId: 'one' })).toMatchObject({
      ok: true,
      binds: false,
    })
  })

  const place = fc.record({
    instanceId: fc.constantFrom('a', 'b', 'c'),
    environment: fc.constantFrom('production' as const, 'test' as const),
    installationId: fc.constantFrom(null, 'one', 'two', 'three'),
    url: fc.constant(null),
    here: fc.boolean(),
    own: fc.boolean(),
    taken: fc.boolean(),
    freeFrom: fc.constantFrom(null, day(-1), day(0), day(1)),
    copyUntil: fc.constantFrom(null, day(-1), day(0), day(1)),
  })

  test('nobody takes a place that another installation has, whatever they say', () => {
    fc.assert(
      fc.property(
        fc.array(place, { maxLength: 4 }),
        fc.option(fc.constant('u'), { nil: undefined }),
        (places, url) => {
          const verdict = at(places, { installationId: 'one', url })
          if (!verdict.ok) return
          const { installationId, freeFrom, taken } = verdict.place
          const isFree = installationId === null || (freeFrom !== null && freeFrom <= now)
          expect(installationId === 'one' || isFree).toBe(true)
          expect(taken).toBe(false)
          expect(verdict.binds).toBe(installationId !== 'one')
          if (verdict.binds && url) expect(verdict.place.here).toBe(true)
        },
      ),
    )
  })

  test('the codes are those of the protocol, each once', () => {
    expect(new Set(checkCodes).size).toBe(9)
  })
})

describe('what calls leave to be said and answered', () => {
  const now = new Date('2026-11-22T08:00:00Z')
  const hours = (count: number) => new Date(now.getTime() + count * 3_600_000)
  const seen = { lastAt: hours(-3), leaseEndsAt: hours(100), givenBackAt: null }

  test.each([
    ['never', undefined],
    ['fresh', seen],
    ['fresh', { ...seen, leaseEndsAt: null }],
    ['fresh', { ...seen, lastAt: hours(-25) }],
    ['silent', { ...seen, lastAt: hours(-25.01) }],
    ['silent', { ...seen, lastAt: hours(-900), leaseEndsAt: null }],
    ['stopped', { ...seen, lastAt: hours(-168), leaseEndsAt: now }],
    ['given_back', { ...seen, givenBackAt: seen.lastAt }],
    ['given_back', { ...seen, lastAt: hours(-200), leaseEndsAt: hours(-1), givenBackAt: hours(-199) }],
    // It has called again since.
    ['fresh', { ...seen, givenBackAt: hours(-4) }],
  ] as const)('a GLPI is %s', (contact, known) => {
    expect(contactOf(known, now)).toBe(contact)
  })

  const silent = { ...seen, lastAt: hours(-30) }
  const stopped = { ...seen, lastAt: hours(-200), leaseEndsAt: hours(-32) }
  const givenBack = { ...seen, lastAt: hours(-200), givenBackAt: hours(-199) }
  test.each([
    ['never', []],
    ['stopped', [seen, stopped]],
    ['stopped', [givenBack, silent, stopped]],
    ['fresh', [silent, seen]],
    ['silent', [givenBack, silent]],
    ['given_back', [givenBack]],
  ] as const)('an instance is %s', (contact, known) => {
    expect(contactOfInstance(known, now)).toBe(contact)
  })

  test('each kind of question has its answers', () => {
    expect(answersTo('installation', 'url')).toEqual(['test_copy', 'not_ours'])
    expect(answersTo('installation', 'organization')).toEqual(['ours', 'test_copy', 'not_ours'])
    expect(answersTo('address', 'url')).toEqual(['further_address', 'moved', 'test_copy', 'not_ours'])
    expect(answersTo('copy', 'organization')).toEqual(['test_copy', 'not_ours'])
  })

  const question = {
    kind: 'installation',
    binding: 'url',
    answer: null,
    answeredAt: null,
    lastAt: now,
    testCopy: null,
  } as const
  const answered = { ...question, answer: 'test_copy', answeredAt: now } as const
  const calledSince = { ...answered, lastAt: hours(1) } as const
  const notOurs = { ...answered, answer: 'not_ours' } as const
  const withCopy = { ...question, testCopy: {} } as const
  const yes = { ok: true }
  const no = (because: string) => ({ ok: false, because })
  test.each([
    ['that is open: a test copy', question, 'test_copy', yes],
    ['that is open: not ours', question, 'not_ours', yes],
    ['that is open: what it is not asked', question, 'further_address', no('not_an_answer')],
    ['that was disowned: a test copy', notOurs, 'test_copy', yes],
    ['that was disowned: again', notOurs, 'not_ours', no('question_answered')],
    ['that was answered', answered, 'not_ours', no('question_answered')],
    ['that was answered, and is refused since', calledSince, 'not_ours', yes],
    [
      'of an address that was answered, and called since',
      { ...calledSince, kind: 'address' },
      'not_ours',
      no('question_answered'),
    ],
    [
      'of a copy that was answered, and called since',
      { ...calledSince, kind: 'copy' },
      'not_ours',
      no('question_answered'),
    ],
    ['of a key that has a copy: another', withCopy, 'test_copy', no('test_place_taken')],
    ['of a key that has a copy: not ours', withCopy, 'not_ours', yes],
    ['of the copy itself', { ...withCopy, kind: 'copy' }, 'test_copy', yes],
    [
      'of an address, of a key that has a copy',
      { ...withCopy, kind: 'address' },
      'test_copy',
      no('test_place_taken'),
    ],
  ] as const)('the answer to a question %s', (_what, asked, given, verdict) => {
    expect(mayAnswer(asked, given)).toEqual(verdict)
  })

  test.each([
    ['installation', 'test_copy', 'answered'],
    ['installation', 'ours', 'answered'],
    ['installation', 'not_ours', 'refused'],
    ['address', 'moved', 'address'],
    ['address', 'not_ours', 'unchanged'],
    ['copy', 'test_copy', 'copy'],
    ['copy', 'not_ours', 'unchanged'],
  ] as const)('who asked by %s and is %s is said to be: %s', (kind, answer, followed) => {
    expect(whatFollows(kind, answer)).toBe(followed)
  })

  test('what is kept begins at a midnight 30 days ago', () => {
    expect(keptSince(now)).toEqual(new Date('2026-10-23T00:00:00Z'))
  })
})

describe('handing the next key over', () => {
  const renewed = { ...key, renewedAt: day(-1), revokedReason: null }
  const revoked = (revokedReason: string) => ({ ...renewed, revoked: true, revokedReason })
  const hands = { handsOver: true }
  test.each([
    ['renewed', renewed, 'next'],
    ['renewed and replaced: a test copy may still hold it', { ...renewed, replacedAt: now }, 'next'],
    ['over, but not the key', { ...renewed, termEndsAt: day(-1), expiresAt: day(1) }, 'next'],
    ['refunded', revoked('refunded'), 'paid'],
    ['disputed', revoked('disputed'), 'paid'],
    ['refunded, and not renewed', { ...revoked('refunded'), renewedAt: null }, 'paid'],
  ])('of a key that is %s', (_, facts, which) => {
    expect(mayHandOver(facts, hands, true, now)).toEqual({ ok: true, which })
    expect(mayHandOver(facts, hands, false, now)).toEqual({ ok: false, because: 'unproved' })
    expect(mayHandOver(facts, { handsOver: false }, true, now)).toEqual({ ok: false, because: 'product' })
  })

  test('of a key whose own term is over and that nothing renewed, to whom shows the secret: a term was refunded between', () => {
    const facts = { ...renewed, renewedAt: null, termEndsAt: now, expiresAt: day(1) }
    expect(mayHandOver(facts, hands, true, now)).toEqual({ ok: true, which: 'next' })
    expect(mayHandOver(facts, hands, false, now)).toEqual({ ok: false, because: 'none_waits' })
  })

  const none: [what: string, facts: Parameters<typeof mayHandOver>[0], because: string][] = [
    [
      'not renewed, while its own term is paid',
      { ...renewed, renewedAt: null, termEndsAt: day(1) },
      'none_waits',
    ],
    ['not renewed, and of no term', { ...renewed, renewedAt: null, termEndsAt: null }, 'none_waits'],
    ['over', { ...renewed, termEndsAt: day(-2), expiresAt: now }, 'expired'],
    ['refunded, and over besides', { ...revoked('refunded'), expiresAt: now }, 'expired'],
    ...['leaked', 'requested', 'terms_violated', 'non_payment'].map(
      (reason): [string, Parameters<typeof mayHandOver>[0], string] => [reason, revoked(reason), 'revoked'],
    ),
  ]
  test.each(none)('none of a key that is %s, whoever asks', (_, facts, because) => {
    for (const isProved of [true, false])
      expect(mayHandOver(facts, hands, isProved, now)).toEqual({ ok: false, because })
  })
})
