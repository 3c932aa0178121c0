import { expect, test } from 'vitest'
import { untilWords } from '@/lib/keys/phrases'
import { type KeyState, stopsAt } from '@/lib/keys/rules'
import { translator } from '@/lib/messages/translator'

const speaking = {
  t: translator('en'),
  language: 'en' as const,
  timeZone: 'UTC',
  now: new Date('2026-11-21T12:00:00Z'),
}
const at = (day: string) => new Date(`${day}T00:00:00Z`)
const said = (state: KeyState, facts: Partial<Parameters<typeof untilWords>[0]>) => {
  const dates = { startsAt: at('2025-12-04'), termEndsAt: null, expiresAt: null }
  const key = { state, kind: 'subscription' as const, ...dates, successor: null }
  const { date, note } = untilWords({ ...key, revokedReason: null, revokedAt: null, ...facts }, speaking)
  return [date, note].map((line) => line.replaceAll('\u00a0', ' '))
}

const term = { termEndsAt: at('2026-12-04'), expiresAt: at('2026-12-18') }

test('of a key that works only later the day is named', () => {
  const facts = { ...term, startsAt: at('2026-12-01') }
  expect(said('not_started', facts)).toEqual(['Works from 1 Dec 2026', 'Paid until 3 Dec 2026'])
})

test('in a list both ends are named, that of the term and that of the key', () => {
  expect(said('active', term)).toEqual(['Paid until 3 Dec 2026', 'Key works until 17 Dec 2026'])
  expect(said('expiring', term)).toEqual([
    'Paid until 3 Dec 2026, for 12 more days',
    'Key works until 17 Dec 2026',
  ])
  expect(said('overdue', { ...term, termEndsAt: at('2026-11-16') })).toEqual([
    'Paid until 15 Nov 2026',
    'Key works until 17 Dec 2026, for 26 more days',
  ])
  expect(said('renewed', { ...term, successor: 'K-AAAAAA' })).toEqual([
    'Paid until 3 Dec 2026',
    'Key works until 17 Dec 2026; the new key, K-AAAAAA, is not yet in GLPI',
  ])
})

test('a key without a term has one end', () => {
  expect(said('active', { kind: 'trial', expiresAt: at('2026-12-01') })).toEqual([
    'Key works until 30 Nov 2026',
    'for 9 more days',
  ])
  expect(said('expired', { ...term, expiresAt: at('2026-11-11') })).toEqual([
    'Ended 10 Nov 2026',
    '11 days ago',
  ])
  expect(said('active', { kind: 'permanent' })).toEqual(['Never ends', 'permanent'])
})

test('a revoked key says by which end it is sorted', () => {
  const revoked = { revokedReason: 'leaked' as const, revokedAt: new Date('2026-10-12T09:00:00Z') }
  expect(said('revoked', { ...term, ...revoked })).toEqual([
    'Revoked on 12 Oct 2026',
    'leaked; would have worked until 17 Dec 2026',
  ])
  expect(stopsAt({ ...term, ...revoked })).toEqual(revoked.revokedAt)
  expect(stopsAt({ ...term, revokedAt: null })).toEqual(term.expiresAt)
})
