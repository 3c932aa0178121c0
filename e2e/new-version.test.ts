import { type Browser, expect, type Locator, type Page, test } from '@playwright/test'
import { isId } from '@/lib/ids'
import { browserAs, type Customer, newCustomer, newStaff, type Person } from './customer'
import { actionBody, builtActions, origin, send } from './send'
import { query } from './sign-in'

/** Formed like those of a build, and in none. */
const unknownAction = '7f'.padEnd(42, '0')

const said = {
  'en-GB': 'There is a new version of the portal',
  'fr-FR': 'Il y a une nouvelle version du portail',
}
const signOut = { 'en-GB': 'Sign out', 'fr-FR': 'Se déconnecter' }
const locales = ['en-GB', 'fr-FR'] as const

interface TypedForm {
  as: Person
  path: string
  /** What is typed, by the names of the fields; the first is in no other form of the page. */
  typed: Record<string, string>
}

let customer: Customer
let forms: TypedForm[]

test.beforeAll(async () => {
  customer = await newCustomer('left-open')
  const admin = await newStaff('admin')
  const { owner } = customer.people
  forms = [
    {
      as: owner,
      path: `/${customer.slug}/instances/new`,
      typed: { url: 'https://typed.example/glpi', label: 'A "quoted" <b>name</b>', environment: 'test' },
    },
    {
      as: owner,
      path: `/${customer.slug}/members/invite`,
      typed: { email: 'typed@left-open.example', role: 'billing' },
    },
    { as: owner, path: '/account', typed: { timeZone: 'Europe/Lisbon', name: 'Ada of the typed name' } },
    {
      as: admin,
      path: '/staff/organizations/new',
      typed: { slug: 'typed-and-sons', name: 'Typed & Sons', email: 'typed@sons.example' },
    },
    {
      as: admin,
      path: `/${customer.slug}/keys/new`,
      typed: {
        months: '24',
        productId: customer.products.formspro,
        instanceId: customer.instanceId,
        note: 'Ordered by a long letter, which somebody typed.',
      },
    },
  ]
})

