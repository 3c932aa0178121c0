import { expect, test } from '@playwright/test'
import { type Customer, newCustomer, subscribe } from './customer'
import { send } from './send'
import { query } from './sign-in'

let customer: Customer
let formsPro: string

test.beforeAll(async () => {
  customer = await newCustomer('export')
  await subscribe(customer.organizationId, 'inventoryplus', customer.spareId)
  const [product] = await query(`select id from products where reference = 'formspro'`)
  formsPro = product?.id
})

/** The product and the instance of each line of the keys that are exported under a filter. */
async function exported(filter: string): Promise<string[]> {
  const path = `/${customer.slug}/keys/export?${filter}`
  const { status, text } = await send({ path, as: customer.people.viewer })
  expect(status).toBe(200)
  const lines = text.trim().split('\r\n').slice(1)
  return lines.map((line) => line.split(/[,;]/)).map((cells) => `${cells[0]} on ${cells[3]}`)
}

test('an export holds what the list shows under its filter: by product, instance, search and state', async () => {
  const [forms, inventory, spare] = [
    'Forms Pro on Service desk',
    'Inventory Plus on Service desk',
    'Inventory Plus on Spare',
  ]
  const cases: [filter: string, lines: (string | undefined)[]][] = [
    // Two of Forms Pro: the key of the renewal and the one before it.
    ['', [forms, forms, inventory, spare]],
    [`product=${formsPro}`, [forms, forms]],
    [`instance=${customer.spareId}`, [spare]],
    [`instance=${customer.spareId}&product=${formsPro}`, []],
    ['q=spare', [spare]],
    [`q=${customer.keys[1]?.shortId}`, [undefined]],
    ['state=waiting', [forms]],
    ['state=revoked', []],
  ]
  for (const [filter, wanted] of cases) {
    const lines = (await exported(filter)).sort()
    expect({ filter, lines }).toEqual({ filter, lines: wanted.map((line) => line ?? expect.any(String)) })
  }
})
