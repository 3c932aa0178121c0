import { beforeAll, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { byMember, type Fixture, makeOrganization, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { giveUpCheckout } from './give-up-checkout'
import { openSession } from './open-session'
import { listPayable } from './payable'
import { chooseCurrency } from './rules'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
beforeAll(async () => {
  await makeCustomer('sells')
})

const payable = (of: Fixture, subscriptionIds: string[], currency?: string) =>
  asOrganization(of.organizationId, (tx) =>
    listPayable(tx, of.organizationId, now(), { subscriptionIds, currency }),
  )

test.each<[what: string, Parameters<typeof chooseCurrency>, string, string[]]>([
  ['has paid', ['chf', 'usd', []], 'chf', ['chf']],
  ['chooses nothing', [null, undefined, [['usd', 'eur']]], 'eur', ['eur', 'usd']],
  ['chooses', [null, 'usd', [['usd', 'eur']]], 'usd', ['eur', 'usd']],
  ['chooses what one thing has not', [null, 'usd', [['usd', 'eur'], ['eur']]], 'eur', ['eur']],
  ['chooses what there is not', [null, 'xxx', [['usd']]], 'usd', ['usd']],
  ['finds none that all have', [null, 'usd', [['usd'], ['chf']]], 'chf', []],
  ['finds no price', [null, 'usd', []], 'eur', []],
])('who %s pays in %o: %s', (_what, asked, currency, choices) => {
  expect(chooseCurrency(...asked)).toEqual({ currency, choices })
})

test('who has not paid yet chooses, also after giving up; who has paid stays with theirs, in whole yen', async () => {
  const town = await makeOrganization('town')
  const by = () => byMember(town, 'billing')
  const [one, other] = [await sold(database, town), await sold(database, town)]
  const ids = [one.subscriptionId]
  expect((await payable(town, ids)).currency).toBe('eur')
  expect((await payable(town, ids)).choices).toContain('jpy')
  const inEuros = await beginCheckout(by(), { subscriptionIds: ids, shown: 29_000, currency: 'eur' })
  // While it pays in one it pays in no other.
  expect(await payable(town, [other.subscriptionId], 'jpy')).toMatchObject({
    currency: 'eur',
    choices: ['eur'],
  })
  await giveUpCheckout(by(), inEuros.checkoutId)
  const { currency, payable: inYen } = await payable(town, ids, 'jpy')
  expect([currency, inYen[0]?.price?.amount]).toEqual(['jpy', 58_000])
  const begun = await beginCheckout(by(), { subscriptionIds: ids, shown: 58_000, currency: 'jpy' })
  const { url } = await openSession(by(), begun.checkoutId)
  await payments.pay(url)
  await payments.work()
  const charged = await rowsOf(
    database,
    `select i.currency, i.subtotal, i.total, i.status from checkouts c join invoices i on i.id = c.invoice_id where c.id = $1`,
    [begun.checkoutId],
  )
  // With the tax on top, and nothing a hundred times too much.
  expect(charged).toEqual([{ currency: 'jpy', subtotal: '58000', total: '69600', status: 'paid' }])
  expect(await payable(town, [other.subscriptionId], 'eur')).toMatchObject({
    currency: 'jpy',
    choices: ['jpy'],
  })
  const again = { subscriptionIds: [other.subscriptionId], shown: 29_000, currency: 'eur' }
  await expect(beginCheckout(by(), again)).rejects.toMatchObject({ code: 'price_changed' })
})

test('of two members who begin in two currencies at once one does', async () => {
  const town = await makeOrganization('village')
  const [one, other] = [await sold(database, town), await sold(database, town)]
  const asked = [
    { subscriptionIds: [one.subscriptionId], shown: 29_000, currency: 'eur' },
    { subscriptionIds: [other.subscriptionId], shown: 58_000, currency: 'jpy' },
  ]
  const done = await Promise.allSettled(asked.map((each) => beginCheckout(byMember(town, 'billing'), each)))
  expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})
