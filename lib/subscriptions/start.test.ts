import { beforeAll, expect, test } from 'vitest'
import { InvalidInput } from '@/lib/errors'
import { issuePermanentKey } from '@/lib/keys/issue'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startSubscription } from './start'

const database = await productDatabase()
let own: Fixture
let instanceId: string

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  instanceId = await makeInstance(own)
})

const keys = () => rowsOf(database, 'select id from keys where organization_id = $1', [own.organizationId])

test('a form in which nothing was chosen is told which field is missing, and issues nothing', async () => {
  const input = { productId: '', instanceId: null, months: 12 }
  for (const issue of [startSubscription, issuePermanentKey]) {
    const error: unknown = await issue(bySystem(own.organizationId), input).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvalidInput)
    expect(error).toMatchObject({ fields: { productId: 'required' } })
  }
  expect(await keys()).toEqual([])
})

test('the same form sent five times issues one key, and says the same each time', async () => {
  const by = bySystem(own.organizationId)
  const input = { productId: await productId(database, 'forms'), instanceId, months: 12 }
  const answers = []
  for (let time = 0; time < 5; time++) answers.push(await startSubscription(by, input))
  expect(new Set(answers.map(({ keyId }) => keyId)).size).toBe(1)
  expect(await keys()).toHaveLength(1)
})
