import { connect } from 'node:net'
import { expect, test } from '@playwright/test'
import { may, type Permission } from '@/lib/access'
import { type Customer, newCustomer, newStaff, type Person } from './customer'
import { formOf, organizationActions, paths, personalActions, staffActions } from './doors'
import { type Answer, actionBody, builtActions, multipart, origin, send } from './send'

const stress = Boolean(process.env.STRESS)
const bodiesEach = stress ? 1_000 : 100

let customer: Customer
let admin: Person

test.beforeAll(async () => {
  customer = await newCustomer('malformed')
  admin = await newStaff('admin')
})

/** Somebody who may, so that what they send is read at all. */
const whoMay = (permission: Permission) => (may('owner', permission) ? customer.people.owner : admin)

const noise = Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 73 + 19) % 256))

/** Values that nobody types into a form, and programs that look for mistakes do. */
const odd = [
  '',
  ' ',
  '\0',
  'a\0b',
  'null',
  'undefined',
  'NaN',
  '1e400',
  '-1',
  '99999999999999999999',
  'true',
  '[]',
  '{}',
  '[[[[',
  '$K1',
  '$F1',
  '$@1',
  '$undefined',
  '__proto__',
  'constructor',
  'toString',
  "' or 1=1 --",
  '"; drop table keys; --',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '#{7*7}',
  '../../../../etc/passwd',
  'file:///etc/passwd',
  'http://169.254.169.254/',
  'https://user:pass@host:99999/',
  'http://[::1',
  '\uFFFD\u202E\u200B\uFEFF',
  '😀'.repeat(200),
  'a'.repeat(20_000),
  '٠١٢٣',
  '2026-02-31',
  '00000000-0000-0000-0000-000000000000',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
  'copied 00000000-0000-0000-0000-000000000000 x',
  '%00%ff%',
]

