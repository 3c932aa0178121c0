import { spawnSync } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { faultIn } from '@/lib/activations/fault'
import { history } from '@/lib/activations/history'
import { mistypedKey } from '@/lib/keys/mistyped'
import { phpPath } from '@/sandbox/php'
import { makeCatalog, makeOrganization, makeSigningKey, productDatabase } from '@/sandbox/test/fixture'
import { said as diagnosed, wide } from '@/sandbox/test/pasted'
import { sold } from '@/sandbox/test/sold'
import { cleanKey } from './clients/typescript/latchkey'
import { buildServer } from './server'

const database = await productDatabase()
await makeCatalog()
await makeSigningKey()
const fixture = await makeOrganization('acme')
const { key } = await sold(database, fixture)
const { key: second } = await sold(database, fixture)
const app = await buildServer(() => false)

afterAll(async () => {
  await history.flush()
  await app.close()
})

/** Another character than those around it, so that nothing is doubled or swapped by chance. */
const other = (place: number, not = '') =>
  [...'qpzry9x8'].find((char) => !`${key.slice(place - 2, place + 2)}${not}`.includes(char)) ?? ''
const put = (place: number, text: string, instead = 0) =>
  key.slice(0, place - 1) + text + key.slice(place - 1 + instead)
/** Places whose character differs from those around it. */
const places = [...key].flatMap((char, at) =>
  at > 4 && at < 34 && key[at - 1] !== char && key[at + 1] !== char ? [at + 1] : [],
)
const six = places.filter((_, index) => index % Math.ceil(places.length / 6) === 0)

type Row = [what: string, pasted: string, says: string[]]
const wrong = (place: number, char: string) => `Character ${place}: “${char}” is wrong`
const extra = (place: number, char: string) => `Character ${place} is one too many: “${char}”`
const nine = six[2] ?? 9
const changed = put(nine, other(nine), 1)
const said = [wrong(nine, other(nine))]
const around = ['stands in this text']
const several = ['Several keys stand in this text']
const table: Row[] = [
  ...[key, key.toUpperCase(), `“${key}”`, `'${key}'`, put(9, '\u200b'), `Key: ${key}`, ` ${key}\t`].map(
    (pasted, index): Row => [`right ${index}`, pasted, []],
  ),
  ...six.flatMap((place): Row[] => {
    const char = other(place)
    return [
      ['one wrong', put(place, char, 1), [wrong(place, char)]],
      ['one missing', put(place, '', 1), [`Character ${place} is missing`]],
      ['one too many', put(place, char), [extra(place, char)]],
      [
        'two too many',
        put(place, char + other(place, char)),
        [extra(place, char), extra(place + 1, other(place, char))],
      ],
      ['typed twice', put(place, key[place - 1] ?? ''), [`Character ${place + 1} was typed twice`]],
      [
        'swapped',
        put(place, `${key[place]}${key[place - 1]}`, 2),
        [`Characters ${place} and ${place + 1} are swapped`],
      ],
    ]
  }),
  ['first missing', key.slice(1), ['Character 1 is missing']],
  ['last missing', key.slice(0, -1), ['Character 36 is missing']],
  ['one behind', `${key}${other(36)}`, [extra(37, other(36))]],
  [
    'two behind',
    `${key}xx`.replace(/xx$/, other(36).repeat(2)),
    [extra(37, other(36)), extra(38, other(36))],
  ],
  ['two in front', `yz${key}`, [extra(1, 'y'), extra(2, 'z')]],
  ['one at each end', `y${key}${other(36)}`, [extra(1, 'y'), extra(38, other(36))]],
  ['no such prefix', `gkz1${key.slice(4)}`, [wrong(3, 'z')]],
  ['another kind’s prefix', `gkt1${key.slice(4)}`, [wrong(3, 't')]],
  ['a wrong first letter', `q${key.slice(1)}`, [wrong(1, 'q')]],
  ['a wrong separator', put(4, 'l', 1), [wrong(4, 'l')]],
  ['wrong, in capitals', changed.toUpperCase(), said],
  ['wrong, in some capitals', changed.slice(0, 12) + changed.slice(12).toUpperCase(), said],
  ['wrong, in quotation marks', `« ${changed} »`, said],
  ['wrong, with what nobody sees', `\ufeff${changed.slice(0, 5)}\u200b${changed.slice(5)}`, said],
  ['wrong, in groups', changed.match(/.{4}/g)?.join(' ') ?? '', said],
  ['wrong, with a label', `Clé d’enregistrement : ${changed}`, said],
  ['wrong, in a sentence', `My key, which is ${changed}, does not work`, said],
  ['34 characters', key.slice(0, 34), ['34 of 36 characters: the rest is missing']],
  ['20 characters', key.slice(0, 20), ['20 of 36 characters: the rest is missing']],
  ['its end alone', key.slice(6), ['30 of 36 characters: the beginning is missing']],
  ['three too many', put(6, 'q8z'.replaceAll(key[5] ?? '', 'y')), ['39 characters instead of 36']],
  ['three behind', `${key}qqq`, around],
  ['a sentence', `The key is ${key} for you`, around],
  ['the same twice', `${key} ${key}`, around],
  ['two keys', `${key} ${second}`, several],
  ['two keys in lines', `${key}\n${second}`, several],
  ['two keys run together', key + second, several],
  ['a key and a changed one', `${second} ${changed}`, around],
  ['hyphens', key.match(/.{4}/g)?.join('-') ?? '', ['After character 4 stands what does not belong: “-”']],
  ['two slashes', put(10, '//'), ['After character 9 stands what does not belong: “/”']],
  ['a slash within', put(10, '/'), [extra(10, '/')]],
  ['one of full width', put(36, wide(key[35] ?? ''), 1), ['Character 36 does not belong']],
  ['no key', 'a token of the API', ['not a registration key, or not a whole one']],
]

