import { randomBytes } from 'node:crypto'
import { expect, type Page, test } from '@playwright/test'
import { browserAs, newCustomer } from './customer'
import { axeFindings, tooWide } from './look'
import { query } from './sign-in'
import { words } from './words'

test.use({ locale: 'en-GB' })

/** The character at a place of a key replaced by another that keys have. */
const wrongAt = (key: string, place: number) =>
  `${key.slice(0, place - 1)}${key[place - 1] === 'q' ? 'p' : 'q'}${key.slice(place)}`

/** What is pasted, and sent by the keyboard alone. */
async function ask(page: Page, pasted: string, language: 'en' | 'fr' = 'en') {
  // All tests come from one address.
  await query(`delete from rate_limits where key like 'check:%'`)
  await page.getByLabel(words(language, 'check.pasted')).fill(pasted)
  await page.getByRole('button', { name: words(language, 'check.submit'), exact: true }).focus()
  await page.keyboard.press('Enter')
}

for (const javaScriptEnabled of [true, false]) {
  test(`a mistyped key, a good one and a token are told apart${javaScriptEnabled ? '' : ', without JavaScript'}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('check')
    const key = customer.keys[0]?.characters ?? ''
    const context = await browser.newContext({ javaScriptEnabled, locale: 'en-GB' })
    const addresses: string[] = []
    context.on('request', (request) => addresses.push(request.url(), request.headers().referer ?? ''))
    const page = await context.newPage()
    await page.goto('/sign-in')
    await page.getByRole('link', { name: 'Check a key' }).click()
    const needsNone = page.getByRole('heading', { name: 'What needs no key' }).locator('..')
    await expect(needsNone).toContainText('GLPI itself is open source')
    await expect(needsNone).toContainText('Nor do these, which are open source: ')
    const answer = page.getByRole('status').filter({ has: page.getByRole('link') })

    await ask(page, ` ${wrongAt(key, 12)}`)
    await expect(answer).toContainText('This key was changed on its way')
    await expect(answer).toContainText('Character 12:')
    await expect(answer.getByRole('group', { name: 'The right key' })).toHaveText(key)
    await expect(page.getByLabel('What was pasted into GLPI')).toHaveValue('')
    const copy = answer.getByRole('button', { name: 'Copy the right key' })
    await expect(copy).toHaveCount(javaScriptEnabled ? 1 : 0)

    await page.getByLabel('Address of this GLPI').fill('https://elsewhere.example')
    await ask(page, key)
    await expect(answer).toContainText('This key belongs to another GLPI')
    await expect(page.getByLabel('Address of this GLPI')).toHaveValue('https://elsewhere.example')
    await page.getByLabel('Address of this GLPI').fill(`https://${customer.slug}.example/glpi`)
    await page.getByLabel('Plugin that asks').selectOption({ label: 'Inventory Plus' })
    await ask(page, key)
    await expect(answer).toContainText('This key is for Forms Pro, not for Inventory Plus')
    await ask(page, customer.keys[1]?.characters ?? '')
    await expect(answer).toContainText('Nothing is wrong with this key')
    await expect(answer.getByRole('link', { name: 'Test the connection' })).toHaveAttribute(
      'href',
      '#connection',
    )
    await expect(answer.getByRole('img', { name: /^Key that ends in/ })).toBeVisible()
    // Sent before its script had loaded, a form keeps in itself the answer that came then, with the right key that was asked for.
    const shown = javaScriptEnabled ? await answer.innerHTML() : await page.content()
    for (const { characters } of customer.keys) expect(shown).not.toContain(characters)
    for (const told of [customer.name, customer.slug]) await expect(answer).not.toContainText(told)

    await ask(page, `lkt_${randomBytes(32).toString('base64url')}`)
    await expect(answer).toContainText('This is an API token of the portal, not a registration key')
    await ask(
      page,
      'latchkey-test v1 dns=fail tcp=skip tls=skip proxy=none http=000 answer=none clock=unknown',
    )
    await expect(answer).toContainText('The name of the portal is not found')
    await page.getByLabel('Version of GLPI').fill('the newest')
    await ask(page, key)
    await expect(page.getByText('This does not look like a GLPI version')).toBeVisible()
    expect(await page.content()).not.toContain(key)
    expect(addresses.filter((address) => address.includes(key.slice(4)))).toEqual([])
    await context.close()
  })
}

test('what is asked in French is answered in French, and a member is led to the key', async ({ browser }) => {
  const customer = await newCustomer('check-fr')
  const { technical } = customer.people
  await query(`update people set language = 'fr' where id = $1`, [technical.personId])
  const { id, characters } = customer.keys[0] ?? { id: '', characters: '' }
  const context = await browserAs(browser, technical, { locale: 'fr-FR' })
  const page = await context.newPage()
  await page.goto(`/${customer.slug}`)
  await page.getByRole('button', { name: /^Compte\s:/ }).click()
  await page.getByRole('link', { name: 'Vérifier une clé' }).click()
  await ask(page, `Bonjour, votre clé : ${characters}`, 'fr')
  await expect(page.getByText(words('fr', 'check.diagnosis.text_around.title'))).toBeVisible()
  await page.getByRole('link', { name: 'Copier la clé dans le portail' }).click()
  await expect(page).toHaveURL(`/${customer.slug}/keys/${id}`)
  await context.close()
})

