import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { retireInstance } from '@/lib/instances/retire'
import { revokeKey } from '@/lib/keys/revoke'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { giveUpCheckout } from '@/lib/payments/give-up-checkout'
import { openSession } from '@/lib/payments/open-session'
import { findCheckout } from '@/lib/payments/queries'
import { settleCheckout } from '@/lib/payments/settle-checkout'
import { underWay } from '@/lib/payments/under-way'
import { startTrial } from '@/lib/trials/start'
import {
  byMember,
  bySystem,
  type Fixture,
  makeInstance,
  productDatabase,
  productId,
  type Reference,
  rowsOf,
} from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import type { Purchase } from './basket'
import { listBuyable, wholeOffer } from './buyable'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
let acme: Fixture
let globex: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  globex = await makeCustomer('globex')
  // The suite is sold as well.
  await rowsOf(
    database,
    `insert into prices (id, product_id, binding, currency, amount, tax_behavior, months, created_at)
     select gen_random_uuid(), id, binding, 'eur', 35000, 'exclusive', 12, now() from products where reference = 'suite'`,
  )
})

const priceOf = { forms: 29_000, branding: 12_000, suite: 35_000, cloud: 240_000 }
type Sold = keyof typeof priceOf

const byBilling = () => byMember(acme, 'billing')
const desk = () => makeInstance(acme, `desk-${randomUUID().slice(0, 8)}`)
const purchase = async (reference: Reference, instanceId: string | null): Promise<Purchase> => ({
  productId: await productId(database, reference),
  instanceId,
})

/** What each costs is what was shown. */
async function begin(chosen: [Sold, instanceId: string | null][], by = byBilling()) {
  const purchases = await Promise.all(chosen.map(([reference, at]) => purchase(reference, at)))
  const shown = chosen.reduce((sum, [reference]) => sum + priceOf[reference], 0)
  return beginCheckout(by, { purchases, shown, currency: 'eur' })
}

async function buy(chosen: [Sold, instanceId: string | null][]) {
  const { checkoutId } = await begin(chosen)
  const { url } = await openSession(byBilling(), checkoutId)
  await payments.pay(url)
  await payments.work()
  return checkoutId
}

const verdictOf = async (
  reference: Reference,
  instanceId: string | null,
  ...also: [Reference, string | null][]
) => {
  const chosen = [
    await purchase(reference, instanceId),
    ...(await Promise.all(also.map(([other, at]) => purchase(other, at)))),
  ]
  const buyable = await asOrganization(acme.organizationId, (tx) =>
    listBuyable(tx, acme.organizationId, now(), chosen, 'eur'),
  )
  return buyable[0]?.verdict
}
const checkoutOf = (id: string) =>
  asOrganization(acme.organizationId, (tx) => findCheckout(tx, acme.organizationId, id))
const termsAt = (reference: Reference, instanceId: string | null) =>
  rowsOf<{ subscriptionId: string; startsAt: Date; endsAt: Date; keyId: string }>(
    database,
    `select t.subscription_id as "subscriptionId", t.starts_at as "startsAt", t.ends_at as "endsAt", k.id as "keyId"
     from terms t join keys k on k.term_id = t.id join products p on p.id = k.product_id
     where k.organization_id = $1 and p.reference = $2 and k.instance_id is not distinct from $3::uuid order by t.starts_at`,
    [acme.organizationId, reference, instanceId],
  )

test('a basket of two instances and a plan is paid once, and each line begins a subscription today with its key', async () => {
  const [one, other] = [await desk(), await desk()]
  const checkoutId = await buy([
    ['forms', one],
    ['branding', other],
    ['cloud', null],
  ])
  const checkout = await checkoutOf(checkoutId)
  expect(checkout).toMatchObject({ state: 'paid', amount: 281_000 })
  expect(checkout?.lines.every(({ newKey, oldKey }) => newKey && !oldKey)).toBe(true)
  for (const [reference, at] of [
    ['forms', one],
    ['branding', other],
    ['cloud', null],
  ] as const) {
    const [first, ...more] = await termsAt(reference, at)
    expect(more).toEqual([])
    // Midnight in Paris of the day of the payment.
    expect(first?.startsAt).toEqual(new Date('2027-03-11T23:00:00Z'))
    expect(first?.endsAt).toEqual(new Date('2028-03-11T23:00:00Z'))
    expect(await verdictOf(reference, at)).toMatchObject({
      ok: false,
      because: 'has_it',
      until: first?.endsAt,
    })
  }
})

