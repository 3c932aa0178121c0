import fc from 'fast-check'
import { expect, test } from 'vitest'
import { daysBetween, later, startOfDay } from '@/lib/organizations/calendar'
import { type MoreTimeFacts, mayAskForTime, mayExtendTrial, moreTimeAfterDays } from './rules'

const zones = ['Europe/Paris', 'America/Santiago', 'Pacific/Auckland', 'Asia/Kolkata', 'UTC']
const now = new Date('2026-11-23T15:00:00+01:00')
const trial: MoreTimeFacts = {
  endsAt: new Date('2026-12-01T00:00:00+01:00'),
  revoked: false,
  renewedAt: null,
  retired: false,
  extended: false,
  trialDays: 30,
  moreTrialDays: 15,
}
const ended = (day: string) => ({ endsAt: new Date(`${day}T00:00:00+01:00`) })
const longer = (days: number, day: string) => ({
  ok: true,
  days,
  endsAt: new Date(`${day}T00:00:00+01:00`),
})
const no = (because: string) => ({ ok: false, because })

test.each<[string, Partial<MoreTimeFacts>, object]>([
  ['one that runs, from its end', {}, longer(15, '2026-12-16')],
  ['one as long as it was, and no longer', { trialDays: 15, moreTrialDays: 30 }, longer(15, '2026-12-16')],
  ['one that is over, from today', ended('2026-11-20'), longer(15, '2026-12-09')],
  ['one that ended a week ago', ended('2026-11-16'), longer(15, '2026-12-09')],
  ['one that ended before that', ended('2026-11-15'), no('trial_over')],
  ['one that was made longer', { extended: true }, no('extended_before')],
  ['one whose product allows none', { moreTrialDays: 0 }, no('time_is_asked')],
  ['one whose trials are turned off', { trialDays: null }, no('time_is_asked')],
  ['one that was bought', { renewedAt: now }, no('trial_bought')],
  ['one that was revoked', { revoked: true }, no('trial_revoked')],
  ['one whose instance is retired', { retired: true }, no('trial_retired')],
])('whether a trial is made longer without asking: %s', (_, more, verdict) => {
  expect(mayExtendTrial({ ...trial, ...more }, now, 'Europe/Paris')).toEqual(verdict)
})

test('the account manager is asked where nobody can take more time, and not for what is over for good', () => {
  const ask = (more: Partial<MoreTimeFacts>) => mayAskForTime({ ...trial, ...more }, now, 'Europe/Paris')
  expect(ask({})).toEqual(no('extend_first'))
  expect(ask({ extended: true })).toEqual({ ok: true })
  expect(ask({ moreTrialDays: 0 })).toEqual({ ok: true })
  expect(ask({ extended: true, revoked: true })).toEqual(no('trial_revoked'))
  expect(ask({ extended: true, ...ended('2026-11-15') })).toEqual(no('trial_over'))
})

test('in whatever zone and season, a longer trial ends at a later midnight, by as many days, within a week of its end', () => {
  const moments = fc.date({
    min: new Date('2026-01-01'),
    max: new Date('2028-01-01'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(
      moments,
      fc.integer({ min: -20, max: 45 }),
      fc.constantFrom(...zones),
      fc.constantFrom(15, 30),
      fc.integer({ min: 0, max: 30 }),
      (at, left, zone, trialDays, moreTrialDays) => {
        const endsAt = later(startOfDay(at, zone), zone, { days: left })
        const verdict = mayExtendTrial({ ...trial, endsAt, trialDays, moreTrialDays }, at, zone)
        expect(verdict.ok).toBe(left >= -moreTimeAfterDays && moreTrialDays > 0)
        if (!verdict.ok) return
        expect(verdict.days).toBe(Math.min(trialDays, moreTrialDays))
        expect(startOfDay(verdict.endsAt, zone)).toEqual(verdict.endsAt)
        // Of what is over, the rest of today is given on top.
        const runs = endsAt > at
        const days = runs ? verdict.days : verdict.days + 1
        expect(daysBetween(runs ? endsAt : at, verdict.endsAt, zone)).toBe(days)
      },
    ),
  )
})
