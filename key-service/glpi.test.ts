import { randomUUID } from 'node:crypto'
import { createServer, connect as dial } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { setClock } from '@/lib/clock'
import { issuePermanentKey } from '@/lib/keys/issue'
import { revokeKey } from '@/lib/keys/revoke'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem, makeInstance, productDatabase, productId, rowsOf } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { keyOf, makeCustomer, sold as soldTo } from '@/sandbox/test/sold'

const database = await productDatabase()
// Each test calls from an address of its own, so that the limit on guesses is nobody else's.
const service = await startKeyService(database, { TRUSTED_PROXIES: '127.0.0.1' })
const refusing = await startKeyService(database, {
  KEY_SERVICE_DATABASE_URL: 'postgres://latchkey_key_service@127.0.0.1:9/x',
})
const hanging = await startKeyService(database, { KEY_SERVICE_DATABASE_URL: await silent() })
const fixture = await makeCustomer('acme')
let calls = 0

afterEach(() => setClock(undefined))

const agents = {
  '9.5': 'GLPI/9.5.13',
  '10': 'GLPI/10.0.18 (installation-mode:TARBALL)',
  '11': 'GLPI/11.0.2 (installation-mode:DOCKER; behind a proxy)',
}

interface Said {
  key?: string
  uid?: string
  agent?: string
  language?: string
  from?: string
}

/** What that GLPI sends, as its sources say. */
function headersOf({ key, uid, agent = agents['11'], language = 'en', from }: Said) {
  return {
    Accept: 'application/json',
    'Accept-Language': language,
    'Content-Type': 'application/json',
    'User-Agent': agent,
    'X-Forwarded-For': from ?? `10.0.0.${calls++ % 250}`,
    ...(key === undefined ? {} : { 'X-Registration-Key': key }),
    ...(uid === undefined ? {} : { 'X-Glpi-Network-Uid': uid }),
  }
}
const info = (said: Said, at = service) => at.ask('GET', '/api/registration/info', undefined, headersOf(said))

const newUid = () => randomUUID().replaceAll('-', '')
const sold = () => soldTo(database, fixture)
const dayLong = 86_400_000
const issuedAt = (days: number) => setClock(() => new Date(Date.now() + days * dayLong))

describe.each(Object.entries(agents))('GLPI %s', (_, agent) => {
  test.each(['en', 'fr'])(
    'sees a good key as valid, with product, period and organization (%s)',
    async (language) => {
      const { key, instanceId, keyId } = await sold()
      const uid = newUid()
      const answer = await info({ key, uid, agent, language })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      const [row] = await rowsOf<{ starts: Date; expires: Date; installation: string; seen: boolean }>(
        database,
        `select starts_at as starts, expires_at as expires, i.installation_id as installation, first_seen_at is not null as seen
       from keys k join instances i on i.id = k.instance_id where k.id = $1`,
        [keyId],
      )
      expect(row).toMatchObject({ installation: uid, seen: true })
      expect(answer.body).toEqual({
        is_valid: true,
        validation_message: {
          en: 'This key is valid for Forms Pro.',
          fr: 'Cette clé est valable pour Forms Pro.',
        }[language],
        owner: { name: 'The people of acme' },
        subscription: {
          offer_reference: 'forms',
          title: 'Forms Pro',
          is_running: true,
          begin_date: row?.starts.toISOString(),
          end_date: row?.expires.toISOString(),
          features: ['forms'],
        },
      })
      const glpi = () =>
        rowsOf(database, 'select glpi_version as v from instances where id = $1', [instanceId])
      await expect.poll(glpi, { timeout: 10_000 }).toEqual([{ v: agent.split(/[/ ]/)[1] }])
    },
  )

  test.each(Object.entries(refusals()))(
    'is told what to do with a key that is %s, in both languages',
    async (code, { make, says }) => {
      const said = { agent, uid: newUid(), key: await make() }
      for (const language of ['en', 'fr'] as const) {
        const { status, body } = await info({ ...said, language })
        expect({ status, ...body }).toMatchObject({ status: 200, is_valid: false })
        const again = { en: /GLPI asks again when its set-up page/, fr: /GLPI redemande à l’ouverture/ }[
          language
        ]
        expect(body.validation_message).toMatch(again)
        const goesOn = /GLPI itself goes on|GLPI lui-même continue/
        expect(goesOn.test(body.validation_message)).toBe(code === 'expired' || code === 'revoked')
        if (language === 'en') expect(body.validation_message).toMatch(says)
        // To whom is not at home there nothing is said of whose the key is.
        expect(body).toMatchObject({ owner: null, subscription: null })
      }
    },
  )
})

