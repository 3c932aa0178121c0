import { expect, test } from 'vitest'
import {
  mayTry,
  networkDoubt,
  type Owned,
  signUpOutcome,
  type TrialBefore,
  type TrialFacts,
  type TrialVerdict,
  trialMarkDue,
  trialStanding,
} from './rules'

const zone = 'Europe/Paris'
const now = new Date('2026-11-23T15:00:00+01:00')
const midnight = (day: string) => new Date(`${day}T00:00:00+01:00`)
const past = midnight('2026-11-01')
const ahead = midnight('2027-03-01')

const place = { retired: false, copyOf: null }
const facts: TrialFacts = {
  openSource: false,
  withdrawn: false,
  trialDays: 15,
  everywhere: false,
  place,
  tried: [],
  owned: null,
  inSuite: null,
}
const has = (endsAt: Date | null): Owned => ({
  keyId: 'key',
  shortId: 'K-000000',
  product: 'Forms Pro',
  endsAt,
})
const tried = (here: boolean): TrialBefore => ({
  keyId: 'trial',
  shortId: 'K-000001',
  endsAt: past,
  instance: 'desk',
  here,
  revoked: false,
})
const copyOf = { id: 'desk', label: 'Service desk' }

const free = (days: number, day: string): TrialVerdict => ({ ok: true, days, endsAt: midnight(day) })
const no = (because: Exclude<TrialVerdict, { ok: true }>['because'], more: object = {}) => ({
  ok: false,
  because,
  ...more,
})

test.each<[string, Partial<TrialFacts>, object]>([
  ['what was never tried, for 15 days and the rest of today', {}, free(15, '2026-12-09')],
  ['for 30', { trialDays: 30 }, free(30, '2026-12-24')],
  ['a product of the whole organization', { everywhere: true, place: null }, free(15, '2026-12-09')],
  ['that on one instance', { everywhere: true }, no('needs_no_instance')],
  ['a product of an instance on none', { place: null }, no('needs_instance')],
  ['an open-source product', { openSource: true, trialDays: null }, no('open_source')],
  ['a product that is withdrawn', { withdrawn: true }, no('withdrawn')],
  ['one whose trials are turned off', { trialDays: null }, no('no_trial')],
  ['a retired instance', { place: { ...place, retired: true } }, no('retired')],
  [
    'a test copy, whose original’s key serves',
    { place: { ...place, copyOf } },
    no('test_copy', { of: copyOf }),
  ],
  ['tried here', { tried: [tried(false), tried(true)] }, no('tried_here', { trial: tried(true) })],
  ['tried elsewhere', { tried: [tried(false)] }, no('tried_before', { trial: tried(false) })],
  [
    'tried for the whole organization',
    { everywhere: true, place: null, tried: [tried(true)] },
    no('tried_here', { trial: tried(true) }),
  ],
  ['owned', { owned: has(ahead) }, no('owned', { has: has(ahead) })],
  ['owned until this moment', { owned: has(now) }, no('lapsed', { has: has(now) })],
  ['owned for good', { owned: has(null) }, no('owned', { has: has(null) })],
  ['lapsed', { owned: has(past) }, no('lapsed', { has: has(past) })],
  ['in a suite', { inSuite: has(ahead) }, no('in_a_suite', { has: has(ahead) })],
  ['in a suite that has lapsed', { inSuite: has(past) }, free(15, '2026-12-09')],
  // What leads on comes first: its own key, then its trial, then what is wrong with the product or the place.
  ['owned and tried here', { owned: has(ahead), tried: [tried(true)] }, no('owned', { has: has(ahead) })],
  [
    'tried and withdrawn',
    { withdrawn: true, tried: [tried(true)] },
    no('tried_here', { trial: tried(true) }),
  ],
  ['lapsed and withdrawn', { withdrawn: true, owned: has(past) }, no('withdrawn')],
])('whether it can be tried: %s', (_, more, verdict) => {
  expect(mayTry({ ...facts, ...more }, now, zone)).toEqual(verdict)
})

test('a trial ends at midnight in the organization’s time zone, also where that is another day than here', () => {
  expect(mayTry(facts, now, 'Pacific/Auckland')).toMatchObject({ endsAt: new Date('2026-12-10T00:00+13:00') })
})

const trial = { endsAt: ahead, revoked: false, renewedAt: null }
test.each([
  ['runs', trial],
  ['ran', { ...trial, endsAt: now }],
  ['revoked', { ...trial, revoked: true }],
  ['revoked', { ...trial, endsAt: past, revoked: true }],
  ['converted', { ...trial, renewedAt: past }],
  ['converted', { ...trial, endsAt: past, renewedAt: past, revoked: true }],
] as const)('a trial %s', (standing, of) => {
  expect(trialStanding(of, now)).toBe(standing)
})

test('day by day from 20 days before its end to 20 after, a trial is told of at 7 days, 1 day, and once it is over', () => {
  const of = { startsAt: midnight('2026-11-01'), endsAt: midnight('2026-12-01') }
  const marks: Record<string, number | null> = {}
  for (let day = -20; day <= 20; day++)
    marks[day] = trialMarkDue(of, new Date(of.endsAt.getTime() + day * 86_400_000 + 43_200_000), zone)
  const days = (mark: number | null) =>
    Object.keys(marks)
      .filter((day) => marks[day] === mark)
      .map(Number)
      .sort((a, b) => a - b)
  expect(days(7)).toEqual([-8, -7, -6, -5, -4, -3])
  expect(days(1)).toEqual([-2, -1])
  expect(days(0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('the end is told from the moment on at which it is there', () => {
  const of = { startsAt: midnight('2026-11-01'), endsAt: midnight('2026-12-01') }
  expect(trialMarkDue(of, new Date(of.endsAt.getTime() - 1), zone)).toBe(1)
  expect(trialMarkDue(of, of.endsAt, zone)).toBe(0)
})

test('a trial of fewer days than a mark is not told of that', () => {
  const of = { startsAt: midnight('2026-11-23'), endsAt: midnight('2026-12-01') }
  expect(trialMarkDue(of, of.startsAt, zone)).toBeNull()
  expect(trialMarkDue(of, midnight('2026-11-30'), zone)).toBe(1)
})

test.each([
  [
    { worksForVendor: true, memberOf: 'a', ofDomain: 'b' },
    { outcome: 'staff', organizationId: null },
  ],
  [
    { worksForVendor: false, memberOf: 'a', ofDomain: 'b' },
    { outcome: 'member', organizationId: 'a' },
  ],
  [
    { worksForVendor: false, memberOf: null, ofDomain: 'b' },
    { outcome: 'joins', organizationId: 'b' },
  ],
  [
    { worksForVendor: false, memberOf: null, ofDomain: null },
    { outcome: 'own', organizationId: null },
  ],
])('a sign-up of %j leads to %j', (facts, verdict) => {
  expect(signUpOutcome(facts)).toEqual(verdict)
})

test('a fourth sign-up of one network within a day is in doubt, and not the third', () => {
  expect([0, 2, 3, 40].map(networkDoubt)).toEqual([null, null, 'many_from_network', 'many_from_network'])
})
