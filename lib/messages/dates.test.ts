import { expect, test } from 'vitest'
import { ago, lastDay, mailedMoment, moment } from './dates'

const paris = 'Europe/Paris'
const noBreak = (text: string) => text.replaceAll('_', '\u00a0')

test.each([
  ['en', '3_Dec_2026'],
  ['fr', '3_déc._2026'],
] as const)('a date is one word (%s)', (language, said) => {
  expect(lastDay(new Date('2026-12-03T23:00:00Z'), language, paris)).toBe(noBreak(said))
})

test('French says the first of a month as an ordinal', () => {
  expect(lastDay(new Date('2027-08-01T22:00:00Z'), 'fr', paris)).toBe(noBreak('1er_août_2027'))
  expect(moment(new Date('2027-08-01T10:00:00Z'), 'fr', 'UTC')).toBe(noBreak('1er_août_2027, 10:00_UTC'))
})

test.each([
  ['en', paris, '2026-11-14T09:12:00Z', '14_Nov_2026, 10:12_CET'],
  ['en', paris, '2026-07-14T08:12:00Z', '14_Jul_2026, 10:12_CEST'],
  ['en', 'America/New_York', '2026-11-14T15:12:00Z', '14_Nov_2026, 10:12_GMT-5'],
  ['fr', paris, '2026-11-14T09:12:00Z', '14_nov._2026, 10:12_UTC+1'],
] as const)('a time of day says its zone (%s, %s)', (language, timeZone, at, said) => {
  expect(moment(new Date(at), language, timeZone)).toBe(noBreak(said))
})

test('a mail names the zone itself', () => {
  expect(mailedMoment(new Date('2026-11-14T09:12:00Z'), 'en', paris)).toBe('14 Nov 2026, 10:12')
})

test.each([
  [20, 'now', 'maintenant'],
  [119 * 60, '119 minutes ago', 'il y a 119 minutes'],
  [3 * 3_600 + 1, '3 hours ago', 'il y a 3 heures'],
  [2 * 86_400, '2 days ago', 'avant-hier'],
  [40 * 86_400, '40 days ago', 'il y a 40 jours'],
  // A clock that was turned back.
  [-60, 'now', 'maintenant'],
])('what was %i seconds ago is said in the unit that fits', (seconds, en, fr) => {
  const now = new Date('2026-11-22T08:00:00Z')
  const at = new Date(now.getTime() - seconds * 1_000)
  expect([ago(at, now, 'en'), ago(at, now, 'fr').replaceAll('\u00a0', ' ')]).toEqual([en, fr])
})