test('renewals and purchases are paid in one Checkout', async () => {
  const { subscriptionId, instanceId } = await sold(database, acme)
  const { checkoutId } = await beginCheckout(byBilling(), {
    subscriptionIds: [subscriptionId],
    purchases: [await purchase('branding', instanceId)],
    shown: 41_000,
    currency: 'eur',
  })
  await payments.pay((await openSession(byBilling(), checkoutId)).url)
  await payments.work()
  expect(await termsAt('forms', instanceId)).toHaveLength(2)
  expect(await termsAt('branding', instanceId)).toHaveLength(1)
})

const stress = process.env.STRESS ? 200 : 3

test(
  '[C4] of 50 who buy the same at once one has a Checkout, and the others are told that it is being paid',
  async () => {
    let tries = 0
    for (let round = 0; round < stress; round++) {
      const at = await desk()
      const all = await Promise.allSettled(Array.from({ length: 50 }, () => begin([['forms', at]])))
      tries += all.length
      expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const codes = all.flatMap((tried) => (tried.status === 'rejected' ? [tried.reason.code] : []))
      // Who has waited for two seconds for a connection, on a busy machine, is asked to come again.
      expect(codes.filter((code) => code !== 'being_paid' && code !== 'unavailable')).toEqual([])
      expect(codes).toContain('being_paid')
    }
    console.log(`[C4] ${tries} purchases`)
  },
  process.env.STRESS ? 3_600_000 : 60_000,
)

test(
  '[C4] of a suite and what it contains, bought for one place at once, one gets through',
  async () => {
    let pairs = 0
    for (let round = 0; round < stress * 4; round++) {
      const at = await desk()
      const tried = await Promise.allSettled([begin([['suite', at]]), begin([['forms', at]])])
      // Of the contained product first, the suite may follow: that is more, and not the same again.
      const [suite, forms] = tried
      if (suite?.status === 'fulfilled' && forms?.status === 'fulfilled') {
        const lines = await rowsOf<{ reference: string }>(
          database,
          `select p.reference from checkout_lines l join products p on p.id = l.product_id where l.instance_id = $1 order by l.id`,
          [at],
        )
        expect(lines.map(({ reference }) => reference)).toEqual(['forms', 'suite'])
      } else expect(forms).toMatchObject({ status: 'rejected', reason: { code: 'being_paid' } })
      pairs++
    }
    console.log(`[C4] ${pairs} pairs`)
  },
  process.env.STRESS ? 3_600_000 : 60_000,
)

test('what a place has is renewed and not bought again, in the suite that it has too, and after it has lapsed', async () => {
  const at = await desk()
  await buy([['suite', at]])
  const inSuite = {
    ok: false,
    because: 'in_a_suite',
    suite: 'Suite',
    until: new Date('2028-03-11T23:00:00Z'),
  }
  expect(await verdictOf('forms', at)).toEqual(inSuite)
  expect(await verdictOf('suite', at)).toMatchObject({ because: 'has_it' })
  await expect(begin([['forms', at]])).rejects.toMatchObject({ code: 'in_a_suite' })
  await expect(begin([['suite', at]])).rejects.toMatchObject({ code: 'has_it' })
  expect(await verdictOf('forms', await desk())).toEqual({ ok: true, amount: 29_000 })
  const [term] = await termsAt('suite', at)
  await revokeKey(bySystem(acme.organizationId), { keyId: term?.keyId ?? '', reason: 'requested' })
  expect(await verdictOf('forms', at)).toEqual({ ok: true, amount: 29_000 })
  const chosen = await purchase('suite', at)
  const buyable = await asOrganization(acme.organizationId, (tx) =>
    listBuyable(tx, acme.organizationId, new Date('2029-01-01'), [chosen], 'eur'),
  )
  expect(buyable[0]?.verdict).toMatchObject({ because: 'lapsed', subscriptionId: term?.subscriptionId })
})

