import { describe, expect, test } from 'vitest'
import { type Said, sayDiagnosis } from '@/lib/activations/diagnosis-phrases'
import { productDatabase } from '@/sandbox/test/fixture'
import { addressed, ask, makePasted, nobodys, said, wide, wrongAt } from '@/sandbox/test/pasted'

const { fixture, good, keys } = await makePasted(await productDatabase())

describe('what is said', () => {
  const lines = ({ lines: all }: Said) => all.join('\n')

  test('that what is cleaned away does no harm, and which line breaks may', async () => {
    const cleaned = (found: string) =>
      `What stands beside it, ${found}, is left out wherever the key is taken, and does no harm.`
    const within = async (character: string) =>
      lines(await said(` ${good.key.slice(0, 9)}${character}${good.key.slice(9)}`))
    const named = {
      '\u00a0': 'a no-break space',
      '\t': 'a tab',
      '\u200b': 'a character that nobody sees (U+200B)',
    }
    for (const [character, name] of Object.entries(named))
      expect(await within(character)).toContain(
        `Within it, after character 9, stands ${name}: it is left out wherever the key is taken, and does no harm.`,
      )
    expect(lines(await said(`\u200b${good.key} `))).toContain(
      cleaned('a character that nobody sees (U+200B)'),
    )
    expect(lines(await said(`Key: ${good.key}`))).toContain('The words before it are left out')
    const broken = await said(`${good.key.slice(0, 18)}\r\n${good.key.slice(18)}`)
    expect(broken.title).toBe('Nothing is wrong with this key')
    expect(lines(broken)).toContain('GLPI 9.5 and 10 may not get it across')
    expect(lines(await said(good.key))).not.toContain('left out')
  })

  test('where hyphens and letters of full width are', async () => {
    const hyphens = await said((good.key.match(/.{4}/g) ?? []).join('-'))
    expect(lines(hyphens)).toContain('After character 4 stands what does not belong: “-”.')
    expect(lines(await said(good.key.split('').join('-')))).toContain('And 30 more.')
    const last = good.key.slice(-1)
    expect(lines(await said(`${good.key.slice(0, 35)}${wide(last)}`))).toContain(
      `Character 36 does not belong: a letter of full width (${wide(last)}).`,
    )
  })

  test('how much of a key is missing, and which part', async () => {
    const first = await said(good.key.slice(0, 20))
    expect(lines(first)).toContain('20 of 36 characters: the rest is missing.')
    expect(lines(await said(good.key.slice(-24)))).toContain('24 of 36 characters: the beginning is missing.')
    expect(lines(await said('gks1'))).toContain('4 of 36 characters: the rest is missing.')
    expect(lines(await said(`Key: ${good.key.slice(0, 25)}`))).toContain('25 of 36 characters')
    expect(lines(await said(wrongAt(nobodys, 12)))).not.toContain('of 36')
  })

  test('the same of one within a text as of it alone', async () => {
    const begun = (length: number) => `Hello, GLPI refuses this key: ${good.key.slice(0, length)}`
    // With words behind it, of which one letter may by chance be right, the whole key is certain.
    expect(lines(await said(begun(33)))).toContain('33 of 36 characters: the rest is missing.')
    for (const length of [20, 28, 30])
      for (const text of [
        begun(length),
        `Bonjour,\nGLPI refuse la clé\n${good.key.slice(0, length)}\nque faire ?`,
        `The key ${good.key.slice(0, length)} does not work, why?`,
      ])
        expect(lines(await said(text))).toContain(`${length} of 36 characters: the rest is missing.`)
    const rest = `GLPI does not take ${good.key.slice(-24)} here`
    expect(lines(await said(rest))).toContain('24 of 36 characters: the beginning is missing.')
    const broken = wrongAt(good.key, 12)
    for (const at of [8, 18, 30]) {
      const mail = await said(
        `Dear customer,\r\n> your key:\r\n> ${broken.slice(0, at)}\r\n> ${broken.slice(at)}\r\n`,
      )
      expect(mail.likely).toBe(good.key)
      expect(lines(mail)).toContain('Character 12: ')
    }
    const unreadable = `${good.key.slice(0, 11)}b${good.key.slice(12, 19)}i${good.key.slice(20, 29)}o${good.key.slice(30)}`
    const alone = await said(unreadable)
    expect(lines(alone)).toContain('Character 12: “b” stands in no key')
    expect((await said(`GLPI refuses this key: ${unreadable}, and I do not know why`)).lines).toEqual(
      alone.lines,
    )
  })

  test('that a key has one character too many, and which', async () => {
    const last = good.key.slice(-1)
    const place = async (text: string) => {
      const { title, likely, lines: all } = await said(text)
      expect({ text, title, likely }).toEqual({
        text,
        title: 'This key was changed on its way',
        likely: good.key,
      })
      return all.find((line) => line.startsWith('Character'))
    }
    // Not the last one again, which is typed twice.
    const more = last === 'x' ? 'z' : 'x'
    expect(await place(`${good.key}${more}`)).toBe(`Character 37 is one too many: “${more}”.`)
    expect(await place(`${good.key}2`)).toBe(
      last === '2' ? 'Character 37 was typed twice: “2”.' : 'Character 37 is one too many: “2”.',
    )
    expect(await place(`x${good.key}`)).toBe('Character 1 is one too many: “x”.')
    expect(await place(`${good.key}${last}`)).toBe(`Character 37 was typed twice: “${last}”.`)
    expect(await place(`GLPI refuses ${good.key}${more}, and I do not know why`)).toBe(
      `Character 37 is one too many: “${more}”.`,
    )
  })

  test('what opens a case names it, and what GLPI says without an answer leads to the test', async () => {
    expect((await said('i-ge3cs7')).remedy?.href).toBe('/open/I-GE3CS7')
    expect((await said('Unable to fetch registration information.')).remedy?.href).toBe('#connection')
    expect(lines(await said('…vczx'))).toContain('ends in vczx')
  })

  test('the portal’s name and its port, each once', async () => {
    const refused =
      'latchkey-test v1 dns=ok tcp=refused tls=skip proxy=none http=000 answer=none clock=unknown'
    expect(lines(await said(refused))).toContain('but port 41400 of localhost is closed to this server')
  })

  test('where a key is mistyped, with the right one where it is certain', async () => {
    const one = await said(wrongAt(good.key, 12))
    expect(one.likely).toBe(good.key)
    expect(lines(one)).toContain(`“${good.key[11]}” belongs there`)
    expect(lines(one)).toContain('Character 12: ')
    const inSentence = await said(`The key is ${wrongAt(good.key, 12)} as I was told`)
    expect(inSentence.likely).toBe(good.key)
    expect(lines(inSentence)).toContain('Character 12: ')
    // The first neighbours that differ.
    const nth = [...good.key].findIndex((char, index) => index > 4 && char !== good.key[index + 1])
    const swapped = `${good.key.slice(0, nth)}${good.key[nth + 1]}${good.key[nth]}${good.key.slice(nth + 2)}`
    const { likely, lines: about } = await said(swapped)
    expect(likely).toBe(good.key)
    expect(about.filter((line) => /are swapped/.test(line))).toEqual([
      `Characters ${nth + 1} and ${nth + 2} are swapped: “${good.key[nth + 1]}” comes second.`,
    ])
    const mail = `Subject: Your key\r\n\r\nDear customer,\r\n> ${wrongAt(good.key, 12)}\r\n-- \r\nNorthwind`
    expect(lines(await said(mail))).toContain('Character 12: ')
    expect(lines(await said(` ${wrongAt(good.key, 12)}`))).toContain('Character 12: ')
    const unsure = await said(wrongAt(nobodys, 12))
    expect(unsure.likely).toBeNull()
    expect(lines(unsure)).toMatch(/Character 12: “.” is wrong\.$/)
    expect((await said(wrongAt(good.key, 12, 20, 30))).likely).toBeNull()
  })

  test('why a key was revoked and whom to ask, which version to install, and what a key is for', async () => {
    const revoked = await said(keys.leaked ?? '')
    expect(revoked.title).toBe('This key was revoked, because others had it')
    expect(revoked.remedy?.href).toMatch(/^mailto:support@latchkey\.example\?subject=K-\w{6}$/)
    expect(lines(revoked)).toContain('GLPI itself goes on working.')
    const versions = { productVersion: '1.0.0', glpiVersion: '11.0.4' }
    expect(lines(await said(keys.versions ?? '', versions))).toContain('Install Versions 2.0.0.')
    expect((await said(good.key, { product: 'branding' })).title).toBe(
      'This key is for Forms Pro, not for Branding',
    )
    expect((await said(good.key, {}, 'fr')).title).toBe('Cette clé n’a rien d’anormal')
  })

  test('which version fits a GLPI, or that none does, also where no version is said', async () => {
    const fits = await said(keys.versions ?? '', { glpiVersion: '10.0.9' })
    expect(lines(fits)).toContain('On GLPI 10.0.9 install Versions 1.0.0.')
    const none = await said(keys.versions ?? '', { glpiVersion: '12.0' })
    expect(none).toMatchObject({
      tone: 'soon',
      title: 'The key works, but no version of Versions fits GLPI 12.0',
    })
    const typed = { glpiVersion: '11.0.4', productVersion: '9.9.9' }
    const unheard = lines(await said(keys.versions ?? '', typed))
    expect(unheard).toContain('The portal knows no Versions 9.9.9.\nOn GLPI 11.0.4 install Versions 2.0.0.')
    expect((await said(keys.versions ?? '', { ...typed, glpiVersion: '12.0' })).title).toBe(none.title)
    // Of a product without releases nobody knows.
    expect((await said(good.key, { glpiVersion: '12.0' })).title).toBe('Nothing is wrong with this key')
  })

  test('until when a good key works; what is paid, to its own people alone', async () => {
    expect(lines(await said(good.key))).toMatch(/The key works until \d/)
    expect(lines(await said(keys.trial ?? ''))).toMatch(/The trial ends on .+ \(\d+ days left\)\./)
    expect(lines(await said(keys.permanent ?? ''))).toContain('It never ends.')
    const memberships = [{ organizationId: fixture.organizationId, slug: fixture.slug }]
    const own = sayDiagnosis(await ask(good.key, {}, { memberships }), { pasted: '' }, 'en')
    expect(lines(own)).toMatch(/Paid until .+; the key works until /)
    expect(lines(await said(good.key))).not.toContain('aid until')
  })

  test('the right key of a mistyped one is judged as well, and offered only where it works', async () => {
    const revoked = await said(wrongAt(keys.leaked ?? '', 12))
    expect(revoked).toMatchObject({ title: 'This key was changed on its way', likely: null })
    expect(lines(revoked)).toContain('This key was revoked, because others had it.')
    expect(revoked.remedy?.href).toMatch(/^mailto:/)
    expect(revoked.masked?.end).toBe(keys.leaked?.slice(-4))
    const elsewhere = addressed('https://new.example')
    const perhaps = await said(wrongAt(keys.bound ?? '', 12), elsewhere)
    expect(perhaps.likely).toBe(keys.bound)
    expect(lines(perhaps)).toContain('The address alone does not decide.')
    expect(lines(perhaps)).not.toContain('does not work there')
    const renewed = await said(wrongAt(keys.renewed ?? '', 12))
    expect(renewed.likely).toBe(keys.renewed)
    expect(lines(renewed)).toContain('A newer key waits in the portal.')
    const other = wrongAt(good.key, 12)
    expect(lines(await said(other, { product: 'branding' }))).toContain(
      'This key is for Forms Pro, not for Branding.',
    )
  })
})
