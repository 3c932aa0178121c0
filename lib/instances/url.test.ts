import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { displayHost, looksLikeTestCopy, maxUrlLength, parseInstanceUrl } from '@/lib/instances/url'

/** What the verdict comes to: the identity, or the reason in angle brackets, which no identity contains. */
function outcome(text: string): string {
  const verdict = parseInstanceUrl(text)
  return verdict.ok ? verdict.identity : `<${verdict.because}>`
}

const label63 = 'a'.repeat(63)
const host253 = `${label63}.${label63}.${label63}.${'a'.repeat(61)}`

/** Per identity or refusal, all spellings that come to it. */
const table: Record<string, string[]> = {
  // The two of DESIGN, and what else people paste from the address bar, a mail, a ticket.
  'glpi.example.com': [
    'https://GLPI.Example.com:443/front/central.php?x=1',
    'http://www.glpi.example.com/',
    'glpi.example.com',
    'GLPI.EXAMPLE.COM',
    'www.glpi.example.com',
    'WWW.GLPI.EXAMPLE.COM',
    'www.www.glpi.example.com',
    'http://glpi.example.com',
    'https://glpi.example.com',
    'HTTPS://glpi.example.com',
    'hTTp://glpi.example.com',
    'https:glpi.example.com',
    'https:/glpi.example.com',
    'https:///glpi.example.com',
    'https:\\\\glpi.example.com\\',
    'glpi.example.com:',
    'glpi.example.com:443',
    'glpi.example.com:80',
    'http://glpi.example.com:80',
    'https://glpi.example.com:80',
    'http://glpi.example.com:443',
    'https://glpi.example.com:0443',
    'https://glpi.example.com:',
    'https://glpi.example.com:/',
    'https://glpi.example.com//',
    'https://glpi.example.com/./',
    'https://glpi.example.com/../',
    'https://glpi.example.com/..',
    'https://glpi.example.com/it/..',
    'https://glpi.example.com/%2e%2e/',
    'https://glpi.example.com/it/%2E./',
    'https://glpi.example.com?x=1',
    'https://glpi.example.com#top',
    'https://glpi.example.com/?redirect=ticket_12#/front/x',
    'glpi.example.com?x=https://other.example',
    'https://glpi.example.com./',
    'https://glpi.example.com.',
    'https://glpi.example.com../',
    'glpi.example.com.:443',
    '  https://glpi.example.com  ',
    '\u00a0https://glpi.example.com\u00a0',
    '\ufeffhttps://glpi.example.com',
    '\u200bhttps://glpi.example.com\u200b',
    '\u2068https://glpi.example.com\u2069',
    'https://glpi.example.com\r\n',
    '\thttps://glpi.example.com\n\n',
    'https://glpi.exam\nple.com',
    'ht\ttps://glpi.example.com',
    'https:/\r\n/glpi.example.com',
    'https://glpi\u200b.example.com',
    'https://gl\u00adpi.example.com',
    'https://glpi.example\u2060.com',
    'https://%67lpi.example.com',
    'https://glpi%2Eexample%2ecom',
    'https://glpi。example。com',
    'https://glpi｡example．com',
    'https://ＧＬＰＩ.example.com',
    'https://ｇｌｐｉ.ｅｘａｍｐｌｅ.com',
    'https://𝗀𝗅𝗉𝗂.example.com',
    'https://@glpi.example.com',
    'https://:@glpi.example.com',
  ],
  // GLPI's own paths.
  'example.com/glpi': [
    'https://example.com/glpi',
    'https://example.com/glpi/',
    'https://example.com/glpi//',
    'https://example.com//glpi',
    'https://example.com\\glpi\\',
    'https://example.com/glpi/front',
    'https://example.com/glpi/front/',
    'https://example.com/glpi/front/central.php',
    'https://example.com/glpi/front/ticket.form.php?id=12',
    'https://example.com/glpi/front/ticket.form.php?id=12#tab',
    'https://example.com/glpi//front/central.php',
    'https://example.com/glpi/%66ront/central.php',
    'https://example.com/glpi/front/config.form.php/front/x',
    'https://example.com/glpi/index.php',
    'https://example.com/glpi/index.php/',
    'https://example.com/glpi/index.php/front/central.php',
    'https://example.com/glpi/index%2ephp',
    'https://example.com/glpi/index.php?noAUTO=1',
    'https://example.com/glpi/marketplace',
    'https://example.com/glpi/marketplace/',
    'https://example.com/glpi/marketplace/forms/front/form.php',
    'https://example.com/glpi/plugins/forms/front/form.php',
    'https://example.com/glpi/ajax/common.tabs.php',
    'https://example.com/glpi/apirest.php',
    'https://example.com/glpi/apirest.php/initSession',
    'https://example.com/glpi/api.php/v2',
    'https://example.com/glpi/status.php',
    'https://example.com/x/../glpi/front/central.php',
    'example.com/glpi',
    'www.example.com/glpi/front/central.php',
    'http://example.com:80/glpi',
    'https://example.com/%67lpi',
    'https://example.com/%67%6C%70%69',
    'https://example.com/%67%6c%70%69/',
    'https://example.com/gl\npi',
  ],
  'example.com': [
    'https://example.com/front/front/central.php',
    'https://example.com/marketplace/front/x.php',
  ],
  // Other addresses of the same host.
  'example.com/it': ['https://example.com/it', 'http://www.example.com/it/', 'example.com/it/index.php'],
  'example.com/GLPI': ['https://example.com/GLPI', 'https://EXAMPLE.com/GLPI/', 'https://example.com/%47LPI'],
  'example.com/glpi/it': [
    'https://example.com/glpi/it/',
    'https://example.com/glpi//it',
    'example.com/glpi/./it',
  ],
  'example.com/frontdesk': [
    'https://example.com/frontdesk',
    'https://example.com/frontdesk/front/central.php',
  ],
  'example.com/FRONT': ['https://example.com/FRONT'],
  'example.com/front.office': ['https://example.com/front.office/'],
  'example.com/marketplaces': ['https://example.com/marketplaces/'],
  'example.com/php': ['https://example.com/php', 'example.com/php/index.php'],
  'example.com/glpi/public': ['https://example.com/glpi/public/index.php'],
  // Ports.
  'glpi.lan:8080': [
    'glpi.lan:8080',
    'http://glpi.lan:8080',
    'https://glpi.lan:8080/',
    'GLPI.lan:08080',
    'www.glpi.lan:8080/front/central.php',
    'glpi.lan:8080?x',
    'glpi.lan:8080#x',
    'glpi.lan:8080\\',
    'glpi.lan.:8080',
  ],
  'glpi.lan:8080/it': ['glpi.lan:8080/it', 'http://glpi.lan:8080/it/index.php', 'glpi.lan:8080\\it'],
  'glpi.lan:8443': ['https://glpi.lan:8443', 'glpi.lan:8443'],
  'glpi.lan:0': ['https://glpi.lan:0'],
  'glpi.lan:65535': ['https://glpi.lan:65535', 'glpi.lan:0065535'],
  'localhost:8080': ['localhost:8080', 'http://LOCALHOST:8080/'],
  'ftp:8080': ['ftp:8080', 'https://ftp:8080'],
  // Bare names, intranets.
  mairie: ['mairie', 'MAIRIE', 'http://mairie/', 'https://mairie.', 'mairie:443', 'www.mairie'],
  www: ['www', 'www.', 'www.www', 'https://www/'],
  'glpi.local': ['glpi.local', 'http://GLPI.local/', 'https://glpi.local:443'],
  localhost: ['localhost', 'http://localhost/', 'https://LocalHost'],
  'srv-glpi_01': ['srv-glpi_01', 'http://SRV-GLPI_01/'],
  'www2.example.com': ['https://www2.example.com'],
  'wwwglpi.example': ['wwwglpi.example'],
  'a-.example': ['https://a-.example'],
  'https.example': ['https.example', 'https://https.example'],
  // IPv4 and its odd spellings.
  '192.168.1.10': [
    '192.168.1.10',
    'http://192.168.1.10/',
    'https://192.168.1.10.',
    'https://192.168.1.10../',
    '192.168.1.10:80',
    '192.168.266',
    '192.11010314',
    '3232235786',
    'http://0xC0A8010A',
    'http://0xc0.0xa8.0x1.0xa',
    'http://0300.0250.01.012',
    'http://0300.168.0x1.10',
    'http://１９２.168.1.10',
    'http://192。168。1。10',
    'http://192%2E168%2E1%2E10',
    '192.168.1.10/front/central.php',
  ],
  '127.0.0.1': [
    '127.1',
    'http://0x7f.1',
    'http://0x7f.1..',
    'http://2130706433',
    '127.0.0.1',
    'http://0177.1',
  ],
  '10.0.0.1:8080/glpi': ['10.0.0.1:8080/glpi', '10.1:8080/glpi/', 'http://0xa.1:8080/glpi/index.php'],
  '0.0.31.144': ['http:8080', 'https://8080'],
  // IPv6.
  '[::1]': ['[::1]', 'http://[::1]', 'https://[0:0:0:0:0:0:0:1]/', 'https://[0000::0001]:443', '[::0.0.0.1]'],
  '[fd00::a]': [
    '[fd00::a]',
    '[FD00::A]',
    'https://[fd00:0:0:0:0:0:0:a]/front/central.php',
    '[fd00:0::000a]:443',
  ],
  '[fd00::a]:8080/glpi': ['[fd00::a]:8080/glpi', 'http://[FD00:0:0::A]:8080/glpi/'],
  '[::ffff:c0a8:10a]': ['http://[::ffff:192.168.1.10]', '[::FFFF:C0A8:010A]'],
  // Internationalized names. The deviations (ß, ς, ZWJ) are letters of their own since 2008.
  'xn--bcher-kva.example': [
    'bücher.example',
    'BÜCHER.example',
    'https://bu\u0308cher.example',
    'xn--bcher-kva.example',
    'XN--BCHER-KVA.example',
    'https://b%C3%BCcher.example',
    'www.bücher.example',
    'bücher。example',
  ],
  'xn--fa-hia.example': ['faß.example', 'FAß.example', 'xn--fa-hia.example', 'faẞ.example'],
  'fass.example': ['fass.example', 'FASS.example'],
  'xn--4xa.example': ['σ.example', 'Σ.example', 'xn--4xa.example'],
  'xn--3xa.example': ['ς.example', 'xn--3xa.example'],
  'viii.example': ['ⅷ.example', 'VIII.example'],
  'xn--e1afmkfd.example': ['пример.example', 'ПРИМЕР.example', 'xn--e1afmkfd.example'],
  'xn--r8jz45g.xn--zckzah': ['例え.テスト', 'https://例え。テスト/'],
  'xn--mgbh0fb.xn--kgbechtv': ['مثال.إختبار', 'http://مثال.إختبار/'],
  'xn--mnchen-3ya.example:8080/it': ['münchen.example:8080/it', 'http://MÜNCHEN.example:8080/it/index.php'],
  'xn--ypal-43d9g.example': ['раypal.example'],
  'xn--80ak6aa92e.example': ['аррӏе.example'],
  // Percent-encodings in the path.
  'glpi.lan/~it': ['glpi.lan/~it', 'glpi.lan/%7Eit', 'glpi.lan/%7eit', 'http://glpi.lan/%7e%69t/'],
  'glpi.lan/a-b_c.d': ['glpi.lan/a-b_c.d', 'glpi.lan/a%2Db%5Fc%2Ed', 'glpi.lan/a%2db%5fc%2ed'],
  'glpi.lan/%C3%A9t%C3%A9': [
    'glpi.lan/été',
    'glpi.lan/%c3%a9t%c3%a9',
    'glpi.lan/%C3%A9t%C3%A9/',
    'glpi.lan/ét%C3%A9',
  ],
  'glpi.lan/a%20b': ['glpi.lan/a b', 'glpi.lan/a%20b', 'http://glpi.lan/a b/'],
  'glpi.lan/a%2Fb': ['glpi.lan/a%2Fb', 'glpi.lan/a%2fb'],
  'glpi.lan/100%25': ['glpi.lan/100%', 'glpi.lan/100%25'],
  'glpi.lan/100%25zz': ['glpi.lan/100%zz', 'glpi.lan/100%25zz'],
  'glpi.lan/%252e%252e/b': ['glpi.lan/%%32e%%32e/b', 'glpi.lan/%252e%252e/b'],
  'glpi.lan/a%7Cb': ['glpi.lan/a|b', 'glpi.lan/a%7cb'],
  'glpi.lan/a%5Eb': ['glpi.lan/a^b', 'glpi.lan/a%5eb'],
  'glpi.lan/%5Ba%5D': ['glpi.lan/[a]', 'glpi.lan/%5ba%5D'],
  "glpi.lan/it's;v=1,2:@(x)": ["glpi.lan/it's;v=1,2:@(x)"],
  'glpi.lan/%F0%9F%94%91': ['glpi.lan/🔑', 'glpi.lan/%f0%9f%94%91'],
  'glpi.lan/%EF%BF%BD': ['glpi.lan/\ud800', 'glpi.lan/\ufffd'],
  'glpi.lan/%00': ['glpi.lan/%00'],
  // Long, and as long as it may be.
  [host253]: [host253, `${host253}.`, `https://${host253}/`],
  [`a/${'b'.repeat(maxUrlLength - 10)}`]: [`https://a/${'b'.repeat(maxUrlLength - 10)}`],

  '<empty>': ['', ' ', '\n', '\t \r\n', '\u00a0', '\ufeff', '\u200b\u200b'],
  '<too_long>': [
    `https://a/${'b'.repeat(maxUrlLength - 9)}`,
    'a'.repeat(1_000_000),
    ' '.repeat(3000),
    `a/${'é'.repeat(400)}`.padEnd(maxUrlLength, 'é'),
    `glpi.lan${'/a'.repeat(1200)}`,
  ],
  '<scheme>': [
    'ftp://glpi.example.com',
    'ftps://glpi.example.com/',
    'file:///var/www/glpi',
    'file:/etc/passwd',
    'ws://glpi.example.com',
    'htp://glpi.example.com',
    'hhttps://glpi.example.com',
    'httpss://glpi.example.com',
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'about:blank',
    'tel:+33-1',
    'urn:isbn:1',
    'C:\\xampp\\htdocs\\glpi',
    'view-source:https://glpi.example.com',
    'chrome-extension://abc/x.html',
    'a:b',
    'https://https://glpi.example.com',
    'http://https://glpi.example.com',
    'https://http//glpi.example.com',
    'https//glpi.example.com',
    'http',
    'https://https',
    'http://www.http:8080',
  ],
  '<user_name>': [
    'https://admin@glpi.example.com',
    'https://admin:secret@glpi.example.com',
    'https://:secret@glpi.example.com',
    'admin@glpi.example.com',
    'admin:secret@glpi.example.com',
    'admin:123@glpi.example.com',
    'https://glpi.example.com@evil.example',
    'https://glpi.example.com:443@evil.example/',
    'https://a@b@c.example',
    'https://%61@glpi.lan',
    'mailto:admin@glpi.example.com',
  ],
  '<port>': [
    'glpi.lan:65536',
    'glpi.lan:99999',
    'https://glpi.lan:99999999',
    'https://glpi.lan:80a',
    'https://glpi.lan:-1',
    'https://[::1]:65536',
    'https://glpi.lan:８０',
  ],
  '<host>': [
    'https://.',
    'https://..',
    'https://.example.com',
    'https://a..b',
    'https://www..example.com',
    'https://glpi,example.com',
    'https://glpi;example.com',
    'https://"glpi.example.com"',
    "https://glpi'.example.com",
    'https://*.example.com',
    'https://{host}',
    'https://$HOST/',
    'https://[::1',
    'https://[::g]',
    'https://[1:2:3]',
    'https://[fe80::1%25eth0]',
    'https://::1',
    'https://256.256.256.256',
    'https://1.2.3.4.5',
    'https://192.168.1.300',
    'https://0x100000000',
    'https://4294967296',
    'https://09.1',
    'https://www.1',
    'https://www.1..',
    'https://www.192.168.1.10',
    'https://glpi%00.lan',
    'https://glpi%2Flan',
    'https://glpi%.lan',
    'https://a%40b.lan',
    'https://xn--/',
    'https://xn--a',
    'https://xn--a.example',
    'https://a.xn--pokxncvks',
    'https://xn--99999999.example',
    'https://\u00ad/',
    'https://glpi\ufffd.lan',
    'https://glpi\ud800.lan',
    'https://<glpi>.lan',
    'https://glpi^.lan',
    'https://glpi|lan',
    `https://${'a'.repeat(64)}.example`,
    `https://${host253}a`,
    'https://א-a1.אa',
  ],
  '<not_a_url>': [
    'https://',
    'http:',
    'https:///',
    'http://?x',
    'https://#',
    '/',
    '/glpi',
    '//glpi.example.com',
    '\\\\server\\glpi',
    '?x=1',
    '#',
    'our service desk',
    'https://our service desk',
    'see glpi.example.com',
    '- glpi.example.com',
  ],
}