test('a suite and what is in it, chosen together, are not both sold', async () => {
  const at = await desk()
  expect(await verdictOf('forms', at, ['suite', at])).toEqual({
    ...{ ok: false, because: 'in_a_chosen_suite' },
    suite: 'Suite',
  })
  expect(await verdictOf('forms', at, ['suite', await desk()])).toMatchObject({ ok: true })
  await expect(
    begin([
      ['suite', at],
      ['forms', at],
    ]),
  ).rejects.toMatchObject({ code: 'in_a_chosen_suite' })
})

test('of a suite it is said what of it the place has already, and a trial is no obstacle', async () => {
  const at = await desk()
  await buy([['forms', at]])
  await startTrial(bySystem(acme.organizationId), {
    productId: await productId(database, 'branding'),
    instanceId: at,
  })
  const chosen = [await purchase('suite', at), await purchase('branding', at)]
  const buyable = await asOrganization(acme.organizationId, (tx) =>
    listBuyable(tx, acme.organizationId, now(), chosen.slice(0, 1), 'eur'),
  )
  expect(buyable[0]?.has).toEqual([{ product: 'Forms Pro', termEndsAt: new Date('2028-03-11T23:00:00Z') }])
  expect(buyable[0]?.verdict.ok).toBe(true)
  expect(await verdictOf('branding', at)).toMatchObject({ ok: true })
})

test('a trial is being paid where a suite with it is bought for its place, and not where its product is bought for another', async () => {
  const theirs = () => makeInstance(globex, `desk-${randomUUID().slice(0, 8)}`)
  const [at, elsewhere] = [await theirs(), await theirs()]
  const trial = { productId: await productId(database, 'forms'), instanceId: at }
  const { keyId } = await startTrial(bySystem(globex.organizationId), trial)
  const begun = (one: Purchase, shown: number) =>
    beginCheckout(byMember(globex, 'billing'), { purchases: [one], shown, currency: 'eur' })
  const paying = () =>
    asOrganization(globex.organizationId, (tx) => underWay(tx, globex.organizationId, [keyId]))
  await begun(await purchase('forms', elsewhere), priceOf.forms)
  expect(await paying()).toEqual(new Map())
  const { checkoutId } = await begun(await purchase('suite', at), priceOf.suite)
  expect(await paying()).toEqual(new Map([[keyId, { checkoutId, state: 'open' }]]))
  await giveUpCheckout(byMember(globex, 'billing'), checkoutId)
  expect(await paying()).toEqual(new Map())
})

test('what is bought where it is tried is named, and takes over from the trial’s key, which goes on to its own end', async () => {
  const at = await desk()
  const one = await purchase('branding', at)
  const { keyId, shortId } = await startTrial(bySystem(globex.organizationId), {
    ...one,
    instanceId: await makeInstance(globex, 'tries'),
  })
  const [place] = await rowsOf<{ at: string; endsAt: Date }>(
    database,
    'select instance_id as at, expires_at as "endsAt" from keys where id = $1',
    [keyId],
  )
  const chosen = [{ ...one, instanceId: place?.at ?? '' }]
  const [buyable] = await asOrganization(globex.organizationId, (tx) =>
    listBuyable(tx, globex.organizationId, now(), chosen, 'eur'),
  )
  expect(buyable?.trial).toEqual({ shortId, endsAt: place?.endsAt })
  const by = byMember(globex, 'billing')
  const { checkoutId } = await beginCheckout(by, { purchases: chosen, shown: 12_000, currency: 'eur' })
  const paying = () =>
    asOrganization(globex.organizationId, (tx) => underWay(tx, globex.organizationId, [keyId]))
  expect(await paying()).toEqual(new Map([[keyId, { checkoutId, state: 'open' }]]))
  await payments.pay((await openSession(by, checkoutId)).url)
  await payments.work()
  expect(await paying()).toEqual(new Map())
  const rows = await rowsOf(
    database,
    `select t.renewed_at = k.issued_at as renewed, t.expires_at as "endsAt", k.kind,
       (select count(*)::int from sealed_keys s where s.under_id = t.id and s.key_id = k.id) as handed
     from keys t join keys k on k.follows_id = t.id where t.id = $1`,
    [keyId],
  )
  expect(rows).toEqual([{ renewed: true, endsAt: place?.endsAt, kind: 'subscription', handed: 1 }])
})