/** Keys that are no good, from the GLPI that they were meant for or another, each made anew. */
function refusals(): Record<string, { make: () => Promise<string>; says: RegExp }> {
  return {
    malformed: { make: async () => 'a token of the API', says: /not a registration key/ },
    mistyped: { make: async () => mistyped((await sold()).key), says: /Character 9: “.” is wrong/ },
    unknown: { make: async () => unknownKey, says: /Nobody was given this key/ },
    revoked: {
      make: async () => {
        const { key, keyId } = await sold()
        await revokeKey(bySystem(fixture.organizationId), { keyId, reason: 'leaked' })
        return key
      },
      says: /revoked, because others had it.*\/open\/K-/,
    },
    not_started: { make: () => issued(3), says: /This key works from .* on\./ },
    expired: { make: () => issued(-800), says: /This key worked until .*Have it renewed/ },
    bound_elsewhere: {
      make: async () => {
        const { key } = await sold()
        expect((await info({ key, uid: newUid() })).body.is_valid).toBe(true)
        return key
      },
      says: /belongs to another GLPI.*with the code ([0-9A-HJKMNP-TV-Z]{6}): \S+\/open\/\1/,
    },
  }
}

async function issued(days: number) {
  issuedAt(days)
  const { key } = await sold()
  setClock(undefined)
  return key
}

const mistyped = (key: string) => key.slice(0, 8) + (key[8] === 'q' ? 'p' : 'q') + key.slice(9)
// A well-formed key that nobody was given: the checksum is right.
const unknownKey = 'gks1qqqqqqqqqqqqqqqqqqqqqqqqqqrr0l05'

test('a key that ended says on its own GLPI whose it was and what it was for', async () => {
  const { key, keyId } = await sold()
  const uid = newUid()
  await info({ key, uid })
  await revokeKey(bySystem(fixture.organizationId), { keyId, reason: 'refunded' })
  expect((await info({ key, uid })).body).toMatchObject({
    is_valid: false,
    owner: { name: 'The people of acme' },
    subscription: { offer_reference: 'forms', is_running: false },
  })
})

test('a permanent key has no end, a suite names what it unlocks, a newer key is told of', async () => {
  const input = {
    productId: await productId(database, 'legacy'),
    instanceId: await makeInstance(fixture, 'old'),
  }
  const permanent = await issuePermanentKey(bySystem(fixture.organizationId), input)
  const legacy = await info({ key: await keyOf(database, permanent.keyId), uid: newUid() })
  expect(legacy.body).toMatchObject({ is_valid: true, subscription: { is_running: true, end_date: null } })
  const suite = await soldTo(database, fixture, { reference: 'suite' })
  const uid = newUid()
  expect((await info({ key: suite.key, uid })).body.subscription).toMatchObject({
    offer_reference: 'suite',
    features: expect.arrayContaining(['suite', 'branding', 'forms']),
  })
  await renewSubscription(bySystem(fixture.organizationId), { subscriptionId: suite.subscriptionId })
  const { body } = await info({ key: suite.key, uid })
  expect(body.is_valid).toBe(true)
  expect(body.validation_message).toMatch(/A newer key waits in the portal.*GLPI asks again/)
})

test('the first call is in the audit trail once, and a second key of the same GLPI is seen as well', async () => {
  const { key, keyId, instanceId } = await sold()
  const other = await soldTo(database, fixture, { reference: 'branding', onto: instanceId })
  const uid = newUid()
  for (const one of [key, key, other.key, other.key])
    expect((await info({ key: one, uid })).body.is_valid).toBe(true)
  const entries = await rowsOf(
    database,
    `select key_id, actor, details->>'installation' as uid, details->'binds' as binds
     from audit_entries where action = 'installation.bind' and instance_id = $1 order by sequence`,
    [instanceId],
  )
  expect(entries).toEqual([
    { key_id: keyId, actor: 'glpi', uid, binds: true },
    { key_id: other.keyId, actor: 'glpi', uid, binds: false },
  ])
})

