import { beforeAll, expect, test } from 'vitest'
import { asStaff } from '@/db/scope'
import { noteKeySeen } from '@/lib/keys/note-seen'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import { countVisit } from '@/lib/trials/visits'
import {
  bySystem,
  makeCatalog,
  makeInstance,
  makeOrganization,
  makeStaff,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { at } from '@/sandbox/time'
import { countTrialSteps, latestMonths, shareOf, sumOfSteps } from './trial-funnel'

const database = await productDatabase()
beforeAll(makeCatalog)

const none = { visited: 0, asked: 0, confirmed: 0, began: 0, activated: 0, converted: 0 }
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

test('each trial counts in the month it began, however late it was used or bought, of all organizations', async () => {
  const [acme, globex] = [await makeOrganization('acme'), await makeOrganization('globex')]
  const { unassigned } = await makeStaff(acme)
  const forms = await productId(database, 'forms')
  const [first, second] = [await makeInstance(acme), await makeInstance(globex)]
  await at(new Date('2026-10-31T23:30:00Z'), () => countVisit('forms', firefox))
  await at(new Date('2026-11-28T10:00:00Z'), async () => {
    await countVisit(null, firefox)
    const { keyId } = await startTrial(bySystem(acme.organizationId), { productId: forms, instanceId: first })
    await startTrial(bySystem(globex.organizationId), { productId: forms, instanceId: second })
    await noteKeySeen(bySystem(acme.organizationId), { keyId })
  })
  // The next month.
  await at(new Date('2026-12-05T10:00:00Z'), () =>
    startSubscription(bySystem(acme.organizationId), { productId: forms, instanceId: first }),
  )
  const count = (since: string) => asStaff(unassigned, (tx) => countTrialSteps(tx, since))
  const november = [
    {
      ...none,
      month: '2026-11-01',
      productId: forms,
      asked: 2,
      confirmed: 2,
      began: 2,
      activated: 1,
      converted: 1,
    },
    { ...none, month: '2026-11-01', productId: null, visited: 1 },
  ]
  expect(await count('2026-11-01')).toEqual(november)
  expect(await count('2026-10-01')).toEqual([
    ...november,
    { ...none, month: '2026-10-01', productId: forms, visited: 1 },
  ])
  const sum = sumOfSteps(november)
  expect(sum).toEqual({ visited: 1, asked: 2, confirmed: 2, began: 2, activated: 1, converted: 1 })
  expect([shareOf(sum, 'visited'), shareOf(sum, 'activated'), shareOf(none, 'converted')]).toEqual([
    null,
    50,
    null,
  ])
})

test('what a stranger asked for counts once, in the month in which they did, as far as it came', async () => {
  const own = await makeOrganization('signed-up')
  const { unassigned } = await makeStaff(own)
  const branding = await productId(database, 'branding')
  const instanceId = await makeInstance(own)
  const signUp = (createdAt: string, confirmedAt: string | null) =>
    rowsOf(
      database,
      `insert into trial_sign_ups (id, product_id, email, organization_name, language, created_at, expires_at, confirmed_at, person_id, outcome,
         organization_id)
       values (gen_random_uuid(), $1, 'ada@signed-up.example', 'Signed up', 'en', $2, $2::timestamptz + interval '1 day', $3,
         ${confirmedAt ? `$4, 'own', $5` : `null, null, null`})`,
      [branding, createdAt, confirmedAt, ...(confirmedAt ? [own.people.owner, own.organizationId] : [])],
    )
  await signUp('2027-03-31T20:00:00Z', null)
  await signUp('2027-03-31T21:00:00Z', '2027-03-31T21:01:00Z')
  await at(new Date('2027-04-01T08:00:00Z'), async () => {
    const { keyId } = await startTrial(bySystem(own.organizationId), { productId: branding, instanceId })
    await noteKeySeen(bySystem(own.organizationId), { keyId })
  })
  expect(await asStaff(unassigned, (tx) => countTrialSteps(tx, '2027-03-01'))).toEqual([
    { ...none, month: '2027-03-01', productId: branding, asked: 2, confirmed: 1, began: 1, activated: 1 },
  ])
})

test('the latest months are this one and those before it, over the turn of a year', () => {
  expect(latestMonths(new Date('2027-01-31T23:59:00Z'), 3)).toEqual([
    '2027-01-01',
    '2026-12-01',
    '2026-11-01',
  ])
})