/** Makes a page one of another build: what it sends names actions that the present one does not have. */
async function age(page: Page) {
  await page.route('**/*', async (route, request) => {
    const headers = request.headers()
    if (request.method() !== 'POST') return route.continue()
    if ('next-action' in headers)
      return route.continue({ headers: { ...headers, 'next-action': unknownAction } })
    const posted = request.postDataBuffer()?.toString('latin1') ?? ''
    const aged = posted.replace(/("id":"|\$ACTION_ID_)[0-9a-f]{42}/g, `$1${unknownAction}`)
    return route.continue({ postData: Buffer.from(aged, 'latin1') })
  })
}

async function opened(browser: Browser, form: TypedForm, locale: string, javaScriptEnabled: boolean) {
  const context = await browserAs(browser, form.as, { locale, javaScriptEnabled })
  const page = await context.newPage()
  await age(page)
  await page.goto(form.path)
  const [first = ''] = Object.keys(form.typed)
  const own = page.locator('form').filter({ has: page.locator(`[name=${first}]`) })
  for (const [name, text] of Object.entries(form.typed)) await type(own.locator(`[name=${name}]`), text)
  await own.locator('button[type=submit]').first().click()
  return { context, page, own }
}

async function type(field: Locator, text: string) {
  const kind = await field.first().evaluate((element) => element.getAttribute('type') ?? element.tagName)
  if (kind === 'SELECT') await field.selectOption(text)
  else if (kind === 'radio') await field.and(field.page().locator(`[value=${text}]`)).check()
  else await field.fill(text)
}

/** In this test everybody reads in this language. */
async function speak(locale: (typeof locales)[number]) {
  const everybody = [...Object.values(customer.people), ...forms.map(({ as }) => as)]
  const ids = everybody.map(({ personId }) => personId)
  await query('update people set language = $1 where id = any($2)', [locale.slice(0, 2), ids])
}

for (const locale of locales) {
  test(`[F9] a form of another version keeps what was typed and says to reload (${locale})`, async ({
    browser,
  }) => {
    test.slow()
    await speak(locale)
    for (const form of forms) {
      const { context, own } = await opened(browser, form, locale, true)
      await expect(own.getByText(said[locale])).toBeVisible()
      for (const [name, text] of Object.entries(form.typed)) {
        const values = await own
          .locator(`[name=${name}]:not([type=radio]:not(:checked))`)
          .evaluateAll((fields) => fields.map((field) => Reflect.get(field, 'value')))
        expect({ path: form.path, name, values }).toEqual({ path: form.path, name, values: [text] })
      }
      const anew = context.waitForEvent('page')
      await own.getByRole('status').getByRole('link').click()
      await expect(await anew).toHaveURL(form.path)
      await context.close()
    }
    console.log(`[F9] ${forms.length} forms`)
  })

  test(`[F9] without JavaScript, the answer holds what was typed and says to reload (${locale})`, async ({
    browser,
  }) => {
    test.slow()
    for (const form of forms) {
      const { context, page } = await opened(browser, form, locale, false)
      await expect(page.getByRole('heading', { name: said[locale] })).toBeVisible()
      const kept = await page
        .locator('textarea')
        .evaluateAll((fields) => fields.map((field) => Reflect.get(field, 'value')))
      // What was chosen from a list is sent by its ID, which says nothing to anybody.
      const readable = Object.values(form.typed).filter((text) => !isId(text))
      expect(kept).toEqual(expect.arrayContaining(readable))
      await page.getByRole('link').first().click()
      await expect(page.locator(`[name=${Object.keys(form.typed)[0]}]`)).not.toHaveCount(0)
      await context.close()
    }
    console.log(`[F9] ${forms.length} forms`)
  })

  test(`[F9] where nothing is typed, the page says to reload as well (${locale})`, async ({ browser }) => {
    await speak(locale)
    const context = await browserAs(browser, customer.people.owner, { locale })
    const page = await context.newPage()
    await age(page)
    await page.goto(`/${customer.slug}/keys`)
    await page.locator('button[value^=copied]').first().click()
    await expect(page.locator('main').getByText(said[locale])).toBeVisible()
    // The whole page gives way to a sentence where its form has no place for one.
    await page.getByRole('button', { name: customer.people.owner.email, exact: false }).first().click()
    await page.getByRole('button', { name: signOut[locale], exact: true }).click()
    await expect(page.getByRole('heading', { name: said[locale] })).toBeVisible()
    await page.unroute('**/*')
    await page.getByRole('button').first().click()
    await expect(page.locator('button[value^=copied]').first()).toBeVisible()
    await context.close()
    console.log('[F9] 2 forms')
  })
}

test('[F9] while the new version is being started, what was typed stays, and the same button sends it (2 trials)', async ({
  browser,
}) => {
  const [, invite] = forms
  if (!invite) throw new Error('there is no form to invite')
  for (const [trial, starting] of ['refused', 'by the proxy'].entries()) {
    const context = await browserAs(browser, invite.as)
    const page = await context.newPage()
    await page.route('**/*', (route, request) => {
      if (request.method() !== 'POST') return route.continue()
      return starting === 'refused' ? route.abort() : route.fulfill({ status: 502, body: 'Bad Gateway' })
    })
    await page.goto(invite.path)
    const email = `starting-${trial}@left-open.example`
    await page.locator('[name=email]').fill(email)
    await page.getByRole('button', { name: /^(Send the invitation|Envoyer l’invitation)$/ }).click()
    await expect(page.getByRole('status').getByText(/did not answer|n’a pas répondu/)).toBeVisible()
    await expect(page.locator('[name=email]')).toHaveValue(email)
    await page.unroute('**/*')
    await page.getByRole('button', { name: /^(Send the invitation|Envoyer l’invitation)$/ }).click()
    await expect(page.getByRole('row', { name: email })).toBeVisible()
    await context.close()
  }
})

test('[F9] no unknown action is answered by a failure of ours, and none loses what was sent', async () => {
  const typed = '</textarea><script>alert(1)</script> & "typed"\r\nin two lines'
  let trials = 0
  for (const { name, pages } of builtActions()) {
    const path = pages.some((page) => page.startsWith('/staff')) ? '/staff' : `/${customer.slug}`
    for (const how of ['script', 'form'] as const) {
      for (const stated of [true, false]) {
        const fields = [['organization', customer.slug] as const, ['note', typed] as const]
        const { headers, body } = actionBody(how, unknownAction, fields, stated)
        const answer = await send({
          method: 'POST',
          path,
          as: customer.people.owner,
          headers: { ...headers, origin: origin() },
          body,
        })
        const what = `${name} ${how}`
        expect({ what, status: answer.status }).toEqual({ what, status: 409 })
        if (how === 'script') {
          expect(answer.headers['x-nextjs-action-not-found']).toBe('1')
        } else {
          for (const sentence of Object.values(said)) expect(answer.text).toContain(sentence)
          expect(answer.text).toContain(
            '&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;typed&quot;\r\nin two lines</textarea>',
          )
          expect(answer.text).not.toContain('<script')
          expect(answer.headers['cache-control']).toBe('no-store')
        }
        trials++
      }
    }
  }
  console.log(`[F9] ${trials} forms`)
})

test('[F9] what another site has somebody send is not shown (1 trial)', async () => {
  const { headers, body } = actionBody('form', unknownAction, [['note', 'Call this number']], true)
  const sent = { method: 'POST', path: `/${customer.slug}`, body }
  const answer = await send({ ...sent, headers: { ...headers, origin: 'https://elsewhere.example' } })
  expect(answer.status).toBe(409)
  expect(answer.text).toContain(said['en-GB'])
  expect(answer.text).not.toContain('Call this number')
})
