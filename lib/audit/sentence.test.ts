import { expect, test } from 'vitest'
import { auditSentence } from '@/lib/audit/sentence'
import { commands } from '@/lib/command'
import { languages, translator } from '@/lib/messages/translator'
// Every command of the rooms registers itself.
import '@/sandbox/test/fixture'
import '@/lib/activations/give-back'
import '@/lib/activations/offline'
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
    installation: 'b6sf8Ht0',
    binds: true,
    how: 'copied',
    reason: 'leaked',
    until: '2026-12-04T00:00:00Z',
    scopes: 'keys.read',
    lastFour: 'q7Wd',
    answer: 'moved',
    kind: 'copy',
    count: 2,
    amount: 29_000,
    currency: 'eur',
    products: 'P',
    version: '3.2.0',
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

test('a sentence keeps the name that the person had; an entry that holds none says the one of today', () => {
  const details = { ...row.details, actorName: 'Ada King' }
  expect(say({ details, personName: 'Countess' })).toBe('Ada King copied K-7QF3XM, Forms Pro')
  expect(say({ details, personName: null })).toMatch(/^Ada King copied/)
  expect(say({ details, actor: 'staff' })).toMatch(/^Ada King \(Northwind\) copied/)
  expect(say({ details: { ...details, actorName: 'Northwind' } })).toMatch(/^ada@acme.example copied/)
  expect(say({ personName: 'Countess' })).toMatch(/^Countess copied/)
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

test('a removal says how many tokens ended with it, and one from before there were tokens says the rest', () => {
  const left = (details: object, language: 'en' | 'fr' = 'en') =>
    say({ action: 'member.leave', details }, language)
  expect(left({ role: 'owner' })).toBe('Ada left')
  expect(left({ tokens: 0 })).toBe('Ada left')
  expect(left({ tokens: 1 })).toBe('Ada left; the API token that they had made was revoked')
  expect(left({ tokens: 2 })).toMatch(/; the 2 API tokens .* were revoked$/)
  expect(left({ tokens: 2 }, 'fr')).toMatch(/\u00a0; les 2 jetons .* sont révoqués$/)
})

test('a change of an instance says what was changed, from what to what', () => {
  const edited = (details: object, language: 'en' | 'fr' = 'en') =>
    say({ action: 'instance.edit', details: { shortId: 'I-1', label: 'Service desk', ...details } }, language)
  const all = {
    labelBefore: 'Helpdesk',
    environment: 'test',
    environmentBefore: 'production',
    testOf: 'Town hall',
    testOfBefore: null,
    glpiVersion: '11.0.4',
    glpiVersionBefore: '10.0.18',
    asksPortal: true,
    asksPortalBefore: false,
  }
  expect(edited(all)).toBe(
    'Ada changed Service desk: called “Helpdesk” before; from production to test; test copy of Town hall; GLPI version from 10.0.18 to 11.0.4; set to ask this portal about its key',
  )
  expect(edited(all, 'fr')).toBe(
    'Ada a modifié Service desk\u00a0: nom précédent «\u00a0Helpdesk\u00a0»\u00a0; de production à test\u00a0; copie de test de l’instance Town hall\u00a0; version de GLPI de 10.0.18 à 11.0.4\u00a0; réglée pour interroger ce portail au sujet de sa clé',
  )
  const same = { labelBefore: 'Service desk', environment: 'test', environmentBefore: 'test' }
  expect(edited({ ...same, glpiVersion: '11.0.4', glpiVersionBefore: null })).toMatch(
    /desk: GLPI version now known: 11\.0\.4$/,
  )
  expect(edited({ ...same, glpiVersion: null, glpiVersionBefore: '11.0.4' })).toMatch(
    /desk: GLPI version no longer given \(was 11\.0\.4\)$/,
  )
  expect(edited({ ...same, testOf: null, testOfBefore: 'Town hall' })).toMatch(
    /desk: no longer a test copy of Town hall$/,
  )
  expect(edited({ ...same, testOf: 'Schools', testOfBefore: 'Town hall' })).toMatch(
    /desk: test copy of Schools, no longer of Town hall$/,
  )
  expect(edited({ ...same, asksPortal: false, asksPortalBefore: true })).toMatch(
    /desk: no longer set to ask this portal about its key$/,
  )
})

test('an entry from before all of a change was recorded says what is known', () => {
  const edited = (details: object) => say({ action: 'instance.edit', details })
  expect(edited({ label: 'Desk', labelBefore: 'Desk', environment: 'test', glpiVersion: '11.0.4' })).toBe(
    'Ada changed Desk',
  )
  expect(edited({ label: 'Desk', labelBefore: 'Old desk', glpiVersion: '11.0.4' })).toBe(
    'Ada changed Desk: called “Old desk” before',
  )
})

test('what a newer version recorded does not break the page of this one', () => {
  expect(say({ action: 'key.teleport' })).toBe('Ada did what this version of the portal has no words for')
  expect(say({ details: {} })).toBe('Ada did what this version of the portal has no words for')
  expect(say({ action: 'key.teleport', outcome: 'refused' })).toContain('no words for, and was refused')
})