test('what is not sold is not bought: open source, permanent keys, no price, withdrawn, for a retired instance', async () => {
  const at = await desk()
  const codeOf = async (reference: Reference, instanceId: string | null, currency = 'eur') => {
    const purchases = [await purchase(reference, instanceId)]
    return beginCheckout(byBilling(), { purchases, shown: 1, currency }).catch(({ code }) => code)
  }
  expect(await codeOf('tags', at)).toBe('open_source')
  expect(await codeOf('legacy', at)).toBe('not_sold_by_term')
  await rowsOf(database, `update products set withdrawn_at = now() where reference = 'branding'`)
  expect(await codeOf('branding', at)).toBe('withdrawn')
  await rowsOf(database, `update products set withdrawn_at = null where reference = 'branding'`)
  await rowsOf(database, `update prices set withdrawn_at = now() where amount = 35000`)
  expect(await codeOf('suite', at)).toBe('no_price')
  await rowsOf(database, `update prices set withdrawn_at = null where amount = 35000`)
  expect(await codeOf('forms', at)).toBe('price_changed')
  expect(await codeOf('forms', at, 'jpy')).toBe('price_changed')
  await retireInstance(bySystem(acme.organizationId), { instanceId: at })
  expect(await codeOf('forms', at)).toBe('retired')
})

test('for what is not the organization’s nothing is bought: a stranger’s instance, no such product, a plan for one instance', async () => {
  const theirs = await makeInstance(globex, 'theirs')
  const notFound = { code: 'not_found' }
  await expect(begin([['forms', theirs]])).rejects.toMatchObject(notFound)
  await expect(begin([['forms', randomUUID()]])).rejects.toMatchObject(notFound)
  await expect(begin([['forms', null]])).rejects.toMatchObject(notFound)
  await expect(begin([['cloud', await desk()]])).rejects.toMatchObject(notFound)
  const unknown = { purchases: [{ productId: randomUUID(), instanceId: null }], shown: 1, currency: 'eur' }
  await expect(beginCheckout(byBilling(), unknown)).rejects.toMatchObject(notFound)
  await expect(begin([['forms', await desk()]], byMember(acme, 'technical'))).rejects.toMatchObject({
    code: 'forbidden',
  })
  const nothing = { shown: 0, currency: 'eur' }
  await expect(beginCheckout(byBilling(), nothing)).rejects.toMatchObject({ code: 'invalid_input' })
})

test('named twice it is bought once', async () => {
  const at = await desk()
  const one = await purchase('forms', at)
  const { checkoutId } = await beginCheckout(byBilling(), {
    ...{ purchases: [one, one], shown: 29_000, currency: 'eur' },
  })
  expect((await checkoutOf(checkoutId))?.lines).toHaveLength(1)
})

test('given up by another member, it can be bought again', async () => {
  const at = await desk()
  const { checkoutId } = await begin([['forms', at]])
  await openSession(byBilling(), checkoutId)
  expect(await verdictOf('forms', at)).toEqual({ ok: false, because: 'being_paid', checkoutId })
  expect(await giveUpCheckout(byMember(acme, 'owner'), checkoutId)).toBe('given_up')
  expect(await verdictOf('forms', at)).toEqual({ ok: true, amount: 29_000 })
})