test('[C5] of 50 installations that call first at once, exactly one is bound, and the others are refused', async () => {
  const rounds = process.env.STRESS ? 20 : 2
  for (let round = 0; round < rounds; round++) {
    const { key, instanceId } = await sold()
    // Two keys of one instance: what holds one key holds up nobody with the other.
    const other = await soldTo(database, fixture, { reference: 'branding', onto: instanceId })
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, call) => info({ key: call % 2 ? key : other.key, uid: newUid() })),
    )
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    expect(answers.filter(({ body }) => body.is_valid)).toHaveLength(1)
  }
  console.log(`[C5] ${rounds * 50} first calls`)
})

test('[Z7] a refusal stands in the history once, and as one question with the code that GLPI shows', async () => {
  const { key, keyId } = await sold()
  await info({ key, uid: newUid() })
  const uid = newUid()
  const { body } = await info({ key, uid, agent: agents['10'] })
  const [, code] = /with the code (\w{6}):/.exec(body.validation_message) ?? []
  const refused = () =>
    rowsOf(
      database,
      `select c.asked, c.code, c.calls, c.glpi_version as glpi, q.kind, q.refusal_code as refusal
       from checks c join questions q on q.key_id = c.key_id and q.installation_id = c.installation_id
       where c.key_id = $1 and c.installation_id = $2`,
      [keyId, uid],
    )
  await expect.poll(refused, { timeout: 10_000 }).toEqual([
    {
      ...{ asked: 'registration', code: 'bound_elsewhere', calls: 1, glpi: '10.0.18' },
      ...{ kind: 'installation', refusal: code },
    },
  ])
  console.log('[Z7] 1 refusal')
})

test('a key as GLPI 9.5 and 10 send it, untrimmed and with what came along, is read', async () => {
  const { key } = await sold()
  const uid = newUid()
  // In UTF-8, as PHP has it.
  const noBreak = Buffer.from('\u00a0', 'utf8').toString('latin1')
  for (const pasted of [`  ${key}\t`, `${noBreak}${key}${noBreak}`, `Key: ${key}`, key.toUpperCase()])
    expect((await info({ key: pasted, uid, agent: agents['10'] })).body.is_valid, pasted).toBe(true)
})

test('a key in a header is read alike by GLPI’s routes and the API, whichever way it was written', async () => {
  const { key } = await sold()
  const installation_id = newUid()
  const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
  const isLatin1 = (text: string) => [...text].every((sign) => sign <= '\xff')
  const around: ((key: string) => string)[] = [
    (one) => `\u00a0${one}\u00a0`,
    (one) => `\u200b${one}`,
    (one) => `\ufeff${one}\ufeff`,
    (one) => `«\u00a0${one}\u00a0»`,
    (one) => `Clé : ${one}`,
  ]
  for (const paste of around) {
    const pasted = paste(key)
    // What sends Latin-1 knows no other signs.
    for (const sent of [utf8(pasted), ...(isLatin1(pasted) ? [pasted] : [])]) {
      const headers = headersOf({ key: sent, uid: installation_id })
      const shown = await service.ask('GET', '/api/registration/info', undefined, headers)
      expect(shown.body.is_valid, JSON.stringify(sent)).toBe(true)
      const body = { installation_id, product: 'forms' }
      const checked = await service.ask('POST', '/api/v1/keys/validate', body, headers)
      expect(checked.body.code, JSON.stringify(sent)).toBe('ok')
      const activated = await service.ask('POST', '/api/v1/activations', body, headers)
      expect(activated.status, JSON.stringify(sent)).toBeLessThan(300)
    }
  }
})

test('a GLPI whose constant ends in a slash is answered as any other', async () => {
  const headers = headersOf({ key: (await sold()).key, uid: newUid() })
  const answer = await service.ask('GET', '//api/registration/info', undefined, headers)
  expect(answer).toMatchObject({ status: 200, body: { is_valid: true } })
  expect((await service.ask('GET', '//api/ping', undefined, headers)).body).toEqual({ ok: true })
})