const rows = Object.entries(table).flatMap(([expected, spellings]) =>
  spellings.map((text) => ({ text, expected })),
)

describe('the table of addresses', () => {
  test('[B1] has at least 300 rows', () => {
    process.stdout.write(`[B1] table: ${rows.length} rows\n`)
    expect(rows.length).toBeGreaterThanOrEqual(300)
  })

  test.each(
    rows.map(({ text, expected }) => [
      JSON.stringify(text).slice(0, 80),
      expected.slice(0, 80),
      text,
      expected,
    ]),
  )('[B1] %s comes to %s', (_shownText, _shownExpected, text, expected) => {
    expect(outcome(text)).toBe(expected)
  })
})

test.each([
  ['http://www.GLPI.example.com/it/front/central.php?x=1#y', 'http://www.glpi.example.com/it'],
  ['glpi.lan:8080/', 'https://glpi.lan:8080'],
  ['glpi.lan:443', 'https://glpi.lan'],
  ['glpi.lan:80', 'https://glpi.lan:80'],
  ['http://glpi.lan:443', 'http://glpi.lan:443'],
  ['HTTP://glpi.lan.:80//it//', 'http://glpi.lan/it'],
  ['https://bücher.example/été', 'https://xn--bcher-kva.example/%C3%A9t%C3%A9'],
])('%s is shown and stored as %s', (text, url) => {
  expect(parseInstanceUrl(text)).toMatchObject({ ok: true, url })
})

