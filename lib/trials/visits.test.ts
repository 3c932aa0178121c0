import { beforeAll, expect, test } from 'vitest'
import { makeCatalog, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { at } from '@/sandbox/time'
import { countVisit, isPersonsBrowser } from './visits'

const database = await productDatabase()
beforeAll(makeCatalog)

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const counted = () =>
  rowsOf(
    database,
    `select to_char(day, 'YYYY-MM-DD') as day, reference, count from trial_visits v left join products p on p.id = v.product_id
     order by 1, 2 nulls first`,
  )

test.each([
  [true, firefox],
  [
    true,
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  ],
  [false, 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
  [
    false,
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
  ],
  [
    false,
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36',
  ],
  [false, 'curl/8.5.0'],
  [false, 'python-requests/2.32'],
  [false, ''],
])('whether it is a person’s browser: %s, %s', (is, userAgent) => {
  expect(isPersonsBrowser(userAgent)).toBe(is)
})

test('visits are a number of the day and the page, also when many come at once; of programs and unknown products none is', async () => {
  await at(new Date('2026-11-30T23:59:59Z'), () => countVisit(null, firefox))
  await at(new Date('2026-12-01T00:00:00Z'), async () => {
    await Promise.all(Array.from({ length: 20 }, (_, one) => countVisit(one % 2 ? 'forms' : null, firefox)))
    await countVisit('nothing-such', firefox)
    await countVisit('forms', 'curl/8.5.0')
  })
  expect(await counted()).toEqual([
    { day: '2026-11-30', reference: null, count: 1 },
    { day: '2026-12-01', reference: null, count: 10 },
    { day: '2026-12-01', reference: 'forms', count: 10 },
  ])
})