test.each(['en', 'fr'])('each refusal says in a sentence what it is (%s)', async (language) => {
  const details = await Promise.all(
    (
      [
        ['GET', '/api/v1/nothing'],
        ['POST', '/api/v1/keys/validate', '{'],
        ['POST', '/api/v1/keys/validate', {}],
        ['GET', '/api/v1/keys'],
        ['GET', '/api/v1/test-keys?product=nothing'],
        ['GET', '/api/marketplace/plugin/forms/download/9.9.9'],
        ['POST', '/api/v1/activations/%zz/refresh'],
      ] as const
    ).map(async ([method, path, body]) => {
      const answer = await service.ask(method, path, body, headersOf({ language }))
      return answer.body.detail
    }),
  )
  expect(details.filter((one) => typeof one !== 'string' || one.length < 10)).toEqual([])
  expect(details.every((one) => /\b(is|no|that)\b/.test(one))).toBe(language === 'en')
  expect(
    (await raw(`GET /api/v1/a b HTTP/1.1\r\nHost: x\r\nAccept-Language: ${language}\r\n\r\n`)).body,
  ).toMatchObject({
    ...{ type: 'about:blank', status: 400, code: 'bad_request', detail: details[6] },
  })
})

test('validate, activation and registration/info say the same of each case', async () => {
  let trials = 0
  const cases: [string, () => Promise<{ key: string; uid: string }>][] = [
    ...Object.entries(refusals()).map(
      ([name, { make }]): [string, () => Promise<{ key: string; uid: string }>] => [
        name === 'mistyped' ? 'malformed' : name,
        async () => ({ key: await make(), uid: newUid() }),
      ],
    ),
    ['ok', async () => ({ key: (await sold()).key, uid: newUid() })],
    [
      'ok',
      async () => {
        const { key, subscriptionId } = await sold()
        const { keyId } = await renewSubscription(bySystem(fixture.organizationId), { subscriptionId })
        const uid = newUid()
        await info({ key: await keyOf(database, keyId), uid })
        return { key, uid }
      },
    ],
  ]
  for (const [code, make] of cases) {
    const { key, uid } = await make()
    const body = { key, product: 'forms', installation_id: uid, glpi_version: '11.0.2' }
    const headers = headersOf({})
    const shown = await info({ key, uid })
    const validated = await service.ask('POST', '/api/v1/keys/validate', body, headers)
    const activated = await service.ask('POST', '/api/v1/activations', body, headers)
    expect(validated.body).toMatchObject({ code, valid: code === 'ok' })
    expect(activated.body.verdict?.code ?? activated.body.code).toBe(code)
    expect(shown.body.is_valid).toBe(code === 'ok')
    expect(shown.body.validation_message.startsWith(validated.body.message)).toBe(true)
    trials++
  }
  console.log(`${trials} cases, each asked in three ways`)
})

test('whatever is wrong with a request, the answer is JSON, and a verdict only where there is one', async () => {
  const rubbish = 'x'.repeat(64 * 1_024)
  const { key } = await sold()
  const answers = [
    await info({}),
    await info({ key: '' }),
    await info({ key: rubbish }),
    await info({ key, uid: rubbish }),
    await info({ key, uid: newUid(), agent: rubbish }),
    await info({ key, uid: newUid(), language: rubbish }),
    await info({ key: '\u00ff\u00fe', uid: '\u00e9' }),
    await service.ask('GET', '/api/registration/info?x=%ff', undefined, headersOf({ key: 'no' })),
  ]
  for (const { status, body } of answers) {
    expect(status).toBe(200)
    expect(body.is_valid).toEqual(expect.any(Boolean))
    expect(body.validation_message).toEqual(expect.any(String))
  }
  const without = [
    await service.ask('POST', '/api/registration/info', '{', headersOf({ key })),
    await service.ask('DELETE', '/api/registration/info', undefined, headersOf({ key })),
    await service.ask('PROPFIND', '/api/registration/info', undefined, headersOf({ key })),
    await service.ask('GET', '/api/registration/nothing', undefined, headersOf({ key })),
    await service.ask('GET', '/api/registration/%ff', undefined, headersOf({ key })),
  ]
  for (const { status, body } of without) {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(body).toEqual(expect.any(Object))
    expect(body).not.toHaveProperty('is_valid')
  }
})

