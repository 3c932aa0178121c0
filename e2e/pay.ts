import type { Page } from '@playwright/test'
import type { Customer } from './customer'

export const cards = {
  good: '4242 4242 4242 4242',
  declined: '4000 0000 0000 0002',
  /** Kept without a word, and declined when it is charged. */
  declinedLater: '4000 0000 0000 0341',
}

/** Of SEPA Direct Debit. */
export const debits = { fails: 'AT861904300235473202' }

/** From the billing page to Stripe's: what is renewed is ticked by its name. */
export async function beginToPay(page: Page, customer: Customer, products: string[]) {
  await page.goto(`/${customer.slug}/billing`)
  for (const product of products)
    await page.getByRole('checkbox', { name: `Renew ${product} on Service desk` }).check()
  await page.getByRole('button', { name: 'Renew what is ticked' }).click()
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await page.waitForURL(/\/c\/pay\//)
}

/** Pays on Stripe's page. */
export async function fillIn(page: Page, card: string) {
  await typeBuyer(page, card)
  await page.getByRole('button', { name: /Pay/ }).click()
}

/** Pays by a debit: the page that comes says that it is on its way. */
export async function debit(page: Page, iban: string) {
  await typeBuyer(page, cards.good)
  await page.getByLabel('SEPA Direct Debit').check()
  await page.getByLabel('IBAN').fill(iban)
  await page.getByRole('button', { name: /Pay/ }).click()
}

/** Switches automatic renewal on, from the billing page, and gives a card at Stripe. */
export async function switchOn(page: Page, customer: Customer, card: string, product = 'Inventory Plus') {
  await page.goto(`/${customer.slug}/billing`)
  await page.getByRole('link', { name: `Switch automatic renewal of ${product} on Service desk on` }).click()
  await page.getByRole('button', { name: /^Switch on: €/ }).click()
  await page.waitForURL(/\/c\/pay\//)
  await typeBuyer(page, card)
  await page.getByRole('button', { name: 'Save' }).click()
}

async function typeBuyer(page: Page, card: string) {
  await page.getByLabel('Email').fill('billing@acme.example')
  await page.getByLabel('Name').fill('Acme SAS')
  await page.getByLabel('Address').fill('1 rue des Essais')
  await page.getByLabel('Postal code').fill('69001')
  await page.getByLabel('City').fill('Lyon')
  await page.getByLabel(/Country/).fill('fr')
  await page.getByLabel('Card number').fill(card)
}
