import { expect, test } from 'vitest'
import { languages, translator } from '@/lib/messages/translator'
import { deviceOf, deviceWords } from './device'

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'

const agents: [string, string][] = [
  [`${windows.replace(')', '; rv:145.0)')} Gecko/20100101 Firefox/145.0`, 'Firefox/Windows'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox/Linux'],
  ['Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0', 'Firefox/Android'],
  [`${iphone} FxiOS/145.0 Mobile/15E148 Safari/604.1`, 'Firefox/iOS'],
  [`${windows} ${webkit} Chrome/142.0.0.0 Safari/537.36`, 'Chrome/Windows'],
  [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/142.0.0.0 Safari/537.36`, 'Chrome/ChromeOS'],
  [`Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/142.0.0.0 Safari/537.36`, 'Chrome/Linux'],
  [`Mozilla/5.0 (Linux; Android 10; K) ${webkit} Chrome/142.0.0.0 Mobile Safari/537.36`, 'Chrome/Android'],
  [`${iphone} CriOS/142.0.0.0 Mobile/15E148 Safari/604.1`, 'Chrome/iOS'],
  [`${windows} ${webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`, 'Edge/Windows'],
  [`${windows} ${webkit} Chrome/142.0.0.0 Safari/537.36 OPR/124.0.0.0`, 'Opera/Windows'],
  [
    `Mozilla/5.0 (Linux; Android 10; K) ${webkit} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36`,
    'Samsung Internet/Android',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    'Safari/macOS',
  ],
  [`${iphone} Version/18.5 Mobile/15E148 Safari/604.1`, 'Safari/iOS'],
  ['curl/8.5.0', '/'],
  ['', '/'],
  ['<script>alert(1)</script>', '/'],
  ['Something on Linux', '/Linux'],
]

test.each(agents)('%s is %s', (agent, device) => {
  expect(deviceOf(agent)).toBe(device)
  // What was kept once is read as what it says.
  expect(deviceOf(device)).toBe(device)
})

test('it is said in words, in both languages', () => {
  const said = languages.map((language) =>
    ['Firefox/Windows', '/Linux', 'Safari/', '/', 'e2e', agents[0]?.[0] ?? ''].map((device) =>
      deviceWords(device, translator(language)),
    ),
  )
  expect(said).toEqual([
    [
      'Firefox on Windows',
      'Linux',
      'Safari',
      'an unknown browser',
      'an unknown browser',
      'Firefox on Windows',
    ],
    [
      'Firefox sous Windows',
      'Linux',
      'Safari',
      'un navigateur inconnu',
      'un navigateur inconnu',
      'Firefox sous Windows',
    ],
  ])
})