test('[B2] whatever its headers hold, a GLPI route answers in JSON, and is never at fault itself', async () => {
  const { key } = await sold()
  const paths = ['registration/info', 'registration/offers', 'marketplace/plugins', 'glpi-plugins/plugins']
  const downloads = ['1', '%2e%2e', '..%2f..', '%00'].map(
    (one) => `marketplace/plugin/forms/download/${one}/${one}`,
  )
  // What a header can hold at all: Node's client refuses the rest.
  const text = fc.oneof(
    fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code !== 0x7f)
        .map((code) => String.fromCharCode(code)),
      maxLength: 300,
    }),
    fc.constantFrom(
      key,
      `${key}x`,
      '',
      '0',
      'null',
      '[]',
      '{}',
      '__proto__',
      'en;q=NaN',
      '0-1e99',
      'GLPI/99999999.9',
    ),
  )
  const names = [
    'X-Registration-Key',
    'X-Glpi-Network-Uid',
    'User-Agent',
    'Accept-Language',
    'X-Range',
    'Range',
    'Accept',
  ]
  const headers = fc.record(Object.fromEntries(names.map((name) => [name, text])), { requiredKeys: [] })
  const trials = process.env.STRESS ? 10_000 : 500
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths, ...downloads), headers, async (path, given) => {
      const { status, body } = await service.ask('GET', `/api/${path}`, undefined, {
        ...given,
        'X-Forwarded-For': `10.${calls++ % 250}.${calls % 250}.7`,
      })
      expect(status).toBeLessThan(500)
      expect(body).toEqual(expect.any(Object))
    }),
    { numRuns: trials },
  )
  console.log(`[B2] ${trials} requests`)
})

/** What a socket is answered, for what no client library would send. */
function raw(packet: string): Promise<{ head: string; body: unknown }> {
  const { hostname, port } = new URL(service.url)
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = dial(Number(port), hostname, () => socket.write(packet, 'latin1'))
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text
    })
    socket.on('error', reject)
    socket.on('close', () => {
      const [head = '', body = ''] = answer.split('\r\n\r\n')
      resolve({ head, body: JSON.parse(body) })
    })
  })
}

