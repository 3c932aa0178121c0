import { randomBytes, randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase({ DATABASE_POOL_SIZE: '10' })
const service = await startKeyService(database)
const fixture = await makeCustomer('acme')

const full = process.env.STRESS === '1'

const activate = (body: Record<string, unknown>, headers = {}) =>
  service.ask('POST', '/api/v1/activations', { product: 'forms', ...body }, headers)
const refresh = (id: string, body: Record<string, unknown>, headers = {}) =>
  service.ask('POST', `/api/v1/activations/${id}/refresh`, { product: 'forms', ...body }, headers)
const installation = () => `installation-${randomUUID()}`
const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index))
const counted = async (query: string, ...values: unknown[]) =>
  (await rowsOf<{ n: number }>(database, query, values))[0]?.n ?? -1

/** As many at a time as a service meets, and no more: 10,000 open connections are another test. */
async function inTurns<T>(count: number, atOnce: number, ask: (index: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = []
  for (let from = 0; from < count; from += atOnce)
    answers.push(...(await Promise.all(many(Math.min(atOnce, count - from), (index) => ask(from + index)))))
  return answers
}

/** Asked again, as GLPI does, where the service has too much to do. */
async function answered(ask: () => ReturnType<typeof activate>) {
  let answer = await ask()
  for (let tries = 1; answer.status === 503 && tries < 10; tries++) answer = await ask()
  return answer
}

test('[C5] of a thousand activations at once from two installations exactly one installation wins', async () => {
  const rounds = full ? 20 : 2
  for (let round = 0; round < rounds; round++) {
    const { key, keyId } = await sold(database, fixture)
    const rivals = [installation(), installation()]
    const answers = await Promise.all(
      many(1_000, (index) => answered(() => activate({ key, installation_id: rivals[index % 2] }))),
    )
    const won = new Set(
      answers.filter(({ status }) => status < 300).map(({ body }) => decodeJwt(body.lease).installation_id),
    )
    expect(won.size).toBe(1)
    expect(answers.map(({ status }) => status).filter((status) => ![200, 201, 409].includes(status))).toEqual(
      [],
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(500)
    expect(await counted('select count(*)::int as n from activations where key_id = $1', keyId)).toBe(1)
    expect(
      await counted(
        `select count(*)::int as n from audit_entries where key_id = $1 and actor = 'glpi'`,
        keyId,
      ),
    ).toBe(1)
  }
  console.log(`[C5] ${rounds * 1_000} activations`)
})

test('[C5] of fifty installations at once one gets the key, again and again', async () => {
  const rounds = full ? 200 : 10
  for (let round = 0; round < rounds; round++) {
    const { key } = await sold(database, fixture)
    const answers = await Promise.all(many(50, () => activate({ key, installation_id: installation() })))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(49)
  }
  console.log(`[C5] ${rounds} rounds of 50`)
})

test('[A3] whatever is activated and given back, in whatever order, no two installations have a lease at once', async () => {
  const sequences = full ? 10_000 : 60
  const random = randomBytes(sequences * 8)
  let leases = 0
  for (let sequence = 0; sequence < sequences; sequence++) {
    const { key } = await sold(database, fixture)
    const installations = [installation(), installation(), installation()]
    const held = new Map<string, number>()
    const ids = new Map<string, { id: string; secret: string }>()
    for (const step of random.subarray(sequence * 8, sequence * 8 + 8)) {
      const who = installations[step % 3] ?? ''
      if (step & 64 && ids.has(who)) {
        const { id, secret } = ids.get(who) ?? {}
        const body = { key, installation_id: who, secret }
        expect((await service.ask('DELETE', `/api/v1/activations/${id}`, body)).status).toBe(200)
        ids.delete(who)
        continue
      }
      const { status, body } = await activate({ key, installation_id: who })
      if (status >= 300) continue
      leases++
      // The secret is told once.
      ids.set(who, { ...ids.get(who), ...body.activation })
      held.set(who, decodeJwt(body.lease).exp ?? 0)
      // The clock stands still, so that each lease that was given still holds.
      expect([...held.keys()]).toEqual([who])
    }
  }
  expect(leases).toBeGreaterThan(sequences)
  console.log(`[A3] ${sequences} sequences, ${leases} leases`)
})

test('[A4] an organization’s key gives a thousand unknown installations no lease', async () => {
  const { key } = await sold(database, fixture, { reference: 'cloud', everywhere: true })
  const answers = await inTurns(1_000, 50, (index) =>
    activate({
      key,
      product: 'cloud',
      installation_id: installation(),
      ...(index % 2 ? { url: `https://stranger-${index}.example` } : {}),
    }),
  )
  expect(answers.filter(({ body }) => body.lease)).toEqual([])
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([409, 429]))
  const ours = await sold(database, fixture)
  const known = await activate({ key, product: 'cloud', installation_id: installation(), url: ours.url })
  expect([201, 429]).toContain(known.status)
  console.log(`[A4] ${answers.length} installations`)
})

test('[A7] ten thousand installations that claim a key make twenty entries and a count, and change nothing', async () => {
  const claims = full ? 10_000 : 1_000
  const { key, keyId, instanceId } = await sold(database, fixture)
  await activate({ key, installation_id: 'the-one-that-has-it' })
  const before = await rowsOf(database, 'select * from instance_addresses where instance_id = $1', [
    instanceId,
  ])
  // Slowly enough for all to be heard: what goes beyond the limit is not even counted.
  const answers = await inTurns(claims, 50, (index) =>
    activate({ key, installation_id: installation(), url: `https://thief-${index}.example` }),
  )
  const heard = answers.filter(({ status }) => status === 409).length
  expect(answers.every(({ status }) => status === 409 || status === 429)).toBe(true)
  const listed = () => counted('select count(*)::int as n from questions where key_id = $1 and listed', keyId)
  await expect.poll(listed, { timeout: 10_000 }).toBe(20)
  const unlisted = () => counted('select unlisted::int as n from question_counts where key_id = $1', keyId)
  await expect.poll(unlisted, { timeout: 10_000 }).toBe(heard - 20)
  expect(
    await rowsOf(database, 'select * from instance_addresses where instance_id = $1', [instanceId]),
  ).toEqual(before)
  const [instance] = await rowsOf(database, 'select installation_id from instances where id = $1', [
    instanceId,
  ])
  expect(instance).toEqual({ installation_id: 'the-one-that-has-it' })
  console.log(`[A7] ${claims} installations, ${heard} heard`)
})

test('[A11] of cloned databases, both copies refreshing, each is asked about by the third refresh', async () => {
  const clones = full ? 1_000 : 50
  const keys: string[] = []
  await inTurns(clones, 10, async () => {
    const { key, keyId } = await sold(database, fixture)
    keys.push(keyId)
    const installation_id = installation()
    const { body } = await activate({ key, installation_id })
    const next = async (lease: string) =>
      decodeJwt((await refresh(body.activation.id, { key, installation_id, lease })).body.lease).jti ?? ''
    const first = decodeJwt(body.lease).jti ?? ''
    const one = await next(first)
    await next(first)
    await next(one)
  })
  const asked = () =>
    counted(`select count(*)::int as n from questions where kind = 'copy' and key_id = any($1::uuid[])`, keys)
  await expect.poll(asked, { timeout: 30_000 }).toBe(clones)
  console.log(`[A11] ${clones} clones`)
})

test('[A6] forged forwarding headers are one address, and a flood with a stolen key leaves the installation that has it alone', async () => {
  const guesses = await inTurns(200, 20, (index) =>
    service.ask(
      'POST',
      '/api/v1/keys/validate',
      { key: 'gks1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq' },
      { 'X-Forwarded-For': `203.0.113.${index}`, Forwarded: `for=203.0.113.${index}` },
    ),
  )
  // Sixty a minute of one address.
  expect(guesses.filter(({ status }) => status === 429).length).toBe(140)
  expect(guesses.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^\d+$/)
  const { key } = await sold(database, fixture)
  const installation_id = installation()
  const { body } = await activate({ key, installation_id })
  const { id, secret } = body.activation
  const begun = performance.now()
  const flood = inTurns(full ? 10_000 : 2_000, 100, (index) =>
    index % 2 ? activate({ key, installation_id: installation() }) : refresh(id, { key, installation_id }),
  )
  const refreshed = await inTurns(100, 5, () => refresh(id, { key, installation_id, secret }))
  expect(refreshed.filter(({ status }) => status !== 200)).toEqual([])
  // GLPI itself has no secret to show.
  const glpi = { 'X-Registration-Key': key, 'X-Glpi-Network-Uid': installation_id }
  const info = () => service.ask('GET', '/api/registration/info', undefined, glpi)
  expect((await inTurns(30, 5, info)).filter(({ body }) => body.is_valid !== true)).toEqual([])
  const flooded = await flood
  // Of who is refused, and of who does not prove it, 600 in ten seconds each; a slow machine is through before that is too many.
  const spans = Math.ceil((performance.now() - begun) / 10_000) + 1
  expect(flooded.filter(({ status }) => status !== 429).length).toBeLessThanOrEqual(2 * 600 * spans)
  expect(flooded.every(({ status }) => [200, 409, 429].includes(status))).toBe(true)
  console.log(`[A6] 200 forged headers, ${flooded.length} calls with a stolen key`)
})

test('a key is given to nobody by what a GLPI says of itself: markup, other scripts, numbers without end', async () => {
  const { key } = await sold(database, fixture)
  const names = ['<b>x</b>', `x');drop/**/table/**/keys;--`, '%00', '../../etc/passwd', 'x'.repeat(100)]
  const answers = await Promise.all(
    names.map((installation_id) => activate({ key, installation_id, glpi_version: '<b>' })),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(4)
})