test.each([
  ['glpi.lan:8080/it', 'glpi.lan'],
  ['www.glpi.lan', 'glpi.lan'],
  ['[::1]:8080', '[::1]'],
])('the host of %s is %s', (text, host) => {
  expect(parseInstanceUrl(text)).toMatchObject({ ok: true, host })
})

test.each([
  ['glpi.example.com', []],
  ['bücher.example', []],
  ['раypal.example', ['look_alike']],
  ['https://glpi.аррӏе.example/test', ['look_alike', 'test_copy']],
  ['glpi-test.lan', ['test_copy']],
])('%s is warned about: %j', (text, warnings) => {
  expect(parseInstanceUrl(text)).toMatchObject({ ok: true, warnings })
})

test.each([
  ['xn--bcher-kva.example', 'bücher.example'],
  ['https://xn--bcher-kva.example:8080/it', 'bücher.example'],
  ['xn--e1afmkfd.example', 'пример.example'],
  ['xn--r8jz45g.xn--zckzah', '例え.テスト'],
  ['xn--mgbh0fb.xn--kgbechtv', 'مثال.إختبار'],
  ['한국어.example', '한국어.example'],
  ['λόγος.example', 'λόγος.example'],
  ['été-2026.example', 'été-2026.example'],
  ['www.example.com/glpi', 'example.com'],
  ['192.168.1.10:8080', '192.168.1.10'],
  ['[::1]:8080', '[::1]'],
  // Look-alikes: Cyrillic а among Latin letters, Latin o among Greek ones, Cyrillic letters that all look Latin.
  ['xn--ypal-43d9g.example', 'xn--ypal-43d9g.example'],
  ['xn--80ak6aa92e.example', 'xn--80ak6aa92e.example'],
  ['λoγος.example', 'xn--o-3lbwsp.example'],
  ['bücher.раypal.example', 'bücher.xn--ypal-43d9g.example'],
  // A script that is no longer written.
  ['𐌰𐌱.example', 'xn--ec8cc.example'],
  ['not an address', 'not an address'],
])('%s is displayed as %s', (address, host) => {
  expect(displayHost(address)).toBe(host)
})

