import { expect, test } from 'vitest'
import { newToken } from '@/lib/people/tokens'
import { setEnvironment } from '@/sandbox/test/fixture'
import { askedToJoinMail } from './asked-to-join'
import { invitationMail } from './invitation'
import { keyRevealedMail } from './key-revealed'
import { removedMail, roleChangedMail } from './member-change'

const publicUrl = 'https://portal.example.com'
setEnvironment('postgres://latchkey_app:none@127.0.0.1/none', { PUBLIC_URL: publicUrl })

const token = newToken()
const facts = {
  to: 'ada@acme.example',
  timeZone: 'Europe/Paris',
  organization: 'Ville de <b>Morlanges</b>',
  by: 'Camille Roux',
  at: new Date('2026-03-02T09:12:00Z'),
}
const revealed = Array.from({ length: 22 }, (_, index) => `K-${index}, Forms Pro`)
const mails = {
  invitation: (language: 'en' | 'fr') =>
    invitationMail({ ...facts, language, role: 'technical', token, expiresAt: facts.at }),
  role_changed: (language: 'en' | 'fr') =>
    roleChangedMail({ ...facts, language, role: 'technical', slug: 'morlanges' }),
  removed: (language: 'en' | 'fr') => removedMail({ ...facts, language, slug: 'morlanges' }),
  asked_to_join: (language: 'en' | 'fr') =>
    askedToJoinMail({
      ...facts,
      language,
      slug: 'morlanges',
      byEmail: 'new+1@acme.example',
      shortId: 'K-7QF3XM',
    }),
  key_revealed: (language: 'en' | 'fr') =>
    keyRevealedMail({ ...facts, language, slug: 'morlanges', revealed }),
}

test.each([
  ['invitation', 'en', 'Join Ville de', ['a technical member', '2 Mar 2026, 10:12', 'Camille Roux']],
  ['invitation', 'fr', 'Rejoindre Ville de', ['un membre technique', '2 mars 2026, 10:12', 'Camille Roux']],
  ['role_changed', 'en', 'You are now a technical member', ['2 Mar 2026, 10:12', 'Camille Roux']],
  ['role_changed', 'fr', 'Vous êtes désormais un membre technique', ['2 mars 2026, 10:12', 'Camille Roux']],
  ['removed', 'en', 'You no longer belong to', ['2 Mar 2026, 10:12', 'Camille Roux']],
  ['removed', 'fr', 'Vous ne faites plus partie de', ['2 mars 2026, 10:12', 'Camille Roux']],
  ['asked_to_join', 'en', 'new+1@acme.example asks to join', ['2 Mar 2026, 10:12', 'K-7QF3XM']],
  ['asked_to_join', 'fr', 'new+1@acme.example demande', ['2 mars 2026, 10:12', 'K-7QF3XM']],
  [
    'key_revealed',
    'en',
    'Camille Roux saw 22 keys of Ville de',
    ['2 Mar 2026, 10:12', 'K-19, Forms Pro', 'and 2 more'],
  ],
  [
    'key_revealed',
    'fr',
    'Camille Roux a vu 22 clés chez Ville de',
    ['2 mars 2026, 10:12', 'K-0, Forms', 'et 2 autres'],
  ],
] as const)('%s in %s says who, what and when, as HTML and text', async (kind, language, subject, said) => {
  const mail = await mails[kind](language)
  expect(mail.subject).toContain(subject)
  expect(mail.html).toContain(`lang="${language}"`)
  for (const form of [mail.html, mail.text]) {
    for (const one of said) expect(form).toContain(one)
    expect(form).toContain('support@latchkey.example')
  }
  expect(mail.html).not.toContain('<b>Morlanges')
  expect(mail.html).not.toMatch(/<(img|script|iframe|object)\b|url\(/i)
  const addresses = [
    ...[...mail.html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address = '']) => address),
    ...[...mail.text.matchAll(/https?:\S+/g)].map(([address]) => address),
  ]
  for (const address of addresses)
    expect(address).toMatch(/^(https:\/\/portal\.example\.com\/|mailto:support@)/)
  const link = {
    invitation: `/invitation?token=${token}`,
    role_changed: '/morlanges/members',
    removed: '',
    asked_to_join: '/morlanges/members#asked',
    key_revealed: '/morlanges/activity',
  }[kind]
  if (link) expect(mail.text.split('\n').map((line) => line.trim())).toContain(publicUrl + link)
})

test.each(['en', 'fr'] as const)(
  'a subject stays short whatever the names, and the mail has them whole (%s)',
  async (language) => {
    const organization = 'The department of public works and of everything else 🏛️ '
      .repeat(4)
      .slice(0, 200)
      .trim()
    const by = 'Ada of the very long name '.repeat(8).slice(0, 200).trim()
    const long = { ...facts, organization, by, language, slug: 'morlanges' }
    const subjects: string[] = []
    for (const mail of [
      await invitationMail({ ...long, role: 'technical', token, expiresAt: facts.at }),
      await roleChangedMail({ ...long, role: 'technical' }),
      await removedMail(long),
      await keyRevealedMail({ ...long, revealed }),
    ]) {
      subjects.push(mail.subject)
      expect(mail.text.replace(/\s+/g, ' ')).toContain(organization)
    }
    for (const subject of subjects) {
      expect(subject.length).toBeLessThan(150)
      expect(subject).toContain('The department of public works')
      expect(subject).toContain('…')
      // No character is cut in two.
      expect(subject.isWellFormed()).toBe(true)
    }
  },
)
