import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { buildServer } from '@/key-service/server'
import { diagnose, type Question } from '@/lib/activations/diagnosis'
import { sayDiagnosis } from '@/lib/activations/diagnosis-phrases'
import { history } from '@/lib/activations/history'
import { readQuestion } from '@/lib/activations/question'
import { findKeys } from '@/lib/keys/format'
import { languages } from '@/lib/messages/translator'
import { makeOrganization, makeStaff, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { addressed, ask, makePasted, nobodys, said, stranger, wide, wrongAt } from '@/sandbox/test/pasted'
import { sold } from '@/sandbox/test/sold'
import { at } from '@/sandbox/time'

const database = await productDatabase()
const { fixture, good, bound, keys } = await makePasted(database)
const day = 86_400_000
const app = await buildServer(() => false)

afterAll(async () => {
  await history.flush()
  await app.close()
})

const token = `lkt_${randomBytes(32).toString('base64url')}`
const bytes = Buffer.from('9f0012c3a4ffee01d4c5b6a798897a6b5c4d3e2f100f1e2d3c4b5a6978879605', 'hex')
const ofGlpi = 'a8Xk2mQ9bTz4cVn7dRy1eWp5fLs3gHj6iKo0uBx8'

/** What is pasted, what else is said of it, and the one answer. */
const table: [code: string, what: string, pasted: () => string, more?: Partial<Question>][] = [
  ['ok', 'a good key', () => good.key],
  ['ok', 'in capitals', () => good.key.toUpperCase()],
  ['ok', 'with the line break of a paste', () => `${good.key}\r\n`],
  ['ok', 'after the line break of a paste', () => `\n${good.key}`],
  ['ok', 'for its own product', () => good.key, { product: 'forms' }],
  ['ok', 'of a kind that is taken', () => good.key, { kinds: ['subscription'] }],
  ['ok', 'of a suite, for a plugin of it', () => keys.suite ?? '', { product: 'branding' }],
  ['ok', 'of a cloud plan', () => keys.cloud ?? ''],
  ['ok', 'of a trial', () => keys.trial ?? ''],
  ['ok', 'that never ends', () => keys.permanent ?? ''],
  [
    'ok',
    'with a version that fits',
    () => keys.versions ?? '',
    { productVersion: '2.0.0', glpiVersion: '11.0.4' },
  ],
  [
    'ok',
    'with a version that nobody knows',
    () => keys.versions ?? '',
    { productVersion: '9', glpiVersion: '11.0' },
  ],
  ['ok', 'a blank at the end', () => `${good.key} `],
  ['ok', 'a blank within', () => `${good.key.slice(0, 9)} ${good.key.slice(9)}`],
  ['ok', 'a line break within', () => `${good.key.slice(0, 18)}\r\n${good.key.slice(18)}`],
  ['ok', 'a mark that nobody sees', () => `\ufeff${good.key}`],
  ['ok', 'quotation marks', () => `“${good.key}”`],
  ['ok', 'a full stop', () => `${good.key}.`],
  ['ok', 'a label', () => `Key: ${good.key}`],
  [
    'no_release',
    'a blank, and a GLPI that no version fits',
    () => ` ${keys.versions}`,
    { glpiVersion: '12.0' },
  ],
  ['stray_characters', 'hyphens between its groups', () => (good.key.match(/.{4}/g) ?? []).join('-')],
  ['stray_characters', 'letters of full width', () => `${good.key.slice(0, 35)}${wide(good.key.slice(35))}`],
  ['text_around', 'a sentence', () => `Hello, your new key is ${good.key}, for Forms Pro. Best regards`],
  [
    'text_around',
    'a mail',
    () => `Subject: Your key\r\n\r\nDear customer,\r\n> ${good.key}\r\n-- \r\nNorthwind`,
  ],
  ['expired', 'an expired key', () => keys.expired ?? ''],
  ['expired', 'an expired key that a newer one follows', () => keys.followed ?? ''],
  ['expired', 'an expired key whose newer one is over as well', () => keys.lapsed ?? ''],
  ['expired', 'an expired key within a sentence', () => `It is ${keys.expired} I think`],
  ['revoked', 'a leaked key', () => keys.leaked ?? ''],
  ['revoked', 'a key that was not paid', () => keys.non_payment ?? ''],
  ['renewed', 'a key that has a newer one', () => keys.renewed ?? ''],
  ['replaced', 'a key whose newer one is in use', () => keys.replaced ?? ''],
  ['wrong_product', 'another product’s', () => good.key, { product: 'branding' }],
  ['wrong_product', 'a product that nobody knows', () => good.key, { product: 'unheard' }],
  ['wrong_kind', 'a trial where it is bought', () => keys.trial ?? '', { kinds: ['subscription'] }],
  ['wrong_kind', 'bought where it is tried', () => good.key, { kinds: ['trial'] }],
  ['bound_elsewhere', 'another address', () => good.key, addressed('https://elsewhere.example')],
  [
    'other_address',
    'another address than the GLPI had that called',
    () => bound.key,
    addressed('https://new.example'),
  ],
  [
    'bound_elsewhere',
    'of a cloud plan, an address that nobody has',
    () => keys.cloud ?? '',
    addressed('https://new.example'),
  ],
  [
    'ok',
    'that GLPI, at another address',
    () => bound.key,
    { installationId: 'known', ...addressed('https://new.example') },
  ],
  ['bound_elsewhere', 'another GLPI', () => bound.key, { installationId: 'other' }],
  [
    'bound_elsewhere',
    'another installation',
    () => keys.trial ?? '',
    { installationId: 'x', ...addressed('https://else.example') },
  ],
  [
    'version_mismatch',
    'a version for an older GLPI',
    () => keys.versions ?? '',
    { productVersion: '1.0.0', glpiVersion: '11.0.4' },
  ],
  [
    'version_mismatch',
    'a GLPI that no version fits',
    () => keys.versions ?? '',
    { productVersion: '2.0.0', glpiVersion: '12.0' },
  ],
  [
    'no_release',
    'a GLPI that no version fits, and no version',
    () => keys.versions ?? '',
    { glpiVersion: '12.0' },
  ],
  ['ok', 'a GLPI that some version fits', () => keys.versions ?? '', { glpiVersion: '11.0' }],
  ['unknown', 'a key that nobody was given', () => nobodys],
  ['mistyped', 'a wrong character of a revoked key', () => wrongAt(keys.leaked ?? '', 12)],
  ['mistyped', 'a wrong character', () => wrongAt(good.key, 12)],
  ['mistyped', 'two wrong characters', () => wrongAt(good.key, 12, 30)],
  ['mistyped', 'three wrong characters', () => wrongAt(good.key, 12, 20, 30)],
  ['mistyped', 'a missing character', () => good.key.slice(0, 14) + good.key.slice(15)],
  ['mistyped', 'a character too many', () => `${good.key.slice(0, 14)}z${good.key.slice(14)}`],
  ['mistyped', 'the beginning of a key', () => 'gks1'],
  ['mistyped', 'the end of a key', () => good.key.slice(-24)],
  ['mistyped', 'a cut key', () => good.key.slice(0, 25)],
  ['mistyped', 'an o for a 0', () => `${good.key.slice(0, 20)}o${good.key.slice(21)}`],
  [
    'mistyped',
    'a wrong character within a sentence',
    () => `The key is ${wrongAt(good.key, 12)} as I was told`,
  ],
  ['mistyped', 'a wrong character of a key that nobody was given', () => wrongAt(nobodys, 12)],
  ['mistyped', 'a key and one character more', () => `${good.key}x`],
  ['mistyped', 'one character more before it', () => `x${good.key}`],
  ['mistyped', 'a key whose end was typed twice', () => `${good.key}${good.key.slice(-1)}`],
  ['text_around', 'a key that the next word runs into', () => `${good.key}and so on`],
  ['mistyped', 'a cut key within a sentence', () => `Hello, GLPI refuses this key: ${good.key.slice(0, 30)}`],
  ['mistyped', 'a cut key beside its short ID', () => `K-768RGA is cut: ${good.key.slice(0, 30)}`],
  ['mistyped', 'the end of a key within a sentence', () => `Is ${good.key.slice(-24)} a key at all?`],
  [
    'mistyped',
    'three wrong characters within a sentence',
    () => `The key ${wrongAt(good.key, 12, 20, 30)} is refused`,
  ],
  [
    'mistyped',
    'a wrong character of a key that a mail breaks',
    () =>
      `> Your key:\r\n> ${wrongAt(good.key, 12).slice(0, 20)}\r\n> ${wrongAt(good.key, 12).slice(20)}\r\n`,
  ],
  ['several_keys', 'two keys', () => `${good.key}\n${keys.trial}`],
  ['no_key_needed', 'the name of an open-source product', () => ' tags '],
  ['no_key_needed', 'a key for an open-source product', () => good.key, { product: 'tags' }],
  ['no_key_needed', 'nothing, for an open-source product', () => '', { product: 'tags' }],
  ['product_name', 'the name of a product', () => 'Forms Pro'],
  ['portal_token', 'an API token of the portal', () => token],
  ['portal_token', 'the same in a header', () => `Authorization: Bearer ${token}`],
  ['glpi_token', 'an API token of GLPI', () => ofGlpi],
  ['glpi_token', 'the same in a header', () => `Authorization: user_token ${ofGlpi}`],
  ['glpicrypt', 'the bytes of glpicrypt.key, as UTF-8', () => bytes.toString('utf8')],
  ['glpicrypt', 'the same, as Latin-1', () => bytes.toString('latin1')],
  ['glpicrypt', 'the same, in base 64', () => bytes.toString('base64')],
  ['glpicrypt', 'the same, in hexadecimal', () => bytes.toString('hex')],
  ['statement', 'a lease', () => `eyJhbGciOiJFZERTQSJ9.${'eyJpc3MiOiJ4In0'}.${'c2ln'}`],
  [
    'certificate',
    'a private key',
    () => '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ\n-----END PRIVATE KEY-----',
  ],
  ['case', 'a refusal code', () => '7QF3XM'],
  [
    'case',
    'a refusal as GLPI shows it',
    () => 'Say so with the code 7QF3XM: https://portal.example/open/7QF3XM',
  ],
  ['case', 'a short ID', () => 'k-7qf3xm'],
  ['case', 'the ID of an instance', () => 'I-GE3CS7'],
  ['case', 'a code that begins as a version could', () => 'GLP1XM'],
  ['version', 'a version without a point', () => 'GLPI11'],
  ['glpicrypt', 'the name of the file', () => 'glpicrypt.key'],
  ['glpicrypt', 'its path', () => '/var/www/glpi/config/glpicrypt.key'],
  ['masked', 'a key as the portal hides it', () => 'gks1••••••••••••••••••••••••••••vczx'],
  ['masked', 'the same, by its end', () => '…vczx'],
  ['masked', 'the same, with three dots', () => 'gkt1...vczx'],
  ['masked', 'the same, with more of its beginning', () => 'gks1vh0ycw…rw2q'],
  ['masked', 'the same, as a line of a list', () => 'K-NYTY8D Signature …rw2q'],
  ['case', 'a refusal code, with what it is', () => 'code SRA76V'],
  ['glpicrypt', 'the name of the file in quotes', () => '"glpicrypt.key"'],
  ['glpicrypt', 'a copy of the file', () => 'config/glpicrypt.key.bak'],
  ['no_key_needed', 'GLPI itself', () => 'GLPI community edition'],
  ['no_key_needed', 'GLPI itself, in French', () => 'édition communautaire'],
  ['no_key_needed', 'the offer of GLPI’s makers', () => 'GLPI Network'],
  ['foreign_secret', 'a token of GitHub', () => `ghp_${'a1B2'.repeat(9)}`],
  ['foreign_secret', 'a token of GitLab', () => 'glpat-abcdefghij0123456789'],
  ['foreign_secret', 'a key of Stripe', () => `STRIPE_KEY=${'sk'}_live_${'a1B2'.repeat(6)}`],
  ['glpi_verdict', 'what GLPI says by itself', () => 'The registration key is invalid.'],
  [
    'glpi_verdict',
    'the same of one that is over',
    () => 'The registration key refers to a terminated subscription.',
  ],
  ['glpi_verdict', 'the same in French', () => 'La clé d’enregistrement n’est pas valide.'],
  ['unreached', 'what GLPI says without an answer', () => 'Unable to fetch registration information.'],
  [
    'unreached',
    'the same in its log',
    () =>
      '[2026-11-20] glpiphplog.WARNING: Unable to fetch registration information.\nError message:\nResponse:\n<html>',
  ],
  ['unreached', 'the same in French', () => 'Impossible de récupérer les informations d’enregistrement.'],
  [
    'unreached',
    'what GLPI says of the whole service',
    () => 'GLPI Network services website seems not available from your network or offline',
  ],
  ...[
    'GLPI Network key does not work',
    'GLPI does not take my key',
    'GLPI Network ne marche plus depuis hier',
    'GLPI refuse ma clé, que faire ?',
    'My key begins with gks1, is that right?',
  ].map((text): [string, string, () => string] => ['text', 'what begins with GLPI', () => text]),
  ...['GLPI version 11', 'GLPI 11.0.2 Forms Pro', 'glpi-prod'].map((text): [string, string, () => string] => [
    text === 'GLPI 11.0.2 Forms Pro' ? 'text' : 'other',
    text,
    () => text,
  ]),
  ...[
    'GLPI says: code X0K6JX',
    'GLPI nous donne le code X0K6JX que faire',
    'the code is X0K6JX, what now?',
    'My code is X0K6JX',
    'What is the code please, X0K6JX?',
    'X0K6JX.',
    '(X0K6JX)',
    'la clé K-768RGA ne marche pas',
    'K-768RGA, bought in May, is refused',
  ].map((text): [string, string, () => string] => ['case', text, () => text]),
  ...[
    'the code of GLPI does not change',
    'error code 500 on GLPI11',
    'its colour is AB12CD today',
    'error code 404040 in GLPI',
    'my post code is 750110',
    'activation code 202611 from your mail',
    'code PLEASE help me',
  ].map((text): [string, string, () => string] => ['text', text, () => text]),
  ...[
    (T: string) => `Mon jeton API est ${T} et ça ne marche pas`,
    (T: string) => `API token: ${T}`,
    (T: string) => `${T} is what I pasted`,
    (T: string) => `Bearer ${T}`,
    (T: string) => `session_token=${T}`,
    (T: string) => `{"session_token":"${T}"}`,
    (T: string) => `Authorization: user_token ${T}\nApp-Token: ${T}`,
    (T: string) => `curl -H 'Session-Token: ${T}' https://glpi.example/apirest.php/initSession`,
    (T: string) => `Hello,\nhere is the token:\n${T}\nBest regards`,
  ].flatMap((write) =>
    [ofGlpi, '9f0012c3a4ffee01d4c5b6a798897a6b5c4d3e2f'].map((T): [string, string, () => string] => [
      'glpi_token',
      write('T'),
      () => write(T),
    ]),
  ),
  ['email', 'an e-mail address', () => 'it@acme.example'],
  ['address', 'the address of a GLPI', () => 'https://glpi.acme.example/front/central.php'],
  ['version', 'a version', () => 'GLPI 11.0.4'],
  [
    'text',
    'a mail without a key',
    () => 'Dear customer, here is the key that you have ordered. Best regards',
  ],
  ['other', 'a word', () => 'plugin'],
  ['other', 'another vendor’s key', () => 'A1B2-C3D4-E5F6-G7H8'],
  [
    'connectivity',
    'the line of the test',
    () => 'latchkey-test v1 dns=fail tcp=skip tls=skip proxy=none http=000',
  ],
]
describe('the one diagnosis', () => {
  test.each(table)('%s: %s', async (code, _what, pasted, more) => {
    const diagnosis = await ask(pasted(), more)
    expect(diagnosis.code).toBe(code)
    for (const language of languages) {
      const { title, lines, remedy } = sayDiagnosis(diagnosis, { pasted: '', ...more }, language)
      expect(`${title} ${lines.join(' ')} ${remedy?.text ?? ''}`).not.toMatch(/undefined|[{}]|\bnull\b/)
      if (remedy || code !== 'no_key_needed') expect(remedy?.href).toMatch(/^(\/|#|mailto:|https?:)/)
    }
  })

  test.each<Partial<Question>>([
    {},
    { glpiVersion: '11.0.4' },
    { glpiVersion: '12.0' },
    { productVersion: '9.9.9' },
    { glpiVersion: '11.0.4', productVersion: '9.9.9' },
  ])('what is not known is never printed: %j', async (versions) => {
    for (const [, what, pasted, more] of table) {
      const { glpiVersion: _, productVersion: __, ...others } = more ?? {}
      for (const asked of [{ ...others, ...versions }, ...(pasted() ? [versions] : [])])
        for (const language of languages) {
          const { title, lines, remedy, masked } = await said(pasted(), asked, language)
          const shown = [title, ...lines, remedy?.text ?? '-', masked?.about ?? '-'].join(' ')
          // The words that stand for it in the sentences' facts; in English they may be meant.
          const odd = /\b(?<!through )(?:none(?! of them)|unknown|undefined|null)\b|[{}]| {2}/.exec(shown)
          expect({ what, language, odd: odd && shown }).toEqual({ what, language, odd: null })
        }
    }
  })

  test('a key that works from tomorrow on has not started', async () => {
    const asked = await at(new Date(Date.now() - day), () => ask(good.key))
    expect(asked.code).toBe('not_started')
  })

  test('each verdict is the one that GLPIs get', async () => {
    const same: Record<string, string> = {
      mistyped: 'malformed',
      other_address: 'bound_elsewhere',
      no_release: 'ok',
    }
    const notes = ['renewed', 'replaced', 'version_mismatch']
    let compared = 0
    for (const [code, what, pasted, more = {}] of table) {
      const diagnosis = await ask(pasted(), more)
      if (!diagnosis.checked) continue
      const { product, productVersion: product_version, glpiVersion: glpi_version, kinds, url } = more
      const { installationId: installation_id } = more
      const body = { product, product_version, glpi_version, kinds, url, installation_id }
      const key = diagnosis.checked.key ?? pasted()
      const answer = await app.inject({
        method: 'POST',
        url: '/api/v1/keys/validate',
        // From a network of its own each, so that no limit is met.
        remoteAddress: `10.0.${compared}.1`,
        payload: { ...body, key },
      })
      expect({ what, status: answer.statusCode }).toEqual({ what, status: 200 })
      const verdict = answer.json()
      expect({ what, code: verdict.code, notes: verdict.notes }).toEqual({
        what,
        code: diagnosis.checked.code,
        notes: diagnosis.checked.notes,
      })
      if (notes.includes(code)) expect(verdict.notes).toContain(code)
      else if (code in same) expect(verdict.code).toBe(same[code])
      else if (diagnosis.checked.found && !['stray_characters', 'text_around'].includes(code))
        expect(verdict.code).toBe(code)
      compared++
    }
    expect(compared).toBeGreaterThan(40)
    console.log(`${compared} verdicts compared`)
  })

  test('what stands beside a key is its fault where a GLPI is refused for it, and nowhere else', async () => {
    const beside = table.filter(([code, , pasted]) => {
      const text = pasted()
      return ['ok', 'stray_characters', 'text_around'].includes(code) && findKeys(text)[0] === good.key
    })
    const answers = new Set<string>()
    for (const [code, what, pasted, more] of beside) {
      if (more) continue
      const payload = { key: pasted() }
      const remoteAddress = '10.1.0.1'
      const answer = await app.inject({
        method: 'POST',
        url: '/api/v1/keys/validate',
        remoteAddress,
        payload,
      })
      const expected = code === 'ok' ? 'ok' : 'malformed'
      expect({ what, code: answer.json().code }).toEqual({ what, code: expected })
      answers.add(code)
    }
    expect(answers.size).toBe(3)
  })

  test('a key is shown by its beginning and its end alone', async () => {
    for (const [, what, pasted, more] of table) {
      const answer = await said(pasted(), more)
      const shown = JSON.stringify({ ...answer, likely: null })
      for (const key of Object.values(keys))
        expect({ what, shown: shown.includes(key) }).toEqual({ what, shown: false })
    }
    expect((await said(good.key)).masked).toMatchObject({ start: 'gks1', end: good.key.slice(-4) })
  })
})

describe('who asks', () => {
  test('a stranger and a member of another organization are told the same, and neither whose the key is', async () => {
    const other = await makeOrganization('other')
    const memberships = [{ organizationId: other.organizationId, slug: other.slug }]
    const hidden = [
      fixture.organizationId,
      fixture.slug,
      'The people of',
      good.url,
      good.instanceId,
      good.keyId,
    ]
    // Where they are led is another matter as well.
    const nowhere = { signedIn: true, searches: null }
    let asked = 0
    for (const [, what, pasted, more] of table) {
      const [one, two] = await Promise.all(
        [stranger, { memberships }].map(async (asker) =>
          // How they may ask to be let in is another matter (ask-to-join.test.ts).
          JSON.stringify(
            sayDiagnosis(
              { ...(await ask(pasted(), more, asker)), beneath: null, ask: null, ...nowhere },
              { pasted: pasted(), ...more },
              'en',
            ),
          ),
        ),
      )
      expect({ what, said: two }).toEqual({ what, said: one })
      const told = hidden.filter((secret) => one?.includes(secret) && !pasted().includes(secret))
      expect({ what, told }).toEqual({ what, told: [] })
      asked++
    }
    console.log(`${asked} answers compared`)
  })

  test('the organization’s own people are led to the key, and others to where it is asked whether they are some', async () => {
    const memberships = [{ organizationId: fixture.organizationId, slug: fixture.slug }]
    const own = await ask(keys.leaked ?? '', {}, { memberships })
    const { id, shortId } = own.checked?.found ?? {}
    expect(sayDiagnosis(own, { pasted: '' }, 'en').remedy?.href).toBe(`/acme/keys/${id}`)
    const found = (await ask(keys.replaced ?? '')).checked?.found
    expect((await said(keys.replaced ?? '')).remedy?.href).toBe(
      `http://localhost:41400/open/${found?.shortId}`,
    )
    const stranger = await said(keys.leaked ?? '')
    expect(stranger.lines.join(' ')).toContain('Ask one of its owners to invite you')
    expect(shortId).toMatch(/^K-/)
  })

  test('who is signed in and not of its people is not led to what they would not find; the vendor’s people are led to the key', async () => {
    const away = { memberships: [{ organizationId: randomUUID(), slug: 'away' }], personId: randomUUID() }
    for (const pasted of [good.key, keys.renewed, keys.leaked, (good.key.match(/.{4}/g) ?? []).join('-')]) {
      const { remedy } = sayDiagnosis(await ask(pasted ?? '', {}, away), { pasted: '' }, 'en')
      expect(remedy?.href ?? '').not.toContain('/open/')
    }
    const { remedy, ask: join } = sayDiagnosis(await ask(keys.renewed ?? '', {}, away), { pasted: '' }, 'en')
    expect({ remedy, join: join?.text }).toEqual({ remedy: null, join: 'Ask to join' })
    const { manager } = await makeStaff(fixture)
    const ofVendor = await ask(keys.renewed ?? '', {}, { personId: manager, isStaff: true })
    const told = sayDiagnosis(ofVendor, { pasted: '' }, 'en')
    const [newer] = await rowsOf<{ id: string }>(database, 'select id from keys where follows_id = $1', [
      ofVendor.checked?.found?.id,
    ])
    expect(told.remedy).toEqual({ href: `/acme/keys/${newer?.id}`, text: 'Get the newer key' })
    expect(told.lines.join(' ')).not.toContain('invite you')
  })

  test('where another key is asked for, they are led to it, or to where it would stand', async () => {
    const memberships = [{ organizationId: fixture.organizationId, slug: fixture.slug }]
    const leads = async (pasted: string, more: Partial<Question>) =>
      sayDiagnosis(await ask(pasted, more, { memberships }), { pasted: '', ...more }, 'en').remedy
    const text = 'See which key it needs'
    const none = { href: `/acme/instances/${bound.instanceId}`, text }
    expect(await leads(bound.key, { product: 'branding' })).toEqual(none)
    const branding = await sold(database, fixture, { reference: 'branding', onto: bound.instanceId })
    const right = { href: `/acme/keys/${branding.keyId}`, text }
    expect(await leads(bound.key, { product: 'branding' })).toEqual(right)
    expect(await leads(branding.key, { product: 'forms', kinds: ['trial'] })).toEqual(none)
    expect(await leads(bound.key, { product: 'unheard' })).toMatchObject({ text: 'Open this key' })
    const trial = await leads(keys.trial ?? '', { kinds: ['permanent'] })
    expect(trial).toMatchObject({ href: expect.stringContaining('/acme/'), text })
  })

  test('what is hidden or no key is looked for among the keys of who asks', async () => {
    const memberships = [{ organizationId: fixture.organizationId, slug: fixture.slug }]
    const leads = async (pasted: string, asker = { memberships }) =>
      sayDiagnosis(await ask(pasted, {}, asker), { pasted }, 'en').remedy?.href
    expect(await leads('…vczx')).toBe('/acme/keys?q=vczx')
    expect(await leads('plugin')).toBe('/acme/keys')
    expect(await leads('…vczx', { memberships: [] })).toBe('/')
  })

  test('of an expired key that was renewed they are told which one follows, and others that one does', async () => {
    const memberships = [{ organizationId: fixture.organizationId, slug: fixture.slug }]
    const newer = (await ask(keys.follower ?? '')).checked?.found
    const own = sayDiagnosis(await ask(keys.followed ?? '', {}, { memberships }), { pasted: '' }, 'en')
    expect(own.lines[0]).toBe(`${newer?.shortId} follows it and works: put that into GLPI.`)
    expect(own.remedy).toEqual({ href: `/acme/keys/${newer?.id}`, text: 'Get the newer key' })
    const other = await said(keys.followed ?? '')
    expect(other.lines[0]).toBe('A newer key follows it and works: put that into GLPI.')
    expect(other.remedy?.href).toMatch(/\/open\/K-/)
    expect(JSON.stringify(other)).not.toContain(newer?.shortId)
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/keys/validate',
      payload: { key: keys.followed },
    })
    expect(answer.json()).toMatchObject({ valid: false, code: 'expired', notes: ['renewed'] })
    expect(answer.json().message).toContain('A newer key follows it')
  })

  test('what a GLPI is, is said where it is asked; before it has called, nothing leads there', async () => {
    const memberships = [{ organizationId: fixture.organizationId, slug: fixture.slug }]
    const mine = await sold(database, fixture)
    await rowsOf(database, `update instances set installation_id = 'mine' where id = $1`, [mine.instanceId])
    const more = { installationId: 'other' }
    const own = async () =>
      sayDiagnosis(await ask(mine.key, more, { memberships }), { pasted: '', ...more }, 'en')
    const before = await own()
    expect(before.remedy).toEqual({ href: `/acme/keys/${mine.keyId}`, text: 'Open this key' })
    expect(before.lines.join(' ')).toContain('Once this GLPI calls with the key')
    const payload = { key: mine.key, product: 'forms', installation_id: 'other' }
    await app.inject({ method: 'POST', url: '/api/v1/keys/validate', payload })
    await history.flush()
    const [question] = await rowsOf<{ id: string }>(database, 'select id from questions where key_id = $1', [
      mine.keyId,
    ])
    const after = await own()
    expect(after.remedy).toEqual({ href: `/acme/questions/${question?.id}`, text: 'Say what this GLPI is' })
    expect(after.lines.join(' ')).not.toContain('Once this GLPI calls')
    // A stranger is told neither that it has called nor where.
    const { lines, remedy } = await said(mine.key, more)
    expect(remedy?.href).toBe(`http://localhost:41400/open/${mine.shortId}`)
    expect(lines.join(' ')).toContain('Once this GLPI calls with the key')
  })

  test('a GLPI that is known, at a new address, is let through, and told that this is asked about', async () => {
    const more = { installationId: 'known', ...addressed('https://new.example') }
    expect((await said(bound.key, more)).lines.join(' ')).toContain(
      'from an address that the portal does not know',
    )
    expect((await said(bound.key, { ...more, ...addressed(bound.url) })).lines.join(' ')).not.toContain(
      'an address',
    )
    expect(readQuestion({ installationId: ' known ' })).toMatchObject({ installationId: 'known' })
  })

  test('who has a key that is over and followed by none is told whom to write to', async () => {
    const memberships = [{ organizationId: fixture.organizationId, slug: fixture.slug }]
    for (const key of [keys.expired ?? '', keys.lapsed ?? '']) {
      const diagnosis = await ask(key, {}, { memberships })
      const { lines, remedy } = sayDiagnosis(diagnosis, { pasted: '' }, 'en')
      expect(lines[0]).toContain('write to support@latchkey.example')
      const subject = diagnosis.checked?.found?.shortId
      expect(remedy?.href).toBe(`mailto:support@latchkey.example?subject=${subject}`)
    }
  })

  test('a network has 60 answers in 6 minutes, and is told when again', async () => {
    const from = randomUUID()
    for (let nth = 0; nth < 60; nth++) await diagnose({ pasted: 'plugin' }, { from, ...stranger })
    await expect(diagnose({ pasted: good.key }, { from, ...stranger })).rejects.toMatchObject({
      code: 'too_many',
      facts: { retryAfterSeconds: expect.any(Number) },
    })
    expect((await ask('plugin')).code).toBe('other')
  })

  test('the form says an address in any spelling, and what of it cannot be read', () => {
    const read = readQuestion({
      pasted: 'x',
      url: ' HTTPS://GLPI.acme.example/front/central.php',
      kind: 'trial',
    })
    expect(read).toMatchObject({ ...addressed('https://glpi.acme.example'), kinds: ['trial'] })
    expect(readQuestion({ glpiVersion: 'GLPI 11.0.4' })).toEqual({ pasted: '', glpiVersion: '11.0.4' })
    const apiToken = `lkt_${'aZ3_'.repeat(10)}abc`
    const mistakes: [Record<string, string>, Record<string, string>][] = [
      [{ url: 'ftp://glpi' }, { url: 'url_scheme' }],
      [{ url: `https://glpi.example/?k=${good.key}` }, { url: 'url_key' }],
      [{ glpiVersion: 'the newest' }, { glpiVersion: 'glpi_version' }],
      [{ installationId: 'bad id' }, { installationId: 'installation_id' }],
      [{ productVersion: '1'.repeat(51) }, { productVersion: 'too_long' }],
      [{ productVersion: good.key }, { productVersion: 'version_key' }],
      [{ productVersion: `version ${good.key}` }, { productVersion: 'version_key' }],
      [{ productVersion: wrongAt(good.key, 12) }, { productVersion: 'version_key' }],
      [{ installationId: good.key }, { installationId: 'installation_key' }],
      [{ installationId: apiToken }, { installationId: 'token' }],
      [{ productVersion: `v ${apiToken}` }, { productVersion: 'token' }],
      [{ url: `https://${apiToken}.example` }, { url: 'token' }],
      [{ glpiVersion: apiToken }, { glpiVersion: 'token' }],
      [{ product: good.key }, { product: 'invalid' }],
    ]
    for (const [fields, wrong] of mistakes)
      expect(() => readQuestion(fields)).toThrow(expect.objectContaining({ fields: wrong }))
    expect(readQuestion({ kind: 'any' }).kinds).toBeUndefined()
  })

  test('nothing, and more than anybody reads, is refused; and nothing is kept', async () => {
    await expect(ask(' \n')).rejects.toMatchObject({ fields: { pasted: 'required' } })
    await expect(ask('x'.repeat(20_001))).rejects.toMatchObject({ fields: { pasted: 'too_long' } })
    const fresh = await sold(database, fixture)
    await ask(fresh.key)
    await ask(wrongAt(fresh.key, 12))
    await history.flush()
    expect(await rowsOf(database, 'select * from checks where key_id = $1', [fresh.keyId])).toEqual([])
  })
})