test.each([
  ...[
    'test.example.com',
    'glpi-test.example.com',
    'glpi_test.lan',
    'testglpi.lan',
    'glpitest.lan',
    'glpi.test',
  ],
  ...[
    'staging.example.com',
    'preprod.example.com',
    'pre-prod.example.com',
    'glpi-preproduction.lan',
    'recette.lan',
  ],
  ...[
    'glpi-recette.mairie.example',
    'dev.example.com',
    'glpi-dev:8080',
    'glpi.dev.example.com',
    'qa.lan',
    'uat.lan',
  ],
  ...['glpi-copy.lan', 'copie-glpi.lan', 'clone.lan', 'sandbox.example.com', 'test2.lan', '2test.lan', 'dev'],
  ...[
    'example.com/test',
    'example.com/glpi-test',
    'example.com/GLPI_Test',
    'example.com/it/preprod',
    'tests.lan/it',
  ],
])('%s looks like a test copy', (identity) => {
  expect(looksLikeTestCopy(identity)).toBe(true)
})

test.each([
  ...[
    'glpi.example.com',
    'contest.example',
    'latest.example',
    'testament.example',
    'device.lan',
    'devon.example',
  ],
  ...['copyright.example', 'photocopy.example', 'company.dev', 'glpi.company.dev:8080', 'company.dev/glpi'],
  ...[
    'stage.univ.example',
    'production.lan',
    'aqa.example',
    'qatar.example',
    'mairie',
    '[fd00::dec]',
    '10.0.0.1',
  ],
  ...['example.com/attestation', 'example.com/developers'],
])('%s does not look like a test copy', (identity) => {
  expect(looksLikeTestCopy(identity)).toBe(false)
})

