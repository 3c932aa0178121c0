import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { people, sessions } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import { asSystem } from '@/db/scope'
import { newId } from '@/lib/ids'
import { completeSignIn } from '@/lib/people/complete-sign-in'
import { newToken, signInHmac, tokenHash } from '@/lib/people/tokens'
import { productDatabase } from '@/sandbox/test/fixture'
import { addStaff } from './add'
import { endStaff } from './end'
import { signInStaff } from './sign-in'

await productDatabase({
  STAFF_OIDC_ISSUER: 'https://login.northwind.example',
  STAFF_OIDC_CLIENT_ID: 'latchkey',
  STAFF_OIDC_CLIENT_SECRET: 'a secret',
})

const bySystem = { actor: { kind: 'system' } } as const
const byStranger = { actor: { kind: 'stranger' } } as const
const browser = newToken()
const vouchedFor = (email: string) =>
  signInStaff(byStranger, { email, browser, device: 'Mozilla/5.0 Firefox/130.0', language: null })
const sessionsOf = (personId: string) =>
  asSystem('test', (tx) => tx.select().from(sessions).where(eq(sessions.userId, personId)))

let counter = 0
async function staffMember() {
  const email = `nora${++counter}@northwind.example`
  const { personId } = await addStaff(bySystem, { email, role: 'account_manager' })
  return { email, personId }
}

/** As if they had asked for a mail: its code is known to the test alone. */
async function codeFor(email: string) {
  const id = newId()
  await asSystem('test', (tx) =>
    tx.insert(signIns).values({
      id,
      email,
      browserHash: tokenHash(browser),
      codeHmac: signInHmac('code', id, '123456'),
      linkHmac: signInHmac('link', '', newToken()),
      language: 'en',
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + 600_000),
    }),
  )
}
const typeCode = () =>
  completeSignIn(byStranger, {
    browser,
    device: 'any',
    language: null,
    proof: { kind: 'code', code: '123456' },
  })

test('whom the provider vouches for is signed in, whatever case their address is written in', async () => {
  const { email, personId } = await staffMember()
  await vouchedFor(email.toUpperCase())
  expect(await sessionsOf(personId)).toMatchObject([{ device: 'Firefox/' }])
})

test('who is not of the staff, or no longer, is not', async () => {
  const { email, personId } = await staffMember()
  await endStaff(bySystem, { staffId: personId })
  await expect(vouchedFor(email)).rejects.toMatchObject({ code: 'not_staff' })
  await expect(vouchedFor('nobody@northwind.example')).rejects.toMatchObject({ code: 'not_staff' })
  expect(await sessionsOf(personId)).toEqual([])
})

test('whoever is ended is signed out everywhere at once, and nobody else', async () => {
  const [ended, stays] = [await staffMember(), await staffMember()]
  for (const { email } of [ended, ended, stays]) await vouchedFor(email)
  expect(await sessionsOf(ended.personId)).toHaveLength(2)
  await endStaff(bySystem, { staffId: ended.personId })
  expect(await sessionsOf(ended.personId)).toEqual([])
  expect(await sessionsOf(stays.personId)).toHaveLength(1)
})

test('where there is a provider, no mailed code signs in one of the staff', async () => {
  const { email, personId } = await staffMember()
  await codeFor(email)
  expect(await typeCode()).toEqual({ ok: false, because: 'expired' })
  expect(await sessionsOf(personId)).toEqual([])
})

test('a customer’s member goes on to sign in by mail', async () => {
  const email = 'ada@customer.example'
  await asSystem('test', (tx) => tx.insert(people).values({ id: newId(), email, createdAt: new Date() }))
  await codeFor(email)
  expect(await typeCode()).toMatchObject({ ok: true })
})
