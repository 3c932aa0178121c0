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
} from '@/sandbox/test/fixture'
import { at } from '@/sandbox/time'
import { countTrialSteps, latestMonths, shareOf, sumOfSteps } from './trial-funnel'

const database = await productDatabase()
beforeAll(makeCatalog)

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
  const none = { visited: 0, began: 0, activated: 0, converted: 0 }
  const november = [
    { ...none, month: '2026-11-01', productId: forms, began: 2, activated: 1, converted: 1 },
    { ...none, month: '2026-11-01', productId: null, visited: 1 },
  ]
  expect(await count('2026-11-01')).toEqual(november)
  expect(await count('2026-10-01')).toEqual([
    ...november,
    { ...none, month: '2026-10-01', productId: forms, visited: 1 },
  ])
  const sum = sumOfSteps(november)
  expect(sum).toEqual({ visited: 1, began: 2, activated: 1, converted: 1 })
  expect([shareOf(sum, 'began'), shareOf(sum, 'activated'), shareOf(none, 'converted')]).toEqual([
    null,
    50,
    null,
  ])
})

test('the latest months are this one and those before it, over the turn of a year', () => {
  expect(latestMonths(new Date('2027-01-31T23:59:00Z'), 3)).toEqual([
    '2027-01-01',
    '2026-12-01',
    '2026-11-01',
  ])
})
