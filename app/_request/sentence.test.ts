import { expect, test } from 'vitest'
import { Refused } from '@/lib/errors'
import { languages, translator } from '@/lib/messages/translator'
import { sentence } from './sentence'

const said = (facts: Record<string, string | number>, language: 'en' | 'fr' = 'en') =>
  sentence(new Refused('too_many', facts), translator(language))

test('a limit is said with how long to wait, in a unit that one can think in', () => {
  const waits = [1, 90, 7_140, 7_200, 172_799, 172_800, 604_800]
  const ends = waits.map((retryAfterSeconds) => said({ retryAfterSeconds }).replace(/.* again in /, ''))
  expect(ends).toEqual([
    'a minute.',
    '2 minutes.',
    '119 minutes.',
    '2 hours.',
    '2 days.',
    '2 days.',
    '7 days.',
  ])
  expect(said({ retryAfterSeconds: 604_800 }, 'fr')).toContain('dans 7 jours')
})

test('a limit without a name is said as well, and one with a name by it', () => {
  for (const language of languages) {
    expect(said({ retryAfterSeconds: 60 }, language)).not.toMatch(/errors\.|too_many|[{}]/)
    expect(said({ limit: 'reveal', points: 60, retryAfterSeconds: 60 }, language)).toContain('60')
  }
})
