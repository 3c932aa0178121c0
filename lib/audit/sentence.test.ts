import { expect, test } from 'vitest'
import { auditSentence } from '@/lib/audit/sentence'
import { commands } from '@/lib/command'
import { languages, translator } from '@/lib/messages/translator'
// Every command of the rooms registers itself.
import '@/sandbox/test/fixture'
import '@/lib/instances/edit'
import '@/lib/instances/retire'
import '@/lib/keys/reveal'

const row = {
  sequence: 1,
  at: new Date('2026-11-14T09:12:00Z'),
  actor: 'member' as const,
  personName: 'Ada' as string | null,
  personEmail: 'ada@acme.example' as string | null,
  action: 'key.reveal',
  outcome: 'done' as 'done' | 'refused',
  details: { shortId: 'K-7QF3XM', product: 'Forms Pro', how: 'copied' },
}
const say = (changes: object, language: (typeof languages)[number] = 'en') =>
  auditSentence(
    { ...row, ...changes },
    { t: translator(language), language, timeZone: 'Europe/Paris', vendor: 'Northwind' },
  )

test('each command of an organization has its sentence, done and refused, in each language', () => {
  const details = {
    shortId: 'K-1',
    follows: 'K-2',
    product: 'P',
    label: 'L',
    url: 'u',
    name: 'N',
    email: 'a@b.example',
    role: 'owner',
    how: 'copied',
    reason: 'leaked',
    until: '2026-12-04T00:00:00Z',
  }
  const actions = [...commands].filter(([, { vendor }]) => !vendor).map(([action]) => action)
  expect(actions.length).toBeGreaterThan(12)
  for (const language of languages) {
    for (const action of actions) {
      for (const outcome of ['done', 'refused']) {
        const sentence = say({ action, outcome, details }, language)
        expect({ action, outcome, known: !/no words|sait pas nommer/.test(sentence) }).toEqual({
          action,
          outcome,
          known: true,
        })
      }
    }
  }
})

test('who did it is a person, one of the vendor’s by both names, or the vendor', () => {
  expect(say({})).toBe('Ada copied K-7QF3XM, Forms Pro')
  expect(say({ personName: null })).toMatch(/^ada@acme.example copied/)
  expect(say({ actor: 'staff' })).toMatch(/^Ada \(Northwind\) copied/)
  expect(say({ actor: 'system', personName: null, personEmail: null })).toMatch(/^Northwind copied/)
  expect(say({ actor: 'stranger', personName: null, personEmail: null })).toMatch(/^Somebody copied/)
})

test('a member who takes the vendor’s name is called by their address', () => {
  for (const personName of ['Nora Weiss (Northwind)', 'NORTH WIND', 'Ｎｏｒｔｈｗｉｎｄ staff'])
    expect(say({ personName })).toMatch(/^ada@acme.example copied/)
})

test('an address in a script from the right keeps its order in the sentence', () => {
  const details = { label: 'مثال', url: 'https://مثال.example/glpi' }
  expect(say({ action: 'instance.add', details })).toBe(
    'Ada added \u2068مثال\u2069 at \u2066https://مثال.example/glpi\u2069',
  )
})

test('what staff did says why, and an entry from before reasons were kept says the rest', () => {
  const staff = {
    actor: 'staff',
    personName: 'Nora Weiss',
    details: { ...row.details, until: '2026-12-04T00:00:00Z' },
  }
  const why = (action: string, details: object, language: 'en' | 'fr' = 'en') =>
    say({ ...staff, action, details: { ...staff.details, ...details } }, language)
  expect(why('key.revoke', { reason: 'leaked', note: 'On a wiki.' })).toBe(
    'Nora Weiss (Northwind) revoked K-7QF3XM, Forms Pro: leaked (On a wiki.)',
  )
  expect(why('key.revoke', { reason: 'leaked', note: null })).toMatch(/: leaked$/)
  expect(why('key.restore', {})).toBe('Nora Weiss (Northwind) restored K-7QF3XM, Forms Pro')
  expect(why('key.extend', { reason: 'The invoice is late.' })).toMatch(
    /until 4\u00a0Dec\u00a02026: The invoice is late\.$/,
  )
  expect(why('subscription.start', { note: 'By letter.' })).toBe(
    'Nora Weiss (Northwind) issued K-7QF3XM, Forms Pro, for a term until 4\u00a0Dec\u00a02026 (By letter.)',
  )
  expect(why('subscription.start', { note: 'Par lettre.' }, 'fr')).toContain('a émis K-7QF3XM')
  expect(say({ action: 'subscription.start', details: staff.details })).toMatch(/^Forms Pro was bought/)
})

test('what a newer version recorded does not break the page of this one', () => {
  expect(say({ action: 'key.teleport' })).toBe('Ada did what this version of the portal has no words for')
  expect(say({ details: {} })).toBe('Ada did what this version of the portal has no words for')
  expect(say({ action: 'key.teleport', outcome: 'refused' })).toContain('no words for, and was refused')
})