/** What the check page says in its own words of what is no fault of a character. */
const ofPage: Record<string, RegExp> = {
  'stands in this text': /The key in this text is right/,
  'not a registration key, or not a whole one': /not a registration key|No registration key/,
}

let networks = 0
const network = () => `10.${++networks >> 8}.${networks & 255}.1`

async function ofService(pasted: string) {
  const body = { key: pasted, product: 'forms', installation_id: 'one' }
  const post = (url: string) => app.inject({ method: 'POST', url, remoteAddress: network(), payload: body })
  const validated = (await post('/api/v1/keys/validate')).json()
  const activated = (await post('/api/v1/activations')).json()
  const answers = [validated.message, activated.detail ?? activated.verdict.message]
  // No header has a line break in it.
  if (!/[\r\n]/.test(pasted)) {
    const headers = {
      'x-registration-key': Buffer.from(pasted).toString('latin1'),
      'x-glpi-network-uid': 'one',
    }
    const shown = await app.inject({ url: '/api/registration/info', remoteAddress: network(), headers })
    answers.push(shown.json().validation_message)
  }
  return answers
}

test('the API, GLPI’s routes, the check page and the search name the same mistake at the same place', async () => {
  for (const [what, pasted, says] of table) {
    for (const answer of await ofService(pasted)) {
      if (says.length === 0) expect(answer, what).toContain('This key is valid')
      for (const one of says) expect(answer, what).toContain(one)
    }
    const { title, lines } = await diagnosed(pasted)
    const page = [title, ...lines].join(' ')
    if (says.length === 0) expect(page, what).toContain('Nothing is wrong with this key')
    for (const one of says) expect(page, what).toMatch(ofPage[one] ?? literally(one))
    const found = /^Characters? (\d+)(?!.*does not belong)/.exec(says[0] ?? '')
    if (found && !what.includes('sentence')) expect(mistypedKey(pasted)?.place, what).toBe(found[1])
  }
  expect(table.length).toBeGreaterThanOrEqual(60)
  console.log(`${table.length} texts`)
})

const literally = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))

const php = phpPath()

test('the clients take for a key what the portal does, and send the rest as it is: none of them cuts a mistake off', () => {
  const texts = table.map(([, pasted]) => pasted)
  const program = `require 'key-service/clients/php/Latchkey.php';
    echo json_encode(array_map('Latchkey\\Latchkey::cleanKey', json_decode(stream_get_contents(STDIN))));`
  const ran = php && spawnSync(php, ['-r', program], { input: JSON.stringify(texts), encoding: 'utf8' })
  const cleaned: string[][] = [texts.map(cleanKey), ...(ran ? [JSON.parse(ran.stdout)] : [])]
  for (const client of cleaned)
    for (const [index, [what, pasted, says]] of table.entries()) {
      if (says.length === 0) expect(client[index], what).toBe(key)
      // A whole key among words, which a plugin takes out of them.
      else if (says === around && client[index] !== pasted)
        expect([key, second], what).toContain(client[index])
      // As it was sent, it is explained by the same place.
      else expect(faultIn(client[index] ?? ''), what).toEqual(faultIn(pasted))
    }
})
