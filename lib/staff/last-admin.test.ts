import { beforeEach, expect, test } from 'vitest'
import { addStaff } from '@/lib/staff/add'
import { endStaff } from '@/lib/staff/end'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'

const database = await productDatabase()
const system = { actor: { kind: 'system' } } as const
const add = (name: string, role: 'admin' | 'account_manager') =>
  addStaff(system, { email: `${name}@northwind.example`, role })
const admins = () => rowsOf(database, `select from staff where role = 'admin' and ended_at is null`)

beforeEach(() => rowsOf(database, 'update staff set ended_at = now()'))

test('the last admin keeps the role, whoever else there is', async () => {
  const { personId } = await add('boss', 'admin')
  await add('manager', 'account_manager')
  await add('former', 'admin').then((former) => endStaff(system, { staffId: former.personId }))
  await expect(add('boss', 'account_manager')).rejects.toMatchObject({ code: 'staff_last_admin' })
  await expect(endStaff(system, { staffId: personId })).rejects.toMatchObject({ code: 'staff_last_admin' })
  expect(await admins()).toHaveLength(1)
  await add('next', 'admin')
  expect(await add('boss', 'account_manager')).toEqual({ personId, changed: true })
  await endStaff(system, { staffId: personId })
})

test('of two who take two admins’ roles at once, one is refused', async () => {
  for (let round = 0; round < 10; round++) {
    await add('one', 'admin')
    const { personId } = await add('two', 'admin')
    const outcomes = await Promise.allSettled([
      add('one', 'account_manager'),
      round % 2 ? add('two', 'account_manager') : endStaff(system, { staffId: personId }),
    ])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await admins()).toHaveLength(1)
  }
})