// The URL standard's own test data; urltestdata.LICENSE.md says whose it is.
type StandardCase = { input: string; base: string | null; href?: string; failure?: boolean }
const standardFile = readFileSync(new URL('urltestdata.json', import.meta.url), 'utf8')
// `as`: the file's format is described in web-platform-tests, url/README.md. Strings in it are comments.
const standardCases = (JSON.parse(standardFile) as (StandardCase | string)[]).filter(
  (one) => typeof one === 'object',
)

describe('the test data of the URL standard', () => {
  // Without an http or https of its own an input there is relative to something; here it is an address without a scheme.
  const absolute = standardCases.filter(({ input, base }) => {
    const text = input.replace(/[\t\n\r]/g, '').replace(/^[\p{Cc} ]+/u, '')
    // `http:foo` is relative to a base of the same scheme.
    return /^https?:/i.test(text) && (base === null || /^https?:[/\\]{2}/i.test(text))
  })
  const failing = absolute.filter(({ failure }) => failure)
  const passing = absolute.flatMap(({ input, href }) => (href === undefined ? [] : [{ input, href }]))

  test('[B1] what fails there is refused here', () => {
    process.stdout.write(`[B1] refused as in the URL standard: ${failing.length}\n`)
    expect(failing.length).toBeGreaterThan(190)
    expect(failing.filter(({ input }) => parseInstanceUrl(input).ok)).toEqual([])
  })

  test('[B1] what is equal there is equal here', () => {
    process.stdout.write(`[B1] equal as in the URL standard: ${passing.length}\n`)
    expect(passing.length).toBeGreaterThan(150)
    const unequal = passing.filter(({ input, href }) => outcome(input) !== outcome(href))
    expect(unequal).toEqual([])
  })

  test('[B1] what passes there is refused here for our own rules only', () => {
    const refusals = passing.flatMap(({ href }) => {
      const verdict = parseInstanceUrl(href)
      return verdict.ok ? [] : [{ href, because: verdict.because }]
    })
    const unexplained = refusals.filter(({ href, because }) => {
      const { hostname, username, password } = new URL(href)
      const ownHostRule = /[^a-z\d._-]|\.\.|^\.|^$/.test(hostname)
      return !(because === 'user_name' ? username + password !== '' : because === 'host' && ownHostRule)
    })
    expect(unexplained).toEqual([])
    process.stdout.write(`[B1] refused for our own rules: ${refusals.length}\n`)
  })

  test('[B1] other schemes are refused', () => {
    const foreign = standardCases.filter(({ input }) => /^(?!https?:)[a-z][a-z\d+.-]*:\/\//i.test(input))
    expect(foreign.length).toBeGreaterThan(100)
    expect(foreign.filter(({ input }) => parseInstanceUrl(input).ok)).toEqual([])
    process.stdout.write(`[B1] other schemes: ${foreign.length}\n`)
  })
})

describe('any input', () => {
  const trials = process.env.STRESS ? 600_000 : 60_000
  const parts = {
    scheme: fc.constantFrom(
      '',
      'http://',
      'https://',
      'HTTPS:',
      'http:/',
      'https:\\\\',
      'ftp://',
      '//',
      ' https://',
    ),
    user: fc.constantFrom('', '', '', '', '', '', '@', 'a:b@'),
    host: fc
      .array(
        fc.oneof(
          fc.constantFrom(
            'www',
            'glpi',
            'GLPI',
            'example',
            'com',
            'http',
            '',
            '0x7f',
            '1',
            '010',
            '256',
            'ⅷ',
            'ß',
          ),
          fc.constantFrom(
            'xn--bcher-kva',
            'xn--a',
            'xn--',
            'пример',
            'раy',
            '例え',
            'مثال',
            '%67',
            '%2e',
            '[::1]',
          ),
          fc.string({ maxLength: 6, unit: 'grapheme' }),
          fc.domain(),
        ),
        { minLength: 1, maxLength: 5 },
      )
      .chain((labels) => fc.constantFrom('.', '.', '.', '。', '..').map((dot) => labels.join(dot))),
    port: fc.constantFrom('', '', '', ':', ':80', ':443', ':8080', ':08080', ':0', ':65536', ':x', '.:443'),
    path: fc
      .array(
        fc.oneof(
          fc.constantFrom(
            '',
            '.',
            '..',
            '%2e',
            '.%2E',
            '%',
            '%2',
            '%%32e',
            '%25',
            '%66ront',
            'front',
            'index.php',
          ),
          fc.constantFrom(
            'it',
            'IT',
            '~it',
            '%7eit',
            '%c3%A9',
            'é',
            'a:b',
            'a@b',
            '|',
            '\\',
            'marketplace',
            '\t',
            ' ',
          ),
          fc.string({ maxLength: 6, unit: 'binary' }),
        ),
        { maxLength: 6 },
      )
      .map((segments) => segments.map((segment) => `/${segment}`).join('')),
    end: fc.constantFrom('', '', '/', '//', '?x=1', '#y', ' ', '\u00a0', '\u200b', '\r\n'),
  }
  const address = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record(parts).map((p) => p.scheme + p.user + p.host + p.port + p.path + p.end),
    },
    { weight: 1, arbitrary: fc.webUrl({ withFragments: true, withQueryParameters: true }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  )

  test('[B1] is refused, or has an ASCII identity and comes to the same identity and URL when read again', {
    timeout: 600_000,
  }, () => {
    let accepted = 0
    const result = fc.check(
      fc.property(address, (text) => {
        const first = parseInstanceUrl(text)
        if (!first.ok) return true
        accepted++
        const ofUrl = parseInstanceUrl(first.url)
        const ofIdentity = parseInstanceUrl(first.identity)
        return (
          /^[\x21-\x7e]+$/.test(first.identity) &&
          first.identity.startsWith(first.host) &&
          ofUrl.ok &&
          ofUrl.url === first.url &&
          ofUrl.identity === first.identity &&
          ofIdentity.ok &&
          ofIdentity.identity === first.identity
        )
      }),
      { numRuns: trials },
    )
    process.stdout.write(
      `[B1] any input: ${result.numRuns} trials, ${accepted} accepted, seed ${result.seed}\n`,
    )
    expect(result.counterexample).toBeNull()
    expect(accepted).toBeGreaterThan(trials / 10)
  })

  test('[B1] keeps its identity in another spelling', { timeout: 600_000 }, () => {
    const spellings: ((url: URL) => string)[] = [
      (url) => url.href.replace(/^https/, 'http'),
      (url) => url.href.replace(/^https:\/\//, ''),
      (url) => url.href.replace('://', '://www.'),
      (url) => url.href.replace(url.hostname, url.hostname.toUpperCase()),
      (url) => url.href.replace(url.hostname, `${url.hostname}.`),
      (url) => `\ufeff ${url.href}\r\n`,
      (url) => `${url.href}/front/central.php?id=1#tab`,
      (url) => url.href.replace(/%[\dA-F]{2}/g, (encoded) => encoded.toLowerCase()),
      (url) => url.href.replace(/[a-z](?=[^/]*$)/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    ]
    // Not `www.`, which may stand before a name only, and no GLPI path, of which only what precedes it counts.
    const plain = fc.webUrl({ validSchemes: ['https'] }).filter((url) => !url.includes('//www.'))
    const result = fc.check(
      fc.property(plain, fc.constantFrom(...spellings), (text, spelling) => {
        return outcome(spelling(new URL(text))) === outcome(text)
      }),
      { numRuns: trials / 2 },
    )
    process.stdout.write(`[B1] other spellings: ${result.numRuns} trials, seed ${result.seed}\n`)
    expect(result.counterexample).toBeNull()
  })
})