test('the first term begins on the day on which the money is confirmed, not when it was ordered', async () => {
  const at = await desk()
  const { checkoutId } = await begin([['forms', at]])
  const { url } = await openSession(byBilling(), checkoutId)
  await payments.pay(url, { method: 'sepa_debit', iban: 'AT321904300235473204' })
  await payments.work()
  expect(await termsAt('forms', at)).toEqual([])
  await payments.moveTo(new Date('2027-03-19T09:00:00Z'))
  await payments.work()
  const [term] = await termsAt('forms', at)
  const [line] = (await checkoutOf(checkoutId))?.lines ?? []
  expect(line?.newKey?.id).toBe(term?.keyId)
  expect(term?.startsAt).toEqual(new Date('2027-03-18T23:00:00Z'))
})

test('what is paid is issued, although the instance was retired and the product withdrawn meanwhile', async () => {
  const at = await desk()
  const { checkoutId } = await begin([['branding', at]])
  const { url } = await openSession(byBilling(), checkoutId)
  await retireInstance(bySystem(acme.organizationId), { instanceId: at })
  await rowsOf(database, `update products set withdrawn_at = now() where reference = 'branding'`)
  await payments.pay(url)
  await payments.work()
  await rowsOf(database, `update products set withdrawn_at = null where reference = 'branding'`)
  expect(await termsAt('branding', at)).toHaveLength(1)
  const checkout = await checkoutOf(checkoutId)
  expect(checkout).toMatchObject({ state: 'paid', lines: [{ retired: true }] })
})

test('what was bought otherwise meanwhile goes on: the term that is paid second follows the first, in one subscription', async () => {
  const at = await desk()
  const { checkoutId } = await begin([['forms', at]])
  const { url } = await openSession(byBilling(), checkoutId)
  await sold(database, acme, { onto: at })
  await payments.pay(url)
  await payments.work()
  const [first, second, ...more] = await termsAt('forms', at)
  expect(more).toEqual([])
  expect(second?.subscriptionId).toBe(first?.subscriptionId)
  expect(second?.startsAt).toEqual(first?.endsAt)
})

test('two payments for the same place that are settled at once bring one subscription with two terms', async () => {
  for (let round = 0; round < stress; round++) {
    const at = await desk()
    const late: string[] = []
    for (const _ of ['given up', 'as well']) {
      const { checkoutId } = await begin([['forms', at]])
      await giveUpCheckout(byBilling(), checkoutId)
      late.push(checkoutId)
    }
    const session = { complete: true, expired: false, paid: true, failed: false, invoiceId: null }
    await Promise.all(
      late.map((checkoutId) =>
        settleCheckout(bySystem(acme.organizationId), {
          checkoutId,
          session: { ...session, sessionId: `cs_${checkoutId}` },
        }),
      ),
    )
    const [first, second, ...more] = await termsAt('forms', at)
    expect(more).toEqual([])
    expect(second?.subscriptionId).toBe(first?.subscriptionId)
    expect(second?.startsAt).toEqual(first?.endsAt)
  }
})

test('the line on Stripe’s page and on the invoice names product, instance and days, and no key that is not there yet', async () => {
  const at = await desk()
  const checkoutId = await buy([['forms', at]])
  const [row] = await rowsOf<{ id: string }>(
    database,
    'select session_id as id from checkouts where id = $1',
    [checkoutId],
  )
  const { data } = await payments.stripe.checkout.sessions.listLineItems(row?.id ?? '')
  expect(data.map(({ description }) => description)).toEqual([
    expect.stringMatching(/^Forms Pro, desk-[0-9a-f]{8}: \d\d\sMar\s2027 to \d\d\sMar\s2028$/),
  ])
})

test('the whole offer has what is sold with its places, and neither what needs no key nor what has no price', async () => {
  const at = await desk()
  const { offers } = await asOrganization(acme.organizationId, (tx) =>
    wholeOffer(tx, acme.organizationId, now(), [at]),
  )
  expect(
    offers.map(({ good, contains, places }) => [good.name, contains, places.map((one) => one.instanceId)]),
  ).toEqual([
    ['Branding', [], [at]],
    ['Cloud', [], [null]],
    ['Forms Pro', [], [at]],
    ['Suite', ['Branding', 'Forms Pro'], [at]],
  ])
})
