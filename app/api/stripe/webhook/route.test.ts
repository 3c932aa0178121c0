import { createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { comparePayments } from '@/lib/payments/compare'
import { openSession } from '@/lib/payments/open-session'
import { byMember, type Fixture, makeOrganization, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { POST } from './route'

const secrets = ['whsec_tests', 'whsec_next'] as const
const payments = await paymentsForTests()
const database = await productDatabase({ ...payments.env, STRIPE_WEBHOOK_SECRET: secrets.join(',') })
let acme: Fixture
let globex: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  globex = await makeOrganization('globex')
})

const seconds = () => Math.floor(now().getTime() / 1_000)
/** By hand, so that a time can be signed that the SDK would not. */
const signed = (body: string | Buffer, secret: string, time: number | string = seconds(), scheme = 'v1') => {
  const signature = createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex')
  return `t=${time},${scheme}=${signature}`
}

const times: number[] = []
async function post(
  body: BodyInit | Buffer | null,
  header: string | null,
  more: Record<string, string> = {},
) {
  const headers = { ...more, ...(header !== null && { 'Stripe-Signature': header }) }
  // of a stream it has to be said, and the type does not know it
  const init = { method: 'POST', body, headers, duplex: 'half' } as RequestInit
  const request = new Request('http://localhost/api/stripe/webhook', init)
  const begun = performance.now()
  const { status } = await POST(request)
  times.push(performance.now() - begun)
  return status
}
const slowest = () => `${Math.max(...times.splice(0)).toFixed(1)} ms at most`

let made = 0
/** An event as Stripe writes it: with line breaks, which whoever reads and writes it anew loses. */
function eventOf(more: Record<string, unknown> = {}, object: Record<string, unknown> = {}) {
  const event = {
    id: `evt_made_${++made}`,
    object: 'event',
    api_version: '2026-10-29.clover',
    created: seconds(),
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'checkout.session.completed',
    data: { object: { id: `cs_test_${made}`, object: 'checkout.session', note: 'x'.repeat(400), ...object } },
    ...more,
  }
  return JSON.stringify(event, null, 2)
}
const stored = async () => (await rowsOf(database, 'select id from stripe_events')).length
const outcomeOf = async (body: string) => {
  const { id } = JSON.parse(body)
  const [row] = await rowsOf(database, 'select outcome from stripe_events where id = $1', [id])
  return row?.outcome
}

test('[W4] what is forged is refused with 400, and nothing of it is stored', async () => {
  const before = await stored()
  const body = eventOf()
  const good = signed(body, secrets[0])
  const [, signature = ''] = good.split('v1=')
  const t = seconds()
  const forged: [body: string | Buffer, header: string | null][] = [
    [body, signed(body, 'whsec_other')],
    [body, signed(body, '')],
    [body, null],
    [body, ''],
    [body, `t=${t}`],
    [body, `v1=${signature}`],
    [body, `t=${t},v1=${'0'.repeat(64)},v1=${'f'.repeat(64)}`],
    [body, `t=${t},v1=,v1=`],
    [body, good.replace('v1=', 'v0=')],
    [body, signed(body, secrets[0], t - 1).replace(`t=${t - 1}`, `t=${t}`)],
    [body, good.slice(0, -1)],
    [JSON.stringify(JSON.parse(body)), good],
    [`${body}\n`, good],
    [body.slice(0, -1), good],
  ]
  const bytes = Buffer.from(body)
  expect(bytes.length).toBeGreaterThanOrEqual(500)
  for (let place = 0; place < 500; place++) {
    const changed = Buffer.from(bytes)
    const at = Math.floor((place * bytes.length) / 500)
    changed[at] = (changed[at] ?? 0) ^ (1 << (place % 7))
    forged.push([changed, good])
  }
  for (let place = 0; place < 500; place++) {
    const at = good.length - 64 + (place % 64)
    forged.push([body, good.slice(0, at) + (good[at] === '0' ? '1' : '0') + good.slice(at + 1)])
  }
  times.length = 0
  for (const [sent, header] of forged) expect(await post(sent, header), String(header)).toBe(400)
  const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]
  expect(median).toBeLessThan(50)
  expect(await stored()).toBe(before)
  console.log(`[W4] ${forged.length} forged, ${slowest()}`)
  // What was sent is refused for what was changed: as it was it is taken, and once.
  expect([await post(body, good), await post(body, good)]).toEqual([200, 200])
  // While Stripe rotates a secret it signs with both.
  expect(await post(eventOf(), good)).toBe(400)
  expect(await post(body, `t=${t},v1=${'0'.repeat(64)},v1=${signature}`)).toBe(200)
  expect(await stored()).toBe(before + 1)
})

