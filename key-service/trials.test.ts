import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, expect, test } from 'vitest'
import { applyCatalog } from '@/lib/catalog/apply'
import { retireInstance } from '@/lib/instances/retire'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import {
  byMember,
  bySystem,
  type Fixture,
  makeInstance,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { keyOf, makeCustomer } from '@/sandbox/test/sold'

/* The life of a trial, as a GLPI sees it: DESIGN §2, rules 5 and 7; docs/catalog.md, "What becomes of trials that run". */

const folder = mkdtempSync(path.join(tmpdir(), 'trials-'))
const clock = path.join(folder, 'clock')
afterAll(() => rmSync(folder, { recursive: true }))
const database = await productDatabase({ SANDBOX_CLOCK_FILE: clock })
/** Moves this process and the service to a moment, to the second. */
const moveTo = (moment: number) => writeFileSync(clock, String(moment - Date.now()))
afterEach(() => rmSync(clock, { force: true }))

const description = { en: 'Made up for tests.', fr: 'Inventé pour les tests.' }
type Product = Parameters<typeof applyCatalog>[1]['products'][number]
const apply = (products: readonly (Partial<Product> & { reference: string })[]) =>
  applyCatalog(
    { actor: { kind: 'system' } },
    {
      products: products.map((product) => ({
        name: product.reference,
        description,
        trialDays: 15,
        ...product,
      })),
    },
  )

// The service keeps the catalog for a minute, so what is tried is there before it.
await makeCustomer('first')
await apply([
  { reference: 'ends-read_only', onExpiry: 'read_only' },
  { reference: 'ends-trial_mode', onExpiry: 'trial_mode', freeFeatures: ['manual_entry'] },
  { reference: 'ends-disabled', onExpiry: 'disabled' },
  ...['turned-off', 'withdrawn', 'retired', 'bought'].map((reference) => ({ reference })),
  { reference: 'plan', kind: 'cloud_plan', binding: 'organization', trialDays: 30 },
])
const service = await startKeyService(database, { SANDBOX_CLOCK_FILE: clock })

/** A trial of a product that no other test tries, which runs in a GLPI that has called. */
async function running(reference: string) {
  const customer = await makeOrganization(`tries-${reference.replaceAll('_', '-')}`)
  const instanceId = await makeInstance(customer)
  const [sold] = await rowsOf<{ id: string }>(database, 'select id from products where reference = $1', [
    reference,
  ])
  const productId = sold?.id ?? ''
  const trial = { productId, instanceId: reference === 'plan' ? null : instanceId }
  const { keyId } = await startTrial(byMember(customer, 'technical'), trial)
  const glpi = newGlpi(customer, reference, await keyOf(database, keyId))
  const [key] = await rowsOf<{ end: Date }>(database, 'select expires_at as end from keys where id = $1', [
    keyId,
  ])
  const first = await glpi.activate()
  expect(first.status).toBe(201)
  const end = key?.end.getTime() ?? 0
  return {
    ...glpi,
    reference,
    customer,
    instanceId,
    productId,
    trial,
    keyId,
    end,
    first,
    id: first.body.activation.id,
  }
}

const newId = () => `installation-${randomUUID()}`

/** What an installation says, as a stock GLPI and as its plugin. */
function newGlpi(
  { slug }: Fixture,
  product: string,
  key: string,
  { name = 'desk', installation_id = newId() } = {},
) {
  const call = { product, key, installation_id, url: `https://${name}.${slug}.example/glpi` }
  const headers = {
    ...{
      Accept: 'application/json',
      'Accept-Language': 'en',
      'User-Agent': 'GLPI/11.0.2 (installation-mode:TARBALL)',
    },
    ...{ 'X-Registration-Key': key, 'X-Glpi-Network-Uid': installation_id },
  }
  return {
    ...{ key, installation_id },
    activate: () => service.ask('POST', '/api/v1/activations', call),
    refresh: (id: string) => service.ask('POST', `/api/v1/activations/${id}/refresh`, call),
    validate: () => service.ask('POST', '/api/v1/keys/validate', call),
    info: () => service.ask('GET', '/api/registration/info', undefined, headers),
  }
}

type Running = Awaited<ReturnType<typeof running>>

/** Each answer at this moment: the plugin's questions, and that of GLPI's own page. */
async function answers({ id, validate, refresh, info }: Running) {
  const [asked, refreshed, page] = [await validate(), await refresh(id), await info()]
  return {
    validate: asked.body.code,
    refresh: refreshed.body.verdict?.code ?? refreshed.body.code,
    stock: page.body.is_valid,
  }
}
const good = { validate: 'ok', refresh: 'ok', stock: true }
const over = { validate: 'expired', refresh: 'expired', stock: false }

test.each(['read_only', 'trial_mode', 'disabled'] as const)(
  'a trial works to the second of its end: its lease says %s, and after it plugin and stock GLPI are told that it is over',
  async (onExpiry) => {
    const trial = await running(`ends-${onExpiry}`)
    const lease = decodeJwt(trial.first.body.lease)
    const entitled = { entitled_until: trial.end / 1_000, on_expiry: onExpiry, kind: 'trial' }
    expect(lease).toMatchObject(entitled)
    moveTo(trial.end - 2_000)
    expect(await answers(trial)).toEqual(good)
    const last = await trial.refresh(trial.id)
    // No lease outlives it, whatever the grace.
    expect(decodeJwt(last.body.lease)).toMatchObject({ ...entitled, exp: trial.end / 1_000 })
    moveTo(trial.end + 1_000)
    expect(await answers(trial)).toEqual(over)
    const { body } = await trial.info()
    expect(body.validation_message).toMatch(/worked until .*GLPI itself goes on/)
    // Nor does a GLPI that asks anew get it.
    expect(await trial.activate()).toMatchObject({ status: 403, body: { code: 'expired' } })
  },
)

test('trials that are turned off for a product end no trial that runs; nobody begins another', async () => {
  const trial = await running('turned-off')
  await apply([{ reference: trial.reference, trialDays: null }])
  await goesOnToItsEnd(trial, 'no_trial')
})

test('a product that is withdrawn ends no trial that runs; nobody begins another', async () => {
  const trial = await running('withdrawn')
  await apply([{ reference: trial.reference, withdrawn: true }])
  await goesOnToItsEnd(trial, 'withdrawn')
})

async function goesOnToItsEnd(trial: Running, because: string) {
  expect(await answers(trial)).toEqual(good)
  const another = await makeOrganization(`other-${trial.reference}`)
  const begun = startTrial(byMember(another, 'owner'), {
    productId: trial.productId,
    instanceId: await makeInstance(another),
  })
  await expect(begun).rejects.toMatchObject({ code: because })
  moveTo(trial.end - 2_000)
  expect(await answers(trial)).toEqual(good)
  moveTo(trial.end + 1_000)
  expect(await answers(trial)).toEqual(over)
}

test('an instance that is retired keeps its trial’s key to the end, and the trial is not given back', async () => {
  const trial = await running('retired')
  await retireInstance(byMember(trial.customer, 'owner'), { instanceId: trial.instanceId })
  expect(await answers(trial)).toEqual(good)
  const elsewhere = { productId: trial.productId, instanceId: await makeInstance(trial.customer, 'other') }
  await expect(startTrial(byMember(trial.customer, 'owner'), elsewhere)).rejects.toMatchObject({
    code: 'tried_before',
  })
  moveTo(trial.end + 1_000)
  expect(await answers(trial)).toEqual(over)
})

test('a plan of the whole organization is tried once, without an instance, and its key is for all its GLPIs', async () => {
  const trial = await running('plan')
  const { customer, reference, productId } = trial
  await makeInstance(customer, 'second')
  const second = newGlpi(customer, reference, trial.key, { name: 'second' })
  expect((await second.activate()).status).toBe(201)
  const again = (instanceId: string | null) =>
    startTrial(byMember(customer, 'owner'), { productId, instanceId }).catch(({ code }) => code)
  expect([await again(null), await again(trial.instanceId)]).toEqual(['tried_here', 'needs_no_instance'])
  moveTo(trial.end - 2_000)
  expect(await answers(trial)).toEqual(good)
  moveTo(trial.end + 1_000)
  expect((await second.info()).body.is_valid).toBe(false)
})

test('bought, the trial’s key goes on to its own end, before and after the bought one is seen in its place', async () => {
  const trial = await running('bought')
  const { keyId } = await startSubscription(bySystem(trial.customer.organizationId), {
    productId: trial.productId,
    instanceId: trial.instanceId,
  })
  expect((await trial.validate()).body).toMatchObject({ valid: true, code: 'ok', notes: ['renewed'] })
  expect(await answers(trial)).toEqual(good)
  const bought = newGlpi(trial.customer, trial.reference, await keyOf(database, keyId), trial)
  expect(bought.key).toMatch(/^gks1/)
  expect((await bought.activate()).status).toBe(201)
  expect((await trial.validate()).body).toMatchObject({ valid: true, code: 'ok', notes: ['replaced'] })
  expect(await answers(trial)).toEqual(good)
  moveTo(trial.end + 1_000)
  expect(await answers(trial)).toEqual(over)
  expect((await bought.validate()).body).toMatchObject({ valid: true, code: 'ok' })
  // The same GLPI, and nobody has to be asked about it.
  expect(
    await rowsOf(database, 'select from questions where key_id = any($1)', [[trial.keyId, keyId]]),
  ).toEqual([])
})
