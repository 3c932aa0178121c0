import { expect, type Page, test } from '@playwright/test'
import { revokeKey } from '@/lib/keys/revoke'
import { startTrial } from '@/lib/trials/start'
import { browserAs, bySystem, inOrganization, newCustomer, newStaff, productOf } from './customer'
import { axeFindings, tooWide } from './look'
import { arrived, mailsTo } from './sign-in'

test.use({ locale: 'en-GB' })

const mailAbout = async (email: string, subject: RegExp) =>
  (await arrived(async () => (await mailsTo(email)).filter((mail) => subject.test(mail.subject))))[0]

/** Legible where it is narrow, and for axe. */
async function holds(page: Page) {
  expect(await axeFindings(page)).toEqual([])
  expect(await tooWide(page)).toBe(0)
}

test('a trial is made longer by oneself; more time is asked for, asked back about, replied to and granted, with a mail of each', async ({
  browser,
}) => {
  test.slow()
  const customer = await newCustomer('longer')
  const { organizationId, slug, spareId: instanceId, products, people, name } = customer
  const { shortId, keyId } = await startTrial(bySystem(organizationId), {
    productId: products.signature,
    instanceId,
  })
  const manager = await newStaff('manager', organizationId, 'Nora Weiss')
  const narrow = { viewport: { width: 320, height: 740 } }
  const page = await (await browserAs(browser, people.technical, narrow)).newPage()
  const staff = await (await browserAs(browser, manager, narrow)).newPage()
  const endOf = async () => {
    const [key] = await inOrganization<{ day: number }>(
      organizationId,
      'select expires_at::date - current_date as day from keys where id = $1',
      [keyId],
    )
    return key?.day ?? 0
  }
  const first = await endOf()

  await page.goto(`/${slug}/trials`)
  await page.getByRole('link', { name: '15 more days for the trial of Signature' }).click()
  await expect(page.getByText(/The same key then works until .*: 15 days more\./)).toBeVisible()
  await holds(page)
  await page.getByRole('button', { name: 'Make it 15 days longer' }).click()
  await expect(
    page.getByText(/^The trial of Signature runs until .* now, with the same key\.$/),
  ).toBeVisible()
  expect(await endOf()).toBe(first + 15)

  await page.getByRole('link', { name: 'Ask for more time for the trial of Signature' }).click()
  await page.getByLabel('Why').fill('The council meets in May.')
  await holds(page)
  await page.getByRole('button', { name: 'Send the request' }).click()
  await expect(page.getByText('Sent. The account manager has been told.')).toBeVisible()
  await expect(page.getByText('Waits for a decision')).toBeVisible()
  await expect(page.getByRole('link', { name: /^Ask for more time/ })).toHaveCount(0)
  await holds(page)

  const told = await mailAbout(manager.email, /asks for more time for the trial of Signature$/)
  expect(told?.text).toContain('The council meets in May.')
  await staff.goto(/http\S+\/staff\/requests/.exec(told?.text ?? '')?.[0] ?? 'none')
  await expect(staff.getByRole('heading', { name: /^More time for the trial of Signature/ })).toBeVisible()
  for (const text of [name, 'Spare', shortId, 'The council meets in May.'])
    await expect(staff.locator('main')).toContainText(text)
  await holds(staff)
  await staff.getByRole('button', { name: /^Ask back about: / }).click()
  await expect(staff.getByText('Please fill this in.')).toBeVisible()
  await staff.getByLabel('Note').fill('Which day in May?')
  await staff.getByRole('button', { name: /^Ask back about: / }).click()
  await expect(staff.getByText(/^Asked back\./)).toBeVisible()

  const question = await mailAbout(people.technical.email, /^A question: /)
  expect(question?.text).toContain('Which day in May?')
  await page.goto(`/${slug}/trials`)
  await page.getByLabel('Your reply').fill('On the 12th.')
  await holds(page)
  await page.getByRole('button', { name: /^Reply about: / }).click()
  await expect(page.getByText('Sent. The account manager has been told.')).toBeVisible()
  expect((await mailAbout(manager.email, /^Replied: /))?.text).toContain('On the 12th.')

  await inOrganization(organizationId, `update people set language = 'fr' where id = $1`, [
    people.technical.personId,
  ])
  await staff.goto('/staff/requests')
  await expect(staff.getByLabel('Days')).toHaveValue('15')
  await staff.getByLabel('Days').fill('20')
  await staff.getByLabel('Note').fill('Until the council has met.')
  await staff.getByRole('button', { name: /^Approve: / }).click()
  await expect(staff.getByText(/^Approved, and done\./)).toBeVisible()
  await expect(staff.getByText('Nothing waits', { exact: true })).toBeVisible()
  await expect(staff.getByRole('heading', { name: 'Decided in the last 30 days' })).toBeVisible()
  await holds(staff)
  expect(await endOf()).toBe(first + 35)

  expect((await mailAbout(people.technical.email, /^Accepté/))?.text).toContain('Until the council has met.')
  await page.goto(`/${slug}/trials`)
  await expect(page.getByText('Acceptée')).toBeVisible()
  await expect(page.getByText('Nora Weiss : Until the council has met.')).toBeVisible()
  await holds(page)
})

test('a second trial is asked for on a GLPI of one’s choice and taken back, without JavaScript; other staff read it and are told who decides', async ({
  browser,
}) => {
  const customer = await newCustomer('again')
  const { organizationId, slug, spareId: instanceId, people } = customer
  const { keyId } = await startTrial(bySystem(organizationId), {
    productId: await productOf('chatbot'),
    instanceId,
  })
  await revokeKey(bySystem(organizationId), { keyId, reason: 'requested' })
  await newStaff('manager', organizationId, 'Nora Weiss')
  const page = await (await browserAs(browser, people.owner, { javaScriptEnabled: false })).newPage()
  await page.goto(`/${slug}/trials`)
  await page.getByRole('link', { name: /^Ask for a second trial of / }).click()
  await page.getByLabel('On which GLPI').selectOption({ value: instanceId })
  await page.getByLabel('Why').fill('Others decide now.')
  await page.getByRole('button', { name: 'Send the request' }).click()
  await expect(page.getByText('Waits for a decision')).toBeVisible()

  const other = await (await browserAs(browser, await newStaff('staff'))).newPage()
  await other.goto('/staff/requests?of=all&kind=second_trial')
  const asked = other.getByRole('region', { name: /^A further trial of / }).filter({ hasText: customer.name })
  await expect(asked).toContainText(
    `You are not assigned to ${customer.name}. This is decided by the account manager (Nora Weiss).`,
  )
  await expect(asked.getByRole('button')).toHaveCount(0)

  const colleague = await (await browserAs(browser, people.technical)).newPage()
  await colleague.goto(`/${slug}/trials`)
  await expect(colleague.getByText('Waits for a decision')).toBeVisible()
  await expect(colleague.getByRole('button', { name: /^Take back: / })).toHaveCount(0)
  await page.getByRole('button', { name: /^Take back: / }).click()
  await expect(page.getByText('Taken back', { exact: true })).toBeVisible()
})