test('[W5] of 10 times that are signed, the one within five minutes passes', async () => {
  const before = await stored()
  const t = seconds()
  const cases = [t - 301, t - 299, t + 61, t + 86_400, 0, -1, Number.NaN, 2 ** 63, String(2n ** 63n), '']
  const passed: unknown[] = []
  for (const time of cases) {
    const body = eventOf()
    const status = await post(body, signed(body, secrets[0], time))
    expect([200, 400]).toContain(status)
    if (status === 200) passed.push(time)
  }
  expect(passed).toEqual([t - 299])
  expect(await stored()).toBe(before + 1)
  console.log(`[W5] ${cases.length} times, ${passed.length} passed`)
})

test('[W6] what is of the other mode, an unknown type, nobody’s or another’s is stored and has no effect', async () => {
  const { subscriptionId } = await sold(database, acme)
  const lines = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
  const { checkoutId } = await beginCheckout(byMember(acme, 'billing'), lines)
  await openSession(byMember(acme, 'billing'), checkoutId)
  const [own] = (await payments.stripe.checkout.sessions.list({ limit: 1 })).data
  const sessionFor = async (metadata: Record<string, string>) => {
    const session = await payments.stripe.checkout.sessions.create({
      mode: 'payment',
      metadata,
      success_url: 'https://portal.example/done',
      line_items: [
        { quantity: 1, price_data: { currency: 'eur', unit_amount: 1, product_data: { name: 'Other' } } },
      ],
    })
    await payments.pay(session.url ?? '')
    return { id: session.id }
  }
  const cases: [body: string, outcome: string][] = [
    [eventOf({ livemode: true }, { id: own?.id }), 'other_mode'],
    [eventOf({ livemode: true, type: 'no.such.type' }), 'other_mode'],
    [eventOf({ type: 'no.such.type' }), 'no_effect'],
    [eventOf({ type: 'customer.created' }, { id: 'cus_unknown', object: 'customer' }), 'no_effect'],
    [eventOf({}, { id: 'cs_test_of_another_account' }), 'unknown_object'],
    [eventOf({}, await sessionFor({})), 'not_ours'],
    [
      eventOf({}, await sessionFor({ organization: globex.organizationId, checkout: checkoutId })),
      'not_ours',
    ],
    [eventOf({}, await sessionFor({ organization: acme.organizationId, checkout: checkoutId })), 'not_ours'],
    [
      eventOf({ api_version: '2015-10-16' }, { id: own?.id, status: 'complete', payment_status: 'paid' }),
      'none',
    ],
    [eventOf({ api_version: null }, { id: own?.id, status: 'complete', payment_status: 'paid' }), 'none'],
  ]
  for (const [body] of cases) expect(await post(body, signed(body, secrets[0]))).toBe(200)
  await payments.work()
  const outcomes = await Promise.all(cases.map(([body]) => outcomeOf(body)))
  expect(outcomes).toEqual(cases.map(([, outcome]) => outcome))
  const terms = await rowsOf(database, 'select id from terms')
  expect(terms).toHaveLength(1)
  // One line for staff, however many events and nights.
  await comparePayments()
  const found = await comparePayments()
  expect(found.filter(({ kind }) => kind === 'other_mode')).toHaveLength(1)
  console.log(`[W6] ${cases.length} events, 0 effects, 1 alert of the other mode`)
})