test.each([
  ['in the middle', (key: string) => `${key.slice(0, 12)}\n${key.slice(12)}`],
  ['at the end', (key: string) => `${key}\n`],
  ['of Windows in the middle', (key: string) => `${key.slice(0, 12)}\r\n${key.slice(12)}`],
])('a key with a line break %s is a verdict, not an unreadable page', async (_, broken) => {
  const { key } = await sold()
  const packet = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAccept-Language: fr\r\nUser-Agent: GLPI/10.0.18\r\nX-Registration-Key:${broken(key)}\r\nX-Glpi-Network-Uid:abc\r\n\r\n`
  const { head, body } = await raw(packet('/api/registration/info'))
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: application\/json/)
  expect(body).toMatchObject({ is_valid: false, owner: null, subscription: null })
  expect(body).toHaveProperty(
    'validation_message',
    expect.stringMatching(/^Ce n’est pas une clé.*GLPI redemande/),
  )
  // To no other question is that an answer.
  const other = await raw(packet('/api/v1/ping'))
  expect(other.head).toMatch(/^HTTP\/1\.1 400 /)
  expect(other.body).toMatchObject({ title: 'Bad Request', status: 400, code: 'bad_request' })
})

test('what is no HTTP, and headers without end, are answered in JSON as well', async () => {
  expect((await raw('HELLO\r\n\r\n')).head).toMatch(
    /^HTTP\/1\.1 400 .*\r\nContent-Type: application\/problem\+json/,
  )
  const { head, body } = await raw(
    `GET /api/registration/info HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(300_000)}\r\n\r\n`,
  )
  expect(head).toMatch(/^HTTP\/1\.1 431 /)
  expect(body).not.toHaveProperty('is_valid')
  expect(body).toMatchObject({ validation_message: expect.stringMatching(/headers.*portal/) })
})

test.each([
  ['no host', 400, ''],
  ['an expectation', 417, 'Host: x\r\nExpect: cake\r\nConnection: close\r\n'],
])('%s is refused in JSON, and not kept', async (_, status, headers) => {
  const { head, body } = await raw(`GET /api/registration/info HTTP/1.1\r\n${headers}\r\n`)
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(head).toMatch(/^content-type: application\/problem\+json/im)
  expect(head).toMatch(/^cache-control: no-store\r?$/im)
  expect(body).toMatchObject({ status, code: expect.stringMatching(/^[a-z_]+$/) })
})

const long = (count: number) => 'x'.repeat(count)
test.each([
  ['an address that cannot be decoded', 'POST', '/api/v1/activations/%zz/refresh', 400, 'bad_request'],
  ['what is no ID', 'POST', `/api/v1/activations/${long(150)}/refresh`, 400, 'invalid_input'],
  ['what is far too long for one', 'POST', `/api/v1/activations/${long(5_000)}/refresh`, 404, 'not_found'],
  ['a long name', 'GET', `/api/marketplace/plugin/${long(150)}/download/1.0.0`, 404, 'unknown_release'],
])('%s is refused as a problem, which does not repeat it', async (_, method, path, status, code) => {
  const answer = await service.ask(method, path, method === 'POST' ? {} : undefined, headersOf({}))
  expect(answer.body).toMatchObject({ type: 'about:blank', status, code })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(JSON.stringify(answer.body)).not.toMatch(/zz|xxx/)
})

test('who asks too often gets no verdict, and is told when to ask again', async () => {
  const from = '10.9.9.9'
  const answers = await Promise.all(
    Array.from({ length: 70 }, () => info({ key: unknownKey, uid: newUid(), from })),
  )
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused).toHaveLength(10)
  for (const { headers, body } of refused) {
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(body).toEqual({ validation_message: expect.stringMatching(/^This was asked too often/) })
  }
})

test('offers are listed, a service of its own can be reached', async () => {
  const { status, body } = await service.ask('GET', '/api/registration/offers', undefined, headersOf({}))
  expect(status).toBe(200)
  expect(body).toContainEqual({
    offer_reference: 'suite',
    title: 'Suite',
    features: expect.arrayContaining(['suite', 'branding', 'forms']),
  })
  expect(body.map((one: { offer_reference: string }) => one.offer_reference).sort()).toEqual([
    'branding',
    'cloud',
    'forms',
    'legacy',
    'suite',
  ])
  for (const path of ['/api/ping', '/']) expect((await service.ask('GET', path)).body).toEqual({ ok: true })
})

describe('[F8] while the database is away', () => {
  const gone = [
    ['refuses connections', refusing],
    ['accepts them and says nothing', hanging],
  ] as const
  test.each(gone)(
    'and %s, every GLPI route says so within two seconds, without a verdict',
    async (_, away) => {
      const { key } = await sold()
      const paths = [
        'registration/info',
        'registration/offers',
        'marketplace/plugins',
        'glpi-plugins/plugins',
      ]
      const began = performance.now()
      await Promise.all(
        ['en', 'fr'].flatMap((language) =>
          [...paths, 'marketplace/plugin/forms/download/1.0.0'].map(async (path) => {
            const headers = headersOf({ key, uid: newUid(), language })
            const { status, headers: got, body } = await away.ask('GET', `/api/${path}`, undefined, headers)
            expect({ path, status }).toEqual({ path, status: 503 })
            expect(Number(got.get('retry-after'))).toBeGreaterThan(0)
            expect(body).not.toHaveProperty('is_valid')
            expect(body.validation_message).toMatch(
              /^The portal cannot answer|^Le portail ne peut pas répondre/,
            )
          }),
        ),
      )
      expect(performance.now() - began).toBeLessThan(2_500)
      expect((await away.ask('GET', '/api/ping')).body).toEqual({ ok: true })
      console.log('[F8] 10 calls')
    },
  )
})

/** A port behind which nobody answers. */
async function silent(): Promise<string> {
  const server = createServer(() => {})
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  server.unref()
  return `postgres://latchkey_key_service@127.0.0.1:${port}/x`
}
