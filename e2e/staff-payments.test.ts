import { expect, test } from '@playwright/test'
import { browserAs, inSystem, newCustomer, newStaff } from './customer'
import { axeFindings, tooWide } from './look'
import { query } from './sign-in'

const spoken = {
  en: {
    heading: 'Payments',
    what: 'Stripe has another amount than the customer was shown',
    do: 'refund what was charged too much',
    see: /^See the payment of €/,
  },
  fr: {
    heading: 'Paiements',
    what: 'Stripe a un autre montant que celui montré au client',
    do: 'remboursez ce qui a été prélevé en trop',
    see: /^Voir le paiement de /,
  },
} as const

for (const language of ['en', 'fr'] as const)
  test(`staff read where Stripe and the portal differ, with what to do and the way there, at 320 pixels, in ${language}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('differs')
    const { what, do: advice, heading, see } = spoken[language]
    const kinds = ['amount_differs', 'paid_without_term', 'term_without_payment', 'ends_early', 'event_stuck']
    const subject = `cs_test_${customer.checkoutId.replaceAll('-', '').repeat(2)}`
    for (const kind of [...kinds, 'other_mode'])
      await inSystem(
        `insert into payment_differences (id, kind, subject, checkout_id, found_at)
         values (gen_random_uuid(), $1, $2, $3, now())`,
        [kind, subject, kind === 'other_mode' ? null : customer.checkoutId],
      )
    const nora = await newStaff('staff')
    await query('update people set language = $1 where id = $2', [language, nora.personId])
    const context = await browserAs(browser, nora, { viewport: { width: 320, height: 800 } })
    const page = await context.newPage()
    await page.goto('/staff')
    const section = page.getByRole('region', { name: heading })
    const row = section.getByRole('row').filter({ hasText: subject }).filter({ hasText: what })
    await expect(row).toContainText(advice)
    expect(await axeFindings(page)).toEqual([])
    expect(await tooWide(page)).toBe(0)
    await row.getByRole('link', { name: see }).click()
    await page.waitForURL(`**/${customer.slug}/billing/checkouts/${customer.checkoutId}`)
    await inSystem('update payment_differences set gone_at = now() where subject = $1', [subject])
    await page.goto('/staff')
    await expect(page.getByText(subject)).toHaveCount(0)
    await context.close()
  })