test('[W7] what is well signed and no event that can be kept is refused: a “thin” one, and what is made from a good one', async () => {
  const before = await stored()
  const good = JSON.parse(eventOf()) as Record<string, unknown>
  // https://docs.stripe.com/event-destinations#thin-events
  const thin = {
    ...{ id: 'evt_test_65R9Ijk8dKEYZcXe', object: 'v2.core.event', livemode: false },
    ...{ type: 'v1.billing.meter.error_report_triggered', created: '2027-03-12T06:20:52.246Z' },
    related_object: { id: 'mtr_test_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_test_1' },
  }
  const odd = [undefined, null, true, 0, -1, 1e300, '', 'x\0', 'x'.repeat(300), [], [good], {}, '\ud800']
  const spoilt = ['id', 'type', 'livemode', 'created', 'data'].flatMap((name) =>
    odd.map((value) => ({ ...good, [name]: value })),
  )
  const objects = odd.map((object) => ({ ...good, data: { object } }))
  const named = odd.map((id) => ({ ...good, data: { object: { id } } }))
  const roots = [null, true, 0, '', [], {}, [good], { data: good }, thin, { ...thin, data: {} }]
  // Of these some are as Stripe may write them: what a field says that nothing asks for, it may say.
  const all = [...roots, ...spoilt, ...objects, ...named].map((one) => JSON.stringify(one))
  const random = Array.from({ length: 300 }, (_, n) => {
    const text = JSON.stringify(good)
    const at = (n * 7) % text.length
    return `${text.slice(0, at)}${'{}[]",:0\\'[n % 9]}${text.slice(at + (n % 3))}`
  })
  const statuses: Record<number, number> = {}
  for (const body of [...all, ...random]) {
    const status = await post(body, signed(body, secrets[0]))
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  expect(Object.keys(statuses).sort()).toEqual(['200', '400'])
  expect(await post(JSON.stringify(thin), signed(JSON.stringify(thin), secrets[0]))).toBe(400)
  // Each of those that were taken is there once, by its ID.
  expect((await stored()) - before).toBeLessThanOrEqual(statuses[200] ?? 0)
  console.log(`[W7] ${all.length + random.length} bodies: ${statuses[400]} refused, ${statuses[200]} taken`)
})

test('[W4] 400 good events that come again are answered with 200, and stored once', async () => {
  const before = await stored()
  const good = Array.from({ length: 40 }, () => eventOf())
  let taken = 0
  for (let times = 0; times < 10; times++)
    for (const body of good) taken += Number((await post(body, signed(body, secrets[0]))) === 200)
  expect({ taken, more: (await stored()) - before }).toEqual({ taken: 400, more: 40 })
  // A replay by somebody who saw it is refused once it is five minutes old.
  let refused = 0
  for (const body of good)
    refused += Number((await post(body, signed(body, secrets[0], seconds() - 301))) === 400)
  expect(refused).toBe(40)
  console.log(`[W4] ${taken} repeated, ${refused} replayed too late`)
})

const stream = (chunks: number, size: number) => {
  let left = chunks
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(size).fill(120))
      else controller.close()
    },
  })
}

test('[W7] bodies of 0 bytes to 20 MB, chunked, compressed and not UTF-8 are refused, and never stored', async () => {
  const before = await stored()
  const mega = 1_024 * 1_024
  const body = eventOf()
  const notUtf8 = Buffer.concat([
    Buffer.from(body.slice(0, -1)),
    Buffer.from([0x2c, 0x22, 0xff, 0xfe, 0xc0, 0x22]),
    Buffer.from(':1}'),
  ])
  const long = eventOf({}, { note: 'x'.repeat(mega) })
  const bodies: [what: string, body: string | Buffer, more?: Record<string, string>][] = [
    ['nothing', ''],
    ['1 byte', '{'],
    ['1 MB', long],
    ['20 MB', Buffer.alloc(20 * mega, 120)],
    ['gzip', gzipSync(body)],
    ['gzip, said so', gzipSync(body), { 'Content-Encoding': 'gzip' }],
    ['bad UTF-8', notUtf8],
    ['another length than said', body, { 'Content-Length': String(20 * mega) }],
    ['no JSON', 'id=evt_1'],
    ['JSON that is no event', 'null'],
  ]
  times.length = 0
  for (const [what, sent, more] of bodies) {
    const status = await post(sent, signed(sent, secrets[0]), more)
    expect([400, 413], `${what}: ${status}`).toContain(status)
  }
  expect(await post(stream(20, mega), signed('', secrets[0]))).toBe(413)
  expect(await post(stream(3, 10), signed('x'.repeat(30), secrets[0]))).toBe(400)
  console.log(`[W7] ${bodies.length + 2} bodies, ${slowest()}`)
  expect(await stored()).toBe(before)
})

test('[W7] of what is endless no more is read than an event may have', async () => {
  const before = process.memoryUsage().arrayBuffers
  let pulled = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 65_536
      controller.enqueue(new Uint8Array(65_536))
    },
  })
  expect(await post(endless, 't=1,v1=x')).toBe(413)
  expect(pulled).toBeLessThan(1_000_000)
  console.log(`[W7] ${pulled} bytes read; memory ${process.memoryUsage().arrayBuffers - before} bytes more`)
})

test('[W8] while one secret takes the place of the other, none of 200 events is refused', async () => {
  let refused = 0
  for (let count = 0; count < 200; count++) {
    const body = eventOf()
    const both = `${signed(body, secrets[0])},${signed(body, secrets[1]).split(',')[1]}`
    const header = [signed(body, secrets[0]), signed(body, secrets[1]), both][count % 3] ?? ''
    if ((await post(body, header)) !== 200) refused++
  }
  expect(refused).toBe(0)
  console.log(`[W8] 200 events, ${refused} refused`)
})