/** Bodies that are no form at all, or half of one. */
const broken: { headers: Record<string, string>; body: string | Buffer }[] = [
  { headers: {}, body: '' },
  { headers: { 'content-type': 'application/json' }, body: '{' },
  { headers: { 'content-type': 'application/json' }, body: '{"__proto__":{"x":1}}' },
  ...[
    '[',
    'null',
    '[]',
    '{}',
    '["$K1"]',
    '["$K9",{"status":"idle"}]',
    '[1,2,3]',
    '["$undefined"]',
    '[["$1"]]',
    '"$F1"',
    '["$n999999"]',
    '["$D-1"]',
    '["$Q1","$W1"]',
  ].map((body) => ({ headers: { 'content-type': 'text/plain;charset=UTF-8' }, body })),
  { headers: { 'content-type': 'multipart/form-data' }, body: 'no boundary' },
  {
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    body: '--x\r\nContent-Disposition: form-data; name="0"\r\n\r\n["$K1"',
  },
  { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: noise },
  { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--\r\n' },
  { headers: { 'content-type': `multipart/form-data; boundary=${'x'.repeat(300)}` }, body: '--x--\r\n' },
  { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=%ff&%00=1&=&&&' },
  {
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
    body: noise,
  },
  { headers: { 'content-type': 'application/octet-stream' }, body: noise },
  { headers: { 'content-type': 'text/x-component' }, body: '0:{"a":"$@1"}' },
  { headers: { 'content-type': '\u00E9;;;=' }, body: 'x' },
  multipart([['$ACTION_REF_1', '']]),
  multipart([
    ['$ACTION_REF_1', ''],
    ['$ACTION_1:0', '{"id":"0","bound":"$@1"}'],
  ]),
  multipart([['$ACTION_ID_0', '']]),
  multipart([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]),
]

/** As many bodies as asked for: the broken ones, then the real form with each field odd, missing or doubled. */
function* bodies(
  count: number,
  fields: readonly (readonly [string, string])[],
  encode: (
    fields: readonly (readonly [string, string])[],
    nth: number,
  ) => {
    headers: Record<string, string>
    body: string
  },
) {
  yield* broken.slice(0, count)
  const names = fields.length > 0 ? fields.map(([name]) => name) : ['anything']
  for (let at = 0; at < count - broken.length; at++) {
    const name = names[at % names.length] ?? ''
    const value = `${odd[Math.floor(at / names.length) % odd.length]}${at >= odd.length * names.length ? at : ''}`
    const others = fields.filter(([one]) => one !== name)
    const nth = broken.length + at
    if (at % 7 === 3) yield encode(others, nth)
    else if (at % 7 === 5) yield encode([...fields, [name, value]], nth)
    else yield encode([...others, [name, value]], nth)
  }
}

const stack =
  /\bat [\w.<>]+ ?\(?(file:|(?<!<)\/|node:)|\.next\/server|node_modules|DrizzleQueryError|Failed query|select "/

function expectFine({ status, text }: Answer, what: string) {
  if (status >= 500 || stack.test(text))
    throw new Error(`${what}: ${status} ${stack.exec(text)?.[0]} ${text.slice(0, 300)}`)
}

test(`[B2] no malformed body for an action is answered by a failure of ours (${bodiesEach} each)`, async () => {
  test.setTimeout(stress ? 3_600_000 : 360_000)
  let trials = 0
  for (const [index, { id, name }] of builtActions().entries()) {
    const action = organizationActions[name]
    // Signing out would end the session that the others need.
    const ofStaff = staffActions[name]
    const known = action ?? ofStaff
    const as = name.includes('signOut') ? null : known ? whoMay(known.permission) : customer.people.owner
    const path = action?.at(customer.slug, customer) ?? ofStaff?.at(customer.spareStaffId) ?? '/sign-in'
    const own = ofStaff?.fields(customer.spareStaffId) ?? personalActions[name]?.fields ?? []
    const fields = action ? formOf(action, customer.slug, customer) : own
    const stated = known ? true : (personalActions[name]?.stated ?? false)
    // Next reads the two by different code: each action meets both, and so does each of its fields, in turn.
    const width = Math.max(fields.length, 1)
    const howOf = (nth: number) =>
      (index + (nth % width) + Math.floor(nth / width)) % 2 === 0 ? 'script' : 'form'
    const encode = (form: typeof fields, nth: number) => actionBody(howOf(nth), id, form, stated)
    const met = { script: 0, form: 0 }
    for (const sent of bodies(bodiesEach, fields, encode)) {
      const how = howOf(met.script + met.form)
      const headers: Record<string, string> = { ...sent.headers, origin: origin() }
      if (how === 'script') headers['next-action'] = id
      const what = `${name} ${how} ${JSON.stringify(String(sent.body).slice(0, 200))}`
      const answer = await send({ method: 'POST', path, as, headers, body: sent.body }).catch((error) => {
        throw new Error(`${what}: ${error}`)
      })
      expectFine(answer, what)
      met[how]++
      trials++
    }
    const least = Math.floor(bodiesEach / 2) - fields.length
    expect({ name, both: Math.min(met.script, met.form) >= least }).toEqual({ name, both: true })
  }
  console.log(`[B2] ${trials} bodies for ${builtActions().length} actions`)
})

test(`[B2] no malformed body, and no method, for a page or route is answered by a failure of ours (${bodiesEach} each, in CI for a page its ${broken.length} that are no form)`, async () => {
  test.setTimeout(stress ? 3_600_000 : 360_000)
  const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE']
  let trials = 0
  for (const [name, path] of Object.entries(paths)) {
    const address = path.at(customer.slug, customer)
    const fields = path.fields?.(customer.slug, customer) ?? []
    // A page reads a form as its actions alone do, which the test above asks.
    const each = stress || name.endsWith('/route') ? bodiesEach : broken.length
    for (const { headers, body } of bodies(each, fields, multipart)) {
      const method = path.method ?? methods[trials % methods.length] ?? 'POST'
      const as = path.staff ? admin : customer.people.viewer
      const answer = await send({
        method,
        path: address,
        as,
        headers: { ...headers, origin: origin() },
        body,
      })
      expectFine(answer, `${method} ${name} ${JSON.stringify(String(body).slice(0, 200))}`)
      trials++
    }
  }
  console.log(`[B2] ${trials} bodies for ${Object.keys(paths).length} pages and routes`)
})

test('[B2] no malformed address is answered by a failure of ours', async () => {
  test.setTimeout(stress ? 3_600_000 : 360_000)
  const parameters = [
    'q',
    'state',
    'product',
    'instance',
    'sort',
    'after',
    'before',
    'glpi',
    'done',
    'retired',
    'of',
    'environment',
    'to',
    'token',
  ]
  const key = customer.keys[0]?.id
  const values = [
    ...[
      '%00',
      '%ff',
      '%',
      '%zz',
      '%ED%A0%80',
      'a'.repeat(3_000),
      '1e400',
      '-1',
      '1.5',
      'NaN',
      '99999999999999999999',
      '__proto__',
      'constructor',
      "'",
      '%22',
      '%5C',
      '%25%5F',
      '%F0%9F%98%80',
      'gks1%0Aqqqq',
      '%D9%85%D9%83',
    ],
    ...['%00', '1e400', '99999999999.9', '-99999999999', 'Infinity', '-Infinity', ''].map(
      (value) => `${key}~${value}`,
    ),
  ]
  let trials = 0
  const visit = async (path: string, as = customer.people.viewer) => {
    expectFine(await send({ path, as }), path.slice(0, 200))
    trials++
  }
  for (const [name, path] of Object.entries(paths)) {
    if (path.method || name.startsWith('/api/')) continue
    const [address] = path.at(customer.slug, customer).split('?')
    for (const parameter of parameters) {
      for (const [at, value] of values.entries()) {
        // In CI every parameter of each page meets some of the values, another page's the next ones.
        if (!stress && (at + trials) % 24 !== 0) continue
        const forms = [
          `${parameter}=${value}`,
          `${parameter}=${value}&${parameter}=x`,
          `${parameter}[]=${value}`,
        ]
        await visit(`${address}?${forms[at % 3]}`, path.staff ? admin : customer.people.viewer)
      }
    }
  }
  const home = `/${customer.slug}`
  for (const value of values) {
    for (const path of [
      `/${value}`,
      `/${value}/keys`,
      `${home}/instances/${value}`,
      `${home}/instances/${value}/edit`,
      `${home}/instances/${value}/retire`,
      `${home}/keys/${value}`,
      `/api/${value}`,
      `/_next/${value}`,
      `/_next/static/${value}`,
      `/sign-in/${value}`,
      `/${value}/../${value}`,
    ]) {
      await visit(path)
    }
  }
  for (const path of [
    '/_global-error',
    '/_error',
    '/404',
    '/500',
    '/_next/image?url=x',
    '/_next/data/x/y.json',
    '/.env',
    '/.git/config',
    '//',
    '/*',
    '/[org]',
    '/%5Borg%5D',
    '/favicon.ico',
    '/robots.txt',
    '/.well-known/x',
  ]) {
    await visit(path)
  }
  console.log(`[B2] ${trials} addresses`)
})

test('[B2] bodies beyond the limit, and of unknown length, are refused unread', async () => {
  const all = [...Object.values(paths).map((path) => path.at(customer.slug, customer)), '/no/such/page']
  const doors = all.filter((door) => door !== '/_global-error')
  for (const path of doors) {
    // Announced, and not sent: whoever waited for the body would wait for ever.
    const announced = { 'content-length': '262145', 'content-type': 'multipart/form-data; boundary=x' }
    expect(await answeredUnread(path, announced)).toBe(413)
    expect(await answeredUnread(path, { 'transfer-encoding': 'chunked' })).toBe(411)
  }
  expect((await send({ path: `/${'a'.repeat(9_000)}` })).status).toBe(414)
  console.log(`[B2] ${2 * doors.length + 1} bodies and addresses beyond the limit`)
})

async function answeredUnread(path: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port, host } = new URL(origin())
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    )
    socket.setTimeout(10_000, () => socket.destroy(new Error(`${path} waits for the body`)))
    socket.once('data', (data) => {
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString())?.[1]))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
