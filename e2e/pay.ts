import type { Page } from '@playwright/test'
import type { Customer } from './customer'

export const cards = {
  good: '4242 4242 4242 4242',
  declined: '4000 0000 0000 0002',
}

/** From the billing page to Stripe's: what is renewed is ticked by its name. */
export async function beginToPay(page: Page, customer: Customer, products: string[]) {
  await page.goto(`/${customer.slug}/billing`)
  for (const product of products)
    await page.getByRole('checkbox', { name: `Renew ${product} on Service desk` }).check()
  await page.getByRole('button', { name: 'Renew what is ticked' }).click()
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await page.waitForURL(/\/c\/pay\//)
}

/** What Stripe asks for on its page. */
export async function fillIn(page: Page, card: string) {
  await page.getByLabel('Email').fill('billing@acme.example')
  await page.getByLabel('Name').fill('Acme SAS')
  await page.getByLabel('Address').fill('1 rue des Essais')
  await page.getByLabel('Postal code').fill('69001')
  await page.getByLabel('City').fill('Lyon')
  await page.getByLabel(/Country/).fill('fr')
  await page.getByLabel('Card number').fill(card)
  await page.getByRole('button', { name: /Pay/ }).click()
}
