import { expect, test } from 'vitest'
import { newToken } from '@/lib/people/tokens'
import { setEnvironment } from '@/sandbox/test/fixture'
import { confirmNewMail, confirmOldMail, takenMail } from './email-change'
import { newDeviceMail } from './new-device'

const publicUrl = 'https://portal.example.com'
setEnvironment('postgres://latchkey_app:none@127.0.0.1/none', { PUBLIC_URL: publicUrl })

const link = newToken()
const newEmail = 'ada.lovelace@acme.example'
const facts = { to: 'ada@acme.example', timeZone: 'Europe/Paris', at: new Date('2026-03-02T09:12:00Z') }
const expiresAt = new Date('2026-03-02T10:12:00Z')
type Language = 'en' | 'fr'
const mails = {
  old: (language: Language) => confirmOldMail({ ...facts, language, link, expiresAt, newEmail }),
  new: (language: Language) => confirmNewMail({ ...facts, language, link, expiresAt }),
  taken: (language: Language) => takenMail({ ...facts, language }),
  device: (language: Language) => newDeviceMail({ ...facts, language, device: 'Firefox <b>OS' }),
}
const confirmAt = `/account/email?token=${link}`
const asked = { en: '2 Mar 2026, 10:12', fr: '2 mars 2026, 10:12' }
const until = { en: '2 Mar 2026, 11:12', fr: '2 mars 2026, 11:12' }

test.each([
  [
    'old',
    'en',
    'Confirm the change of your address',
    [newEmail, asked.en, until.en],
    [confirmAt, '/account'],
  ],
  ['old', 'fr', 'Confirmez le changement de', [newEmail, asked.fr, until.fr], [confirmAt, '/account']],
  ['new', 'en', 'Confirm this address', [facts.to, asked.en, until.en], [confirmAt]],
  ['new', 'fr', 'Confirmez cette adresse', [facts.to, asked.fr, until.fr], [confirmAt]],
  ['taken', 'en', 'Your address at', [facts.to, asked.en], ['/sign-in']],
  ['taken', 'fr', 'Votre adresse a été demandée', [facts.to, asked.fr], ['/sign-in']],
  ['device', 'en', 'A new device signed in', [asked.en, 'Europe/Paris'], ['/account']],
  ['device', 'fr', 'Un nouvel appareil', [asked.fr, 'Europe/Paris'], ['/account']],
] as const)(
  'the mail %s, in %s, says what and when, as HTML and text, with its links alone',
  async (kind, language, subject, said, paths) => {
    const mail = await mails[kind](language)
    expect(mail.subject).toContain(subject)
    expect(mail.html).toContain(`lang="${language}"`)
    for (const form of [mail.html, mail.text]) {
      for (const one of said) expect(form).toContain(one)
      // What was typed may be a stranger's: it is told nothing of the account.
      if (kind !== 'old') expect(form).not.toContain(newEmail)
    }
    if (kind === 'device') {
      expect(mail.text).toContain('Firefox <b>OS')
      expect(mail.html).not.toContain('<b>OS')
    }
    expect(mail.html).not.toMatch(/<(img|script|iframe|object)\b|url\(/i)
    const linked = [...mail.html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address = '']) => address)
    const wanted = paths.map((path) => publicUrl + path)
    expect(new Set(linked.filter((address) => !address.startsWith('mailto:support@')))).toEqual(
      new Set(wanted),
    )
    const lines = mail.text.split('\n').map((line) => line.trim())
    for (const address of wanted) expect(lines).toContain(address)
  },
)
