import { expect, type Page, test } from '@playwright/test'
import { newCustomer } from './customer'
import { askForMail, nextMail, typeCode } from './sign-in'
import { words } from './words'

type Language = 'en' | 'fr'

test.use({ locale: 'en-GB' })

/** Each part of the page: what the root, the frame of the pages before the sign-in and the page itself have made. */
async function expectWholly(page: Page, language: Language, title: string) {
  const t = (name: string) => words(language, name)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(t(title))
  await expect(page).toHaveTitle(new RegExp(`^${t(title)} `))
  await expect(page.locator('legend')).toHaveText(t('people.public.language'))
  await expectFrame(page, language)
}

async function expectFrame(page: Page, language: Language) {
  await expect(page.locator('html')).toHaveAttribute('lang', language)
  await expect(page.locator('body')).toHaveAttribute(
    'data-unreachable',
    words(language, 'errors.unreachable'),
  )
}

const choose = (page: Page, name: string) => page.getByRole('button', { name }).click()

test('where another tab changes the language between two steps of signing in, each page is wholly in one', async ({
  context,
}) => {
  const { slug, people } = await newCustomer('two-tabs')
  const [one, other] = [await context.newPage(), await context.newPage()]
  for (const page of [one, other]) await page.goto('/sign-in')

  await choose(one, 'Français')
  await expectWholly(one, 'fr', 'people.ask.title')
  await askForMail(other, people.viewer.email)
  await expectWholly(other, 'fr', 'people.code.title')

  await choose(one, 'English')
  await expectWholly(one, 'en', 'people.ask.title')
  await typeCode(other, '000000')
  await expect(other.getByText(/tries are left/)).toBeVisible()
  await expectWholly(other, 'en', 'people.code.title')

  await choose(one, 'Français')
  await expectWholly(one, 'fr', 'people.ask.title')
  await other.getByRole('button', { name: 'Send another' }).click()
  await expect(other.getByText(words('fr', 'people.code.resent'))).toBeVisible()
  await expectWholly(other, 'fr', 'people.code.title')

  await choose(one, 'English')
  await expectWholly(one, 'en', 'people.ask.title')
  const { code } = await nextMail(people.viewer.email, 1)
  await typeCode(other, code)
  await expect(other).toHaveURL(`/${slug}`)
  const said = (await other.locator('html').getAttribute('lang')) === 'fr' ? 'fr' : 'en'
  await expect(other.getByRole('link', { name: words(said, 'shell.keys'), exact: true })).toBeVisible()
  await expectFrame(other, said)
})