test('who holds a key of another organization asks to join it by one button, once', async ({ browser }) => {
  const customer = await newCustomer('check-join')
  const other = await newCustomer('check-joiner')
  const { characters } = customer.keys[1] ?? { characters: '' }
  const context = await browserAs(browser, other.people.technical, {
    locale: 'en-GB',
    javaScriptEnabled: false,
  })
  const page = await context.newPage()
  await page.goto('/check')
  await ask(page, characters)
  await page.getByRole('button', { name: 'Ask to join' }).click()
  await expect(page.getByText('The owners of the key’s organization have been asked')).toBeVisible()
  expect(await page.content()).not.toContain(characters)
  await ask(page, characters)
  // Enter asks the other question once more, and no owner.
  await page.getByLabel('What was pasted into GLPI').fill(characters)
  await page.getByLabel('Version of GLPI').press('Enter')
  await expect(page.getByText('Nothing is wrong with this key')).toBeVisible()
  await page.getByRole('button', { name: 'Ask to join' }).click()
  await expect(page.getByText('You have asked this organization already')).toBeVisible()
  await context.close()
  const signedOut = await browser.newContext({ locale: 'en-GB' })
  const stranger = await signedOut.newPage()
  await stranger.goto('/check')
  await ask(stranger, characters)
  await expect(stranger.getByRole('link', { name: 'Sign in to ask' })).toHaveAttribute(
    'href',
    '/sign-in?to=%2Fcheck',
  )
  await signedOut.close()
})

test('an answer, the commands and a refused field are in order for axe and at 320 pixels', async ({
  browser,
}) => {
  const customer = await newCustomer('check-look')
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 320, height: 640 } })
  const page = await context.newPage()
  await page.goto('/check')
  const looked = async () =>
    expect({ found: await axeFindings(page), wider: await tooWide(page) }).toEqual({ found: [], wider: 0 })
  await ask(page, wrongAt(customer.keys[0]?.characters ?? '', 9))
  await expect(page.getByText('This key was changed on its way')).toBeVisible()
  for (const name of ['Linux and macOS: shell', 'Windows: PowerShell']) {
    await page.getByText(name).focus()
    await page.keyboard.press('Enter')
  }
  await expect(page.getByText('latchkey-test v1').first()).toBeVisible()
  await looked()
  await ask(page, '')
  await expect(page.getByText('Please fill this in.')).toBeVisible()
  await expect(page.getByText('This key was changed on its way')).toHaveCount(0)
  await looked()
  await ask(page, customer.keys[1]?.characters ?? '')
  await expect(page.locator('.hid')).toBeVisible()
  await looked()
  await context.close()
})

for (const viewport of [
  { width: 360, height: 740 },
  { width: 1280, height: 720 },
]) {
  test(`the answer, a refused field and what was asked come into view at ${viewport.width} by ${viewport.height}`, async ({
    browser,
  }) => {
    const customer = await newCustomer('check-view')
    const other = await newCustomer('check-viewer')
    const { characters } = customer.keys[1] ?? { characters: '' }
    const context = await browserAs(browser, other.people.technical, { locale: 'en-GB', viewport })
    const page = await context.newPage()
    await page.goto('/check')
    const click = async (pasted: string) => {
      await query(`delete from rate_limits where key like 'check:%'`)
      await page.getByLabel('What was pasted into GLPI').fill(pasted)
      await page.getByRole('button', { name: 'Check it', exact: true }).click()
    }
    await click(wrongAt(characters, 12))
    const title = page.getByText('This key was changed on its way')
    await expect(title).toBeFocused()
    await expect(title).toBeInViewport()
    await page.getByLabel('Version of GLPI').fill('the newest')
    await click(characters)
    // What was pasted is no more in the page, and is wanted again.
    await expect(page.getByLabel('What was pasted into GLPI')).toBeFocused()
    await expect(page.getByText('Paste this again')).toBeInViewport()
    await expect(page.getByLabel('Version of GLPI')).toHaveValue('the newest')
    await page.getByLabel('Version of GLPI').fill('')
    await page.getByLabel('Version of the plugin').fill(characters)
    await click('')
    await expect(page.getByLabel('Version of the plugin')).toBeFocused()
    await expect(page.getByLabel('Version of the plugin')).toBeInViewport()
    await expect(page.getByText('A version looks like 2.1.0')).toBeInViewport()
    expect(await page.content()).not.toContain(characters)
    await page.getByLabel('Version of the plugin').fill('')
    await click(characters)
    await expect(page.getByText('Nothing is wrong with this key')).toBeInViewport()
    await page.getByRole('button', { name: 'Ask to join' }).click()
    await expect(page.getByText('The owners of the key’s organization have been asked')).toBeInViewport()
    await context.close()
  })
}
